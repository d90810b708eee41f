//! Plays the best attacker against the real service and prints what was taken
//! beside what the guess budget promises.
//!
//! `cargo run --example attack_bench [-- --phones 2000 --days 3]`
//!
//! The service answers by HTTP on an embedded database of its own; its clock is
//! turned, so that a year takes a minute or two. The attacker comes from a new
//! address with each request, never stops, and loses no time: whatever is
//! allowed is done at the first moment at which it is.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for a terminal, which stops at any surprise"
)]

use std::{collections::BTreeMap, net::TcpListener};

use actix_web::web::Data;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use futures_util::{StreamExt, stream};
use phone_auth::{
    clock::{Clock, ManualClock},
    config::{Cli, Config},
    domain::{
        Limit, guess_bound,
        guess_budget::{DEPLOYMENT_MEDIUM, DEPLOYMENT_SHORT},
    },
    embedded::{EmbeddedPostgres, Settings},
    server, startup,
    store::{Database, PoolMode},
};
use serde_json::{Value, json};

/// How far the attacker goes.
#[derive(Parser)]
struct Arguments {
    /// How many phones are sprayed with one guess each.
    #[arg(long, default_value_t = 2_000)]
    phones: u32,
    /// For how many days the budget of the whole deployment is used up.
    #[arg(long, default_value_t = 3)]
    days: i64,
}

/// What came of an attack: codes compared, by their length, and accounts taken.
#[derive(Default)]
struct Outcome {
    compared: BTreeMap<u64, u64>,
    taken: u64,
}

impl Outcome {
    fn count(&mut self, digits: u64, answer: &Answer) {
        if matches!(answer.status, 200 | 401) && answer.code != "invalid-challenge" {
            *self.compared.entry(digits).or_default() += 1;
            self.taken += u64::from(answer.status == 200);
        }
    }

    /// The accounts to be expected from so many guesses.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "small numbers")]
    fn expected(&self) -> f64 {
        self.compared.iter().map(|(digits, count)| *count as f64 / 10_f64.powi(*digits as i32)).sum()
    }

    fn print(&self, attack: &str, bound: f64) {
        let compared: Vec<_> =
            self.compared.iter().map(|(digits, count)| format!("{count} of {digits} digits")).collect();
        let (expected, taken) = (self.expected(), self.taken);
        println!("{attack:<58}{expected:>12.3e}{bound:>12.3e}{taken:>8}   {}", compared.join(", "));
        assert!(expected <= bound, "{attack}: more was compared than the bound allows");
    }
}

struct Answer {
    status: u16,
    code: String,
    body: Value,
}

/// A service, and the attacker in front of it.
struct Target {
    url: String,
    clock: ManualClock,
    client: reqwest::Client,
    config: Config,
}

impl Target {
    async fn start(postgres: &EmbeddedPostgres, name: &str, flags: &[&str]) -> Self {
        let admin = Database::new(&postgres.url("postgres").into(), 1, PoolMode::Session).unwrap();
        let create = format!("CREATE DATABASE {name}");
        diesel_async::SimpleAsyncConnection::batch_execute(&mut *admin.connection().await.unwrap(), &create)
            .await
            .unwrap();
        let fixed = [
            "phone-auth",
            "--root-secret",
            "the root secret of a simulated deployment",
            "--sms-simulated-delay-ms",
            "0",
            "--trusted-proxies",
            "127.0.0.1",
            "--log",
            "error",
        ];
        let config = Cli::parse_from(fixed.iter().chain(flags)).config;
        let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = ManualClock::new(start);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let public_url = config.public_url(address).unwrap();
        let state =
            startup::prepare(&config, postgres.url(name).into(), public_url, Clock::Manual(clock.clone()));
        let server = server::start(listener, Data::new(state.await.unwrap())).unwrap();
        tokio::spawn(server);
        let client = reqwest::Client::builder().no_proxy().timeout(std::time::Duration::from_secs(30));
        Self { url: format!("http://{address}/api/v1/auth"), clock, client: client.build().unwrap(), config }
    }

    /// A request from an address that was never used before.
    async fn post(&self, step: &str, body: Value) -> Answer {
        let address: [u16; 3] = rand::random();
        let address = format!("2a00:{:x}:{:x}:{:x}::1", address[0], address[1], address[2]);
        loop {
            let request =
                self.client.post(format!("{}/{step}", self.url)).header("X-Forwarded-For", &address);
            let answer = request.json(&body).send().await.unwrap();
            let status = answer.status().as_u16();
            let body: Value = answer.json().await.unwrap();
            // Too busy: nothing was compared or sent.
            if status != 503 {
                let code = body["code"].as_str().unwrap_or_default().to_owned();
                return Answer { status, code, body };
            }
        }
    }

    async fn ask(&self, phone: &str) -> Answer {
        self.post("phone", json!({"phone": phone})).await
    }

    /// Tries codes on a challenge until it is used up or `most` were tried.
    async fn guess(&self, challenge: &Value, most: usize, outcome: &mut Outcome) {
        let digits = challenge["code_length"].as_u64().unwrap();
        let token = &challenge["challenge_token"];
        for number in 0..most {
            let code = format!("{number:0width$}", width = usize::try_from(digits).unwrap());
            let answer = self.post("verify", json!({"challenge_token": token, "code": code})).await;
            outcome.count(digits, &answer);
            if answer.body["attempts_left"].as_i64().is_none_or(|left| left == 0) {
                return;
            }
        }
    }
}

/// One phone, for as long as `window`: codes are collected as soon as they can
/// be had, and tried when no more is to be had for now, so that those that have
/// become too short by then give their sends back.
async fn one_phone(target: &Target, window: TimeDelta) -> Outcome {
    // A challenge lives five minutes; three are had within one.
    const SOON: TimeDelta = TimeDelta::minutes(1);
    let mut outcome = Outcome::default();
    let mut left = window;
    let mut collected = Vec::new();
    loop {
        let asked = target.ask("+79991234567").await;
        if asked.status == 200 {
            collected.push(asked.body);
            continue;
        }
        let wait = TimeDelta::seconds(asked.body["retry_after"].as_i64().unwrap());
        if wait > SOON && !collected.is_empty() {
            for challenge in std::mem::take(&mut collected) {
                target.guess(&challenge, usize::MAX, &mut outcome).await;
            }
            continue;
        }
        left -= wait;
        if left < TimeDelta::zero() {
            return outcome;
        }
        target.clock.advance(wait);
    }
}

/// One guess at each of many phones, sixteen at a time.
async fn spray(target: &Target, phones: u32) -> Outcome {
    let outcomes = stream::iter(0..phones).map(|number| async move {
        let mut outcome = Outcome::default();
        let asked = target.ask(&format!("+7999{number:07}")).await;
        target.guess(&asked.body, 1, &mut outcome).await;
        outcome
    });
    outcomes.buffer_unordered(16).fold(Outcome::default(), sum).await
}

/// Every guess that the deployment compares at short and medium codes, for some days.
async fn deployment(target: &Target, days: i64) -> Outcome {
    let mut total = Outcome::default();
    let mut numbers = 0_u32..;
    for day in 0..=days {
        loop {
            let batch: Vec<_> = numbers.by_ref().take(64).collect();
            let outcomes = stream::iter(batch).map(|number| async move {
                let mut outcome = Outcome::default();
                let asked = target.ask(&format!("+7999{number:07}")).await;
                let is_long = asked.body["code_length"].as_u64().unwrap() >= 8;
                if !is_long {
                    target.guess(&asked.body, usize::MAX, &mut outcome).await;
                }
                (outcome, is_long)
            });
            let outcomes: Vec<_> = outcomes.buffer_unordered(16).collect().await;
            let used_up = outcomes.iter().all(|(_, is_long)| *is_long);
            total = outcomes.into_iter().fold(total, |total, (outcome, _)| add(total, outcome));
            if used_up {
                break;
            }
        }
        if day < days {
            target.clock.advance(TimeDelta::days(1));
        }
    }
    total
}

async fn sum(total: Outcome, outcome: Outcome) -> Outcome {
    add(total, outcome)
}

fn add(mut total: Outcome, outcome: Outcome) -> Outcome {
    for (digits, count) in outcome.compared {
        *total.compared.entry(digits).or_default() += count;
    }
    total.taken += outcome.taken;
    total
}

/// What a limit allows of guesses that succeed once in `odds`.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn share(limit: Limit, window: TimeDelta, odds: f64) -> f64 {
    limit.most_within(window) as f64 / odds
}

fn main() {
    let arguments = Arguments::parse();
    let folder = std::env::temp_dir().join(format!("phone-auth-attack-{}", std::process::id()));
    let settings = Settings { data_dir: folder.clone(), bin_dir: None };
    let postgres = EmbeddedPostgres::start(&settings, &[("fsync", "off")]).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!("{:<58}{:>12}{:>12}{:>8}   codes compared", "attack", "expected", "bound", "taken");
    runtime.block_on(async {
        for profile in ["default", "strict"] {
            let name = format!("one_phone_{profile}");
            let target = Target::start(&postgres, &name, &["--security-profile", profile]).await;
            let outcome = one_phone(&target, TimeDelta::days(365)).await;
            let bound = guess_bound::per_year(&target.config.premises());
            outcome.print(&format!("{profile}: one phone, a year without pause"), bound);
        }
        // Without limits on sending, so that the guess budget alone holds.
        let unlimited = ["--send-limits", "off"];
        let phones = arguments.phones;
        let target = Target::start(&postgres, "spray", &unlimited).await;
        let outcome = spray(&target, phones).await;
        let short = f64::from(DEPLOYMENT_SHORT.burst.min(phones.try_into().unwrap()));
        let bound = short / 1e4 + (f64::from(phones) - short) / 1e6;
        outcome.print(&format!("default: {phones} phones, one guess each"), bound);

        let days = arguments.days;
        let target = Target::start(&postgres, "deployment", &unlimited).await;
        let outcome = deployment(&target, days).await;
        let window = TimeDelta::days(days);
        let bound = share(DEPLOYMENT_SHORT, window, 1e4) + share(DEPLOYMENT_MEDIUM, window, 1e6);
        outcome.print(&format!("default: the whole deployment, {days} days, up to 6 digits"), bound);
    });
    drop(runtime);
    drop(postgres);
    std::fs::remove_dir_all(&folder).unwrap();
}
