//! Clients that open connections and then take their time.

#![cfg(target_os = "linux")]

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::Duration,
};

use crate::{
    service::{Service, wait_until},
    shared::{Server, on},
};

/// Nothing, half a head, and half a body.
const BEGINNINGS: [&str; 3] = [
    "",
    "GET /health/live HTTP/1.1\r\nHost: loc",
    "POST /api/v1/auth/phone HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
];

fn open(address: &str, number: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(BEGINNINGS[number % 3].as_bytes()).unwrap();
    stream
}

#[test]
fn a_thousand_slow_clients_are_not_in_the_way_of_others() {
    let server = Server::start();
    let service = Service::start(&mut on(&server));
    let address = service.address();
    let slow: Vec<_> = (0..1000).map(|number| open(&address, number)).collect();
    let login = service.login("+79991234567");
    assert_eq!(service.profile(&login).0, 200);
    drop(slow);
}

#[test]
fn a_head_has_five_seconds_and_a_body_ten_however_slowly_they_trickle() {
    let server = Server::start();
    let service = Service::start(&mut on(&server));
    let address = service.address();
    std::thread::scope(|scope| {
        for (number, beginning) in BEGINNINGS.iter().enumerate() {
            let address = &address;
            scope.spawn(move || {
                let mut slow = open(address, number);
                slow.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
                let mut answer = Vec::new();
                // A byte now and then; many times longer than it may take.
                for _ in 0..240 {
                    if number > 0 && slow.write_all(b"x").is_err() {
                        return;
                    }
                    let mut piece = [0; 1024];
                    match slow.read(&mut piece) {
                        Ok(0) => return,
                        Ok(length) => answer.extend_from_slice(&piece[..length]),
                        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                        Err(_) => return,
                    }
                }
                panic!("{beginning:?} is still connected; it was answered {:?}", String::from_utf8(answer));
            });
        }
    });
}

#[test]
fn clients_that_take_every_connection_make_others_wait_and_no_more() {
    let server = Server::start();
    let described = on(&server);
    let mut few_files = Command::new("sh");
    few_files.args(["-c", "ulimit -n 130; exec \"$0\""]).arg(described.get_program());
    for (name, value) in described.get_envs() {
        match value {
            Some(value) => few_files.env(name, value),
            None => few_files.env_remove(name),
        };
    }
    few_files.stdin(std::process::Stdio::null());
    few_files.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let service = Service::start(&mut few_files);
    let login = service.login("+79991234567");
    let address = service.address();
    let slow: Vec<_> = (0..120).map(|number| open(&address, number % 2)).collect();
    assert_eq!(service.profile(&login).0, 200);
    assert!(!service.stderr().contains("Too many open files"), "{}", service.stderr());
    drop(slow);
}

#[test]
fn who_does_not_read_the_answers_is_cut_off_and_holds_little_until_then() {
    let server = Server::start();
    let service = Service::start(&mut on(&server));
    let address = service.address();
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", service.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap().to_owned();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() >> 10
    };
    let ask = "GET /swagger/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(40);
    let files = || std::fs::read_dir(format!("/proc/{}/fd", service.pid())).unwrap().count();
    let deaf: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(ask.as_bytes()).unwrap();
            stream
        })
        .collect();
    wait_until("an end of every connection", || {
        assert!(resident() < 150, "{} MiB", resident());
        files() < 100
    });
    drop(deaf);
    assert_eq!(service.ask("GET", "/health/ready", "", &serde_json::Value::Null).0, 200);
}
