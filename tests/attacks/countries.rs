//! Messages to far countries, of which nobody logs in: what SMS fraud lives from.

use chrono::Duration;

use crate::{
    support::{Answer, TestApp},
    tools::{Sent, address, ask, enter, expect_refused, limited, russian, sent},
};

const HOUR: i64 = 3600;

/// Codes to `count` numbers of one country, from everywhere.
async fn send(app: &TestApp, from: usize, count: usize) -> Vec<Sent> {
    let mut codes = Vec::new();
    for index in from..from + count {
        codes.push(sent(app, &address(index), &russian(index)).await);
    }
    codes
}

async fn log_in(app: &TestApp, codes: &[Sent]) {
    for (index, code) in codes.iter().enumerate() {
        enter(app, &address(index), &code.challenge, &code.code).await.expect(200);
    }
}

async fn ask_one(app: &TestApp, index: usize) -> Answer {
    ask(app, &address(index), &russian(index)).await
}

#[tokio::test]
async fn fifty_codes_without_a_login_close_a_country_for_an_hour() {
    let app = limited().start().await;
    send(&app, 0, 50).await;
    for _ in 0..2 {
        expect_refused(ask_one(&app, 100).await, HOUR);
    }
    // Other countries are open.
    ask(&app, &address(200), "+375291234567").await.expect(200);
    app.pass(Duration::hours(1) - Duration::seconds(1));
    expect_refused(ask_one(&app, 100).await, 1);
    app.pass(Duration::seconds(1));
    send(&app, 100, 50).await;
    expect_refused(ask_one(&app, 300).await, HOUR);
}

#[tokio::test]
async fn a_country_closes_for_the_hour_that_is_told() {
    let app = limited().start().await;
    app.pass(Duration::minutes(5) - Duration::seconds(1));
    send(&app, 0, 50).await;
    expect_refused(ask_one(&app, 100).await, HOUR);
    app.pass(Duration::hours(1) - Duration::minutes(4));
    expect_refused(ask_one(&app, 100).await, 4 * 60);
}

#[tokio::test]
async fn it_takes_thirty_percent_to_stay_open() {
    for (logins, open) in [(14, false), (15, true)] {
        let app = limited().start().await;
        let codes = send(&app, 0, 50).await;
        log_in(&app, &codes[..logins]).await;
        assert_eq!(ask_one(&app, 100).await.status == 200, open, "{logins}");
    }
}

#[tokio::test]
async fn fewer_than_fifty_codes_say_nothing() {
    let app = limited().start().await;
    send(&app, 0, 49).await;
    ask_one(&app, 100).await.expect(200);
    assert_eq!(ask_one(&app, 101).await.status, 429);
}

#[tokio::test]
async fn a_country_opens_early_once_logins_come() {
    let app = limited().start().await;
    let codes = send(&app, 0, 50).await;
    log_in(&app, &codes[..14]).await;
    app.pass(Duration::minutes(4));
    expect_refused(ask_one(&app, 100).await, HOUR);
    log_in(&app, &codes[14..15]).await;
    // Fifteen of fifty, and of fifty-one fewer than thirty percent again.
    ask_one(&app, 100).await.expect(200);
    assert_eq!(ask_one(&app, 101).await.status, 429);
    log_in(&app, &codes[15..30]).await;
    send(&app, 200, 40).await;
}

#[tokio::test]
async fn traffic_older_than_an_hour_says_nothing() {
    let app = limited().start().await;
    send(&app, 0, 40).await;
    app.pass(Duration::hours(1));
    send(&app, 100, 40).await;
    app.pass(Duration::minutes(30));
    send(&app, 200, 10).await;
    assert_eq!(ask_one(&app, 300).await.status, 429);
}

#[tokio::test]
async fn a_login_counts_once_however_often_it_is_repeated() {
    let app = limited().start().await;
    let codes = send(&app, 0, 50).await;
    log_in(&app, &codes[..10]).await;
    for _ in 0..10 {
        for code in &codes[..2] {
            app.verify(&code.challenge, &code.code).await.expect_problem(401, "invalid-challenge");
        }
    }
    assert_eq!(ask_one(&app, 100).await.status, 429);
}

#[tokio::test]
async fn a_test_number_keeps_no_country_open() {
    let app = limited().set("--test-phones", "+79990000001=0000").start().await;
    send(&app, 0, 50).await;
    for _ in 0..15 {
        let challenge = app.challenge("+79990000001").await;
        app.verify(&challenge, "0000").await.expect(200);
    }
    expect_refused(ask_one(&app, 100).await, HOUR);
}

#[tokio::test]
async fn a_test_number_keeps_no_block_open() {
    let app = limited().set("--test-phones", "+79990000001=0000").start().await;
    for index in 0..10 {
        ask(&app, &address(index), &format!("+79990001{index:03}")).await.expect(200);
        let challenge = app.challenge("+79990000001").await;
        app.verify(&challenge, "0000").await.expect(200);
    }
    assert_eq!(ask(&app, &address(50), "+79990001999").await.status, 429);
}
