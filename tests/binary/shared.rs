//! With one database for several services.

use std::process::Command;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use phone_auth::embedded::{EmbeddedPostgres, Settings};
use serde_json::Value;

use crate::service::{DataDir, ROOT_SECRET, Service, phone_auth, wait_until};

/// A PostgreSQL for services that are given its address.
pub struct Server {
    postgres: EmbeddedPostgres,
    // Goes last: the server must be gone before its folder is.
    _folder: DataDir,
}

impl Server {
    pub fn start() -> Self {
        let folder = DataDir::new();
        let settings = Settings { data_dir: folder.path().to_owned(), bin_dir: None };
        Self { postgres: EmbeddedPostgres::start(&settings, &[("fsync", "off")]).unwrap(), _folder: folder }
    }

    pub fn url(&self) -> String {
        self.postgres.url("phone_auth")
    }

    /// Runs SQL beside the services.
    pub fn execute(&self, sql: &str) {
        Self::execute_in(&self.url(), sql);
    }

    /// The same in another of its databases.
    pub fn execute_in(url: &str, sql: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            AsyncPgConnection::establish(url).await.unwrap().batch_execute(sql).await.unwrap();
        });
    }
}

/// A service on the server's database that the world reaches by the same address as its sisters.
pub fn on(server: &Server) -> Command {
    let mut command = phone_auth();
    command.env("DATABASE_URL", server.url()).env("ROOT_SECRET", ROOT_SECRET);
    command.env("PUBLIC_URL", "http://localhost:8080");
    command
}

#[test]
fn three_services_started_at_once_on_an_empty_database_all_come_up_with_one_key() {
    let server = Server::start();
    let mut services = [(); 3].map(|()| Service::spawn(&mut on(&server)));
    for service in &mut services {
        service.wait_until_ready();
    }
    for (number, service) in services.iter().enumerate() {
        let login = service.login(&format!("+7999000004{number}"));
        for sister in &services {
            assert_eq!(sister.profile(&login), (200, login["user"].clone()));
        }
    }
    let log: String = services.iter().map(Service::stderr).collect();
    assert_eq!(log.matches("a signing key was made and published").count(), 1, "{log}");
    let migrations = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap().count();
    assert_eq!(log.matches("migration applied").count(), migrations, "{log}");
}

#[test]
fn what_one_service_begins_another_finishes() {
    let server = Server::start();
    let (one, two) = (Service::start(&mut on(&server)), Service::start(&mut on(&server)));
    let challenge = one.challenge("+79991234567");
    let (status, login) = two.ask("POST", "/api/v1/auth/verify", "", &challenge);
    assert_eq!(status, 200, "{login}");
    // Used up there is used up here.
    let (status, again) = one.ask("POST", "/api/v1/auth/verify", "", &challenge);
    assert_eq!((status, &again["code"]), (401, &"invalid-challenge".into()));
    let refresh = serde_json::json!({"refresh_token": login["refresh_token"]});
    let (status, pair) = one.ask("POST", "/api/v1/auth/refresh", "", &refresh);
    assert_eq!(status, 200, "{pair}");
    let (status, _) =
        one.ask("POST", "/api/v1/auth/logout", pair["access_token"].as_str().unwrap(), &Value::Null);
    assert_eq!(status, 204);
    assert_eq!(two.profile(&pair).0, 401);
}

#[test]
fn a_used_refresh_token_ends_the_session_everywhere_and_is_warned_of() {
    let server = Server::start();
    let (one, two) = (Service::start(&mut on(&server)), Service::start(&mut on(&server)));
    let login = one.login("+79991234567");
    let first = serde_json::json!({"refresh_token": login["refresh_token"]});
    let (_, second) = two.ask("POST", "/api/v1/auth/refresh", "", &first);
    let second = serde_json::json!({"refresh_token": second["refresh_token"]});
    let (_, third) = one.ask("POST", "/api/v1/auth/refresh", "", &second);
    let (status, reused) = two.ask("POST", "/api/v1/auth/refresh", "", &first);
    assert_eq!((status, &reused["code"]), (401, &"refresh-token-reused".into()));
    assert_eq!([one.profile(&third).0, two.profile(&third).0], [401, 401]);
    // To whom it happened the log says by the session, which is no secret.
    wait_until("a warning in the log", || {
        let log = two.stderr();
        let mut warnings = log.lines().filter(|line| line.contains("WARN"));
        warnings.any(|line| line.contains("a used refresh token was shown") && line.contains("session.id"))
    });
}

#[test]
fn a_database_that_refuses_the_service_is_named() {
    let server = Server::start();
    for (part, instead) in [("user=phone_auth", "user=nobody_here"), ("///phone_auth", "///no_such_database")]
    {
        let url = server.url().replace(part, instead);
        assert_ne!(url, server.url());
        let mut service =
            Service::spawn(phone_auth().env("DATABASE_URL", url).env("ROOT_SECRET", ROOT_SECRET));
        assert_eq!(service.ended().code(), Some(1));
        let said = service.stderr();
        assert!(said.contains("DATABASE_URL") && said.contains("does not exist"), "{said}");
    }
}

#[test]
fn the_log_holds_nothing_that_a_client_sent() {
    let server = Server::start();
    let mut service = Service::start(on(&server).env("LOG", "debug,tokio_postgres=info,h2=info"));
    let login = service.login("+79991234567");
    let token = login["access_token"].as_str().unwrap();
    let sent = "MARKER-4821";
    service.ask("POST", "/api/v1/auth/phone", "", &serde_json::json!({ sent: 1 }));
    service.ask("POST", "/api/v1/auth/phone", "", &serde_json::json!({"phone": sent}));
    service.ask("GET", &format!("/{sent}?phone={sent}"), sent, &Value::Null);
    service.ask("PATCH", "/api/v1/profile", token, &serde_json::json!({"first_name": sent}));
    service.ask("PATCH", "/api/v1/profile", token, &serde_json::json!({"email": sent}));
    service.ask("POST", "/api/v1/auth/refresh", "", &serde_json::json!({"refresh_token": sent}));
    let log = service.whole_log();
    for secret in [sent, token, login["refresh_token"].as_str().unwrap(), "79991234567"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
