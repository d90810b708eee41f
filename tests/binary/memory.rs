//! What the service keeps of the memory that work once took.

#![cfg(target_os = "linux")]

use std::{fs, num::NonZero, thread};

use serde_json::json;

use crate::{
    service::{Service, wait_until},
    shared::{Server, on},
};

/// What one hash of a PIN takes, in bytes.
const PER_HASH: u64 = 19 << 20;
/// What the rest of a burst of requests may leave behind.
const MARGIN: u64 = 32 << 20;

/// How much memory the process has, in bytes.
fn resident(service: &Service) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", service.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}

/// Sets a PIN and replaces it a few times, on a session of its own.
fn set_pins(service: &Service, person: usize) {
    let login = service.login(&format!("+7999{person:03}0001"));
    let token = login["access_token"].as_str().unwrap();
    let mut body = json!({"pin": "271828"});
    for _ in 0..6 {
        // On a slow machine too many may wait.
        wait_until("a PIN", || match service.ask("PUT", "/api/v1/profile/pin", token, &body) {
            (204, _) => true,
            (503, _) => false,
            other => panic!("{other:?}"),
        });
        body["current_pin"] = "271828".into();
    }
}

#[test]
fn many_pins_at_once_take_the_memory_of_as_many_hashes_as_there_are_cores() {
    let server = Server::start();
    let service = Service::start(on(&server).env("SEND_LIMITS", "off"));
    let before = resident(&service);
    thread::scope(|scope| {
        for person in 0..16 {
            let service = &service;
            scope.spawn(move || set_pins(service, person));
        }
    });
    let grown = resident(&service).saturating_sub(before);
    let cores = thread::available_parallelism().map_or(1, NonZero::get) as u64;
    assert!(grown <= cores * PER_HASH + MARGIN, "{} MiB more", grown >> 20);
}
