//! What operators' programs are told, and where.

use std::{
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::service::{DataDir, Service, exchange, phone_auth};

/// A request to the listener of the metrics.
fn ask(service: &Service, method: &str, path: &str) -> String {
    let address = service.metrics_address().unwrap_or_else(|| panic!("no metrics: {}", service.stdout()));
    exchange(&address, &format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
}

#[test]
fn the_metrics_are_told_on_a_listener_that_tells_nothing_else() {
    let folder = DataDir::new();
    let mut service = Service::start(phone_auth().env("DATA_DIR", folder.path()));
    let answer = ask(&service, "GET", "/metrics");
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let media_type = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert!(head.contains(media_type), "{head}");
    let version = concat!("phone_auth_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1");
    assert!(text.lines().any(|line| line == version), "{text}");
    assert!(text.ends_with("\n# EOF\n"), "{text}");

    for (method, path) in [
        ("GET", "/"),
        ("GET", "/metrics/"),
        ("GET", "/health/live"),
        ("GET", "/api/v1/profile"),
        ("GET", "/dev/inbox?phone=%2B79991234567"),
        ("POST", "/metrics"),
        ("POST", "/api/v1/auth/phone"),
    ] {
        let answer = ask(&service, method, path);
        assert!(answer.starts_with("HTTP/1.1 404 "), "{method} {path}: {answer}");
    }
    // And the listener of the API does not tell them.
    assert_eq!(service.ask("GET", "/metrics", "", &Value::Null).0, 404);

    service.whole_log();
}

#[test]
fn a_second_service_on_one_machine_runs_without_metrics_and_says_how_to_have_them() {
    // Whoever has the address, it is taken; only another run of this test might give it back.
    let start = Instant::now();
    let mut taken = None;
    while taken.is_none() && start.elapsed() < Duration::from_secs(5) {
        taken = TcpListener::bind("127.0.0.1:9090").ok();
        thread::sleep(Duration::from_millis(10));
    }
    let folder = DataDir::new();
    let mut service =
        Service::start(phone_auth().env("DATA_DIR", folder.path()).env_remove("ADMIN_LISTEN_ADDR"));
    assert_eq!(service.metrics_address(), None);
    assert_eq!(service.ask("GET", "/health/ready", "", &Value::Null).0, 200);
    let log = service.whole_log();
    assert!(log.contains("WARN") && log.contains("cannot listen at 127.0.0.1:9090"), "{log}");
    assert!(log.contains("set ADMIN_LISTEN_ADDR to a free address"), "{log}");
}
