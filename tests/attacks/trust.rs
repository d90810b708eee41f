//! How trust in a device ends. Strangers get six digits in these tests, trusted devices four: that tells the lane.

use chrono::Duration;
use reqwest::Method;
use serde_json::json;

use crate::{
    support::{TestApp, TestUser},
    tools::{HOME, PHONE, guess_until, sent_to_device},
};

const OTHER: &str = "+79161112233";

/// Whether `token` opens the lane of a device at `phone`.
async fn is_trusted(app: &TestApp, phone: &str, token: &str) -> bool {
    // What strangers may try comes back with time: they use it up again.
    guess_until(app, phone, 6).await;
    sent_to_device(app, HOME, phone, token).await.digits == 4
}

fn token_of(user: &TestUser<'_>) -> String {
    user.login.text_of("device_token")
}

async fn log_out(user: &TestUser<'_>, scope: &str) {
    user.post("/api/v1/auth/logout", json!({"scope": scope})).await.expect(204);
}

#[tokio::test]
async fn a_device_is_trusted_with_the_number_that_was_logged_in_on_it_only() {
    let app = TestApp::start().await;
    let (own, others) = (token_of(&app.login(PHONE).await), token_of(&app.login(OTHER).await));
    assert!(is_trusted(&app, PHONE, &own).await);
    assert!(is_trusted(&app, OTHER, &others).await);
    assert!(!is_trusted(&app, PHONE, &others).await);
    assert!(!is_trusted(&app, OTHER, &own).await);
    assert!(!is_trusted(&app, "+79990000001", &own).await);
}

#[tokio::test]
async fn trust_ends_180_days_after_the_last_login_to_the_second() {
    let app = TestApp::start().await;
    let first = token_of(&app.login(PHONE).await);
    app.pass(Duration::days(100));
    guess_until(&app, PHONE, 6).await;
    let code = sent_to_device(&app, HOME, PHONE, &first).await;
    let second = app.verify(&code.challenge, &code.code).await.expect(200).text_of("device_token");
    app.pass(Duration::days(80) - Duration::seconds(1));
    assert!(is_trusted(&app, PHONE, &first).await);
    app.pass(Duration::seconds(1));
    assert!(!is_trusted(&app, PHONE, &first).await);
    assert!(is_trusted(&app, PHONE, &second).await);
    app.pass(Duration::days(100) - Duration::seconds(1));
    assert!(is_trusted(&app, PHONE, &second).await);
    app.pass(Duration::seconds(1));
    assert!(!is_trusted(&app, PHONE, &second).await);
}

#[tokio::test]
async fn a_logout_takes_the_trust_of_the_devices_it_ends() {
    for (scope, first_stays, second_stays) in
        [("this", false, true), ("others", true, false), ("all", false, false)]
    {
        let app = TestApp::start().await;
        let (first, second) = (app.login(PHONE).await, app.login(PHONE).await);
        let bystander = app.login(OTHER).await;
        log_out(&first, scope).await;
        assert_eq!(is_trusted(&app, PHONE, &token_of(&first)).await, first_stays, "{scope}");
        assert_eq!(is_trusted(&app, PHONE, &token_of(&second)).await, second_stays, "{scope}");
        assert!(is_trusted(&app, OTHER, &token_of(&bystander)).await, "{scope}");
    }
}

#[tokio::test]
async fn a_logout_ends_what_was_asked_for_in_the_lane_of_the_device() {
    let app = TestApp::start().await;
    let user = app.login(PHONE).await;
    let code = sent_to_device(&app, HOME, PHONE, &token_of(&user)).await;
    log_out(&user, "this").await;
    app.verify(&code.challenge, &code.code).await.expect_problem(401, "invalid-challenge");
}

#[tokio::test]
async fn whoever_shows_a_used_refresh_token_ends_the_trust_of_its_device() {
    let app = TestApp::start().await;
    let (stolen, bystander) = (app.login(PHONE).await, app.login(PHONE).await);
    let refresh = json!({"refresh_token": stolen.refresh_token});
    app.post("/api/v1/auth/refresh", refresh.clone()).await.expect(200);
    assert!(is_trusted(&app, PHONE, &token_of(&stolen)).await);
    app.pass(Duration::seconds(31));
    let reused = app.post("/api/v1/auth/refresh", refresh).await;
    reused.expect_problem(401, "refresh-token-reused");
    assert!(!is_trusted(&app, PHONE, &token_of(&stolen)).await);
    assert!(is_trusted(&app, PHONE, &token_of(&bystander)).await);
}

#[tokio::test]
async fn a_deleted_account_leaves_no_trusted_device_to_whoever_has_the_number_next() {
    let app = TestApp::start().await;
    let user = app.login(PHONE).await;
    user.delete("/api/v1/profile").await.expect(204);
    assert!(!is_trusted(&app, PHONE, &token_of(&user)).await);
    let next = app.login(PHONE).await;
    assert!(!is_trusted(&app, PHONE, &token_of(&user)).await);
    assert!(is_trusted(&app, PHONE, &token_of(&next)).await);
}

#[tokio::test]
async fn of_eleven_devices_the_one_unused_the_longest_is_a_strangers() {
    let app = TestApp::start().await;
    let mut tokens = Vec::new();
    for _ in 0..11 {
        tokens.push(token_of(&app.login(PHONE).await));
        app.pass(Duration::seconds(1));
    }
    assert!(!is_trusted(&app, PHONE, &tokens[0]).await);
    for token in &tokens[1..] {
        assert!(is_trusted(&app, PHONE, token).await);
    }
    // The second is used, so the third is next to go.
    let code = sent_to_device(&app, HOME, PHONE, &tokens[1]).await;
    app.verify(&code.challenge, &code.code).await.expect(200);
    let twelfth = token_of(&app.login(PHONE).await);
    assert!(!is_trusted(&app, PHONE, &tokens[2]).await);
    assert!(is_trusted(&app, PHONE, &tokens[1]).await && is_trusted(&app, PHONE, &twelfth).await);
    assert_eq!(app.count("device_guard").await, 10);
}

#[tokio::test]
async fn a_session_that_ran_out_leaves_the_device_trusted() {
    let app = TestApp::start().await;
    let user = app.login(PHONE).await;
    app.pass(Duration::days(91));
    phone_auth::jobs::purge::purge(&app.state).await.unwrap();
    user.get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
    assert!(is_trusted(&app, PHONE, &token_of(&user)).await);
    // Nor can whoever finds its old access token end that trust.
    let logout = app.send(user.request(Method::POST, "/api/v1/auth/logout")).await;
    assert_eq!(logout.status, 401);
    assert!(is_trusted(&app, PHONE, &token_of(&user)).await);
}
