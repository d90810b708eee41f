//! New codes, to have new tries: tries are counted by phone, not by code.

use std::collections::BTreeMap;

use chrono::Duration;

use crate::{
    support::TestApp,
    tools::{HOME, PHONE, address, ask, expect_room_after, guess_on, limited, outcomes, read, sent, tally},
};

/// Asks for a code and guesses at it until it is good for nothing; gives its length and how many were compared.
async fn try_one_code(app: &TestApp) -> (usize, usize) {
    let code = sent(app, HOME, PHONE).await;
    (code.digits, guess_on(app, &code).await)
}

#[tokio::test]
async fn new_codes_bring_three_tries_of_four_digits_twenty_of_six_and_then_two_each_of_eight() {
    let app = TestApp::start().await;
    let mut compared: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for _ in 0..40 {
        let (digits, tries) = try_one_code(&app).await;
        compared.entry(digits).or_default().push(tries);
        // Longer than any challenge lives, so that none of the tables can be what counts.
        app.pass(Duration::minutes(11));
    }
    assert_eq!(compared[&4], [3]);
    assert_eq!(compared[&6], [3, 3, 3, 3, 3, 3, 2]);
    assert_eq!(compared[&8], [2; 32]);
}

#[tokio::test]
async fn purging_what_expired_brings_no_tries_back() {
    let app = TestApp::start().await;
    assert_eq!(try_one_code(&app).await, (4, 3));
    app.pass(Duration::days(1));
    phone_auth::jobs::purge::purge(&app.state).await.unwrap();
    assert_eq!(app.count("challenge_use").await, 0);
    assert_eq!(try_one_code(&app).await.0, 6);
}

#[tokio::test]
async fn a_try_of_four_digits_comes_back_after_120_days_to_the_second_and_never_two() {
    let app = TestApp::start().await;
    assert_eq!(try_one_code(&app).await, (4, 3));
    app.pass(Duration::days(120) - Duration::seconds(1));
    assert_eq!(sent(&app, HOME, PHONE).await.digits, 6);
    app.pass(Duration::seconds(1));
    assert_eq!(try_one_code(&app).await, (4, 1));
    app.pass(Duration::days(120) - Duration::seconds(1));
    assert_eq!(sent(&app, HOME, PHONE).await.digits, 6);
    app.pass(Duration::seconds(1));
    assert_eq!(try_one_code(&app).await, (4, 1));
    // Whoever waits for years saves up no more than the burst.
    app.pass(Duration::days(3650));
    assert_eq!(try_one_code(&app).await, (4, 3));
    assert_eq!(sent(&app, HOME, PHONE).await.digits, 6);
}

#[tokio::test]
async fn a_try_of_six_digits_comes_back_after_3_days_to_the_second() {
    let app = TestApp::start().await;
    let mut six = 0;
    for _ in 0..8 {
        let (digits, tries) = try_one_code(&app).await;
        six += if digits == 6 { tries } else { 0 };
    }
    assert_eq!(six, 20);
    for _ in 0..2 {
        app.pass(Duration::days(3) - Duration::seconds(1));
        assert_eq!(sent(&app, HOME, PHONE).await.digits, 8);
        app.pass(Duration::seconds(1));
        assert_eq!(try_one_code(&app).await, (6, 1));
        assert_eq!(sent(&app, HOME, PHONE).await.digits, 8);
    }
}

#[tokio::test]
async fn an_attacker_with_any_number_of_addresses_has_a_first_day_of_what_is_promised() {
    let app = limited().start().await;
    let mut tried: BTreeMap<usize, usize> = BTreeMap::new();
    let (mut asked, start) = (0, app.state.clock.now());
    // Takes whatever there is as soon as it is there.
    while app.state.clock.now() - start <= Duration::days(1) {
        asked += 1;
        let answer = ask(&app, &address(asked), PHONE).await;
        if answer.status == 429 {
            app.pass(Duration::seconds(answer.body["retry_after"].as_i64().unwrap()));
            continue;
        }
        let code = read(&app, PHONE, &answer.expect(200));
        *tried.entry(code.digits).or_default() += guess_on(&app, &code).await;
    }
    // Three codes at once and one each eight hours: six, the first of them short.
    assert_eq!(tried, BTreeMap::from([(4, 3), (6, 15)]));
}

#[tokio::test]
async fn a_strict_service_begins_with_six_digits() {
    let app = TestApp::builder().set("--security-profile", "strict").start().await;
    let mut tries = Vec::new();
    for _ in 0..9 {
        tries.push(try_one_code(&app).await);
    }
    assert_eq!(tries, [(6, 3), (6, 3), (6, 3), (6, 3), (6, 3), (6, 3), (6, 2), (8, 2), (8, 2)]);
}

#[tokio::test]
async fn codes_that_are_only_asked_for_and_never_tried_stay_short() {
    let app = limited().start().await;
    for second in [0, 30, 60] {
        assert_eq!(sent(&app, &address(second), PHONE).await.digits, 4);
        app.pass(Duration::seconds(30));
    }
    // The fourth waits for the first to be eight hours old.
    let (hours, passed) = (8 * 3600, 90);
    expect_room_after(&app, hours - passed, async || ask(&app, HOME, PHONE).await).await;
    assert_eq!(outcomes(&[ask(&app, HOME, PHONE).await]), tally([("too-many-requests", 1)]));
}
