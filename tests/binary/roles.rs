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
fn a_role_that_only_uses_the_tables_of_another_is_enough() {
    let server = Server::start();
    let mut owner = as_plain_role(&server, "owner", &[]);
    drop(Service::start(&mut owner));
    server.execute("CREATE ROLE user_of_tables LOGIN");
    let tables = server.url().replace("///phone_auth", "///owner");
    Server::execute_in(
        &tables,
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO user_of_tables;
         GRANT USAGE ON SCHEMA public TO user_of_tables",
    );
    let url = tables.replace("user=phone_auth", "user=user_of_tables");
    let service = Service::start(on(&server).env("DATABASE_URL", &url));
    service.login("+79991234567");
    // And what is not granted doctor finds.
    Server::execute_in(&tables, "REVOKE UPDATE ON users FROM user_of_tables");
    let mut doctor = Service::spawn(on(&server).arg("doctor").env("DATABASE_URL", &url));
    assert_eq!(doctor.ended().code(), Some(5), "{}", doctor.stdout());
    assert!(doctor.stdout().contains("the role may not use: users"), "{}", doctor.stdout());
    Server::execute_in(
        &tables,
        "GRANT UPDATE ON users TO user_of_tables; ALTER ROLE user_of_tables SET default_transaction_read_only = on",
    );
    let mut doctor = Service::spawn(on(&server).arg("doctor").env("DATABASE_URL", &url));
    assert_eq!(doctor.ended().code(), Some(5), "{}", doctor.stdout());
    assert!(doctor.stdout().contains("read-only"), "{}", doctor.stdout());
    Server::execute_in(&tables, "INSERT INTO __diesel_schema_migrations (version) VALUES ('30001231000001')");
    let mut doctor = Service::spawn(on(&server).arg("doctor").env("DATABASE_URL", &tables));
    doctor.ended();
    assert!(doctor.stdout().contains("of a newer version: 1 unknown here"), "{}", doctor.stdout());
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
