use reqwest::Method;
use serde_json::{Value, json};

use super::PROFILE;
use crate::support::{Answer, TestApp, TestUser};

const BOTH: [Method; 2] = [Method::PUT, Method::PATCH];

async fn send(user: &TestUser<'_>, method: Method, body: &Value) -> Answer {
    user.app.send(user.request(method, PROFILE).json(body)).await
}

/// Sends `body` by PUT and by PATCH: both name the member, quote nothing of
/// `secret`, and change nothing.
async fn expect_refused(user: &TestUser<'_>, body: Value, member: &str, secret: &str) {
    let (before, tag) = (user.profile().await, user.get(PROFILE).await.header("etag").to_owned());
    for method in BOTH {
        let problem = send(user, method.clone(), &body).await.expect_problem(422, "invalid-request");
        let detail = problem.text_of("detail");
        assert!(detail.contains(member), "{method} {body}: {detail}");
        assert!(secret.is_empty() || !problem.text.contains(secret), "{method} {body}: {}", problem.text);
    }
    assert_eq!(user.profile().await, before);
    assert_eq!(user.get(PROFILE).await.header("etag"), tag);
}

#[tokio::test]
async fn what_is_no_name_is_refused_by_name_and_not_quoted() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    ada.put(PROFILE, json!({"first_name": "Ada", "email": "ada@example.com"})).await.expect(200);
    for member in ["first_name", "last_name"] {
        for wrong in [
            json!("Mallory\u{0}"),
            json!("Mal\nlory"),
            json!("Mal\u{1b}[31mlory"),
            json!("Mal\u{7f}lory"),
            json!("Mal\u{85}lory"),
            json!("Mallory".repeat(15)),
        ] {
            expect_refused(&ada, json!({member: wrong}), &format!("{member}: must"), "Mal").await;
        }
        for empty in ["", " ", "\t\n", "\u{a0}\u{2003}"] {
            expect_refused(&ada, json!({member: empty}), &format!("{member}: must not be empty"), "").await;
        }
        for wrong in [json!(918_273), json!(["918273"]), json!({"918273": "918273"}), json!(true)] {
            expect_refused(&ada, json!({member: wrong}), &format!("{member}: expected"), "918273").await;
        }
    }
}

#[tokio::test]
async fn what_is_no_email_is_refused_by_name_and_not_quoted() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    for wrong in [
        "mallory",
        "mallory@",
        "@mallory.example",
        "mallory@mallory",
        "mallory@localhost",
        "mallory @example.com",
        "mallory@example.com, eve@example.com",
        "Mallory <mallory@example.com>",
        "mallory@@example.com",
        "mallory@[127.0.0.1]",
        "mallory@example..com",
        "mallory@-example.com",
        "mallory\u{0}@example.com",
        "mallory@example.com\r\nBcc: eve@example.com",
        "mallory@exa\u{202e}mple.com",
    ] {
        expect_refused(&ada, json!({"email": wrong}), "email: must", "allory").await;
    }
    expect_refused(&ada, json!({"email": ""}), "email: must not be empty", "").await;
    expect_refused(&ada, json!({"email": 918_273}), "email: expected", "918273").await;
}

#[tokio::test]
async fn one_wrong_member_keeps_the_right_ones_from_being_written() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let half_right = json!({"first_name": "Ada", "last_name": "Lovelace", "email": "mallory"});
    expect_refused(&ada, half_right, "email: must", "mallory").await;
}

#[tokio::test]
async fn members_that_a_user_cannot_write_are_refused_by_name() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    for member in ["version", "deleted_at", "nickname", "First_name", "firstName", "Phone", ""] {
        for value in [json!("918273"), json!(null)] {
            let body = json!({"first_name": "Ada", member: value});
            expect_refused(&ada, body, &format!("unknown field `{member}`"), "918273").await;
        }
    }
}

#[tokio::test]
async fn members_that_are_changed_elsewhere_are_refused_with_a_word_on_where() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let mut members: Vec<String> = ada.profile().await.as_object().unwrap().keys().cloned().collect();
    members.retain(|member| !["email", "first_name", "last_name"].contains(&&**member));
    members.push("invited_users_next".to_owned());
    for member in members {
        let place = match &*member {
            "phone" => "it is changed by POST /api/v1/profile/phone.",
            "avatar_url" => "it is changed by PUT /api/v1/profile/avatar.",
            "has_pin" => "it is changed by PUT /api/v1/profile/pin.",
            "activated_invite_code" => "it is set by POST /api/v1/referral/activate.",
            _ => "it ",
        };
        for value in [json!("918273"), json!(null)] {
            let body = json!({"first_name": "Ada", &member: value});
            expect_refused(&ada, body, &format!("{member}: cannot be written here; {place}"), "918273").await;
        }
    }
}

#[tokio::test]
async fn what_does_not_show_is_refused_by_name_and_a_name_is_stored_in_one_form() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    for wrong in
        ["Mal\u{200b}lory", "Mal\u{202e}lory", "\u{feff}Mallory", "Mallory\u{200d}", "Mal\u{2066}lory"]
    {
        for member in ["first_name", "last_name"] {
            let rule =
                format!("{member}: must not contain characters that are invisible or change the direction");
            expect_refused(&ada, json!({member: wrong}), &rule, "Mal").await;
        }
        let body = json!({"challenge_token": "", "code": "0000", "device_name": wrong});
        let refused = app.post("/api/v1/auth/verify", body).await.expect_problem(422, "invalid-request");
        assert!(refused.text_of("detail").starts_with("device_name: must not contain"), "{}", refused.text);
    }
    let written =
        ada.put(PROFILE, json!({"first_name": "\u{3000}Zoe\u{308} ", "last_name": "علی\u{200c}رضا"})).await;
    assert_eq!(written.expect(200).body["full_name"], "Zo\u{eb} علی\u{200c}رضا");
}

#[tokio::test]
async fn a_member_given_twice_is_refused_by_name() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    for method in BOTH {
        let body = r#"{"first_name": "Ada", "last_name": "Lovelace", "first_name": "Mallory"}"#;
        let request = ada.request(method, PROFILE).header("content-type", "application/json").body(body);
        let problem = app.send(request).await.expect_problem(422, "invalid-request");
        assert!(problem.text_of("detail").contains("duplicate field `first_name`"), "{}", problem.text);
    }
    assert!(ada.profile().await["full_name"].is_null());
}
