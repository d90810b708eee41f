use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};

use super::expect_put_off_within;
use crate::support::TestApp;

const PROFILE: &str = "/api/v1/profile";

/// Another program's open transaction that holds what `sql` locks.
async fn hold(app: &TestApp, sql: &str) -> AsyncPgConnection {
    let mut conn = AsyncPgConnection::establish(&app.database_url).await.unwrap();
    conn.batch_execute(&format!("BEGIN; {sql}")).await.unwrap();
    conn
}

#[tokio::test]
async fn whoever_would_wait_long_for_a_lock_is_put_off() {
    let app = TestApp::start().await;
    let ada = app.login("+79991234567").await;
    let mut other = hold(&app, "LOCK TABLE users").await;
    let limit = Duration::from_millis(1600);
    expect_put_off_within(limit, "a lock", async || ada.get(PROFILE).await).await;
    other.batch_execute("COMMIT").await.unwrap();
    ada.profile().await;
}

#[tokio::test]
async fn when_all_connections_are_taken_the_next_is_put_off() {
    let app = TestApp::builder().set("--database-pool-size", "1").start().await;
    let ada = app.login("+79991234567").await;
    let taken = app.state.database.connection().await.unwrap();
    let limit = Duration::from_secs(1);
    expect_put_off_within(limit, "no connection", async || ada.get(PROFILE).await).await;
    drop(taken);
    ada.profile().await;
}
