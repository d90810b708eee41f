//! `phone-auth healthcheck`.

use std::{
    io::{Read, Write},
    net::TcpListener,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use crate::{
    commands::{Said, say},
    service::{DataDir, Service, phone_auth},
};

fn asking(address: &str) -> Command {
    let mut command = phone_auth();
    command.env("LISTEN_ADDR", address);
    command
}

fn health(address: &str) -> Said {
    say(asking(address), &["healthcheck"])
}

/// Answers whoever comes with these bytes; gives its port.
fn answering(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer.as_bytes());
            if answer.is_empty() {
                // Silent for longer than anybody waits.
                thread::sleep(Duration::from_secs(20));
            }
        }
    });
    port
}

#[test]
fn a_service_is_healthy_while_it_is_ready() {
    let folder = DataDir::new();
    let mut service = Service::start(phone_auth().env("DATA_DIR", folder.path()));
    let (_, port) =
        service.address().rsplit_once(':').map(|(at, port)| (at.to_owned(), port.to_owned())).unwrap();
    // It knows neither the database nor the root secret, and what is said for every address is asked here.
    for address in [format!("127.0.0.1:{port}"), format!("0.0.0.0:{port}")] {
        let said = say(asking(&address).env("APP_ENV", "production").take(), &["healthcheck"]).done();
        assert_eq!(said.answer, "ready\n");
    }
    service.signal("-TERM");
    assert!(service.ended().success());
    let said = health(&format!("127.0.0.1:{port}"));
    assert!(said.code == 6 && said.complaint.contains("nobody answers"), "{}", said.complaint);
}

/// A command that was built step by step, to be handed on.
trait Take {
    fn take(&mut self) -> Command;
}

impl Take for Command {
    fn take(&mut self) -> Command {
        std::mem::replace(self, Command::new("false"))
    }
}

#[test]
fn what_is_not_ready_or_not_the_service_is_not_healthy() {
    for (answer, why) in [
        ("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", "it answers 503"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "is not HTTP"),
        ("", "not within 3 seconds"),
    ] {
        let start = Instant::now();
        let said = health(&format!("127.0.0.1:{}", answering(answer)));
        assert!(said.code == 6 && said.complaint.contains(why), "{why}: {}", said.complaint);
        assert!(said.answer.is_empty() && start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    }
    let said = health("127.0.0.1:0");
    assert!(said.code == 1 && said.complaint.contains("port 0"), "{}", said.complaint);
}
