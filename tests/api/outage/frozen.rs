use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use super::{expect_all_put_off_within, expect_put_off, expect_put_off_within, with_many_connections};
use crate::support::{OwnPostgres, TestApp};

const PROFILE: &str = "/api/v1/profile";
/// The second that the database has for an answer, and half a second for a connection.
const ABOUT_A_SECOND: Duration = Duration::from_millis(1600);

#[tokio::test]
async fn while_the_database_is_frozen_clients_are_put_off_in_about_a_second() {
    let postgres = OwnPostgres::start();
    let app = with_many_connections(&postgres).await;
    let ada = app.login("+79991234567").await;
    let before = ada.profile().await;
    let challenge = app.challenge("+79990000045").await;
    let code = app.code("+79990000045");

    let frozen = postgres.freeze();
    expect_all_put_off_within(ABOUT_A_SECOND, &ada, &challenge, &code).await;
    drop(frozen);

    assert_eq!(ada.profile().await, before);
    app.get("/health/ready").await.expect(200);
    app.verify(&challenge, &code).await.expect(200);
}

#[tokio::test]
async fn many_who_wait_on_a_frozen_database_are_put_off_together() {
    let postgres = OwnPostgres::start();
    let app = TestApp::builder().database(&postgres.url()).start().await;
    let ada = app.login("+79991234567").await;
    let frozen = postgres.freeze();
    let ask_40_times = async || {
        let mut answers = join_all((0..40).map(|_| ada.get(PROFILE))).await;
        let last = answers.pop().unwrap();
        for answer in answers {
            expect_put_off(answer, "one of many");
        }
        last
    };
    expect_put_off_within(ABOUT_A_SECOND, "many at once", ask_40_times).await;
    drop(frozen);
    ada.profile().await;
}

#[tokio::test]
async fn an_answer_that_came_too_late_is_nobody_elses() {
    let postgres = OwnPostgres::start();
    let app = TestApp::builder().database(&postgres.url()).set("--database-pool-size", "1").start().await;
    let (ada, grace) = (app.login("+79991234567").await, app.login("+79990000044").await);
    let (adas, graces) = (ada.profile().await, grace.profile().await);
    for _ in 0..3 {
        let frozen = postgres.freeze();
        expect_put_off(ada.get(PROFILE).await, "frozen");
        drop(frozen);
        assert_eq!(grace.profile().await, graces);
        assert_eq!(ada.profile().await, adas);
    }
}

#[tokio::test]
async fn a_try_that_was_put_off_may_count_and_never_counts_twice() {
    let postgres = OwnPostgres::start();
    let app = TestApp::builder().database(&postgres.url()).start().await;
    app.login("+79991234567").await;
    let challenge = app.challenge("+79990000045").await;
    let code = app.code("+79990000045");
    let frozen = postgres.freeze();
    expect_put_off(app.verify(&challenge, &code).await, "frozen");
    drop(frozen);
    // The database finds the statement in its inbox when it goes on.
    let attempts = "SELECT attempts FROM challenge_use WHERE consumed_at IS NULL";
    let start = Instant::now();
    let mut counted = app.rows(attempts).await;
    while counted.is_empty() && start.elapsed() < Duration::from_secs(5) {
        counted = app.rows(attempts).await;
    }
    assert_eq!(counted, [json!({"attempts": 1})]);
    app.verify(&challenge, &code).await.expect(200);
}

#[tokio::test]
async fn the_phone_step_waits_for_its_message_however_long_that_takes() {
    let app = TestApp::builder().set("--sms-simulated-delay-ms", "1500").start().await;
    let start = Instant::now();
    app.challenge("+79991234567").await;
    assert!(start.elapsed() >= Duration::from_millis(1500), "{:?}", start.elapsed());
}
