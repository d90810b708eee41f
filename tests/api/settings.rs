//! What an operator sets, and which settings a service refuses to start with.

use clap::Parser;
use phone_auth::{
    clock::{Clock, ManualClock},
    config::Cli,
    startup,
};
use serde_json::json;

use crate::support::{ROOT_SECRET, TestApp, TestUser, new_database};

const PHONE: &str = "+79991234567";
const NEW_SECRET: &str = "the secret that took the place of the other";

#[tokio::test]
async fn what_was_made_under_an_older_root_secret_stays_good() {
    let database = new_database().await;
    let before = TestApp::builder().database(&database).start().await;
    let (ada, challenge) = (before.login(PHONE).await, before.challenge(PHONE).await);

    let secrets = format!("{NEW_SECRET},{ROOT_SECRET}");
    let after = TestApp::builder().database(&database).set("--root-secret", &secrets).start().await;
    let same = TestUser { app: &after, ..ada };
    same.profile().await;
    after.verify(&challenge, &before.code(PHONE)).await.expect(200);
    let body = json!({"refresh_token": same.refresh_token});
    let refreshed = after.post("/api/v1/auth/refresh", body).await.expect(200).text_of("refresh_token");

    // What is made now is made under the new one: where that is unknown, so are they.
    let body = json!({"refresh_token": refreshed});
    before.post("/api/v1/auth/refresh", body.clone()).await.expect_problem(401, "invalid-refresh-token");
    let challenge = after.challenge(PHONE).await;
    before.verify(&challenge, &after.code(PHONE)).await.expect_problem(401, "invalid-challenge");
    after.post("/api/v1/auth/refresh", body).await.expect(200);
}

/// Why the service does not start with these settings.
pub async fn refusal(database: &str, flags: &[&str]) -> String {
    let program = ["phone-auth", "--database-url", database];
    let config = Cli::parse_from(program.iter().chain(flags)).config;
    let (url, clock) =
        ("https://auth.example.com".parse().unwrap(), ManualClock::new(chrono::DateTime::UNIX_EPOCH));
    let started = startup::prepare(&config, database.into(), url, Clock::Manual(clock)).await;
    started.err().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_root_secret_of_its_signing_keys_the_service_does_not_start() {
    let database = new_database().await;
    let _before = TestApp::builder().database(&database).start().await;
    let why = refusal(&database, &["--root-secret", NEW_SECRET]).await;
    assert!(why.starts_with("ROOT_SECRET"), "{why}");
    assert!(!why.contains(NEW_SECRET), "{why}");
}

#[tokio::test]
async fn a_root_secret_that_can_be_guessed_is_refused() {
    let short = format!("{ROOT_SECRET},{}", "x".repeat(31));
    let why = refusal("postgres://localhost/none", &["--root-secret", &short]).await;
    assert!(why.starts_with("ROOT_SECRET") && why.contains("number 2"), "{why}");
    assert!(!why.contains("xxx"), "{why}");
}

#[tokio::test]
async fn a_test_phone_given_twice_is_refused() {
    let twice = "+79990000001=4821,+79990000001=4822";
    let why = refusal("postgres://localhost/none", &["--test-phones", twice]).await;
    assert!(why.starts_with("TEST_PHONES") && !why.contains("482"), "{why}");
}

#[test]
fn a_setting_out_of_its_bounds_is_refused_by_name() {
    for (flag, wrong) in [
        ("--otp-length", "3"),
        ("--otp-length", "11"),
        ("--otp-ttl-seconds", "0"),
        ("--otp-ttl-seconds", "601"),
        ("--default-region", "XX"),
        ("--admin-listen-addr", "localhost:9090"),
        ("--allowed-countries", "RU,XX"),
        ("--sms-simulated-delay-ms", "2000-1000"),
        ("--database-pool-size", "0"),
        ("--trusted-proxies", "10.0.0.0/33"),
        ("--trusted-proxies", "::/0"),
    ] {
        let refused = Cli::try_parse_from(["phone-auth", flag, wrong]).unwrap_err().to_string();
        assert!(refused.contains(flag), "{refused}");
    }
}
