//! Numbers change hands: a PIN is no longer asked for when its owner was silent long enough.

use chrono::Duration;
use serde_json::json;

use crate::support::{Answer, TestApp, TestUser, another_code};

const PHONE: &str = "+79991234567";
const PIN: &str = "271828";
const WRONG: &str = "314159";

/// A service on which somebody has set a PIN, and the session that did.
async fn start(days: &str) -> (TestApp, String) {
    let app = TestApp::builder().set("--pin-release-days", days).start().await;
    let ada = app.login(PHONE).await;
    ada.set_pin(PIN, None).await.expect(204);
    let token = ada.refresh_token;
    (app, token)
}

/// Asks for a code and enters it without a PIN.
async fn code_alone(app: &TestApp) -> Answer {
    app.verify(&app.challenge(PHONE).await, &app.code(PHONE)).await
}

async fn refresh(app: &TestApp, token: &str) -> String {
    let body = json!({"refresh_token": token});
    app.post("/api/v1/auth/refresh", body).await.expect(200).text_of("refresh_token")
}

#[tokio::test]
async fn after_seven_days_of_silence_the_code_is_enough_and_the_pin_is_gone() {
    let (app, _) = start("7").await;
    app.pass(Duration::days(7) - Duration::seconds(1));
    code_alone(&app).await.expect_problem(401, "pin-required");
    app.pass(Duration::seconds(1));
    let (challenge, code) = (app.challenge(PHONE).await, app.code(PHONE));
    app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    assert_eq!(app.count("pins").await, 1);
    let login = app.verify(&challenge, &code).await.expect(200);
    assert_eq!((&login.body["user"]["has_pin"], &login.body["is_new_user"]), (&json!(false), &json!(false)));
    assert_eq!(app.count("pins").await, 0);
    TestUser::of(&app, login).set_pin(WRONG, None).await.expect(204);
    code_alone(&app).await.expect_problem(401, "pin-required");
}

#[tokio::test]
async fn with_the_pin_goes_whoever_was_logged_in_before() {
    let (app, old) = start("7").await;
    app.pass(Duration::days(7));
    let newcomer = TestUser::of(&app, code_alone(&app).await.expect(200));
    let body = json!({"refresh_token": old});
    app.post("/api/v1/auth/refresh", body).await.expect_problem(401, "invalid-refresh-token");
    newcomer.profile().await;
    assert_eq!((app.count("sessions").await, app.count("device_guard").await), (1, 1));
}

#[tokio::test]
async fn a_pin_that_is_released_is_not_compared() {
    let (app, _) = start("7").await;
    app.pass(Duration::days(7));
    assert_eq!(app.login_with_pin(PHONE, WRONG).await.login.body["user"]["has_pin"], false);
}

#[tokio::test]
async fn a_login_is_a_sign_of_life() {
    let (app, _) = start("7").await;
    for _ in 0..3 {
        app.pass(Duration::days(6));
        app.login_with_pin(PHONE, PIN).await;
    }
    app.pass(Duration::days(6));
    code_alone(&app).await.expect_problem(401, "pin-required");
    app.pass(Duration::days(1));
    code_alone(&app).await.expect(200);
}

#[tokio::test]
async fn a_missing_or_a_wrong_pin_is_none() {
    let (app, _) = start("7").await;
    for _ in 0..6 {
        app.pass(Duration::days(1));
        let (challenge, code) = (app.challenge(PHONE).await, app.code(PHONE));
        app.verify(&challenge, &code).await.expect_problem(401, "pin-required");
        app.verify_with_pin(&challenge, &code, WRONG).await.expect_problem(401, "invalid-pin");
        app.verify_with_pin(&challenge, &another_code(&code), PIN).await.expect_problem(401, "invalid-code");
    }
    app.pass(Duration::days(1));
    code_alone(&app).await.expect(200);
}

#[tokio::test]
async fn whoever_stays_logged_in_keeps_the_pin() {
    let (app, mut token) = start("7").await;
    for _ in 0..20 {
        app.pass(Duration::days(1));
        token = refresh(&app, &token).await;
        code_alone(&app).await.expect_problem(401, "pin-required");
    }
    app.pass(Duration::days(7) - Duration::seconds(1));
    code_alone(&app).await.expect_problem(401, "pin-required");
    app.pass(Duration::seconds(1));
    code_alone(&app).await.expect(200);
}

#[tokio::test]
async fn reading_is_a_use_as_well() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    ada.set_pin(PIN, None).await.expect(204);
    // The refresh comes within an hour of the last sign of life, and is none.
    app.pass(Duration::minutes(59));
    let body = json!({"refresh_token": ada.refresh_token});
    let ada = TestUser::of(&app, app.post("/api/v1/auth/refresh", body).await.expect(200));
    app.pass(Duration::minutes(2));
    ada.profile().await;
    app.pass(Duration::days(7) - Duration::seconds(1));
    code_alone(&app).await.expect_problem(401, "pin-required");
    app.pass(Duration::seconds(1));
    code_alone(&app).await.expect(200);
}

#[tokio::test]
async fn a_sign_of_life_is_written_once_an_hour() {
    let (app, mut token) = start("7").await;
    let seen = "SELECT last_seen_at::text FROM pins";
    let set = app.query(seen).await;
    for (minutes, is_written) in [(30, false), (30, false), (1, true), (60, false), (1, true)] {
        let before = app.query(seen).await;
        app.pass(Duration::minutes(minutes));
        token = refresh(&app, &token).await;
        assert_eq!(app.query(seen).await != before, is_written, "{minutes}");
    }
    assert_ne!(app.query(seen).await, set);
}

#[tokio::test]
async fn sessions_of_others_and_sessions_that_ended_keep_nobodys_pin() {
    let (app, token) = start("7").await;
    let mut grace = app.login("+79990000044").await.refresh_token;
    refresh(&app, &token).await;
    for _ in 0..7 {
        app.pass(Duration::days(1));
        grace = refresh(&app, &grace).await;
        // The token was used before: the session is ended, and that is no life.
        app.post("/api/v1/auth/refresh", json!({"refresh_token": token})).await.expect(401);
    }
    code_alone(&app).await.expect(200);
}

#[tokio::test]
async fn the_operator_says_after_how_many_days() {
    let (app, _) = start("1").await;
    app.pass(Duration::days(1) - Duration::seconds(1));
    code_alone(&app).await.expect_problem(401, "pin-required");
    app.pass(Duration::seconds(1));
    code_alone(&app).await.expect(200);
}

#[tokio::test]
async fn with_zero_days_a_pin_is_never_released() {
    let (app, _) = start("0").await;
    app.pass(Duration::days(3000));
    code_alone(&app).await.expect_problem(401, "pin-required");
    app.login_with_pin(PHONE, PIN).await;
}
