//! The audit lines: each as `docs/LOGGING.md` describes it, and nothing in it that is nobody's business.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    service::{ROOT_SECRET, Service, wait_until},
    shared::{Server, on},
};

const PHONE: &str = "+79991234567";
const NEW_PHONE: &str = "+79990000077";

/// A service as operators run it: logs for programs, and of those as few as can be had.
fn in_production(server: &Server) -> Command {
    let mut command = on(server);
    command.env("APP_ENV", "production").env("PUBLIC_URL", "https://auth.example.com");
    command.env("ALLOW_SIMULATED_SMS", "true");
    // A number that can be logged in with as often as a test needs.
    command.env("TEST_PHONES", format!("{PHONE}=4821,{NEW_PHONE}=4821")).env("ALLOW_TEST_PHONES", "true");
    // The address it listens at is told at info.
    command.env("LOG", "error,actix_server=info");
    command
}

/// The fields of each event, by the table of the document.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/LOGGING.md");
    let document = fs::read_to_string(document).unwrap();
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').collect();
        (names(cells[1]).pop_first().unwrap(), names(cells[2]))
    })
    .collect()
}

/// The audit lines in a log, and that each has the fields it should.
fn audit(log: &str) -> Vec<Value> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lines: Vec<_> = lines.filter(|line| line["target"] == "audit").collect();
    let documented = documented();
    for line in &lines {
        let event = line["event"].as_str().unwrap();
        let given: BTreeSet<_> = line.as_object().unwrap().keys().cloned().collect();
        let around = ["timestamp", "level", "event", "message", "target", "span", "spans"];
        let fields: BTreeSet<_> =
            given.iter().filter(|name| !around.contains(&name.as_str())).cloned().collect();
        let mut expected = documented.get(event).unwrap_or_else(|| panic!("{event} is documented")).clone();
        // At a login that has no session yet, and by a command.
        if line["session.id"].is_null() && (event == "pin-refused" || line["by"] == "operator") {
            expected.remove("session.id");
        }
        assert_eq!(fields, expected, "{line}");
    }
    lines
}

/// Enters the code of a fresh challenge, with a PIN or without.
fn enter(service: &Service, pin: Option<&str>) -> (u16, Value) {
    let (_, asked) = service.ask("POST", "/api/v1/auth/phone", "", &json!({"phone": PHONE}));
    let mut body = json!({"challenge_token": asked["challenge_token"], "code": "4821"});
    if let Some(pin) = pin {
        body["pin"] = pin.into();
    }
    service.ask("POST", "/api/v1/auth/verify", "", &body)
}

#[test]
fn what_happens_to_accounts_sessions_and_keys_is_told_at_every_level_of_logging() {
    let server = Server::start();
    let mut service = Service::start(&mut in_production(&server));
    let mut secrets: Vec<String> =
        [PHONE, &PHONE[1..], &NEW_PHONE[1..], ROOT_SECRET, "127.0.0.1\"", "271828", "271829", "314159"]
            .map(str::to_owned)
            .into();
    let mut login = || {
        let (status, login) = enter(&service, None);
        assert_eq!(status, 200, "{login}");
        secrets.extend(
            ["access_token", "refresh_token", "device_token"]
                .map(|name| login[name].as_str().unwrap().to_owned()),
        );
        login
    };
    let ask = |method: &str, path: &str, login: &Value, body: &Value| {
        service.ask(method, path, login["access_token"].as_str().unwrap_or_default(), body)
    };
    let refresh =
        |token: &Value| ask("POST", "/api/v1/auth/refresh", &Value::Null, &json!({"refresh_token": token})).0;
    let (first, second, third) = (login(), login(), login());
    assert_eq!(refresh(&json!("nothing")), 401);
    for status in [200, 200, 200, 200, 401, 401] {
        assert_eq!(refresh(&first["refresh_token"]), status);
    }
    let (_, list) = ask("GET", "/api/v1/sessions", &second, &Value::Null);
    let path = format!("/api/v1/sessions/{}", list["items"][0]["id"].as_str().unwrap());
    assert_eq!(ask("DELETE", &path, &second, &Value::Null).0, 204);
    assert_eq!(service.profile(&third).0, 401);

    let pin = "/api/v1/profile/pin";
    assert_eq!(ask("PUT", pin, &second, &json!({"pin": "271828"})).0, 204);
    assert_eq!(ask("PUT", pin, &second, &json!({"pin": "314159", "current_pin": "271829"})).0, 401);
    assert_eq!(ask("PUT", pin, &second, &json!({"pin": "314159", "current_pin": "271828"})).0, 204);
    assert_eq!(ask("DELETE", pin, &second, &json!({"current_pin": "314159"})).0, 204);
    assert_eq!(ask("PUT", pin, &second, &json!({"pin": "271828"})).0, 204);
    assert_eq!(ask("POST", "/api/v1/auth/logout", &second, &json!({})).0, 204);
    assert_eq!(enter(&service, Some("271829")).0, 401);
    server.execute("UPDATE pins SET last_seen_at = last_seen_at - interval '8 days'");
    let released = login();
    let (status, asked) = ask("POST", "/api/v1/profile/phone", &released, &json!({"phone": NEW_PHONE}));
    assert_eq!(status, 200, "{asked}");
    let code = json!({"challenge_token": asked["challenge_token"], "code": "4821"});
    assert_eq!(ask("POST", "/api/v1/profile/phone/verify", &released, &code).0, 200);
    assert_eq!(ask("GET", "/api/v1/profile/export", &released, &Value::Null).0, 200);
    assert_eq!(ask("DELETE", "/api/v1/profile", &released, &Value::Null).0, 204);

    let log = service.whole_log();
    let told = audit(&log);
    let events: Vec<_> = told.iter().map(|line| line["event"].as_str().unwrap()).collect();
    let expected = "key-published login new-device login new-device login new-device refresh-reused \
                    refresh-refused session-ended pin-set pin-refused pin-set pin-removed pin-set logout \
                    pin-refused login new-device pin-released phone-changed account-exported \
                    account-deleted";
    assert_eq!(events.join(" "), expected);
    // The one in the profile has a session, the one at the login has none.
    let refused: Vec<_> = told.iter().filter(|line| line["event"] == "pin-refused").collect();
    let set = told.iter().find(|line| line["event"] == "pin-set").unwrap();
    assert_eq!((&refused[0]["session.id"], &refused[1]["session.id"]), (&set["session.id"], &Value::Null));
    for secret in secrets {
        let quoted = log.lines().find(|line| line.contains(&secret));
        assert!(quoted.is_none(), "{quoted:?}");
    }
}

#[test]
fn what_commands_do_to_keys_is_told_where_they_run() {
    let server = Server::start();
    let mut service = Service::start(&mut in_production(&server));
    let keys = |arguments: &[&str]| {
        let done = in_production(&server).arg("keys").args(arguments).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let told = audit(&String::from_utf8(done.stderr).unwrap());
        (told, String::from_utf8(done.stdout).unwrap())
    };
    let (told, _) = keys(&["rotate"]);
    assert_eq!(told[0]["event"], "key-published");
    let kid = told[0]["kid"].as_str().unwrap();
    assert_eq!(keys(&["retire", kid, "--yes"]).0[0]["event"], "key-retired");
    service.signal("-TERM");
    assert!(service.ended().success());
    let secrets = format!("the root secret that is to take its place,{ROOT_SECRET}");
    let service = Service::start(in_production(&server).env("ROOT_SECRET", secrets));
    let resealed = || audit(&service.stderr()).iter().filter(|line| line["event"] == "key-resealed").count();
    wait_until("both keys are sealed anew", || resealed() == 2);
}
