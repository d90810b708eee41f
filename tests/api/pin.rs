//! `PUT` and `DELETE /profile/pin`: who may set, replace and remove a PIN.

use chrono::Duration;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::{join, join_all};
use serde_json::json;

use crate::support::{Answer, TestApp, TestUser};

const PHONE: &str = "+79991234567";
const PIN: &str = "271828";
const OTHER: &str = "314159";
/// Statements that wait for a lock.
const WAITING: &str =
    "pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()";

/// A service whose requests wait for each other and not for connections.
async fn busy() -> TestApp {
    let app = TestApp::builder().set("--database-pool-size", "12").start().await;
    app.connect(12).await;
    app
}

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
    app.login_with_pin(PHONE, PIN).await;
    app.newcomer().await.set_pin(PIN, None).await.expect(204);
}

#[tokio::test]
async fn of_two_devices_that_set_a_first_pin_at_once_one_does_and_the_other_is_told() {
    let app = busy().await;
    for _ in 0..8 {
        let (phone, tablet) = (app.login(PHONE).await, app.login(PHONE).await);
        let both = join(phone.set_pin(PIN, None), tablet.set_pin(OTHER, None));
        // At the table where changes are counted both have seen that there is none.
        let (one, other) = app.at_once("rate_limit", 2, both).await;
        let (lost, pin) = if one.status == 204 { (other, PIN) } else { (one, OTHER) };
        lost.expect_problem(401, "pin-required");
        phone.remove_pin(Some(pin)).await.expect(204);
        // Ten sessions are the most, and in one moment none of them is the oldest.
        app.execute("DELETE FROM rate_limit; DELETE FROM sessions").await;
    }
}

#[tokio::test]
async fn of_two_changes_at_once_one_happens_and_the_other_is_told() {
    let app = busy().await;
    let ada = app.login(PHONE).await;
    ada.set_pin(PIN, None).await.expect(204);
    // At the table where changes are counted both have had the present PIN compared.
    let both = join(ada.set_pin("0001", Some(PIN)), ada.set_pin("0002", Some(PIN)));
    let (one, other) = app.at_once("rate_limit", 2, both).await;
    let (lost, pin) = if one.status == 204 { (other, "0001") } else { (one, "0002") };
    lost.expect_problem(401, "invalid-pin");
    app.login_with_pin(PHONE, pin).await;
}

#[tokio::test]
async fn of_removals_at_once_each_has_what_it_asked_for() {
    let app = busy().await;
    let ada = app.login(PHONE).await;
    ada.set_pin(PIN, None).await.expect(204);
    let ada = app.login_with_pin(PHONE, PIN).await;
    let all = join_all((0..4).map(|_| ada.delete("/api/v1/profile/pin")));
    for answer in app.at_once("pins", 4, all).await {
        answer.expect(204);
    }
    assert_eq!(app.count("pins").await, 0);
}

#[tokio::test]
async fn a_session_that_ends_while_its_pin_is_counted_sets_none() {
    let app = busy().await;
    // Another session of hers lives on: that is not the one that asks.
    let (_, ada) = (app.login(PHONE).await, app.login(PHONE).await);
    let mut other = AsyncPgConnection::establish(&app.database_url).await.unwrap();
    other.batch_execute("BEGIN; LOCK rate_limit IN EXCLUSIVE MODE").await.unwrap();
    let logout = async {
        while app.count(WAITING).await == 0 {}
        ada.post("/api/v1/auth/logout", json!({})).await.expect(204);
        other.batch_execute("COMMIT").await.unwrap();
    };
    let (set, ()) = join(ada.set_pin(PIN, None), logout).await;
    set.expect_problem(401, "unauthenticated");
    assert_eq!(app.count("pins").await, 0);
}

#[tokio::test]
async fn a_deletion_takes_the_pin_along_also_one_that_is_being_set() {
    let app = busy().await;
    let ada = app.login(PHONE).await;
    ada.set_pin(PIN, None).await.expect(204);
    ada.delete("/api/v1/profile").await.expect(204);
    assert_eq!(app.count("pins").await, 0);
    for table in ["users", "pins"].repeat(4) {
        // The number is free, and its new account has no PIN.
        let ada = app.login(PHONE).await;
        assert_eq!(ada.login.body["is_new_user"], true);
        let both = join(ada.set_pin(PIN, None), ada.delete("/api/v1/profile"));
        let (set, deleted) = app.at_once(table, 2, both).await;
        deleted.expect(204);
        assert!(matches!(set.status.as_u16(), 204 | 401), "{}", set.text);
        assert_eq!(app.count("pins").await, 0, "{table}");
    }
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
