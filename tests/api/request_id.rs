//! What a request is called, by its client or by the service.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, TestApp};

impl TestApp {
    /// Asks for `path` under a name.
    async fn ask_as(&self, name: &str, method: Method, path: &str) -> Answer {
        self.send(self.request(method, path).header("x-request-id", name)).await
    }
}

#[tokio::test]
async fn every_answer_has_the_name_that_its_request_came_with() {
    let app = TestApp::start().await;
    for (method, path, status) in [
        (Method::GET, "/health/live", 200),
        (Method::HEAD, "/health/live", 200),
        (Method::GET, "/", 200),
        (Method::GET, "/redoc", 200),
        (Method::GET, "/openapi.json", 200),
        (Method::GET, "/no/such/path", 404),
        (Method::PUT, "/health/live", 405),
        (Method::GET, "/api/v1/profile", 401),
        (Method::POST, "/api/v1/auth/phone", 415),
    ] {
        let answer = app.ask_as("proxy:7f3a_1.b~c-4", method.clone(), path).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("x-request-id"), "proxy:7f3a_1.b~c-4", "{method} {path}");
        assert_eq!(answer.headers.get_all("x-request-id").iter().count(), 1, "{method} {path}");
        if status >= 400 {
            assert_eq!(answer.body["trace_id"], "proxy:7f3a_1.b~c-4", "{method} {path}");
        }
    }
    let large = app.request(Method::POST, "/api/v1/auth/phone").header("x-request-id", "large-1");
    let answer = app.send(large.json(&json!({"phone": "7".repeat(20_000)}))).await;
    assert_eq!(answer.expect_problem(413, "payload-too-large").header("x-request-id"), "large-1");
}

#[tokio::test]
async fn a_request_that_is_put_off_has_its_name_too() {
    let app = TestApp::start().await;
    let mut held = Vec::new();
    while held.len() < 4 {
        held.extend(app.state.database.connection().await);
    }
    let answer = app.ask_as("late-1", Method::GET, "/health/ready").await;
    assert_eq!(answer.header("x-request-id"), "late-1");
    assert_eq!(answer.expect_problem(503, "service-unavailable").body["trace_id"], "late-1");
}

#[tokio::test]
async fn a_name_that_is_none_is_replaced_and_never_said_again() {
    let app = TestApp::start().await;
    let too_long = "a".repeat(129);
    for bad in ["", "two words", "a,b", "<script>", "a\"b", "x=1", "+79991234567", "79991234567", &too_long] {
        let answer = app.ask_as(bad, Method::GET, "/api/v1/profile").await;
        let given = answer.header("x-request-id").to_owned();
        assert_eq!(answer.body["trace_id"], given);
        assert_ne!(given, bad);
        assert_eq!(uuid::Uuid::parse_str(&given).unwrap().get_version_num(), 7, "{bad}: {given}");
    }
    let raw = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-Id: \xff\r\n\r\n";
    assert!(uuid::Uuid::parse_str(app.raw(raw).header("x-request-id")).is_ok());
    // Of two names nobody knows which one a proxy believed.
    let two =
        app.request(Method::GET, "/health/live").header("x-request-id", "a").header("x-request-id", "b");
    assert!(uuid::Uuid::parse_str(app.send(two).await.header("x-request-id")).is_ok());
    let (one, other) = (app.get("/health/live").await, app.get("/health/live").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}
