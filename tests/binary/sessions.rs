//! `phone-auth sessions`, beside a service that runs.

use serde_json::Value;

use crate::{
    commands::{documented_members, members, say},
    service::Service,
    shared::{Server, on},
};

const PHONE: &str = "+79991234567";

#[test]
fn sessions_are_listed_and_ended_one_by_one_and_all_at_once() {
    let server = Server::start();
    let service = Service::start(&mut on(&server));
    let (one, two, other) = (service.login(PHONE), service.login(PHONE), service.login("+79990000042"));
    let ask = |arguments: &[&str]| say(on(&server), &[&["sessions"], arguments].concat());
    let list =
        || -> Vec<Value> { serde_json::from_value(ask(&["list", PHONE, "--json"]).done().json()).unwrap() };
    let listed = list();
    assert_eq!(listed.len(), 2);
    assert_eq!(members(&listed[0]), documented_members("sessions list"));
    assert_eq!(listed[0]["ip_prefix"], "127.0.0.0/24");
    // Newest first.
    let newest = listed[0]["id"].as_str().unwrap();
    let table = ask(&["list", PHONE]).done().answer;
    assert!(table.starts_with("SESSION ") && table.lines().nth(1).unwrap().starts_with(newest), "{table}");

    let refused = ask(&["revoke", newest]);
    assert_eq!(refused.code, 4);
    for told in [newest, "127.0.0.0/24", "say --yes"] {
        assert!(refused.complaint.contains(told), "{told}: {}", refused.complaint);
    }
    assert_eq!(service.profile(&two).0, 200);
    let done = ask(&["revoke", newest, "--yes"]).done();
    let audit = done.complaint.lines().find(|line| line.contains("session-ended")).unwrap();
    assert!(audit.contains("by=\"operator\"") && audit.contains(newest), "{audit}");
    assert_eq!((service.profile(&two).0, service.profile(&one).0), (401, 200));
    assert_eq!(ask(&["revoke", newest, "--yes"]).code, 3);

    let refused = ask(&["revoke", "--user", PHONE]);
    assert!(refused.code == 4 && refused.complaint.contains("has 1 session."), "{}", refused.complaint);
    let again = service.login(PHONE);
    let done = ask(&["revoke", "--user", PHONE, "--yes"]).done();
    assert!(done.answer.contains("2 sessions of +7999***4567"), "{}", done.answer);
    assert_eq!(done.complaint.matches("session-ended").count(), 2, "{}", done.complaint);
    assert_eq!([&one, &again, &other].map(|login| service.profile(login).0), [401, 401, 200]);
    assert!(list().is_empty());
    assert_eq!(ask(&["revoke", "--user", PHONE, "--yes"]).code, 3);
    // Its devices are strangers again, as after a logout.
    let shown = say(on(&server), &["users", "show", PHONE, "--json"]).done().json();
    assert_eq!((&shown["sessions"], &shown["trusted_devices"]), (&0.into(), &0.into()), "{shown}");
    for wrong in [&["list", "ZZZZZZ"][..], &["revoke", "--user", "ZZZZZZ", "--yes"]] {
        assert_eq!(ask(wrong).code, 3, "{wrong:?}");
    }
    assert_eq!(ask(&["revoke", newest, "--user", PHONE, "--yes"]).code, 2);
}
