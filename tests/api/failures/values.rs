//! Bodies that are JSON, but do not say what they should.

use serde_json::{Value, json};

use crate::support::{Answer, Operation, TestApp, TestUser};

/// A value that must not come back, whatever it was taken for.
const MARKER: &str = "918273";

async fn send(operation: &Operation, user: &TestUser<'_>, body: &str) -> Answer {
    let request = operation.request(user.app).bearer_auth(&user.access_token);
    user.app.send(request.header("content-type", "application/json").body(body.to_owned())).await
}

/// The operation's example with another value in one member.
fn with(operation: &Operation, member: &str, value: &str) -> String {
    let mut body = operation.example.clone();
    body[member] = json!("the value");
    body.to_string().replace("\"the value\"", value)
}

#[tokio::test]
async fn a_body_is_one_object() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    for operation in Operation::with_body() {
        let values =
            json!([operation.example.as_object().unwrap().values().collect::<Vec<_>>()])[0].to_string();
        for body in ["[]", "null", "true", "918273", "\"918273\"", "[918273]", " [{}]", &values] {
            let answer = send(&operation, &user, body).await;
            assert_eq!(answer.status, 422, "{operation} {body}: {}", answer.text);
            let problem = answer.expect_problem(422, "invalid-request");
            assert_eq!(problem.text_of("detail"), "The body must be a JSON object.", "{operation} {body}");
        }
    }
}

#[tokio::test]
async fn a_member_that_is_unknown_or_given_twice_is_named() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    for operation in Operation::with_body() {
        for unknown in ["surprise", "", "phone\u{0}", "__proto__", "ключ"] {
            let answer = send(&operation, &user, &with(&operation, unknown, "\"918273\"")).await;
            assert_eq!(answer.status, 422, "{operation}: {}", answer.text);
            let problem = answer.expect_problem(422, "invalid-request");
            assert!(
                problem.text_of("detail").contains(&format!("unknown field `{unknown}`")),
                "{}",
                problem.text
            );
            assert!(!problem.text.contains(MARKER), "{}", problem.text);
        }
        for member in operation.members() {
            let body = operation.example.to_string();
            let twice = format!("{},\"{member}\":{}}}", &body[..body.len() - 1], operation.example[&member]);
            let problem = send(&operation, &user, &twice).await.expect_problem(422, "invalid-request");
            assert!(
                problem.text_of("detail").contains(&format!("duplicate field `{member}`")),
                "{}",
                problem.text
            );
        }
    }
}

#[tokio::test]
async fn a_required_member_that_is_absent_or_null_is_named() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    let mut checked = 0;
    for operation in Operation::with_body() {
        for member in &operation.required {
            let mut absent = operation.example.clone();
            absent.as_object_mut().unwrap().remove(member);
            for body in [absent.to_string(), with(&operation, member, "null")] {
                let answer = send(&operation, &user, &body).await;
                assert_eq!(answer.status, 422, "{operation} {body}: {}", answer.text);
                let problem = answer.expect_problem(422, "invalid-request");
                assert!(
                    problem.text_of("detail").contains(&**member),
                    "{operation} {member}: {}",
                    problem.text
                );
                checked += 1;
            }
        }
    }
    assert!(checked >= 8, "{checked}");
}

#[tokio::test]
async fn a_value_of_another_type_is_refused_by_name_and_never_quoted() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    for operation in Operation::with_body() {
        for member in operation.members() {
            for wrong in
                ["918273", "-918273.5", "918273e300", "true", "[\"918273\"]", "{\"918273\":\"918273\"}", "[]"]
            {
                let answer = send(&operation, &user, &with(&operation, &member, wrong)).await;
                assert_eq!(answer.status, 422, "{operation} {member} {wrong}: {}", answer.text);
                let problem = answer.expect_problem(422, "invalid-request");
                assert!(problem.text_of("detail").starts_with(&format!("{member}: ")), "{}", problem.text);
                assert!(!problem.text.contains(MARKER), "{operation} {member} {wrong}: {}", problem.text);
            }
        }
    }
}

#[tokio::test]
async fn a_text_that_does_not_fit_is_never_quoted() {
    let app = TestApp::start().await;
    for operation in Operation::with_body() {
        let user = app.newcomer().await;
        for member in operation.members() {
            for text in [
                "918273!",
                "918273 at line 1",
                "x, expected 918273",
                "invalid 918273",
                "`918273`",
                "\\\"918273\\n",
            ] {
                let answer =
                    send(&operation, &user, &with(&operation, &member, &format!("\"{text}\""))).await;
                assert!(answer.status.as_u16() < 500, "{operation} {member}: {}", answer.text);
                // Some texts fit, such as a name: then it is no failure that quotes it.
                if !answer.status.is_success() {
                    assert!(!answer.text.contains(MARKER), "{operation} {member}: {}", answer.text);
                }
            }
        }
    }
}

#[tokio::test]
async fn no_number_is_too_large_to_be_refused() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    for operation in Operation::with_body() {
        for member in operation.members() {
            for number in [
                "1e999",
                "-1e999",
                "1e-999",
                "18446744073709551616",
                "-9223372036854775809",
                &"9".repeat(9_000),
                "-0",
            ] {
                let answer = send(&operation, &user, &with(&operation, &member, number)).await;
                assert!(
                    [400, 422].contains(&answer.status.as_u16()),
                    "{operation} {member}: {}",
                    answer.text
                );
                assert!(answer.text.len() < 1_000, "{}", answer.text);
                let (status, code) = (answer.status.as_u16(), answer.text_of("code"));
                answer.expect_problem(status, &code);
            }
        }
    }
}

#[tokio::test]
async fn characters_that_no_database_stores_are_never_a_defect_of_ours() {
    let app = TestApp::start().await;
    // What the phone step only looks at for a hint may be anything.
    let hints = ["invite_code", "device_token", "locale"];
    let asks_for_a_code = |path: &str| path.ends_with("/auth/phone") || path.ends_with("/profile/phone");
    for operation in Operation::with_body() {
        for member in operation.members() {
            for text in
                ["\\u0000", "\\u0000\\u0000", "A\\u0000", "\\u0000A", "\\u001b[2J", "\\uffff", "\\u202e"]
            {
                let user = app.newcomer().await;
                let example = operation.example[&member].as_str().unwrap_or_default();
                for value in [format!("\"{text}\""), format!("\"{example}{text}\"")] {
                    let answer = send(&operation, &user, &with(&operation, &member, &value)).await;
                    assert!(answer.status.as_u16() < 500, "{operation} {member} {value}: {}", answer.text);
                    let hint = asks_for_a_code(&operation.path) && hints.contains(&&*member);
                    if text.contains("0000") && !hint {
                        assert!(
                            answer.status.is_client_error(),
                            "{operation} {member} {value}: {}",
                            answer.text
                        );
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn characters_that_no_database_stores_are_refused_in_queries() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    for operation in Operation::all() {
        for parameter in operation.query_parameters() {
            for value in ["%00", "1%00", "%ff", "%F0%9F", "%E2%80%AE", "+", &"9".repeat(5_000)] {
                let request =
                    app.request(operation.method.clone(), &format!("{}?{parameter}={value}", operation.path));
                let answer = app.send(request.bearer_auth(&user.access_token)).await;
                assert_eq!(answer.status, 422, "{operation} {parameter}={value}: {}", answer.text);
                let code = answer.text_of("code");
                answer.expect_problem(422, &code);
            }
        }
    }
}

#[tokio::test]
async fn a_failure_leaves_the_connection_good_for_the_next_request() {
    let app = TestApp::start().await;
    let user = app.login("+79991234567").await;
    for body in [json!({"invite_code": Value::Null}), json!({"invite_code": "000000"})] {
        let failed = user.post("/api/v1/referral/activate", body).await;
        assert!(failed.status.is_client_error());
        user.profile().await;
    }
}
