//! `POST /auth/refresh`: one live token for each session, and when a session ends.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::Duration;
use phone_auth::{
    domain::SessionId,
    store::sessions::{self, Rotation, RotationOutcome},
};
use serde_json::json;

use crate::support::{Answer, TestApp, TestUser};

const PHONE: &str = "+79991234567";

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.post("/api/v1/auth/refresh", json!({"refresh_token": token})).await
}

/// Refreshes and gives the next token.
async fn next(app: &TestApp, token: &str) -> String {
    refresh(app, token).await.expect(200).text_of("refresh_token")
}

/// Neither the access token nor `newest` is good for anything.
async fn expect_ended(user: &TestUser<'_>, newest: &str) {
    user.get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
    refresh(user.app, newest).await.expect_problem(401, "invalid-refresh-token");
}

#[tokio::test]
async fn a_refresh_gives_a_new_pair() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    app.pass(Duration::seconds(600));
    ada.get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
    let answer = refresh(&app, &ada.refresh_token).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["expires_in"], 600);
    assert_eq!(answer.body["refresh_expires_in"], 2_592_000);
    let newer = TestUser::of(&app, answer);
    assert_ne!(newer.refresh_token, ada.refresh_token);
    assert_eq!(newer.profile().await["id"], ada.login.body["user"]["id"]);
    next(&app, &newer.refresh_token).await;
}

#[tokio::test]
async fn an_access_token_ends_in_the_very_second_that_was_told() {
    let app = TestApp::builder().set("--access-token-ttl-seconds", "60").start().await;
    let ada = app.login(PHONE).await;
    assert_eq!(ada.login.body["expires_in"], 60);
    app.pass(Duration::microseconds(59_999_999));
    ada.profile().await;
    app.pass(Duration::microseconds(1));
    ada.get("/api/v1/profile").await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_predecessor_is_good_for_less_than_thirty_seconds_and_gives_the_same_token() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let second = next(&app, &ada.refresh_token).await;
    app.pass(Duration::microseconds(29_999_999));
    let again = refresh(&app, &ada.refresh_token).await.expect(200);
    assert_eq!(again.text_of("refresh_token"), second);
    assert_eq!(again.body["refresh_expires_in"], 2_592_000 - 30);
    TestUser::of(&app, again).profile().await;
    app.pass(Duration::microseconds(1));
    refresh(&app, &ada.refresh_token).await.expect_problem(401, "refresh-token-reused");
    expect_ended(&ada, &second).await;
}

#[tokio::test]
async fn the_grace_begins_when_a_refresh_is_carried_out_not_when_it_was_asked_for() {
    let app = TestApp::start().await;
    app.login(PHONE).await;
    let session = SessionId(app.query("SELECT id::text FROM sessions").await[0].parse().unwrap());
    let asked_at = app.state.clock.now();
    let mut conn = app.state.database.connection().await.unwrap();
    // A database that stood still carries it out a minute later; the client was told 503 and asks again.
    for now in [asked_at, asked_at + Duration::seconds(60)] {
        let rotation = Rotation {
            session,
            generation: 0,
            network: "127.0.0.0/24",
            now,
            at: None,
            expires_at: now + Duration::days(30),
            replays: 3,
        };
        let outcome = sessions::rotate(&mut conn, &rotation).await.unwrap();
        assert!(matches!(outcome, RotationOutcome::Live { generation: 1, .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn the_predecessor_is_good_three_times_in_a_day() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let second = next(&app, &ada.refresh_token).await;
    for _ in 0..2 {
        assert_eq!(next(&app, &ada.refresh_token).await, second);
    }
    // The count is of the session, not of the token.
    let third = next(&app, &second).await;
    assert_eq!(next(&app, &second).await, third);
    refresh(&app, &second).await.expect_problem(401, "refresh-token-reused");
    expect_ended(&ada, &third).await;
}

#[tokio::test]
async fn the_predecessor_is_forgiven_anew_after_a_day() {
    let app = TestApp::start().await;
    for (pause, forgiven) in [(Duration::days(1) - Duration::seconds(1), false), (Duration::days(1), true)] {
        let ada = app.login(PHONE).await;
        let second = next(&app, &ada.refresh_token).await;
        for _ in 0..3 {
            next(&app, &ada.refresh_token).await;
        }
        app.pass(pause);
        let third = next(&app, &second).await;
        if forgiven {
            for _ in 0..3 {
                assert_eq!(next(&app, &second).await, third);
            }
        }
        refresh(&app, &second).await.expect_problem(401, "refresh-token-reused");
        expect_ended(&ada, &third).await;
    }
}

#[tokio::test]
async fn no_day_has_more_than_three_replays_wherever_it_begins() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let second = next(&app, &ada.refresh_token).await;
    next(&app, &ada.refresh_token).await;
    // One replay, and two at the end of its day: what comes next has one back, not three.
    app.pass(Duration::hours(24) - Duration::seconds(10));
    let third = next(&app, &second).await;
    for _ in 0..2 {
        assert_eq!(next(&app, &second).await, third);
    }
    app.pass(Duration::seconds(10));
    assert_eq!(next(&app, &second).await, third);
    refresh(&app, &second).await.expect_problem(401, "refresh-token-reused");
    expect_ended(&ada, &third).await;
}

#[tokio::test]
async fn a_token_older_than_the_predecessor_ends_the_session_and_no_other() {
    let app = TestApp::start().await;
    let (ada, elsewhere) = (app.login(PHONE).await, app.login(PHONE).await);
    let second = next(&app, &ada.refresh_token).await;
    let third = next(&app, &second).await;
    refresh(&app, &ada.refresh_token).await.expect_problem(401, "refresh-token-reused");
    expect_ended(&ada, &third).await;
    elsewhere.profile().await;
    next(&app, &elsewhere.refresh_token).await;
}

#[tokio::test]
async fn the_predecessor_from_another_network_ends_the_session() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let second = next(&app, &ada.refresh_token).await;
    // All requests of a test come from this computer: the refresh is made to have come from elsewhere.
    app.execute("UPDATE sessions SET network = '198.51.100.0/24'").await;
    refresh(&app, &ada.refresh_token).await.expect_problem(401, "refresh-token-reused");
    expect_ended(&ada, &second).await;
}

#[tokio::test]
async fn a_session_may_move_to_another_network() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    app.execute("UPDATE sessions SET network = '198.51.100.0/24'").await;
    let second = next(&app, &ada.refresh_token).await;
    // From now on the predecessor is forgiven here.
    assert_eq!(next(&app, &ada.refresh_token).await, second);
}

#[tokio::test]
async fn a_session_that_is_not_used_ends() {
    let app = TestApp::builder().set("--refresh-idle-ttl-seconds", "100").start().await;
    let (ada, idle) = (app.login(PHONE).await, app.login(PHONE).await);
    assert_eq!(ada.login.body["refresh_expires_in"], 100);
    app.pass(Duration::microseconds(99_999_999));
    idle.profile().await;
    let second = next(&app, &ada.refresh_token).await;
    app.pass(Duration::microseconds(1));
    // An access token lives for 600 seconds, but not longer than its session.
    expect_ended(&idle, &idle.refresh_token).await;
    // The refresh moved the end of this one.
    app.pass(Duration::seconds(98));
    next(&app, &second).await;
}

#[tokio::test]
async fn a_session_ends_however_much_it_is_used() {
    let app = TestApp::builder()
        .set("--refresh-idle-ttl-seconds", "100")
        .set("--refresh-absolute-ttl-seconds", "250")
        .start()
        .await;
    let mut ada = app.login(PHONE).await;
    for (pause, left) in [(90, 100), (90, 70), (69, 1)] {
        app.pass(Duration::seconds(pause));
        let answer = refresh(&app, &ada.refresh_token).await.expect(200);
        assert_eq!(answer.body["refresh_expires_in"], left);
        ada = TestUser::of(&app, answer);
    }
    ada.profile().await;
    app.pass(Duration::seconds(1));
    expect_ended(&ada, &ada.refresh_token).await;
}

#[tokio::test]
async fn a_session_can_be_refreshed_until_the_very_moment_it_ends() {
    let app = TestApp::builder().set("--refresh-idle-ttl-seconds", "100").start().await;
    // Tokens know whole seconds only; sessions begin and end in between.
    app.pass(Duration::milliseconds(900));
    let (ada, idle) = (app.login(PHONE).await, app.login(PHONE).await);
    app.pass(Duration::microseconds(99_999_999));
    let second = next(&app, &ada.refresh_token).await;
    app.pass(Duration::microseconds(1));
    expect_ended(&idle, &idle.refresh_token).await;
    next(&app, &second).await;
}

#[tokio::test]
async fn an_answer_lost_at_the_end_of_a_token_is_had_again_while_its_successor_lives() {
    let app = TestApp::builder().set("--refresh-idle-ttl-seconds", "100").start().await;
    let ada = app.login(PHONE).await;
    app.pass(Duration::seconds(99));
    let second = next(&app, &ada.refresh_token).await;
    // Had it not been used, the first would have ended by now.
    app.pass(Duration::seconds(29));
    assert_eq!(next(&app, &ada.refresh_token).await, second);
    next(&app, &second).await;
}

#[tokio::test]
async fn an_answer_lost_at_the_absolute_end_is_lost() {
    let app = TestApp::builder().set("--refresh-absolute-ttl-seconds", "250").start().await;
    let ada = app.login(PHONE).await;
    app.pass(Duration::seconds(249));
    let second = next(&app, &ada.refresh_token).await;
    app.pass(Duration::seconds(1));
    refresh(&app, &ada.refresh_token).await.expect_problem(401, "invalid-refresh-token");
    expect_ended(&ada, &second).await;
}

#[tokio::test]
async fn a_used_token_ends_its_session_also_when_its_own_time_is_over() {
    let app = TestApp::builder().set("--refresh-idle-ttl-seconds", "100").start().await;
    let ada = app.login(PHONE).await;
    let mut newest = ada.refresh_token.clone();
    for _ in 0..3 {
        app.pass(Duration::seconds(60));
        newest = next(&app, &newest).await;
    }
    refresh(&app, &ada.refresh_token).await.expect_problem(401, "refresh-token-reused");
    expect_ended(&ada, &newest).await;
    assert_eq!(app.count("device_guard").await, 0);
}

#[tokio::test]
async fn a_used_token_of_a_session_that_has_run_out_takes_no_trust() {
    let app = TestApp::builder().set("--refresh-idle-ttl-seconds", "100").start().await;
    let ada = app.login(PHONE).await;
    let second = next(&app, &ada.refresh_token).await;
    app.pass(Duration::seconds(100));
    for token in [&ada.refresh_token, &second] {
        refresh(&app, token).await.expect_problem(401, "invalid-refresh-token");
    }
    assert_eq!(app.count("device_guard").await, 1);
}

#[tokio::test]
async fn a_clock_that_goes_back_a_little_ends_no_session() {
    let year = "31536000";
    let app = TestApp::builder()
        .set("--refresh-idle-ttl-seconds", year)
        .set("--refresh-absolute-ttl-seconds", year)
        .start()
        .await;
    let ada = app.login(PHONE).await;
    // As when another instance, whose clock is behind, is asked next.
    app.pass(Duration::seconds(-5));
    ada.profile().await;
    let second = next(&app, &ada.refresh_token).await;
    assert_eq!(next(&app, &ada.refresh_token).await, second);
    let third = next(&app, &second).await;
    app.pass(Duration::seconds(5));
    assert_eq!(next(&app, &second).await, third);
    ada.profile().await;
}

#[tokio::test]
async fn no_access_token_outlives_its_session() {
    let app = TestApp::builder()
        .set("--refresh-idle-ttl-seconds", "500")
        .set("--refresh-absolute-ttl-seconds", "900")
        .start()
        .await;
    let ada = app.login(PHONE).await;
    assert_eq!(ada.login.body["expires_in"], 500);
    app.pass(Duration::seconds(450));
    let answer = refresh(&app, &ada.refresh_token).await.expect(200);
    assert_eq!(answer.body["expires_in"], 450);
    let token = answer.text_of("access_token");
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    let end = chrono::DateTime::parse_from_rfc3339("2026-11-21T12:15:00Z").unwrap().timestamp();
    assert_eq!(claims["exp"], end, "whoever verifies by the published keys knows no sessions");
}

#[tokio::test]
async fn no_session_outlives_its_absolute_end_without_being_used() {
    let app = TestApp::builder().set("--refresh-absolute-ttl-seconds", "250").start().await;
    let ada = app.login(PHONE).await;
    assert_eq!(ada.login.body["refresh_expires_in"], 250);
    app.pass(Duration::seconds(250));
    expect_ended(&ada, &ada.refresh_token).await;
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused_and_ends_nothing() {
    let app = TestApp::start().await;
    let stranger =
        TestApp::builder().set("--root-secret", "quite another root secret of the same length").start().await;
    let (ada, foreign) = (app.login(PHONE).await, stranger.login(PHONE).await.refresh_token);
    let challenge = app.challenge(PHONE).await;
    let huge = "A".repeat(15_000);
    for token in ["", ".", "..", "a.b.c", "пароль", &huge, &ada.access_token, &challenge, &foreign] {
        refresh(&app, token).await.expect_problem(401, "invalid-refresh-token");
    }
    let parts: Vec<&str> = ada.refresh_token.split('.').collect();
    for at in 0..3 {
        for place in [0, parts[at].len() / 2, parts[at].len() - 1] {
            let mut bent = parts[at].to_owned();
            bent.replace_range(place..=place, if parts[at].as_bytes()[place] == b'A' { "B" } else { "A" });
            let mut changed = parts.clone();
            changed[at] = &bent;
            refresh(&app, &changed.join(".")).await.expect_problem(401, "invalid-refresh-token");
        }
    }
    for body in [json!({}), json!({"refresh_token": 7}), json!({"refresh_token": "", "scope": "all"})] {
        app.post("/api/v1/auth/refresh", body).await.expect_problem(422, "invalid-request");
    }
    ada.profile().await;
    next(&app, &ada.refresh_token).await;
}

#[tokio::test]
async fn after_a_logout_or_a_deletion_there_is_nothing_to_refresh() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.login(PHONE).await, app.login("+79997654321").await);
    ada.post("/api/v1/auth/logout", json!({})).await.expect(204);
    expect_ended(&ada, &ada.refresh_token).await;
    bob.delete("/api/v1/profile").await.expect(204);
    expect_ended(&bob, &bob.refresh_token).await;
}
