use std::time::Duration;

use serde_json::json;
use wiremock::ResponseTemplate;

use super::{PHONE, ask, asked, carried_by, now_answers, provider};
use crate::support::TestApp;

/// Everything that a message to a stranger is counted against.
async fn counted(app: &TestApp) -> Vec<String> {
    let mut all = Vec::new();
    for query in [
        "SELECT 'day ' || strangers || ' ' || devices AS row FROM sends_per_day",
        "SELECT 'phone ' || (sends > '2026-11-21T12:00:00Z') || ' ' || (last_sent_at IS NOT NULL) AS row
         FROM phone_guard",
        "SELECT 'limit ' || count(*) AS row FROM rate_limit WHERE tat > '2026-11-21T12:00:00Z'",
        "SELECT 'country ' || sends AS row FROM country_traffic",
    ] {
        all.extend(app.query(query).await);
    }
    all
}

#[tokio::test]
async fn a_message_that_did_not_go_was_never_counted() {
    let only = provider(ResponseTemplate::new(503)).await;
    let app = carried_by(&only.uri()).set("--send-limits", "on").start().await;
    for _ in 0..4 {
        ask(&app, PHONE).await.expect_problem(503, "sms-unavailable");
        assert_eq!(counted(&app).await, ["day 0 0", "phone false false", "limit 0", "country 0"]);
    }
    now_answers(&only, ResponseTemplate::new(204)).await;
    ask(&app, PHONE).await.expect(200);
    assert_eq!(counted(&app).await[0], "day 1 0");
    ask(&app, PHONE).await.expect_problem(429, "too-many-requests");
}

#[tokio::test]
async fn a_refused_message_stays_counted_for_the_clients_networks_alone() {
    let only = provider(ResponseTemplate::new(422)).await;
    let app = carried_by(&only.uri()).set("--send-limits", "on").start().await;
    ask(&app, PHONE).await.expect_problem(502, "sms-rejected");
    // Hourly, daily, the wider network, the phone that the address asked for, and how many there were.
    assert_eq!(counted(&app).await, ["day 0 0", "phone false false", "limit 5", "country 0"]);
    for _ in 1..5 {
        ask(&app, PHONE).await.expect_problem(502, "sms-rejected");
    }
    ask(&app, PHONE).await.expect_problem(429, "too-many-requests");
    assert_eq!(asked(&only).await, 5);
}

#[tokio::test]
async fn a_message_that_may_have_gone_out_stays_counted_and_the_next_is_promised_for_when_it_is_admitted() {
    let only = provider(ResponseTemplate::new(504)).await;
    let app = carried_by(&only.uri()).set("--send-limits", "on").start().await;
    let told = ask(&app, PHONE).await.expect_problem(503, "sms-unavailable");
    assert_eq!(told.header("retry-after"), "30");
    assert_eq!(counted(&app).await, ["day 1 0", "phone true true", "limit 6", "country 1"]);
    now_answers(&only, ResponseTemplate::new(204)).await;
    app.pass(chrono::Duration::seconds(29));
    ask(&app, PHONE).await.expect_problem(429, "too-many-requests");
    app.pass(chrono::Duration::seconds(1));
    ask(&app, PHONE).await.expect(200);
}

#[tokio::test]
async fn what_others_were_counted_for_in_the_meantime_stays() {
    let only = provider(ResponseTemplate::new(204)).await;
    let app = carried_by(&only.uri()).set("--send-limits", "on").start().await;
    ask(&app, "+79991234568").await.expect(200);
    now_answers(&only, ResponseTemplate::new(503)).await;
    app.pass(chrono::Duration::seconds(30));
    let limits = "SELECT key || ' ' || tat FROM rate_limit WHERE tat > '2026-11-21T12:00:30Z' ORDER BY key";
    let before = app.query(limits).await;
    assert_eq!(before.len(), 6);
    // One that the address asked for before, and one that is new to it.
    for phone in ["+79991234568", "+79991234569"] {
        ask(&app, phone).await.expect_problem(503, "sms-unavailable");
        assert_eq!(app.query(limits).await, before);
        assert_eq!(app.query("SELECT strangers::text FROM sends_per_day").await, ["1"]);
    }
}

#[tokio::test]
async fn a_trusted_device_gets_its_message_back() {
    let first = TestApp::start().await;
    let device = first.login(PHONE).await.login.text_of("device_token");
    let only = provider(ResponseTemplate::new(503)).await;
    let app = carried_by(&only.uri()).set("--send-limits", "on").database(&first.database_url).start().await;
    let ask = || app.post("/api/v1/auth/phone", json!({"phone": PHONE, "device_token": device}));
    for _ in 0..4 {
        ask().await.expect_problem(503, "sms-unavailable");
    }
    let lane =
        "SELECT (sends <= '2026-11-21T12:00:00Z') || ' ' || (last_own_send_at IS NULL) FROM device_guard";
    assert_eq!(app.query(lane).await, ["true true"]);
    now_answers(&only, ResponseTemplate::new(204)).await;
    for _ in 0..2 {
        ask().await.expect(200);
        app.pass(chrono::Duration::seconds(1));
    }
    now_answers(&only, ResponseTemplate::new(503)).await;
    ask().await.expect_problem(503, "sms-unavailable");
    // The first one is the device's own, the second the deployment's; the third was given back.
    assert_eq!(app.query("SELECT devices::text FROM sends_per_day").await, ["1"]);
}

#[tokio::test]
async fn a_client_that_goes_away_finds_its_quota_whole() {
    let only = provider(ResponseTemplate::new(503).set_delay(Duration::from_millis(400))).await;
    let app = carried_by(&only.uri()).set("--send-limits", "on").start().await;
    let request = app.client.post(format!("{}/api/v1/auth/phone", app.url)).json(&json!({"phone": PHONE}));
    let sent = tokio::spawn(request.send());
    while asked(&only).await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    sent.abort();
    let expected = ["day 0 0", "phone false false", "limit 0", "country 0"];
    while counted(&app).await != expected {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
