//! What makes generated clients good to use, and calls made of the document worth something.

use phone_auth::{http::problem_kinds::ProblemKind, server};
use serde_json::Value;

use crate::support::{Operation, TestApp};

fn document() -> Value {
    serde_json::to_value(server::document()).unwrap()
}

fn parameters(operation: &Operation) -> Vec<Value> {
    operation.description["parameters"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_program_can_switch_on_every_code_there_is() {
    let codes = &document()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
    let known: Vec<_> = ProblemKind::ALL.iter().map(|kind| kind.code).collect();
    assert_eq!(*codes, Value::from(known));
}

#[test]
fn no_member_is_of_a_type_that_says_nothing() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
            for schema in [schema, &schema["items"]] {
                assert!(schema["type"] != "object", "{name}.{member}: an object without members");
                assert!(!schema["allOf"].is_array(), "{name}.{member}: two types at once");
            }
        }
    }
}

#[test]
fn every_body_that_is_sent_refuses_members_that_it_does_not_know() {
    let document = document();
    let schema = |reference: &Value| {
        let way = reference.as_str().unwrap().trim_start_matches('#');
        document.pointer(way).unwrap().clone()
    };
    for operation in Operation::with_body() {
        for content in operation.description["requestBody"]["content"].as_object().unwrap().values() {
            let body = schema(&content["schema"]["$ref"]);
            let choices = body["oneOf"]
                .as_array()
                .map(|choices| choices.iter().map(|choice| schema(&choice["$ref"])).collect::<Vec<_>>());
            for choice in choices.unwrap_or_else(|| vec![body]) {
                assert_eq!(choice["additionalProperties"], false, "{operation}: {choice}");
            }
        }
    }
}

#[test]
fn what_stands_in_a_header_or_a_query_is_never_null() {
    let mut seen = 0;
    for operation in Operation::all() {
        for parameter in parameters(&operation) {
            assert!(parameter["schema"]["type"].is_string(), "{operation}: {parameter}");
            seen += 1;
        }
    }
    assert!(seen > 8, "{seen}");
}

#[tokio::test]
async fn a_condition_that_is_no_entity_tag_is_answered_as_the_document_says() {
    let app = TestApp::start().await;
    let mut seen = 0;
    for operation in Operation::all() {
        let Some(condition) = parameters(&operation).into_iter().find(|one| one["name"] == "If-Match") else {
            continue;
        };
        assert!(condition["schema"]["pattern"].is_string(), "{operation}");
        let user = app.newcomer().await;
        let request = operation.whole_request(&app).bearer_auth(&user.access_token);
        let answer = app.send(request.header("if-match", "7")).await;
        let way = format!(
            "/responses/{}/content/application~1problem+json/examples/invalid-request",
            answer.status.as_u16()
        );
        assert!(operation.description.pointer(&way).is_some(), "{operation}: {way}");
        assert!(answer.text_of("detail").starts_with("If-Match: "), "{operation}: {}", answer.text);
        seen += 1;
    }
    assert_eq!(seen, 5);
}

#[test]
fn every_link_leads_to_an_operation_and_gives_what_that_takes() {
    let operations = Operation::all();
    let mut seen = 0;
    for operation in &operations {
        let answers = operation.description["responses"].as_object().unwrap().values();
        for (name, link) in answers.filter_map(|answer| answer["links"].as_object()).flatten() {
            let target = operations
                .iter()
                .find(|target| target.description["operationId"] == link["operationId"])
                .unwrap_or_else(|| panic!("{operation}: {name}"));
            let given = |member: &str| link[member].as_object().cloned().unwrap_or_default();
            for parameter in given("parameters").keys() {
                assert!(
                    parameters(target).iter().any(|one| one["name"] == **parameter),
                    "{name}: {parameter}"
                );
            }
            for member in given("requestBody").keys() {
                assert!(target.members().contains(member), "{name}: {member}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 6, "{seen}");
}
