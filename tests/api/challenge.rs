//! Which challenges `POST /auth/verify` believes.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use serde_json::json;

use crate::support::{TestApp, TestUser, another_code, new_database};

const PHONE: &str = "+79991234567";

/// Enters the code for what is no challenge: one answer whatever is wrong, and no trace.
async fn expect_refusal(app: &TestApp, token: &str, code: &str) {
    let answer = app.verify(token, code).await.expect_problem(401, "invalid-challenge");
    let mut members: Vec<_> = answer.body.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["code", "detail", "status", "title", "trace_id", "type"], "{token}");
    assert!(answer.text_of("detail").ends_with("Which of these it is, is not told."));
    assert_eq!(app.count("challenge_use").await, 0, "{token}");
}

#[tokio::test]
async fn a_challenge_ends_in_the_very_second_that_was_told() {
    let app = TestApp::start().await;
    let (late, late_code) = (app.challenge(PHONE).await, app.code(PHONE));
    let (timely, code) = (app.challenge(PHONE).await, app.code(PHONE));
    app.pass(Duration::microseconds(299_999_999));
    app.verify(&timely, &code).await.expect(200);
    app.pass(Duration::microseconds(1));
    app.verify(&late, &late_code).await.expect_problem(401, "invalid-challenge");
}

#[tokio::test]
async fn an_expired_challenge_leaves_no_trace() {
    let app = TestApp::start().await;
    let (challenge, code) = (app.challenge(PHONE).await, app.code(PHONE));
    for minutes in [5, 60, 60 * 24, 60 * 24 * 365] {
        app.pass(Duration::minutes(minutes));
        expect_refusal(&app, &challenge, &code).await;
    }
}

#[tokio::test]
async fn a_challenge_outlives_midnight_when_the_keys_change() {
    let app = TestApp::builder().clock_at("2026-12-31T23:59:59Z".parse().unwrap()).start().await;
    let (challenge, code) = (app.challenge(PHONE).await, app.code(PHONE));
    app.pass(Duration::seconds(299));
    app.verify(&challenge, &code).await.expect(200);
}

#[tokio::test]
async fn what_one_instance_began_another_goes_on_with() {
    let database = new_database().await;
    let one = TestApp::builder().database(&database).start().await;
    let other = TestApp::builder().database(&database).start().await;
    let (challenge, code) = (one.challenge(PHONE).await, one.code(PHONE));
    for (app, left) in [(&other, 2), (&one, 1)] {
        let wrong = app.verify(&challenge, &another_code(&code)).await.expect_problem(401, "invalid-code");
        assert_eq!(wrong.body["attempts_left"], left);
    }
    let login = other.verify(&challenge, &code).await.expect(200);
    TestUser::of(&one, login).profile().await;
    one.verify(&challenge, &code).await.expect_problem(401, "invalid-challenge");
}

#[tokio::test]
async fn a_challenge_of_a_service_with_another_secret_is_refused() {
    let app = TestApp::start().await;
    let stranger =
        TestApp::builder().set("--root-secret", "quite another root secret of the same length").start().await;
    let (challenge, code) = (stranger.challenge(PHONE).await, stranger.code(PHONE));
    expect_refusal(&app, &challenge, &code).await;
    stranger.verify(&challenge, &code).await.expect(200);
}

#[tokio::test]
async fn a_challenge_that_was_changed_is_refused() {
    let app = TestApp::start().await;
    let (challenge, code) = (app.challenge(PHONE).await, app.code(PHONE));
    let other = app.challenge("+79997654321").await;
    let parts: Vec<&str> = challenge.split('.').collect();
    let of_other: Vec<&str> = other.split('.').collect();
    assert_eq!(parts.len(), 5);
    for at in [0, 2, 3, 4] {
        let middle = parts[at].len() / 2;
        let flipped = if parts[at].as_bytes()[middle] == b'A' { "B" } else { "A" };
        let mut bent = parts[at].to_owned();
        bent.replace_range(middle..=middle, flipped);
        let shortened = &parts[at][..middle];
        let padded = format!("{}=", parts[at]);
        for part in [bent.as_str(), shortened, &padded, "", of_other[at]] {
            let mut changed = parts.clone();
            changed[at] = part;
            expect_refusal(&app, &changed.join("."), &code).await;
        }
    }
    let tag = URL_SAFE_NO_PAD.decode(parts[4]).unwrap();
    for bytes in [0, 1, 4, 8, 12, 15] {
        let cut = URL_SAFE_NO_PAD.encode(&tag[..bytes]);
        expect_refusal(&app, &format!("{}.{cut}", parts[..4].join(".")), &code).await;
    }
    let key = [parts[0], "AAAA", parts[2], parts[3], parts[4]].join(".");
    let (longer, led, four) = (format!("{challenge}."), format!(" {challenge}"), parts[..4].join("."));
    for changed in [key.as_str(), &longer, &led, &four, &challenge[1..], &challenge[..challenge.len() - 1]] {
        expect_refusal(&app, changed, &code).await;
    }
    app.verify(&challenge, &code).await.expect(200);
}

#[tokio::test]
async fn what_was_never_a_challenge_is_refused() {
    let app = TestApp::start().await;
    let (_, code) = (app.challenge(PHONE).await, app.code(PHONE));
    let huge = "A".repeat(15_000);
    let huge_parts = format!("{0}..{0}.{0}.{0}", "A".repeat(3_500));
    let unsigned = "eyJhbGciOiJub25lIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA";
    for token in ["", ".", "....", "a.b.c.d.e", "\u{0}", "пароль", unsigned, &huge, &huge_parts] {
        expect_refusal(&app, token, &code).await;
    }
    for wrong in [json!(null), json!(7), json!([])] {
        let body = json!({"challenge_token": wrong, "code": code});
        app.post("/api/v1/auth/verify", body).await.expect_problem(422, "invalid-request");
    }
}

#[tokio::test]
async fn an_access_or_refresh_token_is_no_challenge() {
    let app = TestApp::start().await;
    let TestUser { access_token, refresh_token, .. } = app.login(PHONE).await;
    app.execute("DELETE FROM challenge_use").await;
    app.challenge(PHONE).await;
    for token in [access_token, refresh_token] {
        expect_refusal(&app, &token, &app.code(PHONE)).await;
    }
}
