//! `POST /auth/phone`: a code to a phone, a challenge to the client.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, new_database};

const PHONE: &str = "+79991234567";

async fn ask(app: &TestApp, body: Value) -> Answer {
    app.post("/api/v1/auth/phone", body).await
}

/// The newest text sent to `phone`.
fn text(app: &TestApp, phone: &str) -> String {
    let phone = phone.to_owned().try_into().unwrap();
    app.state.sms.inbox().unwrap().messages_to(&phone)[0].text.clone()
}

#[tokio::test]
async fn every_spelling_of_a_number_leads_to_the_same_account() {
    let app = TestApp::start().await;
    let ada = app.login(PHONE).await.login.body["user"]["id"].clone();
    for spelling in [
        "8 (999) 123-45-67",
        "79991234567",
        "9991234567",
        "+7.999.123.45.67",
        "00 7 999 123 45 67",
        "  +7-999-123-45-67  ",
        "\u{ff0b}\u{ff17}９９９１２３４５６７",
    ] {
        let challenge = app.challenge(spelling).await;
        let login = app.verify(&challenge, &app.code(PHONE)).await.expect(200);
        assert_eq!(login.body["user"]["id"], ada, "{spelling}");
    }
    assert_eq!(app.count("users").await, 1);
}

#[tokio::test]
async fn a_number_without_a_country_code_is_of_the_default_region() {
    let app = TestApp::builder().set("--default-region", "GB").start().await;
    ask(&app, json!({"phone": "07400 123456"})).await.expect(200);
    assert_eq!(app.code("+447400123456").len(), 4);
    ask(&app, json!({"phone": "+7 999 123-45-67"})).await.expect(200);
    assert_eq!(app.code(PHONE).len(), 4);
    ask(&app, json!({"phone": "8 (999) 123-45-67"})).await.expect_problem(422, "invalid-phone");
}

#[tokio::test]
async fn what_is_no_number_is_refused() {
    let app = TestApp::start().await;
    let long = format!("{PHONE}{}", " ".repeat(60));
    for wrong in
        ["", "+", "phone", "+7999123456", "+799912345678901", "8-800-FLOWERS", "+79991234567 ext. 5", &long]
    {
        ask(&app, json!({"phone": wrong})).await.expect_problem(422, "invalid-phone");
    }
}

#[tokio::test]
async fn a_number_that_receives_no_messages_is_refused_for_that_reason() {
    let app = TestApp::start().await;
    for line in ["+7 495 123-45-67", "8 800 555-35-35"] {
        ask(&app, json!({"phone": line})).await.expect_problem(422, "phone-not-supported");
    }
}

#[tokio::test]
async fn the_message_is_in_the_language_of_the_locale_or_else_of_the_country() {
    let app = TestApp::start().await;
    let (russian, english) = ("Код для входа: ", " login code. ");
    for (phone, locale, expected) in [
        (PHONE, json!(null), russian),
        (PHONE, json!("en-GB"), english),
        (PHONE, json!("de"), russian),
        ("+447400123456", json!(null), english),
        ("+447400123456", json!("RU_ru"), russian),
        ("+447400123456", json!("no language at all"), english),
        ("+375291234567", json!(null), russian),
    ] {
        ask(&app, json!({"phone": phone, "locale": locale})).await.expect(200);
        assert!(text(&app, phone).contains(expected), "{phone} {locale}: {}", text(&app, phone));
    }
    ask(&app, json!({"phone": PHONE})).await.expect(200);
    assert!(text(&app, PHONE).contains(russian));
}

#[tokio::test]
async fn the_message_ends_in_the_line_from_which_browsers_fill_the_code_in() {
    for (url, host) in
        [("https://auth.example.com", "auth.example.com"), ("http://localhost:8080", "localhost")]
    {
        let app = TestApp::builder().set("--public-url", url).start().await;
        for locale in ["en", "ru"] {
            ask(&app, json!({"phone": PHONE, "locale": locale})).await.expect(200);
            let last = format!("@{host} #{}", app.code(PHONE));
            assert_eq!(text(&app, PHONE).lines().next_back(), Some(last.as_str()));
        }
    }
}

#[tokio::test]
async fn all_challenges_are_equally_long() {
    let app = TestApp::start().await;
    let long = TestApp::builder().set("--otp-length", "10").start().await;
    let mut lengths = Vec::new();
    // The shortest and the longest mobile numbers that there are, among others.
    for phone in [PHONE, "+29051234", "+447400123456", "+4915511234567", "+8613912345678"] {
        for invite in [json!(null), json!("H3NP8X"), json!("not an invite code, and rather a long one")] {
            for app in [&app, &long] {
                let answer = ask(app, json!({"phone": phone, "invite_code": invite})).await.expect(200);
                lengths.push(answer.text_of("challenge_token").len());
            }
        }
    }
    assert!(lengths.iter().all(|length| *length == lengths[0]), "{lengths:?}");
}

#[tokio::test]
async fn the_answer_does_not_tell_whether_the_number_has_an_account() {
    let app = TestApp::start().await;
    app.login(PHONE).await;
    let mut seen = Vec::new();
    for phone in [PHONE, "+79997654321"] {
        let mut answer = ask(&app, json!({"phone": phone})).await.expect(200);
        let token = answer.text_of("challenge_token");
        for changing in ["date", "x-request-id"] {
            answer.headers.remove(changing);
        }
        seen.push((answer.headers, answer.text.replace(&token, &"x".repeat(token.len()))));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_code_has_as_many_digits_as_the_setting_says() {
    let database = new_database().await;
    for length in 4..=10 {
        let app =
            TestApp::builder().database(&database).set("--otp-length", &length.to_string()).start().await;
        let asked = ask(&app, json!({"phone": PHONE})).await.expect(200);
        assert_eq!(asked.body["code_length"], length);
        let code = app.code(PHONE);
        assert_eq!(code.len(), length);
        app.verify(&asked.text_of("challenge_token"), &code).await.expect(200);
    }
}

#[tokio::test]
async fn a_leading_zero_is_part_of_the_code() {
    let app = TestApp::builder().set("--otp-length", "5").start().await;
    // One code in ten begins with a zero.
    let (challenge, code) = loop {
        let challenge = app.challenge(PHONE).await;
        let code = app.code(PHONE);
        if code.starts_with('0') {
            break (challenge, code);
        }
    };
    assert!(text(&app, PHONE).ends_with(&format!("#{code}")));
    app.verify(&challenge, &code[1..]).await.expect_problem(401, "invalid-code");
    app.verify(&challenge, &code).await.expect(200);
}

#[tokio::test]
async fn a_code_can_be_entered_for_as_long_as_the_setting_says() {
    let app = TestApp::builder().set("--otp-ttl-seconds", "90").start().await;
    let asked = ask(&app, json!({"phone": PHONE})).await.expect(200);
    assert_eq!(asked.body["expires_in"], 90);
    app.pass(chrono::Duration::seconds(90));
    let late = app.verify(&asked.text_of("challenge_token"), &app.code(PHONE)).await;
    late.expect_problem(401, "invalid-challenge");
}

#[tokio::test]
async fn a_wrong_invite_code_does_not_block_the_login_and_is_told_after_it() {
    let app = TestApp::start().await;
    let inviter = app.login("+79990000001").await.invite_code();
    for (phone, invite, referral) in [
        ("+79990000002", "H3NP8X", "unknown-invite-code"),
        ("+79990000003", "", "unknown-invite-code"),
        ("+79990000004", "not an invite code", "unknown-invite-code"),
        ("+79990000005", "' OR 1=1 --", "unknown-invite-code"),
        ("+79990000006", &inviter.to_lowercase(), "activated"),
        ("+79990000006", &inviter, "not-a-first-login"),
    ] {
        let asked = ask(&app, json!({"phone": phone, "invite_code": invite})).await.expect(200);
        let login = app.verify(&asked.text_of("challenge_token"), &app.code(phone)).await.expect(200);
        assert_eq!(login.body["referral"], referral, "{invite}");
    }
}

#[tokio::test]
async fn nothing_is_held_while_messages_are_on_their_way() {
    let delay = Duration::from_millis(300);
    let app = TestApp::builder()
        .set("--sms-simulated-delay-ms", &delay.as_millis().to_string())
        .set("--database-pool-size", "1")
        .start()
        .await;
    let ada = app.login(PHONE).await;
    let phones: Vec<String> = (0..10).map(|number| format!("+7999000000{number}")).collect();
    let start = Instant::now();
    let waiting = join_all(phones.iter().map(|phone| app.challenge(phone)));
    // The only connection goes on answering others all the while.
    let reading = async {
        while start.elapsed() < delay {
            ada.profile().await;
        }
    };
    join(waiting, reading).await;
    // One after the other they would take as long as this at the least.
    assert!(start.elapsed() < 10 * delay, "{:?}", start.elapsed());
    assert!(start.elapsed() >= delay);
}
