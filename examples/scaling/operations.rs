//! What one operation costs the service and PostgreSQL.

use std::{net::TcpListener, time::Duration};

use actix_web::web::Data;
use chrono::TimeDelta;
use clap::Parser;
use futures_util::{StreamExt, stream};
use phone_auth::{
    clock::Clock,
    config::Cli,
    domain::{SessionId, UserId},
    server, startup,
    state::AppState,
};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::{database::Database, reading::Reading};

/// How many people come at once.
const AT_ONCE: usize = 8;
/// As many logins lie between a phone step and its code. More of them, and a country would be closed that is asked for
/// codes and does not log in.
const TOGETHER: usize = 40;

/// The service, on threads of its own.
pub struct Service {
    url: String,
    client: Client,
    state: Data<AppState>,
    _runtime: Runtime,
}

impl Service {
    pub fn start(database_url: &str) -> Self {
        let config = Cli::parse_from([
            "phone-auth",
            "--root-secret",
            "the root secret of a service that is measured",
            "--sms-simulated-delay-ms",
            "0",
            "--trusted-proxies",
            "127.0.0.1",
        ])
        .config;
        let runtime = tokio::runtime::Builder::new_multi_thread().thread_name("service").enable_all().build();
        let runtime = runtime.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let public_url = config.public_url(listener.local_addr().unwrap()).unwrap();
        let database_url = database_url.to_owned();
        let started = runtime.spawn(async move {
            let state = startup::prepare(&config, database_url.into(), public_url, Clock::System);
            let state = Data::new(state.await.unwrap());
            tokio::spawn(server::start(listener, state.clone()).unwrap());
            state
        });
        let state = runtime.block_on(started).unwrap();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        Self { url, client, state, _runtime: runtime }
    }

    /// Sends from an address that was never used before.
    async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let address: [u16; 3] = rand::random();
        let address = format!("2a00:{:x}:{:x}:{:x}::1", address[0], address[1], address[2]);
        let answer = request.header("X-Forwarded-For", address).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn post(&self, step: &str, body: Value) -> Value {
        self.send(self.client.post(format!("{}/api/v1/auth/{step}", self.url)).json(&body)).await
    }

    async fn ask(&self, phone: String) -> (String, Value) {
        let asked = self.post("phone", json!({"phone": phone})).await;
        (phone, asked["challenge_token"].clone())
    }

    async fn enter(&self, phone: String, challenge: Value) -> Value {
        let to = phone.try_into().unwrap();
        let code = self.state.sms.inbox().unwrap().messages_to(&to)[0].code.expose().to_owned();
        self.post("verify", json!({"challenge_token": challenge, "code": code, "device_name": "Ada's phone"}))
            .await
    }

    async fn refresh(&self, login: &Login, generation: i32) {
        let expires_at = self.state.clock.now() + TimeDelta::days(30);
        let token =
            self.state.tokens.issue_refresh(SessionId(login.session), generation, expires_at).unwrap();
        self.post("refresh", json!({"refresh_token": token})).await;
    }

    async fn read(&self, login: &Login) {
        let now = self.state.clock.now();
        let (user, session) = (UserId(login.user), SessionId(login.session));
        let token = self.state.tokens.issue_access(user, session, now + TimeDelta::days(30), now).unwrap();
        self.send(self.client.get(format!("{}/api/v1/profile", self.url)).bearer_auth(token)).await;
    }
}

/// A session of the filled tables.
struct Login {
    user: Uuid,
    session: Uuid,
}

async fn together<T, F: Future<Output = T>>(requests: impl Iterator<Item = F>) -> Vec<T> {
    stream::iter(requests).buffer_unordered(AT_ONCE).collect().await
}

/// Logs in with these numbers; gives what the two steps used.
async fn log_in(service: &Service, database: &mut Database, phones: &[String]) -> (Reading, Reading) {
    let (mut asking, mut entering) = (Reading::default(), Reading::default());
    for phones in phones.chunks(TOGETHER) {
        let before = Reading::take(database).await;
        let asked = together(phones.iter().map(|phone| service.ask(phone.clone()))).await;
        let between = Reading::take(database).await;
        together(asked.into_iter().map(|(phone, challenge)| service.enter(phone, challenge))).await;
        let after = Reading::take(database).await;
        asking.add(&before, &between);
        entering.add(&between, &after);
    }
    (asking, entering)
}

pub async fn measure(service: &Service, database: &mut Database, operations: u32) {
    let newcomers = |from: u32| {
        // Spread over the blocks of numbers, which have limits of their own.
        (from..).map(|number| format!("+7999{:07}", u64::from(number) * 387_420_489 % 10_000_019))
    };
    let newcomers = |from| newcomers(from).filter(|phone| phone.len() == 12);
    let count = usize::try_from(operations).unwrap();
    // The first of everything: connections, plans, pages; and a country that logs in.
    let warming: Vec<_> = newcomers(5_000_000).take(400).collect();
    log_in(service, database, &warming).await;

    println!(
        "| operation | service, CPU ms | PostgreSQL, CPU ms | statements | writing transactions | WAL, bytes |"
    );
    println!("|---|---|---|---|---|---|");
    let phones: Vec<_> = newcomers(1).take(count).collect();
    let (asking, entering) = log_in(service, database, &phones).await;
    asking.print("`POST /auth/phone`", operations);
    entering.print("`POST /auth/verify`, a new account", operations);
    let known = format!(
        "SELECT phone FROM users WHERE phone LIKE '+791%' AND NOT EXISTS (SELECT FROM pins WHERE user_id = users.id)
         ORDER BY md5(phone) LIMIT {}",
        operations * 2
    );
    let phones = database.texts(&known).await;
    assert_eq!(phones.len(), count * 2, "too few users to log in with");
    database.execute("CHECKPOINT").await;
    let (_, first) = log_in(service, database, &phones[..count]).await;
    let (_, entering) = log_in(service, database, &phones[count..]).await;
    entering.print("`POST /auth/verify`, a known account", operations);
    first.print("the same, right after a checkpoint", operations);

    let logins = sessions(database, operations * 2).await;
    let (used, idle) = logins.split_at(count);
    database.execute("CHECKPOINT").await;
    let first = measured(database, together(used.iter().map(|login| service.refresh(login, 0)))).await;
    let again = measured(database, together(used.iter().map(|login| service.refresh(login, 1)))).await;
    let noted = measured(database, together(used.iter().map(|login| service.read(login)))).await;
    let read = measured(database, together(idle.iter().map(|login| service.read(login)))).await;
    again.print("`POST /auth/refresh`", operations);
    first.print("the same, right after a checkpoint", operations);
    noted.print("`GET /profile`, within a minute of another request", operations);
    read.print("`GET /profile`, the first in a minute", operations);
}

async fn measured<T>(database: &mut Database, requests: impl Future<Output = T>) -> Reading {
    let before = Reading::take(database).await;
    requests.await;
    Reading::take(database).await.since(&before)
}

/// Sessions from anywhere in the table, no two of one user.
async fn sessions(database: &mut Database, count: u32) -> Vec<Login> {
    let chosen = format!(
        "SELECT user_id || ' ' || min(id::text) FROM sessions
         WHERE generation = 0 AND last_used_at < now() - interval '1 hour'
         GROUP BY user_id ORDER BY md5(user_id::text) LIMIT {count}"
    );
    let rows = database.texts(&chosen).await;
    let logins = rows.iter().map(|row| {
        let (user, session) = row.split_once(' ').unwrap();
        Login { user: user.parse().unwrap(), session: session.parse().unwrap() }
    });
    logins.collect()
}
