//! Everything at once, to get past a count before it is written. The barrier of `at_once` makes each run the race.

use chrono::Duration;
use futures_util::future::join_all;

use crate::{
    support::{Answer, TestApp},
    tools::{
        HOME, PHONE, Sent, address, ask_patiently, enter, guess_patiently, limited, number, outcomes, sent,
        tally, three,
    },
};

/// As many as are at the barrier before it opens; the rest follows.
const WAITING: usize = 12;

async fn guess_all_at_once(instances: &[TestApp], table: &str, codes: &[Sent]) -> Vec<Answer> {
    let guesses = codes.iter().zip(instances.iter().cycle()).map(|(code, app)| guess_patiently(app, code));
    instances[0].at_once(table, WAITING, join_all(guesses)).await
}

async fn single() -> TestApp {
    let app = TestApp::builder().set("--database-pool-size", "22").start().await;
    app.connect(22).await;
    app
}

async fn hoard(instances: &[TestApp], codes: usize) -> Vec<Sent> {
    let mut hoard = Vec::new();
    for (_, app) in (0..codes).zip(instances.iter().cycle()) {
        hoard.push(sent(app, HOME, PHONE).await);
    }
    hoard
}

#[tokio::test]
async fn of_64_guesses_at_one_challenge_three_are_compared() {
    let app = [single().await];
    let codes = vec![sent(&app[0], HOME, PHONE).await; 64];
    let answers = guess_all_at_once(&app, "challenge_use", &codes).await;
    assert_eq!(outcomes(&answers), tally([("invalid-code", 3), ("invalid-challenge", 61)]));
}

#[tokio::test]
async fn of_64_guesses_at_one_challenge_over_three_instances_three_are_compared() {
    let instances = three(TestApp::builder).await;
    let codes = vec![sent(&instances[0], HOME, PHONE).await; 64];
    let answers = guess_all_at_once(&instances, "challenge_use", &codes).await;
    assert_eq!(outcomes(&answers), tally([("invalid-code", 3), ("invalid-challenge", 61)]));
}

#[tokio::test]
async fn of_64_guesses_at_64_challenges_of_a_phone_three_are_compared() {
    let app = [single().await];
    let codes = hoard(&app, 64).await;
    // Once all are past the count of their own challenge, and stand before that of the phone.
    let answers = guess_all_at_once(&app, "phone_guard", &codes).await;
    assert_eq!(outcomes(&answers), tally([("invalid-code", 3), ("code-upgraded", 61)]));
}

#[tokio::test]
async fn of_64_guesses_at_64_challenges_of_a_phone_over_three_instances_three_are_compared() {
    let instances = three(TestApp::builder).await;
    let codes = hoard(&instances, 64).await;
    let answers = guess_all_at_once(&instances, "phone_guard", &codes).await;
    assert_eq!(outcomes(&answers), tally([("invalid-code", 3), ("code-upgraded", 61)]));
    assert_eq!(instances[0].query("SELECT cardinality(returned)::text FROM phone_guard").await, ["20"]);
}

#[tokio::test]
async fn of_a_hoard_of_six_digits_over_three_instances_twenty_are_compared() {
    let instances = three(|| TestApp::builder().set("--otp-length", "6")).await;
    let codes = hoard(&instances, 64).await;
    let answers = guess_all_at_once(&instances, "phone_guard", &codes).await;
    assert_eq!(outcomes(&answers), tally([("invalid-code", 20), ("code-upgraded", 44)]));
}

#[tokio::test]
async fn of_64_requests_for_one_phone_over_three_instances_one_is_admitted() {
    let instances = three(limited).await;
    // Its row is there already, for making one would put them in a line; they are held behind what they read of it.
    sent(&instances[0], HOME, PHONE).await;
    for app in &instances {
        app.pass(Duration::seconds(30));
    }
    let asking = (0..64)
        .zip(instances.iter().cycle())
        .map(|(client, app)| async move { ask_patiently(app, &address(client), PHONE).await });
    let answers = instances[0].at_once("rate_limit", WAITING, join_all(asking)).await;
    // The gap of thirty seconds lets no second one through.
    assert_eq!(outcomes(&answers), tally([("200", 1), ("too-many-requests", 63)]));
}

#[tokio::test]
async fn of_64_requests_of_one_network_over_three_instances_five_are_admitted() {
    let instances = three(limited).await;
    let asking = (0..64)
        .zip(instances.iter().cycle())
        .map(|(index, app)| async move { ask_patiently(app, HOME, &number(index)).await });
    let answers = instances[0].at_once("rate_limit", WAITING, join_all(asking)).await;
    // On a busy machine one that was admitted may be told 503, and comes back; it is counted all the same.
    assert_eq!(instances[0].query("SELECT strangers::text FROM sends_per_day").await, ["5"]);
    let admitted = answers.iter().filter(|answer| answer.status == 200).count();
    assert!((1..=5).contains(&admitted), "{:?}", outcomes(&answers));
}

#[tokio::test]
async fn of_64_codes_entered_at_one_address_over_three_instances_thirty_are_looked_at() {
    let instances = three(limited).await;
    let code = sent(&instances[0], &address(0), PHONE).await;
    let entering = (0..64).zip(instances.iter().cycle()).map(|(_, app)| guess_patiently(app, &code));
    let answers = instances[0].at_once("rate_limit", WAITING, join_all(entering)).await;
    let expected = tally([("invalid-code", 3), ("invalid-challenge", 27), ("too-many-requests", 34)]);
    assert_eq!(outcomes(&answers), expected);
    // The owner is elsewhere and is not kept waiting.
    instances[0].pass(Duration::seconds(30));
    let code = sent(&instances[0], &address(1), PHONE).await;
    enter(&instances[0], &address(1), &code.challenge, &code.code).await.expect(200);
}
