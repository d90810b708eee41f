//! What whoever imports the collection needs from it; that it passes is seen by `tests/postman/run`.

use std::collections::{BTreeMap, BTreeSet};

use phone_auth::{postman, server};
use serde_json::Value;

use crate::support::Operation;

fn collection() -> Value {
    postman::collection(&server::document()).unwrap()
}

/// Each request with the folder it is in.
fn requests(collection: &Value) -> Vec<(&str, &Value)> {
    let folders = collection["item"].as_array().unwrap();
    let named = folders.iter().map(|folder| (folder["name"].as_str().unwrap(), folder));
    named
        .flat_map(|(name, folder)| folder["item"].as_array().unwrap().iter().map(move |item| (name, item)))
        .collect()
}

/// The lines of a script, as one text.
fn script(item: &Value, when: &str) -> String {
    let events = item["event"].as_array().into_iter().flatten();
    let lines = events
        .filter(|event| event["listen"] == when)
        .flat_map(|event| event["script"]["exec"].as_array().unwrap());
    lines.map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The method and the path, as the document writes them.
fn address(item: &Value) -> String {
    let path = item["request"]["url"]["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap());
    let path = path.map(|part| part.strip_prefix(':').map_or(part.to_owned(), |name| format!("{{{name}}}")));
    format!("{} /{}", item["request"]["method"].as_str().unwrap(), path.collect::<Vec<_>>().join("/"))
}

#[test]
fn every_operation_is_in_the_folder_of_its_tag_with_all_that_it_may_answer() {
    let collection = collection();
    let requests = requests(&collection);
    for operation in Operation::all() {
        let tag = operation.description["tags"][0].as_str().unwrap();
        let found: Vec<_> = requests
            .iter()
            .filter(|(folder, item)| *folder == tag && address(item) == operation.to_string())
            .collect();
        let [(_, item)] = found[..] else { panic!("{operation} is there {} times", found.len()) };
        assert_eq!(item["name"], operation.description["summary"], "{operation}");
        assert_eq!(item["request"]["description"], operation.description["description"], "{operation}");
        let mut shown: Vec<_> =
            item["response"].as_array().unwrap().iter().map(|answer| answer["code"].to_string()).collect();
        shown.dedup();
        let known: Vec<_> = operation.description["responses"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(shown, known, "{operation}");
        assert_eq!(item["request"]["auth"]["type"] == "noauth", !operation.authenticated, "{operation}");
    }
}

#[test]
fn every_request_says_what_it_expects() {
    let collection = collection();
    assert!(requests(&collection).len() > 80);
    for (folder, item) in requests(&collection) {
        let tests = script(item, "test");
        assert!(tests.contains("pm.response.to.have.status("), "{folder}, {}", item["name"]);
        // Two of the same name would be no script at all.
        for when in ["prerequest", "test"] {
            let script = script(item, when);
            let mut declared = BTreeSet::new();
            for line in script.lines().filter_map(|line| line.strip_prefix("const ")) {
                let (names, _) = line.split_once('=').unwrap();
                for name in
                    names.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty())
                {
                    assert!(declared.insert(name), "{folder}, {}: {name} twice", item["name"]);
                }
            }
        }
    }
}

/// The names that stand in `text` between `start` and `end`.
fn named(text: &str, start: &str, end: char) -> Vec<String> {
    text.split(start).skip(1).filter_map(|rest| Some(rest.split_once(end)?.0.to_owned())).collect()
}

#[test]
fn variables_are_declared_used_and_hold_no_secret() {
    let collection = collection();
    let declared: BTreeMap<&str, &str> = collection["variable"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variable| (variable["key"].as_str().unwrap(), variable["value"].as_str().unwrap()))
        .collect();
    let mut used: BTreeSet<String> = BTreeSet::new();
    let scripts = requests(&collection).into_iter().map(|(_, item)| item).chain([&collection]);
    for item in scripts {
        for text in [script(item, "prerequest"), script(item, "test")] {
            for call in ["pm.variables.get(\"", "pm.variables.set(\"", "pm.collectionVariables.set(\""] {
                used.extend(named(&text, call, '"'));
            }
        }
        used.extend(named(&item["request"].to_string(), "{{", '}'));
        used.extend(named(&item["auth"].to_string(), "{{", '}'));
    }
    assert_eq!(used, declared.keys().map(|&name| name.to_owned()).collect());
    let given: Vec<_> = declared.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    assert_eq!(given, [("baseUrl", "http://localhost:8080"), ("pin", "271828")]);
}

#[test]
fn what_ends_a_login_for_good_comes_last() {
    let collection = collection();
    let requests: Vec<_> = requests(&collection).iter().map(|(_, item)| address(item)).collect();
    assert_eq!(requests.last().unwrap(), "DELETE /api/v1/profile");
    assert_eq!(requests.iter().filter(|address| *address == "DELETE /api/v1/profile").count(), 1);
}

#[test]
fn a_document_without_an_operation_of_a_story_makes_no_collection() {
    let mut document = server::document();
    document.paths.paths.shift_remove("/api/v1/auth/refresh");
    let refused = postman::collection(&document).unwrap_err();
    assert!(refused.to_string().contains("refresh_tokens"), "{refused}");
}
