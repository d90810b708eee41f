//! Many challenges first and the guesses afterwards: what was short when it was sent is refused once it is too short.

use chrono::Duration;

use crate::{
    support::TestApp,
    tools::{HOME, PHONE, Sent, address, ask, expect_refused, guess, limited, outcomes, sent, tally},
};

async fn hoard(app: &TestApp, codes: usize) -> Vec<Sent> {
    let mut hoard = Vec::new();
    for _ in 0..codes {
        hoard.push(sent(app, HOME, PHONE).await);
    }
    hoard
}

#[tokio::test]
async fn of_fifty_challenges_collected_before_three_guesses_are_compared() {
    let app = TestApp::start().await;
    let hoard = hoard(&app, 50).await;
    let mut answers = Vec::new();
    for code in &hoard {
        answers.push(guess(&app, code).await);
    }
    assert_eq!(outcomes(&answers), tally([("invalid-code", 3), ("code-upgraded", 47)]));
    assert!(answers[..3].iter().all(|answer| answer.body["code"] == "invalid-code"));
    // Not even the right code opens what was told to be too short, nor any of the others.
    for code in &hoard[2..] {
        let right = app.verify(&code.challenge, &code.code).await;
        right.expect_problem(409, "code-upgraded");
    }
    assert_eq!(app.count("users").await, 0);
    // Each is given back once, and no more than twenty in a day.
    assert_eq!(app.query("SELECT cardinality(returned)::text FROM phone_guard").await, ["20"]);
}

#[tokio::test]
async fn collected_codes_of_six_digits_end_at_twenty_guesses() {
    let app = TestApp::start().await;
    for code in hoard(&app, 4).await {
        guess(&app, &code).await;
    }
    let hoard = hoard(&app, 30).await;
    assert!(hoard.iter().all(|code| code.digits == 6));
    let mut answers = Vec::new();
    for code in &hoard {
        answers.push(guess(&app, code).await);
    }
    assert_eq!(outcomes(&answers), tally([("invalid-code", 20), ("code-upgraded", 10)]));
    assert_eq!(sent(&app, HOME, PHONE).await.digits, 8);
}

#[tokio::test]
async fn the_send_of_a_code_that_became_too_short_is_given_back_once() {
    let app = limited().start().await;
    let mut hoard = Vec::new();
    for client in 0..3 {
        hoard.push(sent(&app, &address(client), PHONE).await);
        app.pass(Duration::seconds(30));
    }
    for _ in 0..3 {
        guess(&app, &hoard[0]).await.expect_problem(401, "invalid-code");
    }
    guess(&app, &hoard[0]).await.expect_problem(401, "invalid-challenge");
    let eight_hours = 8 * 3600;
    expect_refused(ask(&app, HOME, PHONE).await, eight_hours - 90);
    for code in &hoard[1..] {
        guess(&app, code).await.expect_problem(409, "code-upgraded");
    }
    let given_back = app.rows("SELECT * FROM phone_guard").await;
    for code in hoard[1..].iter().cycle().take(6) {
        guess(&app, code).await.expect_problem(409, "code-upgraded");
    }
    assert_eq!(app.rows("SELECT * FROM phone_guard").await, given_back);
    // Two were given back, so two more are sent, the first of them without a gap; they are longer.
    assert_eq!(sent(&app, &address(3), PHONE).await.digits, 6);
    expect_refused(ask(&app, HOME, PHONE).await, 30);
    app.pass(Duration::seconds(30));
    assert_eq!(sent(&app, &address(4), PHONE).await.digits, 6);
    expect_refused(ask(&app, HOME, PHONE).await, eight_hours - 120);
}

#[tokio::test]
async fn a_challenge_too_short_by_then_costs_neither_a_guess_nor_an_attempt_elsewhere() {
    let app = TestApp::start().await;
    let hoard = hoard(&app, 5).await;
    for _ in 0..3 {
        guess(&app, &hoard[0]).await.expect_problem(401, "invalid-code");
    }
    let meters = "SELECT f4, f6 FROM phone_guard";
    let risk = "SELECT * FROM risk ORDER BY slot";
    let before = (app.rows(meters).await, app.rows(risk).await);
    for code in &hoard[1..] {
        guess(&app, code).await.expect_problem(409, "code-upgraded");
    }
    assert_eq!((app.rows(meters).await, app.rows(risk).await), before);
}
