//! What the service keeps of the memory that work once took.

#![cfg(target_os = "linux")]

use std::{
    fs,
    io::{Cursor, Read, Write},
    net::TcpStream,
    num::NonZero,
    thread,
};

use image::{DynamicImage, ImageFormat};
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
    status(service, "VmRSS:")
}

fn status(service: &Service, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", service.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
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

/// Sends a picture on a session of its own; gives the status of the answer.
fn set_avatar(service: &Service, person: usize, picture: &[u8]) -> u16 {
    let login = service.login(&format!("+7999{person:03}0001"));
    let head = format!(
        "PUT /api/v1/profile/avatar HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: image/png\r\nContent-Length: {}\r\n\r\n",
        login["access_token"].as_str().unwrap(),
        picture.len()
    );
    let mut stream = TcpStream::connect(service.address()).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(picture).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn many_large_pictures_at_once_take_the_memory_of_two_at_most() {
    let server = Server::start();
    let service = Service::start(on(&server).env("SEND_LIMITS", "off"));
    // Eight bytes for each pixel, 122 MiB of them, in a small file.
    let mut file = Cursor::new(Vec::new());
    DynamicImage::new_rgba16(4_000, 4_000).write_to(&mut file, ImageFormat::Png).unwrap();
    let decoded = 4_000 * 4_000 * 8;
    let before = resident(&service);
    let statuses: Vec<_> = thread::scope(|scope| {
        let sent = [(); 8].iter().enumerate().map(|(person, ())| {
            let (service, picture) = (&service, file.get_ref());
            scope.spawn(move || set_avatar(service, person, picture))
        });
        let sent: Vec<_> = sent.collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).collect()
    });
    // Whoever had to wait for long was put off.
    assert!(statuses.contains(&200), "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    let at_once = thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).clamp(1, 2)) as u64;
    let peak = status(&service, "VmHWM:").saturating_sub(before);
    assert!(peak <= at_once * decoded + 2 * MARGIN, "{} MiB more at the peak", peak >> 20);
    let kept = resident(&service).saturating_sub(before);
    assert!(kept <= 2 * MARGIN, "{} MiB kept", kept >> 20);
}
