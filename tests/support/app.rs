use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::web::Data;
use chrono::{DateTime, Duration, Utc};
use clap::Parser;
use phone_auth::{
    clock::{Clock, ManualClock},
    config::Cli,
    state::AppState,
};
use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use super::{
    TestUser,
    cluster::new_database,
    instances::{self, Front, Instance},
};

/// A service on a free port with a database and a clock of its own.
///
/// With `INSTANCES=3` in the environment it is three instances behind an nginx, see [`instances`].
pub struct TestApp {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    /// Turn it instead of sleeping.
    pub clock: ManualClock,
    /// What the service itself has, the first of several: for looking behind the scenes.
    pub state: Data<AppState>,
    /// The same connections for all requests of a test.
    pub client: Client,
    /// Its database, for [`TestApp::rows`] and for a second service beside it.
    pub database_url: String,
    /// All that answer under the URL.
    pub(super) instances: Vec<Instance>,
    _front: Option<Front>,
}

/// How a service differs from the default one.
#[derive(Default)]
pub struct TestAppBuilder {
    arguments: Vec<String>,
    database_url: Option<String>,
    start: Option<DateTime<Utc>>,
}

/// For how long a client keeps a connection that it does not use.
const IDLE: std::time::Duration = std::time::Duration::from_secs(2);

/// The root secret of every test service that is not given another.
pub const ROOT_SECRET: &str = "a root secret for tests that is long enough";

impl TestAppBuilder {
    /// A command-line flag, such as `("--otp-length", "6")`.
    pub fn set(mut self, flag: &str, value: &str) -> Self {
        self.arguments.extend([flag.to_owned(), value.to_owned()]);
        self
    }

    /// Shares the database of another service, or uses one that fails.
    pub fn database(mut self, url: &str) -> Self {
        self.database_url = Some(url.to_owned());
        self
    }

    /// When the clock starts; by default 2026-11-21T12:00:00Z.
    pub fn clock_at(mut self, start: DateTime<Utc>) -> Self {
        self.start = Some(start);
        self
    }

    pub async fn start(self) -> TestApp {
        let database_url = match self.database_url {
            Some(url) => url,
            None => new_database().await,
        };
        let defaults = [
            "phone-auth",
            "--public-url",
            "https://auth.example.com",
            "--root-secret",
            ROOT_SECRET,
            "--sms-simulated-delay-ms",
            "0",
            "--database-pool-size",
            "4",
            // Tests of the limits turn them on.
            "--send-limits",
            "off",
        ];
        // The last of two equal flags counts.
        let arguments = defaults.map(str::to_owned).into_iter().chain(self.arguments);
        let arguments = deduplicate(&arguments.collect::<Vec<_>>());
        let config = Cli::parse_from(instances::trusting_the_front(arguments)).config;
        let start = self.start.unwrap_or_else(|| "2026-11-21T12:00:00Z".parse().unwrap());
        let clock = ManualClock::new(start);
        let (instances, front) = instances::start(config, &database_url, Clock::Manual(clock.clone())).await;
        TestApp {
            url: front.as_ref().map_or_else(|| instances[0].url(), Front::url),
            clock,
            state: instances[0].state.clone(),
            // Less than the service keeps a connection, or a request may meet one that is just being closed.
            client: Client::builder().no_proxy().pool_idle_timeout(IDLE).build().unwrap(),
            database_url,
            instances,
            _front: front,
        }
    }
}

/// Keeps the last value of each flag.
fn deduplicate(arguments: &[String]) -> Vec<String> {
    let (program, flags) = arguments.split_first().unwrap();
    let mut kept: Vec<(String, String)> = Vec::new();
    for pair in flags.chunks(2) {
        kept.retain(|(flag, _)| *flag != pair[0]);
        kept.push((pair[0].clone(), pair[1].clone()));
    }
    [program.clone()].into_iter().chain(kept.into_iter().flat_map(|(flag, value)| [flag, value])).collect()
}

/// What the service said.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Null when the body is empty or not JSON.
    pub body: Value,
    pub text: String,
}

impl Answer {
    /// The answer itself, if its status is `status`.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Checks that this is the problem document of `code`, with its status and members.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        assert_eq!(self.body["code"], code, "{} {}", self.status, self.text);
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.body["type"], format!("/problems/{code}"));
        assert_eq!(self.body["status"], status);
        for member in ["title", "detail", "trace_id"] {
            assert!(
                self.body[member].as_str().is_some_and(|text| !text.is_empty()),
                "{member}: {}",
                self.text
            );
        }
        self
    }

    /// A header, empty if absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A text in the body.
    #[track_caller]
    pub fn text_of(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("no text {member} in {}", self.text)).to_owned()
    }
}

impl TestApp {
    pub fn builder() -> TestAppBuilder {
        TestAppBuilder::default()
    }

    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// A request that the other methods do not cover; finish it with [`TestApp::send`].
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Answer { status, headers, body, text }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// Asks for a code; gives the challenge token.
    pub async fn challenge(&self, phone: &str) -> String {
        let asked = self.post("/api/v1/auth/phone", json!({"phone": phone})).await;
        asked.expect(200).text_of("challenge_token")
    }

    /// The newest code sent to `phone`.
    pub fn code(&self, phone: &str) -> String {
        let phone = phone.to_owned().try_into().unwrap();
        self.state.sms.inbox().unwrap().messages_to(&phone)[0].code.expose().to_owned()
    }

    /// Enters `code` for `challenge`.
    pub async fn verify(&self, challenge: &str, code: &str) -> Answer {
        self.post("/api/v1/auth/verify", json!({"challenge_token": challenge, "code": code})).await
    }

    /// Enters `code` and `pin` for `challenge`.
    pub async fn verify_with_pin(&self, challenge: &str, code: &str, pin: &str) -> Answer {
        let body = json!({"challenge_token": challenge, "code": code, "pin": pin});
        self.post("/api/v1/auth/verify", body).await
    }

    /// Logs in with a number and its PIN.
    pub async fn login_with_pin(&self, phone: &str, pin: &str) -> TestUser<'_> {
        let challenge = self.challenge(phone).await;
        let answer = self.verify_with_pin(&challenge, &self.code(phone), pin).await;
        TestUser::of(self, answer.expect(200))
    }

    /// Logs in with a number that nobody had before.
    pub async fn newcomer(&self) -> TestUser<'_> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        self.login(&format!("+7999{:07}", 8_000_000 + NUMBER.fetch_add(1, Ordering::Relaxed))).await
    }

    /// Logs in with this number, which makes the account the first time.
    pub async fn login(&self, phone: &str) -> TestUser<'_> {
        let challenge = self.challenge(phone).await;
        let answer = self.verify(&challenge, &self.code(phone)).await;
        TestUser::of(self, answer.expect(200))
    }

    /// What the clock shows, as PostgreSQL reads it.
    pub fn clock_text(&self) -> String {
        self.state.clock.now().to_rfc3339()
    }

    /// Turns the clock on.
    pub fn pass(&self, step: Duration) {
        self.clock.advance(step);
    }
}

/// A code that is not `code`, of the same length.
pub fn another_code(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { char::from(digit as u8 + 1) }).collect()
}
