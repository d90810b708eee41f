//! What a login gives back, and to whom: the same challenge's own tries and nothing else.

use chrono::Duration;

use crate::{
    support::TestApp,
    tools::{HOME, PHONE, address, ask, expect_refused, guess, level, limited, log_in, sent},
};

/// What one try of four digits weighs, with the phone and with one slot of the deployment.
const OF_PHONE: Duration = Duration::days(120);
const OF_SLOT: Duration = Duration::days(2);

async fn tries(app: &TestApp) -> (f64, f64) {
    (level(app, "phone_guard", "f4", OF_PHONE).await, level(app, "risk", "g4", OF_SLOT).await)
}

#[tokio::test]
async fn a_login_of_the_owner_does_not_wipe_what_an_attacker_tried() {
    let app = TestApp::start().await;
    let attackers = sent(&app, HOME, PHONE).await;
    for _ in 0..2 {
        guess(&app, &attackers).await.expect_problem(401, "invalid-code");
    }
    for _ in 0..5 {
        app.pass(Duration::milliseconds(1));
        log_in(&app, HOME, PHONE).await;
        let (phone, deployment) = tries(&app).await;
        assert!((1.99..=2.0).contains(&phone) && (1.99..=2.0).contains(&deployment), "{phone}, {deployment}");
    }
    app.pass(Duration::milliseconds(1));
    let attackers = sent(&app, HOME, PHONE).await;
    assert_eq!(attackers.digits, 4);
    guess(&app, &attackers).await.expect_problem(401, "invalid-code");
    guess(&app, &attackers).await.expect_problem(409, "code-upgraded");
    assert_eq!(sent(&app, HOME, PHONE).await.digits, 6);
}

#[tokio::test]
async fn the_typos_of_an_owner_cost_nothing_once_the_code_is_right() {
    let app = TestApp::start().await;
    for _ in 0..40 {
        let code = sent(&app, HOME, PHONE).await;
        assert_eq!(code.digits, 4);
        for _ in 0..2 {
            guess(&app, &code).await.expect_problem(401, "invalid-code");
        }
        app.verify(&code.challenge, &code.code).await.expect(200);
        assert_eq!(tries(&app).await, (0.0, 0.0));
    }
}

#[tokio::test]
async fn typos_of_six_digits_are_given_back_to_their_own_meter() {
    let app = TestApp::builder().set("--otp-length", "6").start().await;
    for _ in 0..15 {
        let code = sent(&app, HOME, PHONE).await;
        assert_eq!(code.digits, 6);
        for _ in 0..2 {
            guess(&app, &code).await.expect_problem(401, "invalid-code");
        }
        app.verify(&code.challenge, &code.code).await.expect(200);
    }
    assert!(level(&app, "phone_guard", "f6", Duration::days(3)).await < 0.001);
    assert!(level(&app, "risk", "g6", Duration::minutes(29)).await < 0.001);
}

#[tokio::test]
async fn a_success_repeated_gives_nothing_back_twice() {
    let app = TestApp::start().await;
    let attackers = sent(&app, HOME, PHONE).await;
    guess(&app, &attackers).await;
    let owners = sent(&app, HOME, PHONE).await;
    app.verify(&owners.challenge, &owners.code).await.expect(200);
    let guards = app.dump().await;
    for _ in 0..5 {
        let again = app.verify(&owners.challenge, &owners.code).await;
        again.expect_problem(401, "invalid-challenge");
    }
    assert_eq!(app.dump().await, guards);
}

#[tokio::test]
async fn a_login_voids_the_challenges_made_before_it_and_no_later_ones() {
    let app = TestApp::start().await;
    let before = sent(&app, HOME, PHONE).await;
    app.pass(Duration::milliseconds(1));
    let owners = sent(&app, HOME, PHONE).await;
    app.pass(Duration::milliseconds(1));
    let between = sent(&app, HOME, PHONE).await;
    let elses = sent(&app, HOME, "+79990000001").await;
    app.pass(Duration::milliseconds(1));
    app.verify(&owners.challenge, &owners.code).await.expect(200);
    app.pass(Duration::milliseconds(1));
    let after = sent(&app, HOME, PHONE).await;

    let rows = app.dump().await;
    for void in [&before, &between] {
        guess(&app, void).await.expect_problem(401, "invalid-challenge");
        app.verify(&void.challenge, &void.code).await.expect_problem(401, "invalid-challenge");
    }
    // Refused before anything is counted.
    assert_eq!(app.dump().await, rows);
    app.verify(&elses.challenge, &elses.code).await.expect(200);
    app.verify(&after.challenge, &after.code).await.expect(200);
}

#[tokio::test]
async fn until_somebody_logs_in_every_challenge_stays_good() {
    // Else anybody could void the owner's code by asking for another one.
    let app = limited().start().await;
    let owners = sent(&app, HOME, PHONE).await;
    for client in 1..3 {
        app.pass(Duration::seconds(30));
        sent(&app, &address(client), PHONE).await;
    }
    app.verify(&owners.challenge, &owners.code).await.expect(200);
}

#[tokio::test]
async fn a_login_gives_its_own_send_back_and_not_an_attackers() {
    let app = limited().start().await;
    for client in 0..2 {
        sent(&app, &address(client), PHONE).await;
        app.pass(Duration::seconds(30));
    }
    // The third of three, given back each time: the owner can go on, two are used up all the same.
    for client in 10..15 {
        log_in(&app, &address(client), PHONE).await;
        app.pass(Duration::seconds(1));
    }
    sent(&app, &address(20), PHONE).await;
    app.pass(Duration::seconds(30));
    expect_refused(ask(&app, HOME, PHONE).await, 8 * 3600 - 60 - 5 - 30);
}

#[tokio::test]
async fn twenty_logins_in_a_day_give_their_send_back_and_no_more() {
    let app = limited().start().await;
    for client in 0..20 {
        log_in(&app, &address(client), PHONE).await;
        app.pass(Duration::seconds(1));
    }
    // From now on a login costs a send, as if nobody had logged in.
    for (client, wait) in [(20, 30), (21, 30), (22, 8 * 3600 - 60)] {
        log_in(&app, &address(client), PHONE).await;
        expect_refused(ask(&app, HOME, PHONE).await, wait);
        app.pass(Duration::seconds(30));
    }
    // A second before the first of them is a day old it is so still; then begin another twenty.
    app.pass(Duration::hours(24) - Duration::seconds(20 + 90 + 1));
    log_in(&app, &address(30), PHONE).await;
    expect_refused(ask(&app, HOME, PHONE).await, 30);
    app.pass(Duration::seconds(30));
    for client in 40..60 {
        log_in(&app, &address(client), PHONE).await;
    }
    log_in(&app, &address(60), PHONE).await;
    expect_refused(ask(&app, HOME, PHONE).await, 30);
}
