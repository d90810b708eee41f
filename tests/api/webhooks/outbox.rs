//! What is written of what happened, in the transaction in which it did.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{TestApp, TestUser, app::TestAppBuilder};

const PHONE: &str = "+79991234567";
const OTHER: &str = "+79990000044";

fn id(user: &TestUser<'_>) -> Value {
    user.login.body["user"]["id"].clone()
}

/// Type and data of every event, oldest first.
async fn events(app: &TestApp) -> Vec<(String, Value)> {
    let rows = app.rows("SELECT event_type, data FROM events ORDER BY occurred_at, id").await;
    rows.into_iter()
        .map(|row| (row["event_type"].as_str().unwrap().to_owned(), row["data"].clone()))
        .collect()
}

#[tokio::test]
async fn a_first_login_tells_of_a_user_and_a_later_one_of_nothing() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    assert_eq!(events(&app).await, [("user.created".to_owned(), json!({"user_id": id(&ada)}))]);
    app.login(PHONE).await;
    ada.patch("/api/v1/profile", json!({"first_name": "Ada"})).await.expect(200);
    assert_eq!(events(&app).await.len(), 1);
}

#[tokio::test]
async fn a_deletion_is_told_once_and_a_new_account_of_the_number_is_a_new_user() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    app.pass(Duration::seconds(1));
    ada.delete("/api/v1/profile").await.expect(204);
    app.execute("UPDATE users SET deleted_at = deleted_at + interval '1 second'").await;
    app.pass(Duration::seconds(1));
    let again = app.login(PHONE).await;
    let told = |name: &str, user: &TestUser<'_>| (name.to_owned(), json!({"user_id": id(user)}));
    assert_eq!(
        events(&app).await,
        [told("user.created", &ada), told("user.deleted", &ada), told("user.created", &again)]
    );
}

#[tokio::test]
async fn another_number_is_told_once_and_the_same_number_is_not() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    app.pass(Duration::seconds(1));
    app.execute(&format!("UPDATE users SET phone = '{PHONE}'")).await;
    assert_eq!(events(&app).await.len(), 1);
    app.execute(&format!("UPDATE users SET phone = '{OTHER}', updated_at = '2026-11-22T01:02:03.4Z'")).await;
    assert_eq!(events(&app).await[1..], [("phone.changed".to_owned(), json!({"user_id": id(&ada)}))]);
    assert_eq!(
        app.count("events JOIN users ON occurred_at = updated_at WHERE event_type = 'phone.changed'").await,
        1
    );
}

#[tokio::test]
async fn an_activation_is_told_once_whether_at_a_first_login_or_later() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    app.pass(Duration::seconds(1));
    let grace = app.login(OTHER).await;
    app.pass(Duration::seconds(1));
    for _ in 0..2 {
        grace.activate(&ada.invite_code()).await.expect(200);
    }
    ada.activate(&grace.invite_code()).await.expect_problem(409, "invite-cycle");
    app.pass(Duration::seconds(1));
    let body = json!({"phone": "+79990000045", "invite_code": grace.invite_code()});
    let asked = app.post("/api/v1/auth/phone", body).await.expect(200);
    let joan = app.verify(&asked.text_of("challenge_token"), &app.code("+79990000045")).await;
    let joan = TestUser::of(&app, joan.expect(200));
    let told: Vec<_> =
        events(&app).await.into_iter().filter(|(name, _)| name == "referral.activated").collect();
    let told: Vec<_> = told.into_iter().map(|(_, data)| data).collect();
    assert_eq!(
        told,
        [
            json!({"user_id": id(&grace), "referrer_id": id(&ada)}),
            json!({"user_id": id(&joan), "referrer_id": id(&grace)}),
        ]
    );
}

#[tokio::test]
async fn a_used_refresh_token_is_told_once_however_often_it_is_shown() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let body = json!({"refresh_token": ada.refresh_token});
    app.post("/api/v1/auth/refresh", body.clone()).await.expect(200);
    app.pass(Duration::seconds(31));
    let session = app.query("SELECT id::text FROM sessions").await.remove(0);
    app.post("/api/v1/auth/refresh", body.clone()).await.expect_problem(401, "refresh-token-reused");
    app.post("/api/v1/auth/refresh", body).await.expect_problem(401, "invalid-refresh-token");
    let expected = json!({"user_id": id(&ada), "session_id": session});
    assert_eq!(events(&app).await[1..], [("session.reuse-detected".to_owned(), expected)]);
}

#[tokio::test]
async fn what_is_rolled_back_was_never_told() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.login(PHONE).await, app.login(OTHER).await);
    let before = events(&app).await;
    app.execute(&format!(
        "BEGIN;
         INSERT INTO users (id, invite_code, phone, created_at, updated_at, last_login_at)
             SELECT gen_random_uuid(), 'AAAAAA', '+79990000077', now(), now(), now();
         INSERT INTO referrals SELECT {ada}, {grace}, 'AAAAAA', now();
         UPDATE users SET phone = '+79990000078' WHERE id = {ada};
         UPDATE users SET phone = NULL, deleted_at = now() WHERE id = {grace};
         ROLLBACK",
        ada = id(&ada).to_string().replace('"', "'"),
        grace = id(&grace).to_string().replace('"', "'"),
    ))
    .await;
    assert_eq!(events(&app).await, before);
    // The row is erased by the first statement of a deletion; a later one fails.
    app.execute("ALTER TABLE device_guard RENAME TO moved").await;
    ada.delete("/api/v1/profile").await.expect_problem(500, "internal-error");
    assert_eq!(events(&app).await, before);
}

#[tokio::test]
async fn an_event_has_the_time_of_what_it_tells_also_in_its_identifier() {
    let start: DateTime<Utc> = "2031-05-06T07:08:09.123456Z".parse().unwrap();
    let app = TestAppBuilder::default().clock_at(start).start().await;
    let ada = app.login(PHONE).await;
    app.pass(Duration::minutes(9));
    ada.delete("/api/v1/profile").await.expect(204);
    let rows = app.rows("SELECT id, occurred_at FROM events ORDER BY id").await;
    let times = [start, start + Duration::minutes(9)];
    assert_eq!(rows.len(), times.len(), "{rows:?}");
    for (row, time) in rows.iter().zip(times) {
        assert_eq!(row["occurred_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap(), time);
        let id: Uuid = row["id"].as_str().unwrap().parse().unwrap();
        assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
        let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
        assert_eq!(i64::try_from(seconds).unwrap(), time.timestamp());
        assert_eq!(nanos, 123_000_000);
    }
}

#[tokio::test]
async fn an_event_holds_identifiers_and_nothing_personal() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.login(PHONE).await, app.login(OTHER).await);
    ada.activate(&grace.invite_code()).await.expect(200);
    ada.patch("/api/v1/profile", json!({"first_name": "Ada", "email": "ada@example.com"})).await.expect(200);
    app.execute(&format!("UPDATE users SET phone = '+79990000055' WHERE phone = '{PHONE}'")).await;
    ada.delete("/api/v1/profile").await.expect(204);
    for (_, data) in events(&app).await {
        for (name, value) in data.as_object().unwrap() {
            assert!(["user_id", "referrer_id", "session_id"].contains(&name.as_str()), "{name}");
            assert!(value.as_str().unwrap().parse::<Uuid>().is_ok(), "{value}");
        }
    }
    assert_eq!(events(&app).await.len(), 5);
}
