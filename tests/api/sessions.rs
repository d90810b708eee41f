//! `GET /sessions` and `DELETE /sessions/{id}`: where somebody is logged in, and the end of it.

use chrono::Duration;
use diesel_async::SimpleAsyncConnection;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, TestUser};

const PHONE: &str = "+79991234567";
const STRANGER: &str = "+79997654321";
const SESSIONS: &str = "/api/v1/sessions";

/// What the list shows, newest login first.
async fn listed(user: &TestUser<'_>) -> Vec<Value> {
    user.get(SESSIONS).await.expect(200).body["items"].as_array().unwrap().clone()
}

/// The identifier of the session of `user`, which is the one that asks.
async fn id_of(user: &TestUser<'_>) -> String {
    let all = listed(user).await;
    let current: Vec<_> = all.iter().filter(|session| session["current"] == true).collect();
    assert_eq!(current.len(), 1, "{all:?}");
    current[0]["id"].as_str().unwrap().to_owned()
}

async fn end(user: &TestUser<'_>, id: &str) -> Answer {
    user.delete(&format!("{SESSIONS}/{id}")).await
}

/// Logs in with what a client says of itself.
async fn log_in_as<'a>(app: &'a TestApp, agent: Option<&str>, device_name: Option<&str>) -> TestUser<'a> {
    let challenge = app.challenge(PHONE).await;
    let mut body = json!({"challenge_token": challenge, "code": app.code(PHONE)});
    if let Some(name) = device_name {
        body["device_name"] = name.into();
    }
    let mut request = app.request(Method::POST, "/api/v1/auth/verify").json(&body);
    if let Some(agent) = agent {
        request = request.header("user-agent", agent);
    }
    TestUser::of(app, app.send(request.header("x-forwarded-for", "203.0.113.77")).await.expect(200))
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.post("/api/v1/auth/refresh", json!({"refresh_token": token})).await
}

async fn expect_ended(user: &TestUser<'_>) {
    user.get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
    refresh(user.app, &user.refresh_token).await.expect_problem(401, "invalid-refresh-token");
}

#[tokio::test]
async fn a_user_sees_where_the_account_is_logged_in() {
    let app = TestApp::builder().set("--trusted-proxies", "127.0.0.1").start().await;
    let first = log_in_as(&app, Some("AuthApp/3.2 (Android 17)"), Some("Ada's phone")).await;
    app.pass(Duration::minutes(5));
    let second = log_in_as(&app, None, None).await;
    app.login(STRANGER).await;
    let answer = second.get(SESSIONS).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let (first_id, second_id) = (id_of(&first).await, id_of(&second).await);
    assert_eq!(
        answer.body,
        json!({"items": [
            {
                "id": second_id, "device_name": null, "user_agent": null, "ip_prefix": "203.0.113.0/24",
                "created_at": "2026-11-21T12:05:00Z", "last_used_at": "2026-11-21T12:05:00Z", "current": true,
            },
            {
                "id": first_id, "device_name": "Ada's phone", "user_agent": "AuthApp/3.2 (Android 17)",
                "ip_prefix": "203.0.113.0/24", "created_at": "2026-11-21T12:00:00Z",
                "last_used_at": "2026-11-21T12:00:00Z", "current": false,
            },
        ]})
    );
    assert_eq!(listed(&first).await.len(), 2);
}

#[tokio::test]
async fn a_refresh_tells_where_the_session_is_now() {
    let app = TestApp::builder().set("--trusted-proxies", "127.0.0.1").start().await;
    let ada = log_in_as(&app, None, None).await;
    let body = json!({"refresh_token": ada.refresh_token});
    let moved =
        app.request(Method::POST, "/api/v1/auth/refresh").header("x-forwarded-for", "2001:db8:aa:bb::1");
    app.send(moved.json(&body)).await.expect(200);
    assert_eq!(listed(&ada).await[0]["ip_prefix"], "2001:db8:aa::/48");
}

#[tokio::test]
async fn sessions_that_have_ended_are_not_listed() {
    let app = TestApp::builder()
        .set("--refresh-idle-ttl-seconds", "100")
        .set("--refresh-absolute-ttl-seconds", "150")
        .start()
        .await;
    let (idle, old, logged_out) = (app.login(PHONE).await, app.login(PHONE).await, app.login(PHONE).await);
    logged_out.post("/api/v1/auth/logout", json!({})).await.expect(204);
    app.pass(Duration::seconds(60));
    let newer = app.login(PHONE).await;
    refresh(&app, &old.refresh_token).await.expect(200);
    let old_id = id_of(&old).await;
    assert_eq!(listed(&newer).await.len(), 3);
    app.pass(Duration::seconds(40));
    let ids: Vec<_> = listed(&newer).await.iter().map(|session| session["id"].clone()).collect();
    assert_eq!(ids, [id_of(&newer).await, old_id]);
    app.pass(Duration::seconds(50));
    assert_eq!(listed(&newer).await.len(), 1);
    idle.get(SESSIONS).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_session_can_be_ended_from_another_one() {
    let app = TestApp::start().await;
    let (lost, bystander, ada) = (app.login(PHONE).await, app.login(PHONE).await, app.login(PHONE).await);
    let stranger = app.login(STRANGER).await;
    let ended = end(&ada, &id_of(&lost).await).await.expect(204);
    assert_eq!((&*ended.text, ended.header("cache-control")), ("", "no-store"));
    expect_ended(&lost).await;
    for other in [&bystander, &ada, &stranger] {
        other.profile().await;
    }
    assert_eq!(listed(&ada).await.len(), 2);
    // The trust in its device went with it, and with no other.
    assert_eq!(app.count("device_guard JOIN sessions ON sessions.id = session_id").await, 3);
    assert_eq!(app.count("device_guard").await, 3);
}

#[tokio::test]
async fn ending_the_current_session_is_a_logout() {
    let app = TestApp::start().await;
    let (ada, other) = (app.login(PHONE).await, app.login(PHONE).await);
    let id = id_of(&ada).await;
    end(&ada, &id).await.expect(204);
    expect_ended(&ada).await;
    end(&ada, &id).await.expect_problem(401, "unauthenticated");
    assert_eq!(listed(&other).await.len(), 1);
    assert_eq!(app.count("device_guard").await, 1);
}

#[tokio::test]
async fn what_is_no_live_session_of_the_user_is_not_found_and_nothing_changes() {
    let app = TestApp::builder().set("--refresh-idle-ttl-seconds", "100").start().await;
    let (idle, ended) = (app.login(PHONE).await, app.login(PHONE).await);
    let (idle_id, ended_id) = (id_of(&idle).await, id_of(&ended).await);
    end(&ended, &ended_id).await.expect(204);
    app.pass(Duration::seconds(100));
    let (ada, bob) = (app.login(PHONE).await, app.login(STRANGER).await);
    let bobs = id_of(&bob).await;
    let user = ada.login.body["user"]["id"].as_str().unwrap().to_owned();
    let rows = app.dump().await;
    let huge = "7".repeat(5_000);
    let mut answers = Vec::new();
    for id in [
        &*bobs,
        &idle_id,
        &ended_id,
        &user,
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "019aa3c1-7e52-7d60-9d4b-2f6a0c1b8e1",
        "1",
        "this",
        "%00",
        "%ff",
        "%27%20OR%20true%20--",
        "..%2f",
        &huge,
    ] {
        let mut answer = end(&ada, id).await.expect_problem(404, "not-found");
        answer.body["trace_id"].take();
        answers.push(answer.body);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(app.dump().await, rows);
    bob.profile().await;
}

#[tokio::test]
async fn a_session_that_has_ended_ends_no_other_and_lists_none() {
    let app = TestApp::builder().set("--refresh-idle-ttl-seconds", "100").start().await;
    let (idle, ended) = (app.login(PHONE).await, app.login(PHONE).await);
    ended.post("/api/v1/auth/logout", json!({})).await.expect(204);
    app.pass(Duration::seconds(100));
    let ada = app.login(PHONE).await;
    let id = id_of(&ada).await;
    for over in [&idle, &ended] {
        end(over, &id).await.expect_problem(401, "unauthenticated");
        end(over, "nonsense").await.expect_problem(401, "unauthenticated");
        over.get(SESSIONS).await.expect_problem(401, "unauthenticated");
    }
    ada.profile().await;
}

/// Counts the writes to sessions from now on.
async fn count_writes(app: &TestApp) {
    app.execute(
        "CREATE TABLE written (last_used_at timestamptz);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN INSERT INTO written VALUES (NEW.last_used_at); RETURN NULL; END $$;
         CREATE TRIGGER note AFTER UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION note()",
    )
    .await;
}

#[tokio::test]
async fn that_a_session_was_used_is_written_once_a_minute_and_with_each_refresh() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    count_writes(&app).await;
    let mut writes = Vec::new();
    // A request every five seconds for four minutes, of every kind that lets a session in.
    for second in (0..=240).step_by(5) {
        let path = ["/profile", "/referral", "/referral/invited", "/sessions"][second / 5 % 4];
        ada.get(&format!("/api/v1{path}")).await.expect(200);
        writes.push(app.count("written").await);
        app.pass(Duration::seconds(5));
    }
    assert_eq!(writes.iter().max(), Some(&3), "{writes:?}");
    assert!(writes.chunk_by(|one, next| one == next).all(|same| same.len() >= 10), "{writes:?}");
    let written = app.query("SELECT to_char(last_used_at AT TIME ZONE 'UTC', 'MI:SS') FROM written").await;
    assert_eq!(written, ["01:05", "02:10", "03:15"]);
    let newer = refresh(&app, &ada.refresh_token).await.expect(200).text_of("refresh_token");
    app.pass(Duration::seconds(10));
    refresh(&app, &newer).await.expect(200);
    ada.profile().await;
    assert_eq!(app.count("written").await, 5);
    assert_eq!(listed(&ada).await[0]["last_used_at"], "2026-11-21T12:04:15Z");
}

#[tokio::test]
async fn of_many_requests_at_once_one_writes_that_the_session_was_used() {
    let app = TestApp::builder().set("--database-pool-size", "16").start().await;
    app.connect(16).await;
    let ada = app.login(PHONE).await;
    count_writes(&app).await;
    app.pass(Duration::minutes(2));
    let all = join_all((0..8).map(|_| ada.get("/api/v1/profile")));
    for answer in app.at_once("sessions", 8, all).await {
        answer.expect(200);
    }
    assert_eq!(app.count("written").await, 1);
}

#[tokio::test]
async fn a_request_waits_for_nobody_who_writes_to_its_session() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let mut writer = app.state.database.connection().await.unwrap();
    // Who comes back within a minute does not even try to write.
    writer.batch_execute("BEGIN; LOCK sessions IN EXCLUSIVE MODE").await.unwrap();
    ada.profile().await;
    assert_eq!(listed(&ada).await.len(), 1);
    writer.batch_execute("ROLLBACK").await.unwrap();
    // Who comes later leaves the writing to who holds the row.
    app.pass(Duration::minutes(2));
    writer.batch_execute("BEGIN; SELECT FROM sessions FOR UPDATE").await.unwrap();
    ada.profile().await;
    assert_eq!(listed(&ada).await[0]["last_used_at"], "2026-11-21T12:00:00Z");
    writer.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(listed(&ada).await[0]["last_used_at"], "2026-11-21T12:02:00Z");
}

#[tokio::test]
async fn the_eleventh_login_ends_the_session_of_the_oldest() {
    let app = TestApp::start().await;
    let stranger = app.login(STRANGER).await;
    let mut sessions = Vec::new();
    for _ in 0..10 {
        sessions.push(app.login(PHONE).await);
        app.pass(Duration::seconds(1));
    }
    // Use does not make a login younger.
    sessions[0].profile().await;
    refresh(&app, &sessions[0].refresh_token).await.expect(200);
    assert_eq!(listed(&sessions[0]).await.len(), 10);
    for oldest in 0..3 {
        sessions.push(app.login(PHONE).await);
        sessions[oldest].get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
        sessions[oldest + 1].profile().await;
        assert_eq!(listed(sessions.last().unwrap()).await.len(), 10);
        app.pass(Duration::seconds(1));
    }
    // Its device was the one unused the longest, which the devices' own limit ends.
    assert_eq!(app.count("device_guard JOIN sessions ON sessions.id = session_id").await, 11);
    stranger.profile().await;
}

#[tokio::test]
async fn sessions_that_have_run_out_make_room_before_those_that_live() {
    let app = TestApp::builder().set("--refresh-idle-ttl-seconds", "100").start().await;
    let kept = app.login(PHONE).await;
    for _ in 0..5 {
        app.login(PHONE).await;
    }
    app.pass(Duration::seconds(60));
    let kept = TestUser::of(&app, refresh(&app, &kept.refresh_token).await.expect(200));
    app.pass(Duration::seconds(60));
    // Five have run out; the oldest of all has not.
    for _ in 0..9 {
        app.login(PHONE).await;
    }
    kept.profile().await;
    assert_eq!(listed(&kept).await.len(), 10);
    app.login(PHONE).await;
    kept.get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
    assert_eq!(app.count("sessions").await, 10);
}
