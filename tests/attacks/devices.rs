//! What is no device token, shown as one: it opens no lane and changes nothing.

use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::{
    forged_tokens::bent_everywhere,
    support::TestApp,
    tools::{HOME, PHONE, ask_with, guess_until},
};

/// How many digits the code has that `token` brings: strangers get six in these tests, trusted devices four.
async fn digits(app: &TestApp, token: &str) -> i64 {
    let asked = ask_with(app, HOME, &json!({"phone": PHONE, "device_token": token})).await;
    asked.expect(200).body["code_length"].as_i64().unwrap()
}

#[tokio::test]
async fn a_device_token_with_one_character_changed_is_none() {
    let app = TestApp::start().await;
    let token = app.login(PHONE).await.login.text_of("device_token");
    guess_until(&app, PHONE, 6).await;
    let rows = app.dump().await;
    let bent = bent_everywhere(&token);
    let app = &app;
    let seen: Vec<i64> =
        stream::iter(&bent).map(async |token| digits(app, token).await).buffered(4).collect().await;
    assert!(seen.iter().all(|digits| *digits == 6), "{seen:?}");
    assert_eq!(digits(app, &token).await, 4);
    assert_eq!(app.dump().await, rows);
}

#[tokio::test]
async fn no_other_token_is_a_device_token() {
    let app = TestApp::start().await;
    let user = app.login(PHONE).await;
    let challenge = app.challenge(PHONE).await;
    guess_until(&app, PHONE, 6).await;
    let elsewhere =
        TestApp::builder().set("--root-secret", "another secret of at least 32 characters").start().await;
    let foreign = elsewhere.login(PHONE).await.login.text_of("device_token");
    let own = user.login.text_of("device_token");
    let garbage = [
        "",
        ".",
        "....",
        "null",
        "'; DROP TABLE device_guard; --",
        &own[1..],
        &format!("{own} "),
        &format!("{own}."),
        &own.to_uppercase(),
        &"A".repeat(own.len()),
    ]
    .map(str::to_owned);
    for token in
        garbage.into_iter().chain([user.access_token.clone(), user.refresh_token.clone(), challenge, foreign])
    {
        assert_eq!(digits(&app, &token).await, 6, "{token}");
    }
    assert_eq!(digits(&app, &own).await, 4);
}

#[tokio::test]
async fn a_device_token_opens_nothing_but_its_lane() {
    let app = TestApp::start().await;
    let token = app.login(PHONE).await.login.text_of("device_token");
    let rows = app.dump().await;
    app.verify(&token, "0000").await.expect_problem(401, "invalid-challenge");
    let refreshed = app.post("/api/v1/auth/refresh", json!({"refresh_token": token})).await;
    refreshed.expect_problem(401, "invalid-refresh-token");
    let request = app.request(reqwest::Method::GET, "/api/v1/profile").bearer_auth(&token);
    app.send(request).await.expect_problem(401, "unauthenticated");
    assert_eq!(app.dump().await, rows);
}
