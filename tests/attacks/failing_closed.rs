//! Whatever keeps the service from counting keeps it from sending and comparing.

use diesel_async::SimpleAsyncConnection;
use futures_util::future::join;

use crate::{
    support::{Answer, OwnPostgres, TestApp},
    tools::{HOME, PHONE, ask, enter, guess, limited, sent},
};

const OTHER: &str = "+79161112233";

fn messages(app: &TestApp, phone: &str) -> usize {
    let phone = phone.to_owned().try_into().unwrap();
    app.state.sms.inbox().unwrap().messages_to(&phone).len()
}

#[track_caller]
fn expect_put_off(answer: Answer) {
    let answer = answer.expect_problem(503, "service-unavailable");
    assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
}

#[tokio::test]
async fn with_the_database_away_nothing_is_sent_and_nothing_compared() {
    let mut postgres = OwnPostgres::start();
    // Also where sends are not limited: the length of a code depends on what was guessed.
    let unlimited = TestApp::builder().database(&postgres.url()).start().await;
    let app = limited().database(&postgres.url()).start().await;
    let code = sent(&app, HOME, PHONE).await;
    postgres.stop();
    for app in [&app, &unlimited] {
        for _ in 0..3 {
            expect_put_off(ask(app, HOME, OTHER).await);
            expect_put_off(enter(app, HOME, &code.challenge, &code.code).await);
            expect_put_off(guess(app, &code).await);
        }
        assert_eq!(messages(app, OTHER), 0);
    }
    // What cannot be a challenge needs no database to be refused.
    enter(&app, HOME, "no challenge", "0000").await.expect_problem(401, "invalid-challenge");
    postgres.start_again();
    while app.get("/health/ready").await.status != 200 {}
    assert_eq!(guess(&app, &code).await.body["attempts_left"], 2);
    enter(&app, HOME, &code.challenge, &code.code).await.expect(200);
}

#[tokio::test]
async fn a_database_that_only_reads_sends_and_compares_nothing() {
    // What an old primary becomes when another one took its place.
    let app = limited().set("--database-pool-size", "1").start().await;
    let code = sent(&app, HOME, PHONE).await;
    app.execute("SET default_transaction_read_only = on").await;
    expect_put_off(ask(&app, HOME, OTHER).await);
    expect_put_off(enter(&app, HOME, &code.challenge, &code.code).await);
    app.execute("SET default_transaction_read_only = off").await;
    assert_eq!(messages(&app, OTHER), 0);
    assert_eq!(app.count("challenge_use").await, 0);
    enter(&app, HOME, &code.challenge, &code.code).await.expect(200);
}

#[tokio::test]
async fn without_its_tables_or_functions_the_service_sends_and_compares_nothing() {
    for away in [
        "ALTER TABLE phone_guard RENAME TO away",
        "ALTER TABLE risk RENAME TO away",
        "DROP FUNCTION gcra_wait CASCADE",
        "ALTER FUNCTION admit_send RENAME TO away; ALTER FUNCTION claim_attempt RENAME TO away_too",
    ] {
        let app = limited().start().await;
        let code = sent(&app, HOME, PHONE).await;
        app.execute(away).await;
        ask(&app, HOME, OTHER).await.expect_problem(500, "internal-error");
        assert_eq!(messages(&app, OTHER), 0, "{away}");
        let right = enter(&app, HOME, &code.challenge, &code.code).await;
        right.expect_problem(500, "internal-error");
        assert_eq!(app.count("challenge_use").await, 0, "{away}");
        assert_eq!(app.count("users").await, 0, "{away}");
    }
}

#[tokio::test]
async fn a_meter_without_any_slot_lets_nothing_through_at_its_length() {
    // A table that somebody emptied is no budget.
    let app = TestApp::start().await;
    let code = sent(&app, HOME, PHONE).await;
    app.execute("DELETE FROM risk").await;
    guess(&app, &code).await.expect_problem(409, "code-upgraded");
}

#[tokio::test]
async fn while_the_counters_are_locked_nothing_is_sent_or_compared() {
    let app = limited().set("--database-pool-size", "8").start().await;
    app.connect(2).await;
    let code = sent(&app, HOME, PHONE).await;
    let mut other = app.state.database.connection().await.unwrap();
    let lock = "BEGIN; LOCK phone_guard, rate_limit IN EXCLUSIVE MODE";
    other.batch_execute(lock).await.unwrap();
    let (asked, guessed) = join(ask(&app, HOME, OTHER), guess(&app, &code)).await;
    expect_put_off(asked);
    expect_put_off(guessed);
    assert_eq!(messages(&app, OTHER), 0);
    other.batch_execute("COMMIT").await.unwrap();
}
