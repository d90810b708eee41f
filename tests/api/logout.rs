//! `POST /auth/logout`: which sessions end, and that they end at once.

use chrono::Duration;
use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, TestApp, TestUser};

const PHONE: &str = "+79991234567";
const LOGOUT: &str = "/api/v1/auth/logout";

/// Three sessions of one person.
async fn three_sessions(app: &TestApp) -> [TestUser<'_>; 3] {
    [app.login(PHONE).await, app.login(PHONE).await, app.login(PHONE).await]
}

async fn log_out(session: &TestUser<'_>, scope: &str) -> Answer {
    session.post(LOGOUT, json!({"scope": scope})).await
}

async fn expect_live(session: &TestUser<'_>) {
    session.get("/api/v1/profile").await.expect(200);
}

/// Neither token of the session is good for anything.
async fn expect_ended(session: &TestUser<'_>) {
    session.get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
    let body = json!({"refresh_token": session.refresh_token});
    session.app.post("/api/v1/auth/refresh", body).await.expect_problem(401, "invalid-refresh-token");
}

#[tokio::test]
async fn a_logout_ends_this_session_and_no_other() {
    let app = TestApp::start().await;
    let [first, second, third] = three_sessions(&app).await;
    let without_body = app.send(first.request(Method::POST, LOGOUT)).await.expect(204);
    assert_eq!(without_body.text, "");
    assert_eq!(without_body.header("cache-control"), "no-store");
    expect_ended(&first).await;
    expect_live(&second).await;
    second.post(LOGOUT, json!({})).await.expect(204);
    expect_ended(&second).await;
    expect_live(&third).await;
    log_out(&third, "this").await.expect(204);
    expect_ended(&third).await;
}

#[tokio::test]
async fn a_logout_of_the_others_leaves_this_session() {
    let app = TestApp::start().await;
    let [first, second, third] = three_sessions(&app).await;
    let stranger = app.login("+79997654321").await;
    log_out(&second, "others").await.expect(204);
    expect_ended(&first).await;
    expect_ended(&third).await;
    expect_live(&second).await;
    expect_live(&stranger).await;
}

#[tokio::test]
async fn a_logout_of_all_ends_every_session_of_this_user() {
    let app = TestApp::start().await;
    let sessions = three_sessions(&app).await;
    let stranger = app.login("+79997654321").await;
    log_out(&sessions[1], "all").await.expect(204);
    for session in &sessions {
        expect_ended(session).await;
    }
    expect_live(&stranger).await;
}

#[tokio::test]
async fn a_logout_with_an_unknown_scope_is_refused_and_ends_nothing() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    for scope in
        [json!("everyone"), json!("All"), json!(null), json!(7), json!(true), json!(["all"]), json!({})]
    {
        let refused = ada.post(LOGOUT, json!({"scope": scope})).await.expect_problem(422, "invalid-request");
        assert!(refused.text_of("detail").starts_with("scope: "), "{}", refused.text);
    }
    ada.post(LOGOUT, json!({"all": true})).await.expect_problem(422, "invalid-request");
    let refused = log_out(&ada, "739157").await.expect_problem(422, "invalid-request");
    assert_eq!(refused.text_of("detail"), "scope: must be this, others or all.");
    expect_live(&ada).await;
}

#[tokio::test]
async fn a_logout_can_be_repeated() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    for scope in ["this", "this", "others", "all", "all"] {
        log_out(&ada, scope).await.expect(204);
    }
}

#[tokio::test]
async fn a_session_that_has_ended_ends_no_other() {
    let app = TestApp::start().await;
    let [first, second, _] = three_sessions(&app).await;
    log_out(&first, "this").await.expect(204);
    for scope in ["others", "all"] {
        log_out(&first, scope).await.expect(204);
    }
    expect_live(&second).await;
}

#[tokio::test]
async fn a_session_that_has_idled_away_ends_no_other() {
    let app = TestApp::start().await;
    let idle = app.login(PHONE).await;
    // Its access token would end with it; here the end comes earlier than was told.
    app.execute("UPDATE sessions SET expires_at = last_used_at").await;
    let second = app.login(PHONE).await;
    log_out(&idle, "all").await.expect(204);
    expect_live(&second).await;
}

#[tokio::test]
async fn without_a_valid_access_token_nobody_is_logged_out() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let challenge = app.challenge(PHONE).await;
    let token = &ada.access_token;
    let bent = format!("{}A{}", &token[..token.len() / 2], &token[token.len() / 2 + 1..]);
    for authorization in [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some(token.clone()),
        Some(format!("Basic {token}")),
        Some(format!("Bearer {bent}x")),
        Some(format!("Bearer {}", ada.refresh_token)),
        Some(format!("Bearer {challenge}")),
    ] {
        let mut request = app.request(Method::POST, LOGOUT).json(&json!({"scope": "all"}));
        if let Some(value) = &authorization {
            request = request.header("authorization", value);
        }
        let refused = app.send(request).await.expect_problem(401, "unauthenticated");
        assert_eq!(refused.header("www-authenticate"), "Bearer", "{authorization:?}");
    }
    expect_live(&ada).await;
    app.pass(Duration::seconds(600));
    log_out(&ada, "all").await.expect_problem(401, "unauthenticated");
    assert_eq!(app.count("sessions").await, 1);
}

#[tokio::test]
async fn the_access_token_of_an_ended_session_opens_nothing() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let inviter = app.login("+79997654321").await;
    log_out(&ada, "this").await.expect(204);
    for (method, path, body) in [
        (Method::GET, "/api/v1/profile", None),
        (Method::PUT, "/api/v1/profile", Some(json!({"first_name": "Ada"}))),
        (Method::PATCH, "/api/v1/profile", Some(json!({"first_name": "Ada"}))),
        (Method::DELETE, "/api/v1/profile", None),
        (Method::GET, "/api/v1/referral", None),
        (Method::POST, "/api/v1/referral/activate", Some(json!({"invite_code": inviter.invite_code()}))),
        (Method::GET, "/api/v1/referral/invited", None),
    ] {
        let request = ada.request(method.clone(), path);
        let answer = app.send(match body {
            Some(body) => request.json(&body),
            None => request,
        });
        let refused = answer.await.expect_problem(401, "unauthenticated");
        assert_eq!(refused.header("www-authenticate"), "Bearer", "{method} {path}");
    }
    let again = app.login(PHONE).await;
    assert_eq!(again.login.body["user"], ada.login.body["user"]);
}
