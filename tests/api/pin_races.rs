//! Changes of a PIN beside others, and beside the end of what permits them.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::{join, join_all};
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
