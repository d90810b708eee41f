//! SMS Aero, gateway API v2: JSON, whose body decides whatever the status is.

use serde_json::json;

use super::{Played, TOKEN, Told, ask, free_port, told};
use crate::support::{TestApp, app::TestAppBuilder};

const QUEUED: &str = r#"{"success":true,"data":{"id":12345,"from":"SMS Aero","number":"79991234567","text":"…","status":0,
    "extendStatus":"queue","channel":"FREE SIGN","cost":5.49,"dateCreate":1719119523,"dateSend":1719119523},"message":null}"#;

/// A service whose messages go by SMS Aero, whose gateways are at `urls`.
fn by_smsaero(urls: &[String]) -> TestAppBuilder {
    TestApp::builder()
        .set("--sms-provider", "smsaero")
        .set("--smsaero-email", "ada@example.com")
        .set("--smsaero-api-key", TOKEN)
        .set("--smsaero-urls", &urls.join(","))
}

/// What a client is told when the only gateway answers like this, once.
async fn when(status: u16, body: &'static str) -> Told {
    let gateway = Played::says(status, body);
    let app = by_smsaero(&[gateway.url()]).start().await;
    let told = told(ask(&app).await);
    gateway.only();
    told
}

#[tokio::test]
async fn a_message_is_json_under_the_credentials_of_the_account() {
    let gateway = Played::says(200, QUEUED);
    let app = by_smsaero(&[gateway.url()]).set("--smsaero-sign", "Example").start().await;
    assert_eq!(told(ask(&app).await), Told::Sent);
    let asked = gateway.only();
    assert_eq!(asked.line, "POST /v2/sms/send");
    assert_eq!(asked.header("content-type"), "application/json");
    assert_eq!(asked.basic(), format!("ada@example.com:{TOKEN}"));
    let body = asked.json();
    let text = body["text"].as_str().unwrap();
    let code = text.split(' ').next().unwrap();
    assert!(code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    let expected = format!(
        "{code} is your auth.example.com login code. Do not tell it to anyone.\n@auth.example.com #{code}"
    );
    assert_eq!(body, json!({"number": "79991234567", "sign": "Example", "text": expected}));
}

#[tokio::test]
async fn what_is_taken_may_be_told_in_several_forms() {
    for body in [
        r#"{"success":true,"data":[{"id":12345,"status":0,"cost":"5.49"}],"message":null}"#,
        r#"{"success":true,"data":{"id":12345,"status":8},"message":null}"#,
        r#"{"success":true,"data":null,"message":{"of": "another form"}}"#,
        r#"{"result":"accepted","id":12345}"#,
    ] {
        assert_eq!(when(200, body).await, Told::Sent, "{body}");
    }
}

#[tokio::test]
async fn numbers_and_senders_that_are_refused_are_refused() {
    for (status, body) in [
        (200, r#"{"success":false,"data":{"number":["incorrect"]},"message":"Validation error."}"#),
        (400, r#"{"success":false,"data":{"number":["incorrect"]},"message":"Validation error."}"#),
        (200, r#"{"success":false,"data":[{"number":["incorrect"]}],"message":"Validation error."}"#),
        (200, r#"{"success":false,"data":{"sign":["is not approved"]},"message":"Validation error."}"#),
        (200, r#"{"success":false,"data":null,"message":"Validation error."}"#),
        (200, r#"{"result":"reject","reason":"incorrect number"}"#),
        (200, r#"{"result":"reject","reason":"something else"}"#),
        (200, r#"{"result":"reject"}"#),
        // Taken, and rejected at once.
        (200, r#"{"success":true,"data":{"id":12345,"status":6,"extendStatus":"reject"},"message":null}"#),
        (200, r#"{"success":true,"data":[{"id":12345,"status":"2"}],"message":null}"#),
    ] {
        assert_eq!(when(status, body).await, Told::Rejected, "{status} {body}");
    }
}

#[tokio::test]
async fn what_is_not_about_the_message_is_no_refusal() {
    let credentials =
        r#"{"success":false,"data":null,"message":"Your request was made with invalid credentials."}"#;
    for (status, body) in [
        (401, credentials),
        (200, credentials),
        (401, "<html>Unauthorized</html>"),
        (200, r#"{"result":"reject","reason":"incorrect user or password"}"#),
        (200, r#"{"result":"no credits"}"#),
        (402, r#"{"success":false,"data":null,"message":null}"#),
        (200, r#"{"success":false,"data":null,"message":"Not enough money"}"#),
        (200, r#"{"success":false,"data":null,"message":"Too many requests."}"#),
        (429, ""),
        (500, r#"{"success":false,"data":null,"message":null}"#),
        (500, "<html>Internal Server Error</html>"),
        // A failure of which nothing is told.
        (200, r#"{"success":false,"data":null,"message":null}"#),
        (200, r#"{"success":false,"data":[]}"#),
    ] {
        assert_eq!(when(status, body).await, Told::Unavailable, "{status} {body}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_tells_nothing_of_the_message() {
    for (status, body) in
        [(200, "<html>Welcome to the guest network</html>"), (200, ""), (200, "{}"), (200, "[]"), (504, "")]
    {
        assert_eq!(when(status, body).await, Told::MayArrive, "{status} {body}");
    }
}

#[tokio::test]
async fn the_next_gateway_is_asked_when_one_is_away_and_stays_the_first() {
    let (away, works) = (Played::says(500, "<html>Internal Server Error</html>"), Played::says(200, QUEUED));
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    for urls in [[away.url(), works.url()], [nowhere, works.url()]] {
        let app = by_smsaero(&urls).start().await;
        assert_eq!(told(ask(&app).await), Told::Sent);
        assert_eq!(told(ask(&app).await), Told::Sent);
    }
    assert_eq!((away.asked().len(), works.asked().len()), (1, 4));
}

#[tokio::test]
async fn the_next_gateway_is_not_asked_when_the_message_may_be_out_or_was_refused() {
    for (status, body, expected) in [
        (200, "garbage", Told::MayArrive),
        (504, "", Told::MayArrive),
        (200, r#"{"result":"no credits"}"#, Told::Unavailable),
        (500, r#"{"success":false,"data":null,"message":null}"#, Told::Unavailable),
    ] {
        let (first, second) = (Played::says(status, body), Played::says(200, QUEUED));
        let app = by_smsaero(&[first.url(), second.url()]).start().await;
        assert_eq!(told(ask(&app).await), expected, "{status} {body}");
        first.only();
        assert!(second.asked().is_empty(), "{status} {body}");
    }
}
