//! Twilio Messages: a form, and an answer whose code decides.

use super::{PHONE, Played, Reply, SID, TOKEN, Told, ask, by_twilio, told};

const CREATED: &str = r#"{"account_sid": "AC0123456789abcdef0123456789abcdef", "api_version": "2010-04-01",
    "body": "…", "direction": "outbound-api", "error_code": null, "error_message": null, "from": "+12025550100",
    "num_segments": "1", "price": null, "price_unit": "USD", "sid": "SM0123456789abcdef0123456789abcdef",
    "status": "queued", "to": "+79991234567"}"#;

/// What a client is told when Twilio answers like this, once.
async fn when(status: u16, body: &'static str) -> Told {
    let twilio = Played::says(status, body);
    let app = by_twilio(&twilio.url()).start().await;
    let told = told(ask(&app).await);
    twilio.only();
    told
}

#[tokio::test]
async fn a_message_is_a_form_under_the_credentials_of_the_account() {
    let twilio = Played::says(201, CREATED);
    let app = by_twilio(&twilio.url()).start().await;
    assert_eq!(told(ask(&app).await), Told::Sent);
    let asked = twilio.only();
    assert_eq!(asked.line, "POST /2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json");
    assert_eq!(asked.header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(asked.basic(), format!("{SID}:{TOKEN}"));
    let text = "is+your+auth.example.com+login+code.+Do+not+tell+it+to+anyone.%0A%40auth.example.com+%23";
    let before = format!("To=%2B{}&From=%2B12025550100&Body=", &PHONE[1..]);
    let body = asked.body.strip_prefix(&before).unwrap_or_else(|| panic!("{}", asked.body));
    let (code, rest) = body.split_once('+').unwrap();
    assert!(code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    assert_eq!(rest, format!("{text}{code}"));
}

#[tokio::test]
async fn a_messaging_service_takes_the_place_of_the_sender() {
    let twilio = Played::says(201, CREATED);
    let app = by_twilio(&twilio.url())
        .set("--twilio-from", "")
        .set("--twilio-messaging-service-sid", "MG0123456789abcdef0123456789abcdef")
        .start()
        .await;
    assert_eq!(told(ask(&app).await), Told::Sent);
    let body = twilio.only().body;
    assert!(
        body.contains("&MessagingServiceSid=MG0123456789abcdef0123456789abcdef&") && !body.contains("From="),
        "{body}"
    );
}

#[tokio::test]
async fn numbers_countries_and_senders_that_are_refused_are_refused() {
    for body in [
        r#"{"code": 21211, "message": "Invalid 'To' Phone Number: +7999123XXXX", "more_info": "https://www.twilio.com/docs/errors/21211", "status": 400}"#,
        r#"{"code": 21614, "message": "'To' number is not a valid mobile number", "status": 400}"#,
        r#"{"code": 21408, "message": "Permission to send an SMS has not been enabled for the region", "status": 400}"#,
        r#"{"code": 21606, "message": "The From phone number is not a valid, SMS-capable number", "status": 400}"#,
        r#"{"code": 21612, "message": "The 'To' phone number is not currently reachable", "status": 400}"#,
        r#"{"code": 21610, "message": "Attempt to send to unsubscribed recipient", "status": 400}"#,
    ] {
        assert_eq!(when(400, body).await, Told::Rejected, "{body}");
    }
    // One that was made and has failed already.
    let failed = r#"{"sid": "SM1", "status": "failed", "error_code": 30006, "error_message": "Landline"}"#;
    assert_eq!(when(201, failed).await, Told::Rejected);
}

#[tokio::test]
async fn what_is_not_about_the_message_is_no_refusal() {
    for (status, body) in [
        (401, r#"{"code": 20003, "message": "Authenticate", "status": 401}"#),
        (404, r#"{"code": 20404, "message": "The requested resource was not found", "status": 404}"#),
        (429, r#"{"code": 20429, "message": "Too Many Requests", "status": 429}"#),
        (429, "slow down"),
        (400, r#"{"code": 21611, "message": "the queue of this number is full", "status": 400}"#),
        (500, r#"{"code": 20500, "message": "Internal Server Error", "status": 500}"#),
        (503, "<html>Service Unavailable</html>"),
        (302, ""),
    ] {
        assert_eq!(when(status, body).await, Told::Unavailable, "{status} {body}");
    }
}

#[tokio::test]
async fn a_client_waits_as_long_as_twilio_says() {
    let twilio = Played::start(Reply::Answer(429, "Retry-After: 17\r\n", r#"{"code": 20429}"#));
    let app = by_twilio(&twilio.url()).start().await;
    let answer = ask(&app).await.expect_problem(503, "sms-unavailable");
    assert_eq!((answer.header("retry-after"), &answer.body["retry_after"]), ("17", &17.into()));
}

#[tokio::test]
async fn success_that_cannot_be_read_is_not_taken_for_a_message() {
    for (status, body, expected) in [
        (200, "<html>Welcome to the guest network</html>", Told::MayArrive),
        (200, "{}", Told::MayArrive),
        (204, "", Told::MayArrive),
        // Made it was; by Twilio, as nobody else says so.
        (201, "…", Told::Sent),
        (502, "<html>Bad Gateway</html>", Told::MayArrive),
        (504, "", Told::MayArrive),
    ] {
        assert_eq!(when(status, body).await, expected, "{status} {body}");
    }
}
