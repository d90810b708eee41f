//! `PUT` and `DELETE /profile/pin`: who may set, replace and remove a PIN.

use chrono::Duration;
use serde_json::json;

use crate::{
    pin_login::{every_core, failures},
    support::{Answer, TestApp, TestUser},
};

const PHONE: &str = "+79991234567";
const PIN: &str = "271828";
const OTHER: &str = "314159";

#[track_caller]
fn expect_reauthentication(answer: Answer) {
    let answer = answer.expect_problem(401, "reauthentication-required");
    let challenge = "Bearer error=\"insufficient_user_authentication\", max_age=600";
    assert_eq!(answer.header("www-authenticate"), challenge);
}

#[tokio::test]
async fn a_pin_is_set_replaced_and_removed_and_the_profile_tells_whether_there_is_one() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    assert_eq!(ada.profile().await["has_pin"], false);
    assert_eq!(ada.set_pin(PIN, None).await.expect(204).text, "");
    assert_eq!(ada.profile().await["has_pin"], true);
    ada.set_pin(OTHER, Some(PIN)).await.expect(204);
    ada.set_pin(PIN, Some(PIN)).await.expect_problem(401, "invalid-pin");
    assert_eq!(app.login_with_pin(PHONE, OTHER).await.login.body["user"]["has_pin"], true);
    ada.remove_pin(Some(OTHER)).await.expect(204);
    assert_eq!(ada.profile().await["has_pin"], false);
    app.login(PHONE).await;
}

#[tokio::test]
async fn what_is_no_pin_is_refused_by_name_and_never_quoted() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    for wrong in ["739", "7391577391577", "7391x", "73 91", " 7391", "７３９１", "-7391", ""] {
        for (member, body) in
            [("pin", json!({"pin": wrong})), ("current_pin", json!({"pin": PIN, "current_pin": wrong}))]
        {
            let answer = ada.put("/api/v1/profile/pin", body).await.expect_problem(422, "invalid-request");
            assert_eq!(answer.text_of("detail"), format!("{member}: must be a string of 4 to 12 digits."));
        }
        ada.remove_pin(Some(wrong)).await.expect_problem(422, "invalid-request");
        let login = app.verify_with_pin("", "0000", wrong).await.expect_problem(422, "invalid-request");
        assert!(login.text_of("detail").starts_with("pin: "), "{}", login.text);
    }
    assert_eq!(app.count("pins").await, 0);
    for right in ["0000", "000000000000"] {
        ada.set_pin(right, None).await.expect(204);
        ada.remove_pin(Some(right)).await.expect(204);
    }
}

#[tokio::test]
async fn a_first_pin_takes_a_login_of_the_last_ten_minutes() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    app.pass(Duration::minutes(5));
    let refreshed = app.post("/api/v1/auth/refresh", json!({"refresh_token": ada.refresh_token})).await;
    let ada = TestUser::of(&app, refreshed.expect(200));
    app.pass(Duration::seconds(301));
    expect_reauthentication(ada.set_pin(PIN, None).await);
    // What was no PIN before is none now: that takes nothing.
    expect_reauthentication(ada.set_pin(PIN, Some(OTHER)).await);
    ada.remove_pin(None).await.expect(204);
    ada.delete("/api/v1/profile/pin").await.expect(204);
    assert_eq!(app.count("pins").await, 0);
    let ada = app.login(PHONE).await;
    app.pass(Duration::minutes(10));
    let ada = app.post("/api/v1/auth/refresh", json!({"refresh_token": ada.refresh_token})).await;
    TestUser::of(&app, ada.expect(200)).set_pin(PIN, None).await.expect(204);
}

#[tokio::test]
async fn without_the_current_pin_only_the_session_whose_login_gave_it_changes_it() {
    let app = TestApp::start().await;
    // A thief was logged in before there was a PIN, and a moment ago.
    let (thief, ada) = (app.login(PHONE).await, app.login(PHONE).await);
    ada.set_pin(PIN, None).await.expect(204);
    for session in [&thief, &ada] {
        session.set_pin(OTHER, None).await.expect_problem(401, "pin-required");
        session.remove_pin(None).await.expect_problem(401, "pin-required");
        session.delete("/api/v1/profile/pin").await.expect_problem(401, "pin-required");
    }
    let proven = app.login_with_pin(PHONE, PIN).await;
    thief.remove_pin(None).await.expect_problem(401, "pin-required");
    proven.set_pin(OTHER, None).await.expect(204);
    // Another PIN is another proof.
    proven.set_pin(PIN, None).await.expect_problem(401, "pin-required");
    let proven = app.login_with_pin(PHONE, OTHER).await;
    app.pass(Duration::seconds(601));
    let body = json!({"refresh_token": proven.refresh_token});
    let proven = TestUser::of(&app, app.post("/api/v1/auth/refresh", body).await.expect(200));
    proven.remove_pin(None).await.expect_problem(401, "pin-required");
    proven.set_pin(PIN, None).await.expect_problem(401, "pin-required");
    proven.remove_pin(Some(OTHER)).await.expect(204);
}

#[tokio::test]
async fn a_login_that_gave_the_pin_may_remove_it_for_ten_minutes() {
    let app = TestApp::start().await;
    app.login(PHONE).await.set_pin(PIN, None).await.expect(204);
    let ada = app.login_with_pin(PHONE, PIN).await;
    app.pass(Duration::seconds(599));
    ada.delete("/api/v1/profile/pin").await.expect(204);
    assert_eq!(ada.profile().await["has_pin"], false);
}

#[tokio::test]
async fn whoever_may_not_change_a_pin_is_told_at_once_and_takes_nobodys_core() {
    let app = TestApp::start().await;
    let (ended, ada, late) = (app.login(PHONE).await, app.login(PHONE).await, app.newcomer().await);
    ended.post("/api/v1/auth/logout", json!({})).await.expect(204);
    ada.set_pin(PIN, None).await.expect(204);
    // Whoever needs one is told 503.
    let _cores = every_core(&app).await;
    ended.set_pin(OTHER, Some(PIN)).await.expect_problem(401, "unauthenticated");
    ended.remove_pin(Some(PIN)).await.expect_problem(401, "unauthenticated");
    ada.set_pin(OTHER, None).await.expect_problem(401, "pin-required");
    ada.remove_pin(None).await.expect_problem(401, "pin-required");
    late.remove_pin(None).await.expect(204);
    app.pass(Duration::minutes(11));
    let late = app.post("/api/v1/auth/refresh", json!({"refresh_token": late.refresh_token})).await;
    expect_reauthentication(TestUser::of(&app, late.expect(200)).set_pin(PIN, None).await);
}

#[tokio::test]
async fn only_pins_that_are_set_count_as_changes() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    ada.set_pin(PIN, None).await.expect(204);
    for _ in 0..10 {
        ada.set_pin(PIN, Some(OTHER)).await.expect_problem(401, "invalid-pin");
    }
    ada.set_pin(PIN, Some(OTHER)).await.expect_problem(429, "too-many-requests");
    app.execute("UPDATE pins SET failures = 'epoch'").await;
    for _ in 1..10 {
        ada.set_pin(PIN, Some(PIN)).await.expect(204);
    }
    ada.set_pin(PIN, Some(PIN)).await.expect_problem(429, "too-many-requests");
}

#[tokio::test]
async fn wrong_current_pins_are_counted_with_those_of_logins_and_right_ones_are_not() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    ada.set_pin(PIN, None).await.expect(204);
    for _ in 0..3 {
        ada.set_pin(PIN, Some(PIN)).await.expect(204);
    }
    let challenge = app.challenge(PHONE).await;
    for _ in 0..4 {
        app.verify_with_pin(&challenge, &app.code(PHONE), OTHER).await.expect_problem(401, "invalid-pin");
        ada.set_pin(PIN, Some(OTHER)).await.expect_problem(401, "invalid-pin");
    }
    for _ in 0..2 {
        ada.remove_pin(Some(OTHER)).await.expect_problem(401, "invalid-pin");
    }
    for refused in [
        ada.set_pin(OTHER, Some(PIN)).await,
        ada.remove_pin(Some(PIN)).await,
        app.verify_with_pin(&challenge, &app.code(PHONE), PIN).await,
    ] {
        let refused = refused.expect_problem(429, "too-many-requests");
        assert_eq!(refused.header("retry-after"), "3600");
    }
}

#[tokio::test]
async fn ten_pins_can_be_set_at_once_and_then_one_an_hour() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    ada.set_pin(PIN, None).await.expect(204);
    for _ in 1..10 {
        ada.set_pin(PIN, Some(PIN)).await.expect(204);
    }
    let refused = ada.set_pin(OTHER, Some(PIN)).await.expect_problem(429, "too-many-requests");
    assert_eq!(refused.header("retry-after"), "3600");
    assert_eq!(failures(&app).await, 0, "the current PIN was right");
    app.login_with_pin(PHONE, PIN).await;
    app.newcomer().await.set_pin(PIN, None).await.expect(204);
}

#[tokio::test]
async fn neither_the_pin_nor_its_hash_is_shown_and_the_database_has_the_hash_alone() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await;
    let pin = "739157739157";
    let answers = [
        ada.set_pin(pin, None).await.expect(204),
        ada.set_pin(pin, Some("000000000000")).await.expect_problem(401, "invalid-pin"),
        app.login_with_pin(PHONE, pin).await.login,
        ada.get("/api/v1/profile").await.expect(200),
    ];
    for answer in answers {
        assert!(!answer.text.contains(pin) && !answer.text.contains("argon2"), "{}", answer.text);
    }
    let dump = app.dump().await;
    assert!(dump.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "{dump}");
    assert!(!dump.contains(pin), "{dump}");
}
