//! The database is away, frozen or busy, and comes back.

mod busy;
mod frozen;
mod stopped;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Answer, Operation, OwnPostgres, TestApp, TestUser};

/// Checks that `answer` puts the client off and says for how long.
#[track_caller]
fn expect_put_off(answer: Answer, why: &str) {
    assert_eq!(answer.status, 503, "{why}: {}", answer.text);
    let problem = answer.expect_problem(503, "service-unavailable");
    let seconds: u64 = problem.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{why}: {seconds}");
    assert_eq!(problem.body["retry_after"], seconds, "{why}");
}

/// Asks up to three times, each time for an answer within `limit`: one of them
/// has to come, and the machine may be busy with something else at two.
async fn expect_put_off_within(limit: Duration, why: &str, mut ask: impl AsyncFnMut() -> Answer) {
    let mut taken = Vec::new();
    while taken.len() < 3 {
        let start = Instant::now();
        let answer = tokio::time::timeout(Duration::from_secs(20), ask()).await;
        expect_put_off(answer.unwrap_or_else(|_| panic!("{why}: no answer at all")), why);
        taken.push(start.elapsed());
        if taken.last().is_some_and(|taken| *taken <= limit) {
            return;
        }
    }
    panic!("{why} was put off, but only after {taken:?}");
}

/// Every operation that needs the database, all at once, called by somebody who may.
async fn expect_all_put_off_within(limit: Duration, user: &TestUser<'_>, challenge: &str, code: &str) {
    let app = user.app;
    let operations: Vec<_> =
        Operation::all().into_iter().filter(|operation| operation.authenticated).collect();
    let authenticated = join_all(operations.iter().map(|operation| {
        let ask = async || app.send(operation.whole_request(app).bearer_auth(&user.access_token)).await;
        async move { expect_put_off_within(limit, &operation.to_string(), ask).await }
    }));
    let refresh = json!({"refresh_token": user.refresh_token});
    tokio::join!(
        authenticated,
        expect_put_off_within(limit, "verify", async || app.verify(challenge, code).await),
        expect_put_off_within(limit, "refresh", async || app
            .post("/api/v1/auth/refresh", refresh.clone())
            .await),
        expect_put_off_within(limit, "ready", async || app.get("/health/ready").await),
        async { app.get("/health/live").await.expect(200) },
    );
}

/// A service with a connection for each operation, all of them in use before.
async fn with_many_connections(postgres: &OwnPostgres) -> TestApp {
    let app = TestApp::builder().database(&postgres.url()).set("--database-pool-size", "16").start().await;
    app.connect(16).await;
    app
}
