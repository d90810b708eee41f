//! What the messages say, and in which language.

use std::{fs, path::PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, TestUser};

const RUSSIAN: &str = "+79991234567";
const BRITISH: &str = "+447400123456";
const NEW: &str = "+79997654321";
const LOGIN: &str = "/api/v1/auth/phone";
const CHANGE: &str = "/api/v1/profile/phone";
const HASH: &str = "FA+9qCX9VSu";

/// The newest text sent to `phone`.
fn text(app: &TestApp, phone: &str) -> String {
    let phone = phone.to_owned().try_into().unwrap();
    app.state.sms.inbox().unwrap().messages_to(&phone)[0].text.clone()
}

fn is_russian(text: &str) -> bool {
    text.to_lowercase().contains("код")
}

/// Asks for a login code with each of these lines of `Accept-Language`.
async fn ask(app: &TestApp, body: &Value, lines: &[&str]) -> Answer {
    let request = app.request(Method::POST, LOGIN).json(body);
    app.send(lines.iter().fold(request, |request, line| request.header("accept-language", *line))).await
}

#[tokio::test]
async fn a_locale_counts_before_accept_language_and_that_before_the_country() {
    let app = TestApp::start().await;
    for (phone, locale, lines, russian) in [
        (BRITISH, json!(null), &["ru-RU,ru;q=0.9,en;q=0.8"][..], true),
        (RUSSIAN, json!(null), &["ru;q=0.1, en-GB;q=0.2"], false),
        (RUSSIAN, json!("ru"), &["en"], true),
        (BRITISH, json!("en-GB"), &["ru"], false),
        // What is none of ours leaves it to the next.
        (RUSSIAN, json!("de"), &["en"], false),
        (RUSSIAN, json!("de"), &["fr-CH, fr;q=0.9"], true),
        (BRITISH, json!("no language at all"), &["de", "ru;q=0.3"], true),
        (BRITISH, json!(""), &["*"], false),
        (RUSSIAN, json!(null), &["de, *;q=0.5"], true),
        (RUSSIAN, json!(null), &["en;q=0"], true),
        (RUSSIAN, json!(null), &[], true),
    ] {
        ask(&app, &json!({"phone": phone, "locale": locale}), lines).await.expect(200);
        assert_eq!(is_russian(&text(&app, phone)), russian, "{phone} {locale} {lines:?}");
    }
}

#[tokio::test]
async fn an_accept_language_that_cannot_be_meant_is_as_none() {
    let app = TestApp::start().await;
    let (long, many) = ("en,".repeat(8_000), vec!["en"; 60]);
    for lines in [&[&*long][..], &["e\u{f6}n"], &[";;,q=,,=\"\\"], &["en;q=9"], &["en;q=-1"], &[""]] {
        ask(&app, &json!({"phone": RUSSIAN}), lines).await.expect(200);
        assert!(is_russian(&text(&app, RUSSIAN)), "{:.40}", lines[0]);
    }
    ask(&app, &json!({"phone": RUSSIAN}), &many).await.expect(200);
    assert!(!is_russian(&text(&app, RUSSIAN)));
}

#[tokio::test]
async fn a_change_of_number_speaks_the_same_languages() {
    let app = TestApp::start().await;
    let ada = app.login(RUSSIAN).await;
    let change = async |body: Value, line: &str| {
        let request = ada.request(Method::POST, CHANGE).header("accept-language", line);
        app.send(request.json(&body)).await.expect(200);
        text(&app, NEW)
    };
    assert!(!is_russian(&change(json!({"phone": NEW}), "en").await));
    assert!(is_russian(&change(json!({"phone": NEW, "locale": "ru"}), "en").await));
    assert!(is_russian(&change(json!({"phone": NEW, "locale": "de"}), "de").await));
    assert!(is_russian(&change(json!({"phone": NEW}), &"en,".repeat(8_000)).await));
}

/// The last line of a login's and of a change's message, asked for with `autofill`.
async fn last_lines(ada: &TestUser<'_>, autofill: Value) -> [String; 2] {
    let app = ada.app;
    app.post(LOGIN, json!({"phone": RUSSIAN, "autofill": autofill})).await.expect(200);
    ada.post(CHANGE, json!({"phone": NEW, "autofill": autofill})).await.expect(200);
    [RUSSIAN, NEW].map(|phone| {
        let text = text(app, phone);
        assert!(text.contains(&app.code(phone)), "{text}");
        text.lines().next_back().unwrap().replace(&app.code(phone), "CODE")
    })
}

#[tokio::test]
async fn android_reads_the_hash_of_its_app_in_the_last_line_and_nothing_of_the_web() {
    let app = TestApp::builder().set("--android-app-hash", HASH).start().await;
    let ada = app.login(RUSSIAN).await;
    assert_eq!(last_lines(&ada, json!("android")).await, [HASH; 2]);
    assert!(!text(&app, RUSSIAN).contains('@') && !text(&app, RUSSIAN).contains('#'));
    assert_eq!(last_lines(&ada, json!("web")).await, ["@auth.example.com #CODE"; 2]);
    app.post(LOGIN, json!({"phone": RUSSIAN})).await.expect(200);
    assert!(text(&app, RUSSIAN).lines().next_back().unwrap().starts_with("@auth.example.com #"));

    let without = TestApp::start().await;
    let ada = without.login(RUSSIAN).await;
    assert_eq!(last_lines(&ada, json!("android")).await, ["@auth.example.com #CODE"; 2]);
}

#[tokio::test]
async fn an_autofill_that_is_unknown_is_refused_without_being_repeated() {
    let app = TestApp::start().await;
    for wrong in [json!("ios"), json!("Web"), json!(""), json!(7), json!(null)] {
        let refused = app.post(LOGIN, json!({"phone": RUSSIAN, "autofill": wrong})).await;
        let refused = refused.expect_problem(422, "invalid-request");
        assert!(refused.text_of("detail").starts_with("autofill: "), "{}", refused.text);
        assert!(!refused.text.contains("ios"), "{}", refused.text);
    }
}

/// A folder of templates, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn with(file: &str, words: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("phone-auth-templates-{}", uuid::Uuid::now_v7()));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(file), words).unwrap();
        Self(folder)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[tokio::test]
async fn the_operators_words_and_the_name_of_the_site_are_sent() {
    let folder = Folder::with("login.en.txt", "{site}: {code} is your code.\nTell no one.\n");
    let app = TestApp::builder()
        .set("--site-name", "ACME")
        .set("--sms-templates-dir", folder.path())
        .set("--otp-length", "6")
        .start()
        .await;
    let ada = app.login(RUSSIAN).await;
    app.post(LOGIN, json!({"phone": BRITISH})).await.expect(200);
    let code = app.code(BRITISH);
    let expected = format!("ACME: {code} is your code.\nTell no one.\n@auth.example.com #{code}");
    assert_eq!(text(&app, BRITISH), expected);
    // The others are ours, with the same name.
    ada.post(CHANGE, json!({"phone": BRITISH})).await.expect(200);
    assert!(text(&app, BRITISH).contains("change your number at ACME."), "{}", text(&app, BRITISH));
    // It is read once.
    fs::write(folder.0.join("login.en.txt"), "{code}").unwrap();
    app.post(LOGIN, json!({"phone": BRITISH})).await.expect(200);
    assert!(text(&app, BRITISH).starts_with("ACME: "), "{}", text(&app, BRITISH));
}

#[tokio::test]
async fn the_codes_that_guessing_leads_to_must_fit_as_well() {
    // Of four digits it would fit, of eight not.
    let words = format!("{{code}} {}", "x".repeat(128));
    let folder = Folder::with("login.en.txt", &words);
    let database = "postgres://localhost/none";
    let why = crate::settings::refusal(database, &["--sms-templates-dir", folder.path()]).await;
    assert!(why.starts_with("SMS_TEMPLATES_DIR: login.en.txt: is 5 characters too long"), "{why}");
}
