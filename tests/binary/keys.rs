//! `phone-auth keys`, beside services that run.

use std::{
    process::{Command, Output},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    service::{DataDir, ROOT_SECRET, Service, phone_auth, wait_until},
    shared::{Server, on},
};

/// What a command said: whether it went well, its answer, its complaint.
fn say(command: &mut Command, arguments: &[&str]) -> (bool, String, String) {
    let Output { status, stdout, stderr } = command.args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.success(), text(stdout), text(stderr))
}

fn listed(command: &mut Command) -> Vec<Value> {
    let (done, answer, complaint) = say(command, &["keys", "list", "--json"]);
    assert!(done, "{complaint}");
    serde_json::from_str(&answer).unwrap()
}

fn kid(login: &Value) -> String {
    let header = login["access_token"].as_str().unwrap().split('.').next().unwrap().to_owned();
    let header: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

fn published(service: &Service) -> usize {
    service.ask("GET", "/.well-known/jwks.json", "", &Value::Null).1["keys"].as_array().unwrap().len()
}

#[test]
fn keys_are_listed_and_rotated_beside_a_service_on_its_embedded_database() {
    let folder = DataDir::new();
    let mine = || {
        let mut command = phone_auth();
        command.env("DATA_DIR", folder.path());
        command
    };
    let (done, _, complaint) = say(&mut mine(), &["keys", "list"]);
    assert!(!done);
    assert!(complaint.contains("start the service once"), "{complaint}");
    assert!(!folder.path().exists(), "looking makes nothing");

    let mut service = Service::start(&mut mine());
    let login = service.login("+79991234567");
    let keys = listed(&mut mine());
    assert_eq!((keys.len(), &keys[0]["state"], &keys[0]["kid"]), (1, &json!("signing"), &json!(kid(&login))));

    let (done, answer, audit) = say(&mut mine(), &["keys", "rotate"]);
    assert!(done && answer.contains("is published and signs from"), "{answer}");
    assert!(audit.contains("key-published"), "{audit}");
    let (done, answer, _) = say(&mut mine(), &["keys", "rotate"]);
    assert!(done && answer.contains("Nothing was changed"), "{answer}");
    wait_until("the service takes the key up", || published(&service) == 2);
    assert_eq!(service.profile(&login).0, 200);

    // Also when it does not run.
    service.signal("-TERM");
    assert!(service.ended().success());
    let (done, table, _) = say(&mut mine(), &["keys", "list"]);
    assert!(done);
    let states: Vec<_> = table.lines().skip(1).map(|line| line.split_whitespace().nth(2).unwrap()).collect();
    assert_eq!(states, ["published", "signing"], "{table}");
}

#[test]
fn a_key_is_retired_only_when_that_is_meant_and_another_signs() {
    let server = Server::start();
    let service = Service::start(&mut on(&server));
    let signing = kid(&service.login("+79991234567"));
    let retire = |arguments: &[&str]| say(&mut on(&server), &[&["keys", "retire"], arguments].concat());
    for (arguments, why) in [
        (vec![&*signing], "say --yes if that is meant"),
        (vec![&*signing, "--yes"], "Rotate first"),
        (vec!["nothing"], "there is no key nothing"),
        (vec!["-begins-with-a-hyphen"], "there is no key -begins"),
    ] {
        let (done, answer, complaint) = retire(&arguments);
        assert!(!done && answer.is_empty() && complaint.contains(why), "{arguments:?}: {complaint}");
    }
    assert!(say(&mut on(&server), &["keys", "rotate"]).0);
    let waiting = listed(&mut on(&server))[0]["kid"].as_str().unwrap().to_owned();
    let (done, answer, audit) = retire(&[&waiting, "--yes"]);
    assert!(done && answer.contains("is retired") && audit.contains("key-retired"), "{answer}{audit}");
    assert_eq!(listed(&mut on(&server)).len(), 1);
}

#[test]
fn a_command_under_another_root_secret_than_the_services_changes_nothing() {
    let server = Server::start();
    let _service = Service::start(&mut on(&server));
    let before = listed(&mut on(&server));
    let with = |secret: &str| {
        let mut command = on(&server);
        command.env("ROOT_SECRET", secret);
        command
    };
    let foreign = "a secret that was never one of this deployment";
    let (done, _, complaint) = say(&mut with(foreign), &["keys", "rotate", "--now"]);
    assert!(!done && complaint.contains("ROOT_SECRET does not open"), "{complaint}");
    assert_eq!(listed(&mut with(foreign))[0]["sealed_under"], "unknown root secret");
    // Not set it is not made up.
    let folder = DataDir::new();
    let mut without = on(&server);
    without.env_remove("ROOT_SECRET").env("DATA_DIR", folder.path());
    let (done, _, complaint) = say(&mut without, &["keys", "list"]);
    assert!(!done && complaint.contains("ROOT_SECRET must be set"), "{complaint}");
    assert!(!folder.path().exists());
    assert_eq!(listed(&mut on(&server)), before);
}

#[test]
fn every_instance_follows_a_rotation_within_seconds_and_no_request_fails_meanwhile() {
    let server = Server::start();
    let services = [(); 2].map(|()| Service::start(&mut on(&server)));
    let login = services[0].login("+79991234567");
    let old = kid(&login);
    let (stop, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    // A profile by the newest token, at either service; the token comes from either as well.
    let keep_asking = |mut login: Value, mut turn: usize| {
        let mut answers = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            turn += 1;
            answers.push(services[turn % 2].profile(&login).0);
            if turn.is_multiple_of(20) {
                let (status, pair) = refresh(&services[(turn / 20) % 2], &login);
                answers.push(status);
                login = pair;
            }
            asked.fetch_add(1, Ordering::Relaxed);
        }
        answers.retain(|status| *status != 200);
        assert_eq!(answers, [0; 0]);
    };
    let others = [services[0].login("+79990000042"), services[1].login("+79990000043")];
    let in_time = thread::scope(|scope| {
        for (at, login) in others.into_iter().enumerate() {
            let keep_asking = &keep_asking;
            scope.spawn(move || keep_asking(login, at));
        }
        let _stop = Stop(&stop);
        assert!(say(&mut on(&server), &["keys", "rotate", "--now"]).0);
        let rotated = Instant::now();
        wait_until("both publish it", || services.iter().all(|service| published(service) == 2));
        let in_time = rotated.elapsed() < Duration::from_secs(15);
        let mut newest = login;
        for service in &services {
            wait_until("it signs by the new key", || {
                thread::sleep(Duration::from_millis(100));
                newest = refresh(service, &newest).1;
                kid(&newest) != old
            });
        }
        in_time
    });
    assert!(in_time, "it took longer than fifteen seconds");
    assert!(asked.load(Ordering::Relaxed) > 100, "{asked:?}");
}

/// Ends what runs beside a test, also when the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Trades the refresh token of a login or of a pair.
fn refresh(service: &Service, pair: &Value) -> (u16, Value) {
    let body = json!({"refresh_token": pair["refresh_token"]});
    service.ask("POST", "/api/v1/auth/refresh", "", &body)
}

#[test]
fn a_new_root_secret_takes_the_place_of_the_old_one_by_the_runbook() {
    let server = Server::start();
    let new = "the root secret that is to take its place";
    let with = |secrets: &str| {
        let mut command = on(&server);
        command.env("ROOT_SECRET", secrets);
        command
    };
    let is_current = |secrets: &str| {
        listed(&mut with(secrets)).iter().all(|key| key["sealed_under"] == "current root secret")
    };
    // 1: every instance learns the new one and goes on with the old.
    let before = Service::start(&mut with(&format!("{ROOT_SECRET},{new}")));
    let login = before.login("+79991234567");
    assert!(is_current(ROOT_SECRET) && !is_current(&format!("{new},{ROOT_SECRET}")));
    // 2: the new one is current; instances of the step before run beside.
    let between = Service::start(&mut with(&format!("{new},{ROOT_SECRET}")));
    assert!(is_current(new));
    let (status, pair) = refresh(&between, &login);
    assert_eq!(status, 200, "{pair}");
    for service in [&before, &between] {
        assert_eq!(service.profile(&pair).0, 200);
    }
    let challenge = between.challenge("+79990000042");
    assert_eq!(before.ask("POST", "/api/v1/auth/verify", "", &challenge).0, 200);
    // 3: the old one is dropped.
    let after = Service::start(&mut with(new));
    assert_eq!(after.profile(&pair).0, 200);
    assert_eq!(refresh(&after, &pair).0, 200);
}
