//! `phone-auth sms test`.

use crate::{
    commands::{documented_members, members, say},
    service::{ROOT_SECRET, phone_auth},
};

#[test]
fn one_text_is_sent_and_its_outcome_told_in_words() {
    let told = say(phone_auth(), &["sms", "test", "8 (999) 123-45-67"]).done().answer;
    assert!(told.starts_with("simulated: simulated\n  No message went to anybody."), "{told}");
    assert!(told.contains("To +7999***4567, after") && !told.contains("79991234567"), "{told}");
    let told =
        say(phone_auth(), &["sms", "test", "+79991234567", "--provider", "simulated", "--json"]).done();
    let json = told.json();
    assert_eq!(members(&json), documented_members("sms test"));
    assert_eq!((&json["outcome"], &json["phone"]), (&"simulated".into(), &"+7999***4567".into()));
    assert_eq!(json["attempts"][0]["outcome"], "simulated");
    assert!(told.complaint.is_empty(), "{}", told.complaint);

    let mut elsewhere = phone_auth();
    elsewhere.env("ALLOWED_COUNTRIES", "DE");
    let told = say(elsewhere, &["sms", "test", "+79991234567"]).done().answer;
    assert!(told.contains("not in ALLOWED_COUNTRIES"), "{told}");
    let wrong = say(phone_auth(), &["sms", "test", "+7 495 123-45-67"]);
    assert!(wrong.code == 1 && wrong.complaint.contains("receive text messages"), "{}", wrong.complaint);
    assert_eq!(say(phone_auth(), &["sms", "test", "+79991234567", "--provider", "pigeon"]).code, 2);
    // What the service would refuse, this refuses.
    let mut production = phone_auth();
    production.env("APP_ENV", "production").env("ROOT_SECRET", ROOT_SECRET);
    production
        .env("DATABASE_URL", "postgres://127.0.0.1:1/none")
        .env("PUBLIC_URL", "https://auth.example.com");
    let refused = say(production, &["sms", "test", "+79991234567"]);
    assert!(
        refused.code == 1 && refused.complaint.contains("SMS_PROVIDER is simulated"),
        "{}",
        refused.complaint
    );
}

#[test]
fn who_was_asked_and_why_they_did_not_take_it_is_told_one_by_one() {
    let mut command = phone_auth();
    command
        .env("SMS_PROVIDER", "twilio,simulated")
        .env("TWILIO_URL", "http://127.0.0.1:1")
        .env("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000000")
        .env("TWILIO_AUTH_TOKEN", "t0k3n-m4rk3r")
        .env("TWILIO_FROM", "+15005550006");
    let told = say(command, &["sms", "test", "+79991234567"]).done();
    let answer = &told.answer;
    assert!(
        answer.starts_with("twilio: not-reached (code connection refused)\n  There was no connection"),
        "{answer}"
    );
    assert!(answer.contains("\nsimulated: simulated\n"), "{answer}");
    for secret in ["m4rk3r", "79991234567"] {
        assert!(!answer.contains(secret) && !told.complaint.contains(secret), "{answer} {}", told.complaint);
    }
}

#[test]
fn a_provider_that_lacks_a_setting_is_refused_by_the_name_of_that_setting() {
    for (provider, setting) in
        [("smsaero", "SMSAERO_EMAIL"), ("twilio", "TWILIO_ACCOUNT_SID"), ("webhook", "SMS_WEBHOOK_URL")]
    {
        let mut command = phone_auth();
        command.env("SMS_PROVIDER", format!("simulated,{provider}"));
        let refused = say(command, &["sms", "test", "+79991234567"]);
        let expected = format!("{setting} must be set with SMS_PROVIDER={provider}");
        assert!(refused.code == 1 && refused.complaint.contains(&expected), "{}", refused.complaint);
        // The same where it is asked for once.
        let refused = say(phone_auth(), &["sms", "test", "+79991234567", "--provider", provider]);
        assert!(refused.code == 1 && refused.complaint.contains(&expected), "{}", refused.complaint);
    }
}
