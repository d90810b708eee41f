//! The failures of the document, held against those that the service gives.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Operation, TestApp};

#[tokio::test]
async fn every_failure_an_operation_shows_is_one_that_the_document_tells() {
    let app = TestApp::start().await;
    for operation in Operation::all() {
        let user = app.newcomer().await;
        let bodies =
            ["{", "[]", "{}", &operation.example.to_string(), &" ".repeat(17 * 1024)].map(str::to_owned);
        for (body, media_type) in
            bodies.iter().zip(["application/json"; 5]).chain([(&bodies[2], "text/plain")])
        {
            for token in ["", &user.access_token] {
                let request = operation.request(&app).bearer_auth(token).header("content-type", media_type);
                let answer = app.send(request.body(body.clone())).await;
                if answer.status.as_u16() >= 400 {
                    let way = format!(
                        "/responses/{}/content/application~1problem+json/examples/{}",
                        answer.status.as_u16(),
                        answer.text_of("code")
                    );
                    let shown = operation.description.pointer(&way);
                    let shown = &shown.unwrap_or_else(|| panic!("{operation}: {way}"))["value"];
                    let members =
                        |body: &Value| body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
                    assert_eq!(members(shown), members(&answer.body), "{operation}: {way}");
                    // These two say what is wrong each time.
                    if !["invalid-json", "invalid-request"].contains(&&*answer.text_of("code")) {
                        assert_eq!(shown["detail"], answer.body["detail"], "{operation}: {way}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_as_the_examples_tell_it() {
    let app = TestApp::start().await;
    let ada = app.newcomer().await;
    let cases = [
        ("request_code", json!({"phone": 1})),
        ("verify_code", json!({"challenge_token": "x", "code": "12a4"})),
        ("verify_phone", json!({"challenge_token": "x", "code": "12a4"})),
        ("refresh_tokens", json!({"refresh_token": 1})),
        ("log_out", json!({"scope": "some"})),
        ("replace_profile", json!({"phone": ada.phone()})),
        ("change_profile", json!({"email": "ada"})),
        ("change_phone", json!({"phone": ada.phone()})),
        ("set_pin", json!({"pin": "12a4"})),
        ("remove_pin", json!({"current_pin": "12a4"})),
        ("activate_invite", json!({"invite_code": "?"})),
        ("set_avatar", json!(null)),
        ("remove_avatar", json!(null)),
        ("delete_profile", json!(null)),
        ("list_invited", json!("limit=101")),
        ("read_inbox", json!("")),
    ];
    let mut left: BTreeMap<_, _> = cases.into_iter().collect();
    for operation in Operation::all() {
        let shown = operation.description.pointer(
            "/responses/422/content/application~1problem+json/examples/invalid-request/value/detail",
        );
        let Some(shown) = shown else { continue };
        let id = operation.description["operationId"].as_str().unwrap();
        let request = operation.request(&app).bearer_auth(&ada.access_token);
        let request = match left.remove(id).unwrap_or_else(|| panic!("{operation} has no case")) {
            Value::String(query) => app
                .request(operation.method.clone(), &format!("{}?{query}", operation.path))
                .bearer_auth(&ada.access_token),
            Value::Null => request.header("if-match", "1").header("content-type", "image/png").body("x"),
            body => request.json(&body),
        };
        let answer = app.send(request).await.expect_problem(422, "invalid-request");
        assert_eq!(&answer.body["detail"], shown, "{operation}");
    }
    assert!(left.is_empty(), "{left:?}");
}
