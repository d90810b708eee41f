//! Codes entered from one address.

use chrono::Duration;

use crate::{
    support::{Answer, TestApp, another_code},
    tools::{
        HOME, PHONE, Sent, address, enter, expect_refused, guess, limited, log_in, outcomes, sent,
        sent_to_device, tally,
    },
};

/// Enters a code so often from home that no more is looked at.
async fn exhaust(app: &TestApp, code: &Sent) -> Vec<Answer> {
    let mut answers = Vec::new();
    for _ in 0..30 {
        answers.push(guess(app, code).await);
    }
    answers
}

#[tokio::test]
async fn thirty_codes_are_looked_at_and_then_one_each_two_seconds() {
    let app = limited().start().await;
    let code = sent(&app, HOME, PHONE).await;
    let answers = exhaust(&app, &code).await;
    assert_eq!(outcomes(&answers), tally([("invalid-code", 3), ("invalid-challenge", 27)]));
    for _ in 0..3 {
        expect_refused(guess(&app, &code).await, 2);
        app.pass(Duration::seconds(1));
        expect_refused(guess(&app, &code).await, 1);
        app.pass(Duration::seconds(1));
        guess(&app, &code).await.expect_problem(401, "invalid-challenge");
    }
    app.pass(Duration::seconds(60));
    assert_eq!(outcomes(&exhaust(&app, &code).await), tally([("invalid-challenge", 30)]));
    expect_refused(guess(&app, &code).await, 2);
}

#[tokio::test]
async fn what_is_not_looked_at_costs_nothing() {
    let app = limited().start().await;
    let (used_up, fresh) = (sent(&app, HOME, PHONE).await, sent(&app, HOME, "+79161112233").await);
    exhaust(&app, &used_up).await;
    let rows = app.dump().await;
    for _ in 0..10 {
        expect_refused(guess(&app, &fresh).await, 2);
        let right = enter(&app, HOME, &fresh.challenge, &fresh.code).await;
        expect_refused(right, 2);
    }
    assert_eq!(app.dump().await, rows);
    enter(&app, &address(0), &fresh.challenge, &fresh.code).await.expect(200);
}

#[tokio::test]
async fn it_is_a_quota_of_an_ipv4_address_or_of_an_ipv6_64() {
    let app = limited().start().await;
    let code = sent(&app, HOME, PHONE).await;
    let wrong = another_code(&code.code);
    for (network, neighbour, other) in
        [("203.0.113.8", "203.0.113.8", "203.0.113.9"), ("2001:db8::", "2001:db8::ffff:1", "2001:db8:0:1::")]
    {
        for host in 0..30 {
            let from = if network.ends_with(':') { format!("{network}{host:x}") } else { network.to_owned() };
            assert_eq!(enter(&app, &from, &code.challenge, &wrong).await.status, 401);
        }
        expect_refused(enter(&app, neighbour, &code.challenge, &wrong).await, 2);
        assert_eq!(enter(&app, other, &code.challenge, &wrong).await.status, 401);
    }
}

#[tokio::test]
async fn a_trusted_device_behind_the_same_address_is_not_kept_waiting() {
    let app = limited().start().await;
    let token = log_in(&app, HOME, PHONE).await.text_of("device_token");
    let strangers = sent(&app, HOME, "+79161112233").await;
    exhaust(&app, &strangers).await;
    expect_refused(guess(&app, &strangers).await, 2);
    for _ in 0..3 {
        let code = sent_to_device(&app, HOME, PHONE, &token).await;
        guess(&app, &code).await.expect_problem(401, "invalid-code");
        enter(&app, HOME, &code.challenge, &code.code).await.expect(200);
    }
    expect_refused(guess(&app, &strangers).await, 2);
}
