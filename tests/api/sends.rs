//! Limits on sending as their users meet them: how long to wait, and what is not counted.

use chrono::Duration;
use serde_json::json;

use crate::support::{Answer, TestApp};

const PHONE: &str = "+79991234567";

async fn ask(app: &TestApp, phone: &str) -> Answer {
    app.post("/api/v1/auth/phone", json!({"phone": phone})).await
}

/// How long a refused request is told to wait.
#[track_caller]
fn wait(answer: Answer) -> i64 {
    let refused = answer.expect_problem(429, "too-many-requests");
    let seconds = refused.body["retry_after"].as_i64().unwrap();
    assert_eq!(refused.header("retry-after"), seconds.to_string());
    seconds
}

#[tokio::test]
async fn whoever_waits_as_told_is_served_and_a_second_earlier_is_not() {
    let app = TestApp::builder().set("--send-limits", "on").start().await;
    for expected in [30, 30, 8 * 3600 - 60] {
        ask(&app, PHONE).await.expect(200);
        let told = wait(ask(&app, PHONE).await);
        assert_eq!(told, expected);
        app.pass(Duration::seconds(told - 1));
        assert_eq!(wait(ask(&app, PHONE).await), 1);
        app.pass(Duration::seconds(1));
    }
    ask(&app, PHONE).await.expect(200);
}

#[tokio::test]
async fn a_login_gives_its_send_back_twenty_times_a_day() {
    let app =
        TestApp::builder().set("--send-limits", "on").set("--trusted-proxies", "127.0.0.1").start().await;
    // From another network each time: those are not given back.
    for number in 0..20 {
        let request = app.request(reqwest::Method::POST, "/api/v1/auth/phone").json(&json!({"phone": PHONE}));
        let asked =
            app.send(request.header("X-Forwarded-For", format!("203.0.{number}.7"))).await.expect(200);
        app.verify(&asked.text_of("challenge_token"), &app.code(PHONE)).await.expect(200);
    }
    app.login(PHONE).await;
    assert_eq!(wait(ask(&app, PHONE).await), 30);
}

#[tokio::test]
async fn countries_that_are_not_served_get_no_code() {
    let app = TestApp::builder().set("--allowed-countries", "RU,KZ").start().await;
    ask(&app, PHONE).await.expect(200);
    ask(&app, "+77012345678").await.expect(200);
    ask(&app, "+447400123456").await.expect_problem(422, "phone-not-supported");
}

#[tokio::test]
async fn a_test_number_has_a_fixed_code_that_is_not_sent_and_counts_nowhere() {
    let app = TestApp::builder()
        .set("--test-phones", "+79990000001=0000,+79990000002=123456@2026-11-21")
        .set("--send-limits", "on")
        .start()
        .await;
    for _ in 0..40 {
        let asked = ask(&app, "+79990000001").await.expect(200);
        assert_eq!(asked.body["code_length"], 4);
        let wrong = app.verify(&asked.text_of("challenge_token"), "1111").await;
        assert_eq!(wrong.expect_problem(401, "invalid-code").body["attempts_left"], 2);
        app.verify(&asked.text_of("challenge_token"), "0000").await.expect(200);
    }
    let asked = ask(&app, "+79990000002").await.expect(200);
    assert_eq!(asked.body["code_length"], 6);
    app.verify(&asked.text_of("challenge_token"), "123456").await.expect(200);
    let inbox = app.get("/dev/inbox?phone=%2B79990000001").await;
    assert_eq!(inbox.body, json!({"messages": []}));
    for table in ["rate_limit", "sends_per_day", "country_traffic", "risk WHERE g4 > 'epoch'"] {
        assert_eq!(app.count(table).await, 0, "{table}");
    }
    // After its last day it is a number as any other.
    app.pass(Duration::hours(12));
    let asked = ask(&app, "+79990000002").await.expect(200);
    assert_eq!(asked.body["code_length"], 4);
    assert_eq!(app.code("+79990000002").len(), 4);
}

/// A trusted device asks for a code.
async fn ask_from(app: &TestApp, phone: &str, device_token: &str) -> Answer {
    app.post("/api/v1/auth/phone", json!({"phone": phone, "device_token": device_token})).await
}

#[tokio::test]
async fn a_day_that_is_used_up_is_told_until_midnight() {
    let app = TestApp::builder().set("--send-limits", "on").set("--sends-per-day", "2").start().await;
    ask(&app, PHONE).await.expect(200);
    ask(&app, "+79990000001").await.expect(200);
    // The clock stands at noon; the number itself would have to wait half a minute only.
    for phone in [PHONE, "+79990000002"] {
        assert_eq!(wait(ask(&app, phone).await), 12 * 3600);
    }
    app.pass(Duration::hours(12));
    ask(&app, "+79990000002").await.expect(200);
}

#[tokio::test]
async fn other_devices_cannot_use_up_what_a_trusted_device_is_sent_first() {
    let app = TestApp::builder().set("--send-limits", "on").set("--sends-per-day", "4").start().await;
    let ada = app.login(PHONE).await.login.text_of("device_token");
    let grace = app.login("+79990000001").await.login.text_of("device_token");
    let judy = app.login("+79990000002").await.login.text_of("device_token");
    // One is free, the other comes out of the budget of all devices, which is one.
    ask_from(&app, "+79990000001", &grace).await.expect(200);
    ask_from(&app, "+79990000001", &grace).await.expect(200);
    ask(&app, "+79990000003").await.expect(200);
    // Both budgets are used up: what is left is the first code of each device, and after two hours another.
    for round in 0..3 {
        for (phone, token) in [(PHONE, &ada), ("+79990000002", &judy)] {
            ask_from(&app, phone, token).await.expect(200);
            assert_eq!(wait(ask_from(&app, phone, token).await), 2 * 3600, "{round}");
        }
        app.pass(Duration::hours(2));
    }
}

#[tokio::test]
async fn a_device_whose_lane_is_full_is_a_stranger() {
    let app = TestApp::builder().set("--send-limits", "on").start().await;
    let token = app.login(PHONE).await.login.text_of("device_token");
    for _ in 0..3 {
        ask_from(&app, PHONE, &token).await.expect(200);
    }
    // The lane of strangers has room for three as well; then the own lane is the first to have room again.
    for _ in 0..3 {
        let asked = ask_from(&app, PHONE, &token).await.expect(200);
        assert!(asked.body["resend_in"].as_i64().unwrap() >= 60);
        app.pass(Duration::seconds(30));
    }
    assert_eq!(wait(ask_from(&app, PHONE, &token).await), 2 * 3600 - 90);
}

#[tokio::test]
async fn a_client_is_told_when_another_code_can_be_had() {
    let app = TestApp::builder().set("--send-limits", "on").start().await;
    for expected in [60, 60, 8 * 3600 - 60] {
        assert_eq!(ask(&app, PHONE).await.expect(200).body["resend_in"], expected);
        app.pass(Duration::seconds(30));
    }
}
