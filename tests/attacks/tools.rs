//! What attackers have: addresses, numbers, wrong codes and several instances to play off against each other.

use std::collections::BTreeMap;

use chrono::Duration;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, another_code, app::TestAppBuilder, new_database};

pub const PHONE: &str = "+79991234567";
/// An address that nobody else has.
pub const HOME: &str = "203.0.113.7";

/// A service that limits sends, behind a proxy: this computer.
pub fn limited() -> TestAppBuilder {
    TestApp::builder().set("--send-limits", "on").set("--trusted-proxies", "127.0.0.1")
}

/// The address of one of many clients; no two share a network.
pub fn address(client: usize) -> String {
    format!("{}.{}.{}.7", 11 + client / 65_536, client / 256 % 256, client % 256)
}

/// One of many numbers, each in a block of its own, by turns of three countries: below a hundred and fifty no country
/// has so many that it closes.
pub fn number(index: usize) -> String {
    match index % 3 {
        0 => russian(index),
        1 => format!("+37533{:03}0001", index % 1000),
        _ => format!("+7701{:03}0001", index % 1000),
    }
}

/// One of many numbers of one country, each in a block of its own.
pub fn russian(index: usize) -> String {
    format!("+79{index:05}0001")
}

/// A code that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub challenge: String,
    pub code: String,
    pub digits: usize,
}

/// Asks for a code from the address `from`.
pub async fn ask(app: &TestApp, from: &str, phone: &str) -> Answer {
    ask_with(app, from, &json!({"phone": phone})).await
}

pub async fn ask_with(app: &TestApp, from: &str, body: &Value) -> Answer {
    post_from(app, from, "/api/v1/auth/phone", body).await
}

pub async fn post_from(app: &TestApp, from: &str, path: &str, body: &Value) -> Answer {
    app.send(app.request(Method::POST, path).header("X-Forwarded-For", from).json(body)).await
}

/// Asks for a code that has to come.
pub async fn sent(app: &TestApp, from: &str, phone: &str) -> Sent {
    read(app, phone, &ask(app, from, phone).await.expect(200))
}

/// Asks for a code with a device token.
pub async fn sent_to_device(app: &TestApp, from: &str, phone: &str, token: &str) -> Sent {
    let asked = ask_with(app, from, &json!({"phone": phone, "device_token": token})).await;
    read(app, phone, &asked.expect(200))
}

/// The code that `answer` is about: the newest one sent to `phone`.
#[track_caller]
pub fn read(app: &TestApp, phone: &str, answer: &Answer) -> Sent {
    let code = app.code(phone);
    assert_eq!(answer.body["code_length"], code.len());
    Sent { challenge: answer.text_of("challenge_token"), digits: code.len(), code }
}

/// Enters a code from the address `from`.
pub async fn enter(app: &TestApp, from: &str, challenge: &str, code: &str) -> Answer {
    post_from(app, from, "/api/v1/auth/verify", &json!({"challenge_token": challenge, "code": code})).await
}

/// Enters a wrong code.
pub async fn guess(app: &TestApp, sent: &Sent) -> Answer {
    enter(app, HOME, &sent.challenge, &another_code(&sent.code)).await
}

/// Enters a wrong code; repeats that when too many others wait for a connection, for then nothing was counted.
pub async fn guess_patiently(app: &TestApp, sent: &Sent) -> Answer {
    loop {
        let answer = guess(app, sent).await;
        if answer.status != 503 {
            return answer;
        }
    }
}

/// Enters wrong codes until none is compared any more; gives how many were.
pub async fn guess_on(app: &TestApp, sent: &Sent) -> usize {
    let mut compared = 0;
    while guess(app, sent).await.body["code"] == "invalid-code" {
        compared += 1;
        // A service that has no end of it is to fail a test, not to keep it busy.
        assert!(compared < 10, "there is no end of guesses at one challenge");
    }
    compared
}

/// Asks for a code; repeats that when too many others wait for a connection, for then nothing was counted.
pub async fn ask_patiently(app: &TestApp, from: &str, phone: &str) -> Answer {
    loop {
        let answer = ask(app, from, phone).await;
        if answer.status != 503 {
            return answer;
        }
    }
}

/// Guesses at `phone` until strangers get codes of `digits` digits.
pub async fn guess_until(app: &TestApp, phone: &str, digits: usize) {
    for _ in 0..100 {
        let sent = sent(app, HOME, phone).await;
        if sent.digits == digits {
            return;
        }
        guess(app, &sent).await;
    }
    panic!("a hundred guesses at {phone}, and codes have not {digits} digits");
}

/// Logs in from the address `from`; gives the answer.
pub async fn log_in(app: &TestApp, from: &str, phone: &str) -> Answer {
    let sent = sent(app, from, phone).await;
    enter(app, from, &sent.challenge, &sent.code).await.expect(200)
}

/// How often each outcome came: the code of the problem, or the status.
pub fn outcomes(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut outcomes = BTreeMap::new();
    for answer in answers {
        let outcome =
            answer.body["code"].as_str().map_or_else(|| answer.status.as_str().to_owned(), str::to_owned);
        *outcomes.entry(outcome).or_default() += 1;
    }
    outcomes
}

/// What [`outcomes`] should be.
pub fn tally<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.map(|(outcome, times)| (outcome.to_owned(), times)).into()
}

/// Checks that a request was refused and is told to come back after `seconds`.
#[track_caller]
pub fn expect_refused(answer: Answer, seconds: i64) {
    let refused = answer.expect_problem(429, "too-many-requests");
    assert_eq!(refused.header("retry-after"), seconds.to_string(), "{}", refused.text);
    assert_eq!(refused.body["retry_after"], seconds);
}

/// Checks that `ask` is refused for exactly as many seconds as it says: one less is too early.
pub async fn expect_room_after(app: &TestApp, seconds: i64, ask: impl AsyncFn() -> Answer) -> Answer {
    expect_refused(ask().await, seconds);
    app.pass(Duration::seconds(seconds - 1));
    expect_refused(ask().await, 1);
    app.pass(Duration::seconds(1));
    ask().await.expect(200)
}

/// How many units of `every` the meters in a column lie ahead of now, all rows together.
pub async fn level(app: &TestApp, table: &str, column: &str, every: Duration) -> f64 {
    let now = app.state.clock.now();
    let (ahead, every) = (format!("extract(epoch FROM {column} - '{now}')"), every.num_seconds());
    let sum = format!("SELECT coalesce(sum(greatest({ahead}, 0)) / {every}, 0)::float8::text FROM {table}");
    app.query(&sum).await[0].parse().unwrap()
}

/// Three instances on one database, with a connection for nearly every request of a race.
pub async fn three(build: impl Fn() -> TestAppBuilder) -> [TestApp; 3] {
    const CONNECTIONS: usize = 22;
    let database = new_database().await;
    let start = || build().database(&database).set("--database-pool-size", "22").start();
    let instances = [start().await, start().await, start().await];
    join_all(instances.iter().map(|app| app.connect(CONNECTIONS))).await;
    instances
}
