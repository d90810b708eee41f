//! Codes that grow, challenges that become too short, and what a right code gives back.

use chrono::Duration;
use serde_json::json;

use crate::support::{Answer, TestApp, another_code};

const PHONE: &str = "+79991234567";

async fn ask(app: &TestApp) -> Answer {
    app.post("/api/v1/auth/phone", json!({"phone": PHONE})).await
}

/// A challenge, and the code that was sent with it.
async fn asked(app: &TestApp) -> (String, String) {
    (app.challenge(PHONE).await, app.code(PHONE))
}

/// Enters wrong codes for one challenge.
async fn guess(app: &TestApp, times: usize) {
    let (challenge, code) = asked(app).await;
    for _ in 0..times {
        app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    }
}

#[tokio::test]
async fn codes_grow_while_they_are_guessed_at() {
    let app = TestApp::start().await;
    assert_eq!(ask(&app).await.body["code_length"], 4);
    guess(&app, 3).await;
    for _ in 0..6 {
        assert_eq!(ask(&app).await.body["code_length"], 6);
        guess(&app, 3).await;
    }
    guess(&app, 2).await;
    assert_eq!(ask(&app).await.body["code_length"], 8);
    guess(&app, 2).await;
    assert_eq!(ask(&app).await.body["code_length"], 8);
    let (challenge, code) = asked(&app).await;
    app.verify(&challenge, &code).await.expect(200);
}

#[tokio::test]
async fn codes_shrink_again_when_guessing_ends() {
    let app = TestApp::start().await;
    guess(&app, 3).await;
    app.pass(Duration::days(120) - Duration::seconds(1));
    assert_eq!(ask(&app).await.body["code_length"], 6);
    app.pass(Duration::seconds(1));
    assert_eq!(ask(&app).await.body["code_length"], 4);
}

#[tokio::test]
async fn a_challenge_that_became_too_short_is_void_and_its_send_is_given_back() {
    let app = TestApp::builder().set("--send-limits", "on").start().await;
    let (short, short_code) = asked(&app).await;
    app.pass(Duration::seconds(30));
    guess(&app, 3).await;
    app.pass(Duration::seconds(30));
    // Repeated, it is the same answer, and nothing more is given back.
    for _ in 0..2 {
        app.verify(&short, &short_code).await.expect_problem(409, "code-upgraded");
    }
    for _ in 0..2 {
        assert_eq!(ask(&app).await.expect(200).body["code_length"], 6);
        app.pass(Duration::seconds(30));
    }
    ask(&app).await.expect_problem(429, "too-many-requests");
    assert_eq!(app.count("users").await, 0);
}

#[tokio::test]
async fn typing_errors_cost_nothing_in_the_end_and_the_failures_of_others_stay() {
    let app = TestApp::start().await;
    guess(&app, 1).await;
    let (challenge, code) = asked(&app).await;
    app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    app.verify(&challenge, &code).await.expect(200);
    // One of three is used: two more may be compared.
    guess(&app, 2).await;
    assert_eq!(ask(&app).await.body["code_length"], 6);
}

#[tokio::test]
async fn a_login_voids_the_challenges_made_before_it() {
    let app = TestApp::start().await;
    let (before, before_code) = asked(&app).await;
    app.pass(Duration::seconds(1));
    app.login(PHONE).await;
    app.verify(&before, &before_code).await.expect_problem(401, "invalid-challenge");
    assert_eq!(app.count("challenge_use").await, 1, "what is void is not even counted");
    app.pass(Duration::seconds(1));
    let (after, after_code) = asked(&app).await;
    app.verify(&after, &after_code).await.expect(200);
}

#[tokio::test]
async fn the_strict_profile_begins_with_six_digits_in_both_lanes() {
    let app = TestApp::builder().set("--security-profile", "strict").start().await;
    assert_eq!(ask(&app).await.body["code_length"], 6);
    let token = app.login(PHONE).await.login.text_of("device_token");
    let own = app.post("/api/v1/auth/phone", json!({"phone": PHONE, "device_token": token})).await;
    assert_eq!(own.body["code_length"], 6);
    for _ in 0..6 {
        guess(&app, 3).await;
    }
    guess(&app, 2).await;
    assert_eq!(ask(&app).await.body["code_length"], 8);
}

#[tokio::test]
async fn the_strict_profile_honours_the_predecessor_of_a_refresh_token_once_a_day() {
    let app = TestApp::builder().set("--security-profile", "strict").start().await;
    let ada = app.login(PHONE).await;
    let refresh = json!({"refresh_token": ada.refresh_token});
    for _ in 0..2 {
        app.post("/api/v1/auth/refresh", refresh.clone()).await.expect(200);
    }
    app.post("/api/v1/auth/refresh", refresh).await.expect_problem(401, "refresh-token-reused");
}
