//! What a reader, a generator of clients and a linter need from the document.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use phone_auth::{http::problem_kinds::ProblemKind, server};
use serde_json::{Value, json};

use crate::support::{Operation, TestApp};

fn document() -> Value {
    serde_json::to_value(server::document()).unwrap()
}

/// Calls `visit` with every value in `value` and the way to it.
fn walk(value: &Value, way: &str, visit: &mut dyn FnMut(&str, &Value)) {
    visit(way, value);
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, child)| (name.clone(), child)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, child)| (at.to_string(), child)).collect(),
        _ => Vec::new(),
    };
    for (name, child) in children {
        walk(child, &format!("{way}/{name}"), visit);
    }
}

/// Whether every value that fits `schema` can be guessed from an example in it.
fn has_example(document: &Value, schema: &Value) -> bool {
    if let Some(reference) = schema["$ref"].as_str() {
        return has_example(document, document.pointer(reference.trim_start_matches('#')).unwrap());
    }
    let parts = |name: &str| schema[name].as_array().filter(|parts| !parts.is_empty());
    schema.get("example").is_some()
        || parts("examples").is_some()
        || parts("enum").is_some()
        || schema["type"] == "null"
        || parts("allOf").is_some_and(|parts| parts.iter().all(|part| has_example(document, part)))
        || parts("oneOf").is_some_and(|parts| parts.iter().all(|part| has_example(document, part)))
        || (schema["type"] == "array" && has_example(document, &schema["items"]))
        || schema["properties"]
            .as_object()
            .is_some_and(|members| members.values().all(|member| has_example(document, member)))
}

#[tokio::test]
async fn the_document_served_is_the_one_of_the_code() {
    let app = TestApp::start().await;
    let served = app.get("/openapi.json").await.expect(200);
    assert_eq!(served.header("content-type"), "application/json");
    assert!(
        served.body == document(),
        "docs/openapi.json was renewed: build once more; or it was not: see files.rs"
    );
    assert!(served.body["openapi"].as_str().unwrap().starts_with("3.1."));
}

#[test]
fn the_document_says_what_the_service_is_and_under_which_terms() {
    let info = &document()["info"];
    assert_eq!(info["title"], "phone-auth");
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(info["license"]["identifier"], env!("CARGO_PKG_LICENSE"));
    assert!(info["description"].as_str().unwrap().len() > 200);
    // Not that of the generator's author, who is the default.
    assert_eq!(info["contact"], json!({"name": "phone-auth"}));
}

#[test]
fn every_operation_is_described_and_named() {
    let document = document();
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = BTreeSet::new();
    let mut used = BTreeSet::new();
    for operation in Operation::all() {
        let text = |member: &str| operation.description[member].as_str().unwrap_or_default().to_owned();
        assert!(text("summary").len() > 4 && text("summary").len() < 60, "{operation}: summary");
        assert!(!text("summary").ends_with('.'), "{operation}: a summary is a title");
        assert!(text("description").len() > 20, "{operation}: description");
        let next = text("description").rsplit_once("\n\nNext: ").unwrap_or_default().1.to_owned();
        assert!(next.ends_with('.') && !next.contains("\n\n"), "{operation}: what comes next");
        assert!(operation.description["security"].is_array(), "{operation}: security");
        assert!(ids.insert(text("operationId")), "{operation}: operationId {:?}", text("operationId"));
        let own: Vec<_> = operation.description["tags"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        assert!(own.len() == 1 && tags.contains(own[0]), "{operation}: tags {own:?}");
        used.insert(own[0].to_owned());
        for parameter in operation.description["parameters"].as_array().into_iter().flatten() {
            assert!(
                parameter["description"].as_str().is_some_and(|text| !text.is_empty()),
                "{operation}: {parameter}"
            );
        }
    }
    assert_eq!(used, tags.into_iter().map(str::to_owned).collect());
}

#[test]
fn every_schema_and_every_member_is_described() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schema["description"].is_string(), "{name}");
        for (member, description) in schema["properties"].as_object().into_iter().flatten() {
            let described =
                |value: &Value| value["description"].as_str().is_some_and(|text| !text.is_empty());
            let in_choice = description["oneOf"].as_array().into_iter().flatten().any(described);
            assert!(described(description) || in_choice, "{name}.{member}");
        }
    }
}

#[test]
fn every_request_and_every_success_has_an_example() {
    let document = document();
    for operation in Operation::all() {
        let request = operation.description["requestBody"]["content"].as_object().into_iter().flatten();
        let responses = operation.description["responses"].as_object().unwrap();
        let successes: Vec<_> = responses.iter().filter(|(status, _)| status.starts_with('2')).collect();
        assert_eq!(successes.len(), 1, "{operation}");
        let answers = successes[0].1["content"].as_object().into_iter().flatten();
        assert!(successes[0].0 == "204" || successes[0].1["content"].is_object(), "{operation}: no content");
        for (media_type, content) in request.chain(answers) {
            let given = content.get("example").is_some() || content["examples"].is_object();
            assert!(given || has_example(&document, &content["schema"]), "{operation}: {media_type}");
        }
    }
}

#[test]
fn every_failure_is_a_problem_with_an_example_of_a_known_kind() {
    for operation in Operation::all() {
        let responses = operation.description["responses"].as_object().unwrap();
        let failures = responses.iter().filter(|(status, _)| status.starts_with(['4', '5']));
        let mut count = 0;
        for (status, response) in failures {
            let content = response["content"].as_object().unwrap();
            assert_eq!(
                content.keys().collect::<Vec<_>>(),
                ["application/problem+json"],
                "{operation} {status}"
            );
            let content = &content["application/problem+json"];
            assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{operation} {status}");
            let examples = content["examples"]
                .as_object()
                .unwrap_or_else(|| panic!("{operation} {status}: no examples"));
            assert!(!examples.is_empty(), "{operation} {status}");
            for (name, example) in examples {
                let kind = ProblemKind::ALL
                    .iter()
                    .find(|kind| kind.code == name)
                    .unwrap_or_else(|| panic!("{operation}: {name}"));
                let value = &example["value"];
                assert_eq!(value["code"], kind.code, "{operation}");
                assert_eq!(value["type"], kind.type_uri(), "{operation}");
                assert_eq!(value["title"], kind.title, "{operation}");
                assert_eq!(
                    [&value["status"].to_string(), &kind.status.to_string()],
                    [status, status],
                    "{operation}"
                );
            }
            count += 1;
        }
        assert!(count > 0, "{operation} can always fail");
        assert!(
            !responses.contains_key("401") || operation.authenticated || operation.path.contains("/auth/"),
            "{operation}"
        );
        assert!(responses.contains_key("401") || !operation.authenticated, "{operation}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_referred_to() {
    let document = document();
    let mut used = BTreeSet::new();
    walk(&document, "#", &mut |way, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{way}: {reference}");
            used.insert(reference.to_owned());
        }
    });
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(used.contains(&format!("#/components/schemas/{name}")), "{name} is not referred to");
    }
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    for operation in Operation::all().into_iter().filter(|operation| operation.authenticated) {
        for requirement in operation.description["security"].as_array().unwrap() {
            assert!(
                requirement.as_object().unwrap().keys().all(|scheme| schemes.contains_key(scheme)),
                "{operation}"
            );
        }
    }
}

#[test]
fn examples_hold_no_value_that_their_own_type_forbids() {
    let document = document();
    walk(&document["components"]["schemas"], "#/components/schemas", &mut |way, schema| {
        let Some(example) = schema.get("example") else { return };
        let types = match &schema["type"] {
            Value::Array(types) => types.clone(),
            Value::Null => return,
            one => vec![one.clone()],
        };
        let own = match example {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        assert!(types.contains(&json!(own)), "{way}: {example} is no {types:?}");
        let length = example.as_str().map_or(0, |text| text.chars().count() as u64);
        assert!(schema["maxLength"].as_u64().is_none_or(|max| length <= max), "{way}");
    });
}

/// The methods and paths that handlers under `src` declare, read off their attributes.
fn declared() -> BTreeMap<String, String> {
    let mut declared = BTreeMap::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            for line in text.lines() {
                let method = ["get", "post", "put", "patch", "delete"].into_iter().find_map(|method| {
                    let path = line.strip_prefix(&format!("#[{method}(\""))?.split('"').next()?;
                    Some(format!("{} {path}", method.to_uppercase()))
                });
                declared.extend(method.map(|method| (method, entry.path().display().to_string())));
            }
        }
    }
    declared
}

#[test]
fn every_handler_is_in_the_document_and_everything_in_the_document_has_one() {
    let documented: BTreeSet<_> = Operation::all().iter().map(ToString::to_string).collect();
    // The last is on another listener.
    let pages = ["GET /problems", "GET /problems/{code}", "GET /metrics"];
    let mut found = BTreeSet::new();
    for (declared, file) in declared() {
        let (method, path) = declared.split_once(' ').unwrap();
        let below_api = format!("{method} /api/v1{path}");
        let known = [declared.clone(), below_api].into_iter().find(|name| documented.contains(name));
        assert!(known.is_some() || pages.contains(&&*declared), "{file}: {declared} is not in the document");
        found.extend(known);
    }
    // Registered without an attribute, beside the files of the page.
    found.insert("GET /i/{invite_code}".to_owned());
    assert_eq!(found, documented);
}

#[tokio::test]
async fn every_operation_of_the_document_is_answered() {
    let app = TestApp::start().await;
    for operation in Operation::all() {
        let answer = app.send(operation.request(&app)).await;
        // The picture of the example is nobody's.
        let is_unknown = answer.status == 404 && operation.path == "/avatars/{hash}";
        assert!(is_unknown || ![404, 405].contains(&answer.status.as_u16()), "{operation}: {}", answer.text);
        assert!(answer.status.as_u16() < 500, "{operation}: {}", answer.text);
    }
}
