//! The lane of trusted devices, as its owner sees it. What attackers try on it is in `tests/attacks`.

use chrono::Duration;
use serde_json::json;

use crate::support::{Answer, TestApp, TestUser, another_code};

const PHONE: &str = "+79991234567";

/// Asks for a code from a device that was logged in on.
async fn ask(app: &TestApp, phone: &str, device_token: &str) -> Answer {
    app.post("/api/v1/auth/phone", json!({"phone": phone, "device_token": device_token})).await
}

/// Logs in from a device that was logged in on.
async fn login<'a>(app: &'a TestApp, device_token: &str) -> TestUser<'a> {
    let challenge = ask(app, PHONE, device_token).await.expect(200).text_of("challenge_token");
    TestUser::of(app, app.verify(&challenge, &app.code(PHONE)).await.expect(200))
}

async fn limited() -> TestApp {
    TestApp::builder().set("--send-limits", "on").start().await
}

/// Uses up what strangers may be sent.
async fn drain(app: &TestApp) {
    for _ in 0..3 {
        app.challenge(PHONE).await;
        app.pass(Duration::seconds(30));
    }
    app.post("/api/v1/auth/phone", json!({"phone": PHONE})).await.expect_problem(429, "too-many-requests");
}

#[tokio::test]
async fn a_login_trusts_the_device_and_strangers_cannot_lock_it_out() {
    let app = limited().await;
    let ada = app.login(PHONE).await;
    drain(&app).await;
    let mut token = ada.login.text_of("device_token");
    for _ in 0..20 {
        token = login(&app, &token).await.login.text_of("device_token");
    }
}

#[tokio::test]
async fn a_trusted_device_keeps_short_codes_while_strangers_guess() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let (challenge, code) = (app.challenge(PHONE).await, app.code(PHONE));
    for _ in 0..3 {
        app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    }
    let stranger = app.post("/api/v1/auth/phone", json!({"phone": PHONE})).await.expect(200);
    assert_eq!(stranger.body["code_length"], 6);
    let own = ask(&app, PHONE, &ada.login.text_of("device_token")).await.expect(200);
    assert_eq!(own.body["code_length"], 4);
    app.verify(&own.text_of("challenge_token"), &app.code(PHONE)).await.expect(200);
}

#[tokio::test]
async fn a_device_token_that_is_not_good_is_as_none() {
    let app = limited().await;
    let ada = app.login(PHONE).await;
    let token = ada.login.text_of("device_token");
    drain(&app).await;
    let bent = format!("{}A{}", &token[..token.len() - 30], &token[token.len() - 29..]);
    for wrong in ["", "no token at all", &ada.access_token, &ada.refresh_token, &bent] {
        ask(&app, PHONE, wrong).await.expect_problem(429, "too-many-requests");
    }
    app.pass(Duration::days(180));
    drain(&app).await;
    ask(&app, PHONE, &token).await.expect_problem(429, "too-many-requests");
}

#[tokio::test]
async fn a_device_is_trusted_for_the_number_of_its_user_only() {
    let app = limited().await;
    let token = app.login("+79990000001").await.login.text_of("device_token");
    app.login(PHONE).await;
    drain(&app).await;
    ask(&app, PHONE, &token).await.expect_problem(429, "too-many-requests");
    ask(&app, "+79990000001", &token).await.expect(200);
}

#[tokio::test]
async fn a_logout_ends_the_trust_and_running_out_does_not() {
    let app = limited().await;
    let ada = app.login(PHONE).await;
    let token = ada.login.text_of("device_token");
    // Sessions end after 90 days at the latest, and are forgotten; the device is still known.
    app.pass(Duration::days(100));
    phone_auth::jobs::purge::purge(&app.state).await.unwrap();
    drain(&app).await;
    let ada = login(&app, &token).await;
    ada.post("/api/v1/auth/logout", json!({})).await.expect(204);
    drain_again(&app).await;
    ask(&app, PHONE, &ada.login.text_of("device_token")).await.expect_problem(429, "too-many-requests");
}

/// What is left of the sends of strangers, if anything.
async fn drain_again(app: &TestApp) {
    while app.post("/api/v1/auth/phone", json!({"phone": PHONE})).await.status == 200 {
        app.pass(Duration::seconds(30));
    }
}

#[tokio::test]
async fn a_login_from_a_trusted_device_ends_the_session_before_it() {
    let app = TestApp::start().await;
    let first = app.login(PHONE).await;
    let elsewhere = app.login(PHONE).await;
    let second = login(&app, &first.login.text_of("device_token")).await;
    second.profile().await;
    elsewhere.profile().await;
    first.get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
    assert_eq!(app.count("sessions").await, 2);
    assert_eq!(app.count("device_guard").await, 2);
}

#[tokio::test]
async fn the_eleventh_device_takes_the_place_of_the_one_unused_the_longest() {
    let app = TestApp::start().await;
    let mut tokens = Vec::new();
    for _ in 0..11 {
        tokens.push(app.login(PHONE).await.login.text_of("device_token"));
        app.pass(Duration::seconds(1));
    }
    assert_eq!(app.count("device_guard").await, 10);
    // The oldest is a stranger now: after three wrong codes of strangers it gets six digits.
    let (challenge, code) = (app.challenge(PHONE).await, app.code(PHONE));
    for _ in 0..3 {
        app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    }
    assert_eq!(ask(&app, PHONE, &tokens[0]).await.expect(200).body["code_length"], 6);
    assert_eq!(ask(&app, PHONE, &tokens[1]).await.expect(200).body["code_length"], 4);
}

#[tokio::test]
async fn what_ends_a_session_ends_the_trust_in_its_device() {
    let app = TestApp::start().await;
    for scope in ["this", "others", "all"] {
        let (ada, other) = (app.login(PHONE).await, app.login(PHONE).await);
        assert_eq!(app.count("device_guard").await, 2);
        ada.post("/api/v1/auth/logout", json!({"scope": scope})).await.expect(204);
        let left = usize::from(scope != "all");
        assert_eq!(app.count("device_guard").await, left, "{scope}");
        other.post("/api/v1/auth/logout", json!({"scope": "all"})).await;
        ada.post("/api/v1/auth/logout", json!({"scope": "all"})).await;
        assert_eq!(app.count("device_guard").await, 0);
    }
    let ada = app.login(PHONE).await;
    let refresh = json!({"refresh_token": ada.refresh_token});
    app.post("/api/v1/auth/refresh", refresh.clone()).await.expect(200);
    app.pass(Duration::minutes(1));
    app.post("/api/v1/auth/refresh", refresh).await.expect_problem(401, "refresh-token-reused");
    assert_eq!(app.count("device_guard").await, 0);
    let ada = app.login(PHONE).await;
    ada.delete("/api/v1/profile").await.expect(204);
    assert_eq!(app.count("device_guard").await, 0);
}
