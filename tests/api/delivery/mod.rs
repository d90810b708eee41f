//! What becomes of a message when providers fail, and what its sender and the limits learn of it.

mod fallback;
mod pool;
mod returning;

use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::{
    receiver::SECRET,
    support::{Answer, TestApp, app::TestAppBuilder},
};

const PHONE: &str = "+79991234567";

/// A provider that answers everything with `answer`.
async fn provider(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

/// The same one, which answers otherwise from now on.
async fn now_answers(server: &MockServer, answer: ResponseTemplate) {
    server.reset().await;
    Mock::given(any()).respond_with(answer).mount(server).await;
}

/// How many requests a provider was sent since it answers as it does.
async fn asked(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

/// A service whose messages an endpoint carries.
fn carried_by(endpoint: &str) -> TestAppBuilder {
    TestApp::builder()
        .set("--sms-provider", "webhook")
        .set("--sms-webhook-url", endpoint)
        .set("--sms-webhook-secrets", SECRET)
}

/// A service whose messages Twilio carries, and an endpoint where Twilio does not.
fn carried_by_two(twilio: &str, endpoint: &str) -> TestAppBuilder {
    carried_by(endpoint)
        .set("--sms-provider", "twilio,webhook")
        .set("--twilio-url", twilio)
        .set("--twilio-account-sid", "AC00000000000000000000000000000000")
        .set("--twilio-auth-token", "a token")
        .set("--twilio-from", "+15005550006")
}

async fn ask(app: &TestApp, phone: &str) -> Answer {
    app.post("/api/v1/auth/phone", json!({"phone": phone})).await
}
