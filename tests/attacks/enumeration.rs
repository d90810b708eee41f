//! The phone step tells nobody who has an account.

use chrono::Duration;
use reqwest::header::HeaderMap;
use serde_json::json;

use crate::{
    support::{Answer, TestApp},
    tools::{HOME, address, ask, ask_with, guess, guess_until, limited, log_in, number, sent},
};

/// Two numbers of one country: the first has an account, the second has none.
const KNOWN: &str = "+79991234567";
const UNKNOWN: &str = "+79161112233";

/// An answer without what differs with every request.
fn told(answer: &Answer) -> (u16, HeaderMap, String) {
    let mut headers = answer.headers.clone();
    for changing in ["date", "x-request-id"] {
        headers.remove(changing);
    }
    let mut text = answer.text.clone();
    for member in ["challenge_token", "trace_id"] {
        if let Some(value) = answer.body[member].as_str() {
            text = text.replace(value, &"x".repeat(value.len()));
        }
    }
    (answer.status.as_u16(), headers, text)
}

/// Asks for both; the answers are the same.
async fn expect_same(app: &TestApp, from: [&str; 2], status: u16) {
    let known = told(&ask(app, from[0], KNOWN).await);
    let unknown = told(&ask(app, from[1], UNKNOWN).await);
    assert_eq!(known.0, status, "{}", known.2);
    assert_eq!(known, unknown);
}

#[tokio::test]
async fn known_and_unknown_numbers_are_answered_alike_when_served_and_when_refused() {
    let app = limited().start().await;
    log_in(&app, HOME, KNOWN).await;
    app.pass(Duration::hours(1));
    let elsewhere = |client| [address(client), address(client + 500)];
    for round in 0..3 {
        let [one, other] = elsewhere(round);
        expect_same(&app, [&one, &other], 200).await;
        let [one, other] = elsewhere(100 + round);
        expect_same(&app, [&one, &other], 429).await;
        app.pass(Duration::seconds(30));
    }
    // Three were sent to each.
    let [one, other] = elsewhere(200);
    expect_same(&app, [&one, &other], 429).await;
}

#[tokio::test]
async fn a_network_that_is_refused_learns_nothing_either() {
    let app = limited().start().await;
    log_in(&app, &address(0), KNOWN).await;
    app.pass(Duration::hours(1));
    for index in 0..5 {
        ask(&app, HOME, &number(index)).await.expect(200);
    }
    expect_same(&app, [HOME, HOME], 429).await;
}

#[tokio::test]
async fn a_guessed_number_answers_alike_with_an_account_and_without() {
    let app = TestApp::start().await;
    log_in(&app, HOME, KNOWN).await;
    for digits in [6, 8] {
        for phone in [KNOWN, UNKNOWN] {
            guess_until(&app, phone, digits).await;
        }
        expect_same(&app, [HOME, HOME], 200).await;
    }
}

#[tokio::test]
async fn strangers_are_served_without_a_look_at_the_accounts() {
    let app = limited().start().await;
    log_in(&app, &address(0), KNOWN).await;
    app.pass(Duration::hours(1));
    app.execute("ALTER TABLE users RENAME TO users_away").await;
    expect_same(&app, [&address(1), &address(2)], 200).await;
    expect_same(&app, [&address(1), &address(2)], 429).await;
    // A token that nobody gave out is a stranger's.
    let body = json!({"phone": "+79990000001", "device_token": "no token"});
    ask_with(&app, HOME, &body).await.expect(200);
}

#[tokio::test]
async fn a_device_of_ones_own_does_not_tell_about_other_numbers() {
    let app = limited().start().await;
    log_in(&app, &address(0), KNOWN).await;
    let token = log_in(&app, &address(1), "+79990000001").await.text_of("device_token");
    app.pass(Duration::hours(1));
    let mut seen = Vec::new();
    for (phone, from) in [(KNOWN, &address(2)), (UNKNOWN, &address(3))] {
        let body = json!({"phone": phone, "device_token": token});
        for status in [200, 429] {
            seen.push(told(&ask_with(&app, from, &body).await.expect(status)));
        }
    }
    assert_eq!(seen[..2], seen[2..]);
}

#[tokio::test]
async fn a_wrong_code_tells_nothing_about_the_number() {
    let app = TestApp::start().await;
    log_in(&app, HOME, KNOWN).await;
    let mut seen = Vec::new();
    for phone in [KNOWN, UNKNOWN] {
        let code = sent(&app, HOME, phone).await;
        for _ in 0..4 {
            seen.push(told(&guess(&app, &code).await));
        }
    }
    assert_eq!(seen[..4], seen[4..]);
}
