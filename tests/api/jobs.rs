//! What the service forgets by itself, and what it must not forget.

use chrono::Duration;
use phone_auth::{jobs::purge, store::Job};
use serde_json::json;

use crate::support::{TestApp, another_code};

const PHONE: &str = "+79991234567";

/// How many challenges and sessions a round deletes.
async fn purged(app: &TestApp) -> (i64, i64) {
    let deleted = purge::purge(&app.state).await.unwrap();
    (deleted.challenges, deleted.sessions)
}

#[tokio::test]
async fn a_challenge_is_forgotten_an_hour_after_it_expired() {
    let app = TestApp::start().await;
    let (challenge, code) = (app.challenge(PHONE).await, app.code(PHONE));
    app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    app.pass(Duration::minutes(65));
    assert_eq!(purged(&app).await, (0, 0));
    app.pass(Duration::seconds(1));
    assert_eq!(purged(&app).await, (1, 0));
    assert_eq!(app.count("challenge_use").await, 0);
}

#[tokio::test]
async fn what_was_tried_on_a_live_challenge_is_not_forgotten() {
    let app = TestApp::start().await;
    let (used, used_code) = (app.challenge(PHONE).await, app.code(PHONE));
    app.verify(&used, &used_code).await.expect(200);
    let (tried, code) = (app.challenge(PHONE).await, app.code(PHONE));
    app.verify(&tried, &another_code(&code)).await.expect_problem(401, "invalid-code");
    app.pass(Duration::seconds(299));
    assert_eq!(purged(&app).await, (0, 0));
    app.verify(&used, &used_code).await.expect_problem(401, "invalid-challenge");
    let wrong = app.verify(&tried, &another_code(&code)).await.expect_problem(401, "invalid-code");
    assert_eq!(wrong.body["attempts_left"], 1);
}

#[tokio::test]
async fn a_session_is_forgotten_after_its_absolute_end() {
    let app = TestApp::builder()
        .set("--refresh-idle-ttl-seconds", "86400")
        .set("--refresh-absolute-ttl-seconds", "172800")
        .start()
        .await;
    let ada = app.login(PHONE).await;
    app.pass(Duration::hours(23));
    let answer =
        app.post("/api/v1/auth/refresh", json!({"refresh_token": ada.refresh_token})).await.expect(200);
    let newer = app.login(PHONE).await;
    app.pass(Duration::hours(23));
    // One goes idle in an hour and reaches its end in two: it lives.
    assert_eq!(purged(&app).await, (2, 0));
    let refresh_token = answer.text_of("refresh_token");
    app.post("/api/v1/auth/refresh", json!({"refresh_token": refresh_token})).await.expect(200);
    app.pass(Duration::hours(2));
    assert_eq!(purged(&app).await, (0, 0));
    app.pass(Duration::seconds(1));
    assert_eq!(purged(&app).await, (0, 1));
    assert_eq!(app.count("sessions").await, 1);
    // The newer one is idle for too long, but the row waits for its end.
    app.pass(Duration::hours(23));
    assert_eq!(purged(&app).await, (0, 1));
    newer.get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_live_session_is_not_forgotten() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let mut token = ada.refresh_token.clone();
    for _ in 0..3 {
        app.pass(Duration::days(29));
        assert_eq!(purged(&app).await.1, 0);
        let answer = app.post("/api/v1/auth/refresh", json!({"refresh_token": token})).await.expect(200);
        token = answer.text_of("refresh_token");
    }
}

#[tokio::test]
async fn a_meter_is_forgotten_when_it_is_empty_and_not_before() {
    let app = TestApp::builder().set("--send-limits", "on").start().await;
    let (challenge, code) = (app.challenge(PHONE).await, app.code(PHONE));
    app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
    app.pass(Duration::days(120) - Duration::seconds(1));
    let limits = purge::purge(&app.state).await.unwrap().limits;
    assert!(limits >= 7, "networks, block and country are open again: {limits}");
    assert_eq!(app.count("rate_limit").await, 0);
    assert_eq!(app.count("phone_guard").await, 1);
    app.pass(Duration::seconds(2));
    assert_eq!(purge::purge(&app.state).await.unwrap().limits, 1);
    assert_eq!(app.count("phone_guard").await, 0);
    assert_eq!(app.count("country_traffic").await + app.count("sends_per_day").await, 0);
}

#[tokio::test]
async fn one_instance_at_a_time_forgets() {
    let app = TestApp::start().await;
    app.login(PHONE).await;
    app.pass(Duration::days(181));
    let lead = app.state.database.lead(Job::Purge).await.unwrap();
    assert!(lead.is_some());
    assert_eq!(purge::round(&app.state).await.unwrap(), None, "another instance is at it");
    assert_eq!(app.count("device_guard").await, 1);
    drop(lead);
    // The database needs a moment to see that the leader has gone.
    let mut deleted = None;
    for _ in 0..1000 {
        deleted = purge::round(&app.state).await.unwrap();
        if deleted.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(deleted.unwrap().devices, 1);
}

#[tokio::test]
async fn what_piled_up_is_forgotten_in_slices() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    app.execute_at_leisure(&format!(
        "INSERT INTO challenge_use (jti, attempts, expires_at)
         SELECT ('019000000000' || lpad(to_hex(n), 20, '0'))::uuid, 1, '2025-01-01' FROM generate_series(1, 4001) n;
         INSERT INTO tombstones (phone, has_activated, kept_until)
         SELECT gen_random_uuid(), true, '2025-01-01' FROM generate_series(1, 2000);
         INSERT INTO device_guard (device, user_id, session_id, created_at, expires_at)
         SELECT gen_random_uuid(), '{}', gen_random_uuid(), '2024-01-01', '2025-01-01' FROM generate_series(1, 4500)",
        ada.id()
    ))
    .await;
    let deleted = purge::purge(&app.state).await.unwrap();
    assert_eq!((deleted.challenges, deleted.tombstones, deleted.devices), (4001, 2000, 4500));
    assert_eq!(app.count("device_guard").await, 1, "hers");
}

#[tokio::test]
async fn a_device_is_forgotten_when_its_trust_ends() {
    let app = TestApp::start().await;
    app.login(PHONE).await;
    app.pass(Duration::days(180));
    assert_eq!(purge::purge(&app.state).await.unwrap().devices, 0);
    app.pass(Duration::seconds(1));
    assert_eq!(purge::purge(&app.state).await.unwrap().devices, 1);
}
