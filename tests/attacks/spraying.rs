//! One guess at each of many numbers: no phone's own meter fills, so the deployment's must.

use std::collections::BTreeMap;

use chrono::Duration;
use futures_util::{StreamExt, future::join_all, stream};

use crate::{
    support::TestApp,
    tools::{HOME, Sent, guess, guess_patiently, outcomes, russian, sent, tally, three},
};

/// Codes of four digits to `range`.
async fn collect(app: &TestApp, range: std::ops::Range<usize>) -> Vec<Sent> {
    let asking = range.map(async |index| sent(app, HOME, &russian(index)).await);
    let codes: Vec<_> = stream::iter(asking).buffered(4).collect().await;
    assert!(codes.iter().all(|code| code.digits == 4));
    codes
}

/// Guesses once at each of `range` as the codes come; gives how many were compared, by length.
async fn spray(app: &TestApp, range: std::ops::Range<usize>) -> BTreeMap<usize, usize> {
    let mut compared = BTreeMap::new();
    for index in range {
        let code = sent(app, HOME, &russian(index)).await;
        guess(app, &code).await.expect_problem(401, "invalid-code");
        *compared.entry(code.digits).or_default() += 1;
    }
    compared
}

#[tokio::test]
async fn of_300_numbers_a_hundred_are_tried_with_four_digits() {
    let app = TestApp::start().await;
    assert_eq!(spray(&app, 0..300).await, BTreeMap::from([(4, 100), (6, 200)]));
    // Whoever comes now and was never guessed at gets a longer code, too.
    assert_eq!(sent(&app, HOME, &russian(1000)).await.digits, 6);
}

#[tokio::test]
async fn of_300_challenges_collected_before_a_hundred_guesses_are_compared() {
    let app = TestApp::start().await;
    let mut answers = Vec::new();
    for code in collect(&app, 0..300).await {
        answers.push(guess(&app, &code).await);
    }
    assert!(answers[..100].iter().all(|answer| answer.body["code"] == "invalid-code"));
    assert_eq!(outcomes(&answers), tally([("invalid-code", 100), ("code-upgraded", 200)]));
}

#[tokio::test]
async fn of_300_guesses_in_parallel_over_three_instances_a_hundred_are_compared() {
    let instances = three(TestApp::builder).await;
    let mut codes = Vec::new();
    for (part, app) in instances.iter().enumerate() {
        codes.extend(collect(app, part * 100..part * 100 + 100).await);
    }
    let guesses = codes.iter().zip(instances.iter().cycle()).map(|(code, app)| guess_patiently(app, code));
    let answers = instances[0].at_once("risk", 12, join_all(guesses)).await;
    assert_eq!(outcomes(&answers), tally([("invalid-code", 100), ("code-upgraded", 200)]));
    assert_eq!(sent(&instances[1], HOME, &russian(1000)).await.digits, 6);
}

#[tokio::test]
async fn ten_a_day_come_back() {
    let app = TestApp::start().await;
    assert_eq!(spray(&app, 0..101).await[&4], 100);
    // Twenty slots, each with one more after two days.
    app.pass(Duration::days(2) - Duration::seconds(1));
    assert_eq!(sent(&app, HOME, &russian(1000)).await.digits, 6);
    app.pass(Duration::seconds(1));
    assert_eq!(spray(&app, 200..225).await, BTreeMap::from([(4, 20), (6, 5)]));
    app.pass(Duration::days(2));
    assert_eq!(spray(&app, 300..325).await[&4], 20);
    app.pass(Duration::days(1000));
    assert_eq!(spray(&app, 400..501).await[&4], 100);
}

#[tokio::test]
async fn logins_of_others_leave_the_deployments_meter_where_it_was() {
    let app = TestApp::start().await;
    spray(&app, 0..99).await;
    let before = app.rows("SELECT slot, g4 FROM risk ORDER BY slot").await;
    for index in 500..540 {
        let code = sent(&app, HOME, &russian(index)).await;
        app.verify(&code.challenge, &code.code).await.expect(200);
    }
    assert_eq!(app.rows("SELECT slot, g4 FROM risk ORDER BY slot").await, before);
    assert_eq!(spray(&app, 600..610).await, BTreeMap::from([(4, 1), (6, 9)]));
}
