//! Changes of a PIN beside others, and beside the end of what permits them.

use std::cell::Cell;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::{join, join_all, join3};
use serde_json::json;

use crate::{pin_login::failures, support::TestApp};

const PHONE: &str = "+79991234567";
const PIN: &str = "271828";
const OTHER: &str = "314159";
/// Statements that wait for a lock.
pub const WAITING: &str =
    "pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()";

/// A service whose requests wait for each other and not for connections.
async fn busy() -> TestApp {
    let app = TestApp::builder().set("--database-pool-size", "12").start().await;
    app.connect(12).await;
    app
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
    // Where a change locks the user both have had the present PIN compared.
    let both = join(ada.set_pin("0001", Some(PIN)), ada.set_pin("0002", Some(PIN)));
    let (one, other) = app.at_once("users", 2, both).await;
    let (lost, pin) = if one.status == 204 { (other, "0001") } else { (one, "0002") };
    lost.expect_problem(401, "invalid-pin");
    assert_eq!(failures(&app).await, 0, "both were right");
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
async fn a_right_pin_of_a_session_that_ends_meanwhile_is_not_counted_as_wrong() {
    let app = busy().await;
    let ada = app.login(PHONE).await;
    ada.set_pin(PIN, None).await.expect(204);
    let ada = app.login_with_pin(PHONE, PIN).await;
    for is_removal in [false, true] {
        let mut other = AsyncPgConnection::establish(&app.database_url).await.unwrap();
        other.batch_execute("BEGIN; LOCK users IN EXCLUSIVE MODE").await.unwrap();
        let end = async {
            while app.count(WAITING).await == 0 {}
            other.batch_execute("UPDATE sessions SET expires_at = created_at; COMMIT").await.unwrap();
        };
        let change = async {
            if is_removal { ada.remove_pin(Some(PIN)).await } else { ada.set_pin(OTHER, Some(PIN)).await }
        };
        let (change, ()) = join(change, end).await;
        change.expect_problem(401, "unauthenticated");
        assert_eq!(failures(&app).await, 0, "{is_removal}");
        app.execute("UPDATE sessions SET expires_at = ends_at").await;
    }
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
async fn a_login_at_the_number_that_an_account_with_a_pin_comes_to_needs_the_pin() {
    let app = busy().await;
    // The first code that is used up waits there: whose the number is was seen by then.
    app.execute(
        "CREATE FUNCTION wait_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF pg_try_advisory_xact_lock(2) THEN PERFORM pg_advisory_xact_lock(1); END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER wait_once BEFORE UPDATE OF consumed_at ON challenge_use
             FOR EACH ROW WHEN (NEW.consumed_at IS NOT NULL) EXECUTE FUNCTION wait_once()",
    )
    .await;
    let mut played = 0;
    // The login goes on when the change is done, and when all that the change still waits for is its own account. On a
    // busy computer the service may give up before both stand there.
    let mut takes = [true, false].repeat(20);
    while let Some(is_done) = takes.pop() {
        let ada = app.newcomer().await;
        ada.set_pin(PIN, None).await.expect(204);
        let new = format!("+7998{}", &ada.phone()[5..]);
        let (challenge, code) = (app.challenge(&new).await, app.code(&new));
        let asked = ada.post("/api/v1/profile/phone", json!({"phone": new})).await.expect(200);
        let body = json!({"challenge_token": asked.body["challenge_token"], "code": app.code(&new)});
        let [mut login_stop, mut change_stop] = [
            AsyncPgConnection::establish(&app.database_url).await.unwrap(),
            AsyncPgConnection::establish(&app.database_url).await.unwrap(),
        ];
        login_stop.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(1)").await.unwrap();
        let row = format!("BEGIN; SELECT FROM users WHERE id = '{}' FOR UPDATE", ada.id());
        change_stop.batch_execute(if is_done { "BEGIN" } else { &row }).await.unwrap();
        let has_changed = Cell::new(false);
        let changing = async {
            TestApp::until(async || app.count(WAITING).await > 0).await;
            let answer = ada.post("/api/v1/profile/phone/verify", body).await;
            has_changed.set(true);
            answer
        };
        let let_go = async {
            TestApp::until(async || has_changed.get() || app.count(WAITING).await > 1).await;
            login_stop.batch_execute("COMMIT").await.unwrap();
            // Its next stop is what the change has taken on its way to the account.
            TestApp::until(async || has_changed.get() || app.count(WAITING).await != 1).await;
            change_stop.batch_execute("COMMIT").await.unwrap();
        };
        let (login, changed, ()) = join3(app.verify(&challenge, &code), changing, let_go).await;
        if login.status == 503 || changed.status == 503 {
            continue;
        }
        takes.retain(|other| *other != is_done);
        played += 1;
        // Where the change waits for the login instead, the number is taken.
        if login.status == 200 {
            assert_ne!(login.body["user"]["id"], ada.id(), "a session without the PIN");
            changed.expect_problem(409, "phone-taken");
        } else {
            assert_eq!(changed.expect(200).body["phone"], new);
            let code = login.text_of("code");
            assert!(matches!(&*code, "pin-required" | "invalid-challenge"), "{}", login.text);
            assert_eq!(app.count(&format!("sessions WHERE user_id = '{}'", ada.id())).await, 1);
        }
    }
    assert_eq!(played, 2, "the service gave up each time");
}
