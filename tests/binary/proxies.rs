//! Behind a proxy that nobody told it about.

use crate::service::{DataDir, Service, exchange, phone_auth};

#[test]
fn a_forgotten_proxy_is_told_once_and_without_an_address() {
    let folder = DataDir::new();
    let mut service = Service::start(phone_auth().env("DATA_DIR", folder.path()));
    let request = "POST /api/v1/auth/verify HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                   X-Forwarded-For: 203.0.113.77\r\nContent-Length: 0\r\n\r\n";
    for _ in 0..3 {
        assert!(exchange(&service.address(), request).starts_with("HTTP/1.1 4"));
    }
    let log = service.whole_log();
    assert_eq!(log.matches("X-Forwarded-For is ignored: TRUSTED_PROXIES is empty").count(), 1, "{log}");
    assert!(!log.contains("203.0.113"), "{log}");
}
