//! An endpoint of the operator's own: signed by Standard Webhooks 1.0.0, answered by a status.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use super::{Asked, PHONE, Played, Reply, Told, ask, told};
use crate::{
    receiver::SECRET,
    support::{TestApp, app::TestAppBuilder},
};

/// A second secret, while the first is exchanged for it.
const NEXT: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

fn by_webhook(endpoint: &Played) -> TestAppBuilder {
    TestApp::builder()
        .set("--sms-provider", "webhook")
        .set("--sms-webhook-url", &format!("{}/sms?key=1", endpoint.url()))
        .set("--sms-webhook-secrets", &format!("{NEXT},{SECRET}"))
}

/// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
fn signature(secret: &str, asked: &Asked) -> String {
    let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, timestamp) = (asked.header("webhook-id"), asked.header("webhook-timestamp"));
    mac.update(format!("{id}.{timestamp}.{}", asked.body).as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn a_message_is_signed_by_every_secret_and_has_the_code_apart() {
    let endpoint = Played::says(200, r#"{"id": 7, "cost": "0.02 EUR"}"#);
    let app = by_webhook(&endpoint).start().await;
    assert_eq!(told(ask(&app).await), Told::Sent);
    let asked = endpoint.only();
    assert_eq!(asked.line, "POST /sms?key=1");
    assert_eq!(asked.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(asked.header("authorization"), "");
    // The clock of the test starts at 2026-11-21T12:00:00Z and may have gone on by what passed since.
    let timestamp: i64 = asked.header("webhook-timestamp").parse().unwrap();
    assert!((1_795_262_400..1_795_262_460).contains(&timestamp), "{timestamp}");
    assert!(!asked.header("webhook-id").contains('.') && asked.header("webhook-id").len() >= 20);
    let signatures = [NEXT, SECRET].map(|secret| signature(secret, &asked)).join(" ");
    assert_eq!(asked.header("webhook-signature"), signatures);
    let body = asked.json();
    let code = body["data"]["code"].as_str().unwrap();
    let text = format!(
        "{code} is your auth.example.com login code. Do not tell it to anyone.\n@auth.example.com #{code}"
    );
    assert_eq!(
        body,
        json!({
            "type": "sms.requested",
            "timestamp": body["timestamp"],
            "data": {"phone": PHONE, "text": text, "code": code},
        })
    );
    assert!(body["timestamp"].as_str().unwrap().starts_with("2026-11-21T12:00:"), "{body}");
}

#[tokio::test]
async fn the_status_decides_and_each_message_goes_once() {
    for (status, body, expected) in [
        (200, "", Told::Sent),
        (202, "<html>whatever</html>", Told::Sent),
        (204, "", Told::Sent),
        (422, "", Told::Rejected),
        (400, "", Told::Rejected),
        (401, "", Told::Unavailable),
        (403, "", Told::Unavailable),
        (404, "", Told::Unavailable),
        (402, "no credits", Told::Unavailable),
        (429, "", Told::Unavailable),
        (301, "", Told::Unavailable),
        (500, "", Told::Unavailable),
        (503, "", Told::Unavailable),
        (502, "", Told::MayArrive),
        (504, "", Told::MayArrive),
    ] {
        let endpoint = Played::says(status, body);
        let app = by_webhook(&endpoint).start().await;
        assert_eq!(told(ask(&app).await), expected, "{status}");
        endpoint.only();
    }
}

#[tokio::test]
async fn an_endpoint_that_hangs_up_after_it_was_told_may_have_sent_the_message() {
    let endpoint = Played::start(Reply::Cut);
    let app = by_webhook(&endpoint).start().await;
    assert_eq!(told(ask(&app).await), Told::MayArrive);
    endpoint.only();
}
