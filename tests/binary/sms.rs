//! `phone-auth sms test`.

use crate::{
    commands::{documented_members, members, say},
    service::{ROOT_SECRET, phone_auth},
};

#[test]
fn one_text_is_sent_and_its_outcome_told_in_words() {
    let told = say(phone_auth(), &["sms", "test", "8 (999) 123-45-67"]).done().answer;
    assert!(told.starts_with("simulated: no message went to anybody."), "{told}");
    assert!(told.contains("+7999***4567 by simulated") && !told.contains("79991234567"), "{told}");
    let told =
        say(phone_auth(), &["sms", "test", "+79991234567", "--provider", "simulated", "--json"]).done();
    let json = told.json();
    assert_eq!(members(&json), documented_members("sms test"));
    assert_eq!((&json["outcome"], &json["phone"]), (&"simulated".into(), &"+7999***4567".into()));
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
