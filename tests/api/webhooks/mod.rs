//! Events, and how those who asked are told of them.

mod answers;
mod keeping;
mod outbox;
mod retrying;
mod schedule;
mod sharing;
mod telling;
mod trouble;

use phone_auth::jobs::webhooks;
use serde_json::Value;

use crate::{
    receiver::{Receiver, SECRET},
    support::{TestApp, app::TestAppBuilder},
};

/// A service that is to tell `receivers`.
fn service(receivers: &[&Receiver]) -> TestAppBuilder {
    let urls: Vec<_> = receivers.iter().map(|receiver| receiver.url()).collect();
    TestApp::builder()
        .set("--webhook-urls", &urls.join(","))
        .set("--webhook-secrets", SECRET)
        .set("--webhook-allow-private", "true")
        // Machines may be slow; where it is about slow endpoints there is another.
        .set("--webhook-timeout-seconds", "30")
}

/// Shares out what is new and makes every attempt that is due.
async fn round(app: &TestApp) {
    webhooks::share_out(&app.state).await.unwrap();
    webhooks::tell_everybody(&app.state).await.unwrap();
}

/// Makes `number` events in one statement: as many people with an account.
async fn happen(app: &TestApp, number: usize) {
    let now = app.clock_text();
    app.execute(&format!(
        "INSERT INTO users (id, phone, invite_code, created_at, updated_at, last_login_at)
         SELECT gen_random_uuid(), '+7998' || lpad((n + before)::text, 7, '0'), 'A' || lpad((n + before)::text, 5, '0'),
                '{now}', '{now}', '{now}'
         FROM generate_series(1, {number}) n, (SELECT count(*) AS before FROM users) counted"
    ))
    .await;
}

/// The only delivery.
async fn delivery(app: &TestApp) -> Value {
    let mut rows = app.rows("SELECT * FROM deliveries").await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}
