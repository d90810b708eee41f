//! A number has many spellings and one set of limits.

use chrono::Duration;
use serde_json::json;

use crate::{
    support::TestApp,
    tools::{
        HOME, PHONE, address, ask, ask_with, guess, guess_until, limited, outcomes, read, sent_to_device,
        tally,
    },
};

const SPELLINGS: [&str; 12] = [
    PHONE,
    "8 (999) 123-45-67",
    "79991234567",
    "9991234567",
    "+7.999.123.45.67",
    "00 7 999 123 45 67",
    "  +7-999-123-45-67  ",
    "\u{ff0b}\u{ff17}９９９１２３４５６７",
    "+7 (999) 1234567",
    "89991234567",
    "+٧٩٩٩١٢٣٤٥٦٧",
    "8\u{a0}999\u{a0}123\u{2011}45\u{2011}67",
];

#[tokio::test]
async fn twelve_spellings_share_the_gap_and_the_three_sends() {
    let app = limited().start().await;
    let mut answers = Vec::new();
    for (client, spelling) in SPELLINGS.into_iter().enumerate() {
        answers.push(ask(&app, &address(client), spelling).await);
    }
    assert_eq!(outcomes(&answers), tally([("200", 1), ("too-many-requests", 11)]));
    let mut answers = Vec::new();
    for (client, spelling) in SPELLINGS.into_iter().enumerate() {
        app.pass(Duration::seconds(30));
        answers.push(ask(&app, &address(100 + client), spelling).await);
    }
    assert_eq!(outcomes(&answers), tally([("200", 2), ("too-many-requests", 10)]));
    assert_eq!(app.count("phone_guard").await, 1);
}

#[tokio::test]
async fn twelve_spellings_share_three_guesses() {
    let app = TestApp::start().await;
    let mut codes = Vec::new();
    for spelling in SPELLINGS {
        let asked = ask(&app, HOME, spelling).await.expect(200);
        codes.push(read(&app, PHONE, &asked));
    }
    let mut answers = Vec::new();
    for code in &codes {
        answers.push(guess(&app, code).await);
    }
    assert_eq!(outcomes(&answers), tally([("invalid-code", 3), ("code-upgraded", 9)]));
    for spelling in SPELLINGS {
        assert_eq!(ask(&app, HOME, spelling).await.expect(200).body["code_length"], 6, "{spelling}");
    }
}

#[tokio::test]
async fn a_second_spelling_makes_no_second_key() {
    let app = limited().start().await;
    ask(&app, HOME, SPELLINGS[0]).await.expect(200);
    let keys = app.query("SELECT key::text FROM rate_limit ORDER BY key").await;
    for spelling in &SPELLINGS[1..3] {
        app.pass(Duration::seconds(30));
        ask(&app, HOME, spelling).await.expect(200);
    }
    assert_eq!(app.query("SELECT key::text FROM rate_limit ORDER BY key").await, keys);
    assert_eq!(app.query("SELECT country FROM country_traffic").await, ["RU"]);
}

#[tokio::test]
async fn a_device_is_trusted_with_every_spelling() {
    let app = TestApp::start().await;
    let token = app.login(PHONE).await.login.text_of("device_token");
    guess_until(&app, PHONE, 6).await;
    for spelling in SPELLINGS {
        let asked =
            ask_with(&app, HOME, &json!({"phone": spelling, "device_token": token})).await.expect(200);
        assert_eq!(asked.body["code_length"], 4, "{spelling}");
    }
    assert_eq!(sent_to_device(&app, HOME, PHONE, &token).await.digits, 4);
}
