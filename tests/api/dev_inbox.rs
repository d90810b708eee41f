//! `GET /dev/inbox`: what the simulated sender carried.

use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

const PHONE: &str = "+79991234567";

/// The messages, by whatever stands after the question mark.
async fn messages(app: &TestApp, query: &str) -> Vec<Value> {
    let answer = app.get(&format!("/dev/inbox?{query}")).await.expect(200);
    answer.body["messages"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_newest_message_comes_first() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        app.challenge(PHONE).await;
        app.challenge("+79997654321").await;
        app.pass(Duration::seconds(1));
    }
    let messages = messages(&app, "phone=%2B79991234567").await;
    let times: Vec<_> = messages.iter().map(|message| message["sent_at"].as_str().unwrap()).collect();
    assert_eq!(times, ["2026-11-21T12:00:02Z", "2026-11-21T12:00:01Z", "2026-11-21T12:00:00Z"]);
    let newest = messages[0].as_object().unwrap();
    assert_eq!(newest.keys().collect::<Vec<_>>(), ["phone", "text", "code", "sent_at"]);
    assert_eq!(newest["phone"], PHONE);
    assert_eq!(newest["code"], app.code(PHONE));
    assert!(newest["text"].as_str().unwrap().contains(&app.code(PHONE)));
}

#[tokio::test]
async fn any_spelling_opens_the_inbox_and_so_does_a_plus_that_was_not_escaped() {
    let app = TestApp::start().await;
    app.challenge(PHONE).await;
    for spelling in ["+79991234567", "%2B7%20999%20123-45-67", "8(999)1234567", "9991234567", "0079991234567"]
    {
        assert_eq!(messages(&app, &format!("phone={spelling}")).await.len(), 1, "{spelling}");
    }
}

#[tokio::test]
async fn a_phone_that_received_nothing_has_an_empty_inbox() {
    let app = TestApp::start().await;
    app.challenge(PHONE).await;
    assert_eq!(messages(&app, "phone=%2B79997654321").await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_inbox_is_kept_out_of_caches() {
    let app = TestApp::start().await;
    let answer = app.get("/dev/inbox?phone=%2B79991234567").await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn what_asks_for_no_inbox_is_refused() {
    let app = TestApp::start().await;
    app.get("/dev/inbox?phone=ada").await.expect_problem(422, "invalid-phone");
    for query in ["", "?number=%2B79991234567", "?phone=%2B79991234567&limit=1"] {
        app.get(&format!("/dev/inbox{query}")).await.expect_problem(422, "invalid-request");
    }
    let other_method = app.send(app.request(Method::POST, "/dev/inbox").json(&json!({}))).await;
    assert_eq!(other_method.expect_problem(405, "method-not-allowed").header("allow"), "GET, HEAD");
    app.get("/api/v1/dev/inbox?phone=%2B79991234567").await.expect_problem(404, "not-found");
}
