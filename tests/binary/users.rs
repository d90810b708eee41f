//! `phone-auth users`, beside a service that runs.

use std::{fs, os::unix::fs::PermissionsExt};

use diesel::{dsl::sql, sql_types::Text};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde_json::{Value, json};

use crate::{
    commands::{Said, documented_members, members, say},
    service::{DataDir, Service, exchange, phone_auth},
    shared::{Server, on},
};

const PHONE: &str = "+79991234567";
const MASKED: &str = "+7999***4567";

fn ask(server: &Server, arguments: &[&str]) -> Said {
    say(on(server), arguments)
}

/// One text that SQL tells beside the service.
fn told(server: &Server, query: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut conn = AsyncPgConnection::establish(&server.url()).await.unwrap();
        diesel_async::RunQueryDsl::get_result::<String>(sql::<Text>(query), &mut conn).await.unwrap()
    })
}

fn token(login: &Value) -> &str {
    login["access_token"].as_str().unwrap()
}

#[test]
fn an_account_is_found_by_phone_id_and_code_and_its_number_is_masked_unless_asked_for() {
    let server = Server::start();
    let service = Service::start(&mut on(&server));
    let login = service.login(PHONE);
    service.login("+79990000042");
    let user = &login["user"];
    let (id, code) = (user["id"].as_str().unwrap(), user["invite_code"].as_str().unwrap());
    for word in [PHONE, "8 (999) 123-45-67", "0079991234567", id, code, &code.to_lowercase()] {
        let found = ask(&server, &["users", "find", word, "--json"]).done().json();
        assert_eq!(found.as_array().unwrap().len(), 1, "{word}: {found}");
        assert_eq!(members(&found[0]), documented_members("users find"));
        assert_eq!((&found[0]["id"], &found[0]["phone"]), (&user["id"], &json!(MASKED)), "{word}");
        let whole = ask(&server, &["users", "find", word, "--json", "--show-phones"]).done().json();
        assert_eq!(whole[0]["phone"], PHONE);
    }
    // Both were made within the minute that eight characters tell, unless it just ended.
    let both = ask(&server, &["users", "find", &id[..8]]).done().answer;
    assert!(both.contains(id) && both.contains(MASKED) && !both.contains(PHONE), "{both}");
    assert!(both.starts_with("USER "), "{both}");

    let none = ask(&server, &["users", "find", "+79990000099", "--json"]);
    assert_eq!((none.code, none.json()), (3, json!([])), "{}", none.complaint);
    let none = ask(&server, &["users", "find", "ZZZZZZ"]);
    assert!(none.code == 3 && none.answer.is_empty(), "{}", none.answer);
    let wrong = ask(&server, &["users", "find", "+7 123 456"]);
    assert!(wrong.code == 1 && wrong.complaint.contains("that is no user"), "{}", wrong.complaint);
    assert!(!wrong.complaint.contains("123 456"), "{}", wrong.complaint);
}

#[test]
fn an_account_is_shown_with_what_is_around_it() {
    let server = Server::start();
    let service = Service::start(&mut on(&server));
    let (inviter, login) = (service.login("+79990000042"), service.login(PHONE));
    let code = &inviter["user"]["invite_code"];
    let activate = json!({"invite_code": code});
    assert_eq!(service.ask("POST", "/api/v1/referral/activate", token(&login), &activate).0, 200);
    let names = json!({"first_name": "Ada", "email": "ada@example.com"});
    assert_eq!(service.ask("PATCH", "/api/v1/profile", token(&login), &names).0, 200);
    let pin = json!({"pin": "271828"});
    assert_eq!(service.ask("PUT", "/api/v1/profile/pin", token(&login), &pin).0, 204);

    let shown = ask(&server, &["users", "show", PHONE, "--json"]).done().json();
    assert_eq!(members(&shown), documented_members("users show"));
    for (member, value) in [
        ("id", &login["user"]["id"]),
        ("phone", &json!(MASKED)),
        ("first_name", &json!("Ada")),
        ("last_name", &Value::Null),
        ("email", &json!("ada@example.com")),
        ("activated_invite_code", code),
        ("invited_by", &inviter["user"]["id"]),
        ("invited_by_phone", &json!("+7999***0042")),
        ("has_pin", &json!(true)),
        ("has_avatar", &json!(false)),
        ("sessions", &json!(1)),
        ("trusted_devices", &json!(1)),
        ("deleted_at", &Value::Null),
    ] {
        assert_eq!(&shown[member], value, "{member}: {shown}");
    }
    let text = ask(&server, &["users", "show", PHONE, "--show-phones"]).done().answer;
    assert!(text.contains(&format!("Phone            {PHONE}\n")), "{text}");
    assert!(text.contains("Phone of that    +79990000042\n"), "{text}");
    assert_eq!(ask(&server, &["users", "show", "ZZZZZZ"]).code, 3);
}

#[test]
fn what_a_terminal_would_obey_is_shown_and_not_sent() {
    let server = Server::start();
    let service = Service::start(&mut on(&server));
    service.login(PHONE);
    server.execute(
        "UPDATE users SET first_name = E'\\x1b[2J'; UPDATE sessions SET user_agent = E'\\x1b]0;x\\x07'",
    );
    for command in [["users", "show", PHONE], ["sessions", "list", PHONE]] {
        let text = ask(&server, &command).done().answer;
        assert!(!text.contains('\u{1b}') && text.contains('\u{fffd}'), "{text:?}");
    }
}

/// The owner's export, which comes in pieces (RFC 9112, section 7.1).
fn own_export(service: &Service, login: &Value) -> Value {
    let request = format!(
        "GET /api/v1/profile/export HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
        token(login)
    );
    let answer = exchange(&service.address(), &request);
    let (_, mut rest) = answer.split_once("\r\n\r\n").unwrap();
    let mut document = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        document.push_str(&after[..size]);
        rest = after[size..].strip_prefix("\r\n").unwrap();
    }
    serde_json::from_str(&document).unwrap()
}

#[test]
fn an_export_is_the_document_that_the_owner_gets() {
    let server = Server::start();
    let service = Service::start(&mut on(&server));
    let login = service.login(PHONE);
    for other in ["+79990000042", "+79990000043"] {
        let other = service.login(other);
        let code = json!({"invite_code": login["user"]["invite_code"]});
        assert_eq!(service.ask("POST", "/api/v1/referral/activate", token(&other), &code).0, 200);
    }
    let said = ask(&server, &["users", "export", PHONE]).done();
    let mut theirs = said.json();
    assert!(
        said.complaint.contains("account-exported") && said.complaint.contains("operator"),
        "{}",
        said.complaint
    );
    let mut own = own_export(&service, &login);
    // Of the two only the owner asks by a session, and notes its use.
    assert_eq!(
        (&own["sessions"][0]["current"], &theirs["sessions"][0]["current"]),
        (&json!(true), &json!(false))
    );
    for document in [&mut own, &mut theirs] {
        document["sessions"][0]["current"] = Value::Null;
        document["sessions"][0]["last_used_at"] = Value::Null;
    }
    assert_eq!(own, theirs);
    assert_eq!(theirs["invited"].as_array().unwrap().len(), 2);

    let folder = DataDir::new();
    fs::create_dir_all(folder.path()).unwrap();
    let file = folder.path().join("export.json");
    let to_file = ["users", "export", PHONE, "--output", file.to_str().unwrap()];
    assert_eq!(ask(&server, &to_file).done().answer, "");
    let written = fs::read_to_string(&file).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap()["profile"], theirs["profile"]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    fs::write(&file, "mine").unwrap();
    let refused = ask(&server, &to_file);
    assert!(refused.code == 1 && refused.complaint.contains("is there already"), "{}", refused.complaint);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    // Where there is nothing to write, no file is left behind.
    let nobody = folder.path().join("nobody.json");
    assert_eq!(ask(&server, &["users", "export", "ZZZZZZ", "--output", nobody.to_str().unwrap()]).code, 3);
    assert!(!nobody.exists());
}

#[test]
fn a_deletion_is_asked_for_and_is_the_owners() {
    let server = Server::start();
    let mut service = Service::start(&mut on(&server));
    let (inviter, login) = (service.login("+79990000042"), service.login(PHONE));
    let activate = json!({"invite_code": inviter["user"]["invite_code"]});
    assert_eq!(service.ask("POST", "/api/v1/referral/activate", token(&login), &activate).0, 200);
    let id = login["user"]["id"].as_str().unwrap();

    // Nobody to ask, and not told to do without.
    let refused = ask(&server, &["users", "delete", PHONE]);
    assert!(refused.code == 4 && refused.answer.is_empty(), "{}", refused.answer);
    for told in [MASKED, id, "1 session,", "1 trusted device,", "0 invited users", "say --yes"] {
        assert!(refused.complaint.contains(told), "{told}: {}", refused.complaint);
    }
    assert!(!refused.complaint.contains(PHONE), "{}", refused.complaint);
    assert_eq!(service.profile(&login).0, 200);

    let done = ask(&server, &["users", "delete", PHONE, "--yes"]).done();
    assert!(done.answer.contains(MASKED) && done.answer.contains("is deleted"), "{}", done.answer);
    let audit = done.complaint.lines().find(|line| line.contains("account-deleted")).unwrap();
    assert!(audit.contains("by=\"operator\"") && audit.contains(id), "{audit}");
    assert_eq!(service.profile(&login).0, 401);
    // As after the owner's: no row in which they are, an event, a tombstone, the inviter's count.
    let of_user = format!("user_id = '{id}'");
    for (query, expected) in [
        (format!("SELECT count(*)::text FROM sessions WHERE {of_user}"), "0"),
        (format!("SELECT count(*)::text FROM device_guard WHERE {of_user}"), "0"),
        ("SELECT count(*)::text FROM tombstones WHERE has_activated".to_owned(), "1"),
        ("SELECT invited_users_count::text FROM users WHERE phone = '+79990000042'".to_owned(), "0"),
        (
            format!(
                "SELECT count(*)::text FROM events WHERE event_type = 'user.deleted' AND data ->> 'user_id' = '{id}'"
            ),
            "1",
        ),
    ] {
        assert_eq!(told(&server, &query), expected, "{query}");
    }
    let gone = ask(&server, &["users", "delete", id, "--yes"]);
    assert!(gone.code == 3 && gone.complaint.contains("is deleted"), "{}", gone.complaint);
    let found = ask(&server, &["users", "find", id, "--json"]).done().json();
    assert!(found[0]["phone"].is_null() && found[0]["deleted_at"].is_string(), "{found}");
    assert_eq!(ask(&server, &["users", "find", PHONE]).code, 3);
    assert!(service.whole_log().lines().all(|line| !line.contains("ERROR")));
}

#[test]
fn of_a_deletion_by_an_operator_and_one_by_the_owner_at_once_one_deletes() {
    let server = Server::start();
    let service = Service::start(&mut on(&server));
    let login = service.login(PHONE);
    let (operator, owner) = std::thread::scope(|scope| {
        let operator = scope.spawn(|| ask(&server, &["users", "delete", PHONE, "--yes"]).code);
        let owner = scope.spawn(|| service.ask("DELETE", "/api/v1/profile", token(&login), &Value::Null).0);
        (operator.join().unwrap(), owner.join().unwrap())
    });
    assert!(matches!((operator, owner), (0, 401) | (3, 204)), "{operator} {owner}");
    assert_eq!(told(&server, "SELECT count(*)::text FROM events WHERE event_type = 'user.deleted'"), "1");
}

#[test]
fn the_embedded_database_is_looked_at_beside_the_service_and_without_it() {
    let folder = DataDir::new();
    let mine = || {
        let mut command = phone_auth();
        command.env("DATA_DIR", folder.path());
        command
    };
    let mut service = Service::start(&mut mine());
    service.login(PHONE);
    say(mine(), &["users", "find", PHONE]).done();
    service.signal("-TERM");
    assert!(service.ended().success());
    say(mine(), &["users", "find", PHONE]).done();
    say(mine(), &["users", "delete", PHONE, "--yes"]).done();
    assert_eq!(say(mine(), &["users", "find", PHONE]).code, 3);
    assert!(!folder.has_postgres());
}
