//! Whom the service is at the database, and through whom.

use std::process::Command;

use crate::{
    service::Service,
    shared::{Server, on},
};

/// A service that is no superuser, but owns the database of this name, made by `sql`.
fn as_plain_role(server: &Server, name: &str, settings: &[(&str, &str)]) -> Command {
    server.execute(&format!("CREATE ROLE {name} LOGIN"));
    server.execute(&format!("CREATE DATABASE {name} OWNER {name}"));
    for (setting, value) in settings {
        server.execute(&format!("ALTER ROLE {name} SET {setting} = '{value}'"));
    }
    let url = server.url().replace("user=phone_auth", &format!("user={name}"));
    let url = url.replace("///phone_auth", &format!("///{name}"));
    let mut command = on(server);
    command.env("DATABASE_URL", url);
    command
}

const SETTINGS: [(&str, &str); 6] = [
    ("statement_timeout", "800ms"),
    ("lock_timeout", "600ms"),
    ("idle_in_transaction_session_timeout", "5s"),
    ("max_parallel_workers_per_gather", "0"),
    ("jit", "off"),
    ("synchronous_commit", "on"),
];

#[test]
fn the_service_needs_no_superuser() {
    let server = Server::start();
    let service = Service::start(&mut as_plain_role(&server, "plain", &[]));
    let login = service.login("+79991234567");
    assert_eq!(service.profile(&login).0, 200);
}

#[test]
fn behind_a_pooler_by_the_transaction_a_role_without_the_settings_is_refused_with_what_to_do() {
    let server = Server::start();
    for (number, missing) in
        SETTINGS.iter().enumerate().filter(|(_, (name, _))| *name != "synchronous_commit")
    {
        let mut settings = SETTINGS.to_vec();
        settings.retain(|setting| setting != missing);
        let mut command = as_plain_role(&server, &format!("without_{number}"), &settings);
        let mut service = Service::spawn(command.env("DATABASE_POOL_MODE", "transaction"));
        assert_eq!(service.ended().code(), Some(1), "{missing:?}");
        let said = service.stderr();
        assert!(said.contains("DATABASE_URL") && said.contains("ALTER ROLE"), "{missing:?}: {said}");
    }
    let lax = [("synchronous_commit", "off")];
    let settings: Vec<_> = SETTINGS[..5].iter().chain(&lax).copied().collect();
    let mut command = as_plain_role(&server, "lax", &settings);
    let mut service = Service::spawn(command.env("DATABASE_POOL_MODE", "transaction"));
    assert_eq!(service.ended().code(), Some(1), "commits that a crash undoes are refused");
}

#[test]
fn behind_a_pooler_by_the_transaction_the_tables_must_be_there_already() {
    let server = Server::start();
    let mut command = as_plain_role(&server, "plain", &SETTINGS);
    let mut service = Service::spawn(command.env("DATABASE_POOL_MODE", "transaction"));
    assert_eq!(service.ended().code(), Some(1));
    assert!(service.stderr().contains("phone-auth migrate"), "{}", service.stderr());
    // Whoever reaches PostgreSQL itself brings them up to date.
    drop(Service::start(command.env("DATABASE_POOL_MODE", "session")));
    let service = Service::start(command.env("DATABASE_POOL_MODE", "transaction"));
    service.login("+79991234567");
}

#[test]
fn commands_do_not_go_through_a_pooler_by_the_transaction() {
    let server = Server::start();
    let mut service =
        Service::spawn(on(&server).arg("keys").arg("list").env("DATABASE_POOL_MODE", "transaction"));
    assert_eq!(service.ended().code(), Some(1));
    assert!(service.stderr().contains("DATABASE_POOL_MODE"), "{}", service.stderr());
}
