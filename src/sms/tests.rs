//! The texts, and the templates that an operator may write.

use std::{fs, path::PathBuf};

use super::*;
use crate::domain::{OtpLength, TextError};

const HOST: &str = "auth.example.com";
const HASH: &str = "FA+9qCX9VSu";

const KINDS: [(Language, Occasion); 4] = [
    (Language::English, Occasion::Login),
    (Language::Russian, Occasion::Login),
    (Language::English, Occasion::PhoneChange),
    (Language::Russian, Occasion::PhoneChange),
];

fn digits(count: u8) -> OtpLength {
    count.try_into().unwrap()
}

fn settings(name: &str, hash: &str) -> TextSettings {
    TextSettings {
        site_name: Some(name.to_owned()),
        android_app_hash: Some(hash.to_owned()),
        sms_templates_dir: None,
    }
}

fn texts(name: &str, hash: &str) -> Texts {
    Texts::new(&settings(name, hash), HOST, digits(8)).unwrap()
}

fn text(texts: &Texts, language: Language, occasion: Occasion, autofill: Autofill, code: &str) -> String {
    texts.code_text(language, occasion, autofill, &code.parse().unwrap())
}

/// A folder of templates, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = std::env::temp_dir().join(format!("phone-auth-texts-{}", uuid::Uuid::now_v7()));
        fs::create_dir(&folder).unwrap();
        for (name, bytes) in files {
            fs::write(folder.join(name), bytes).unwrap();
        }
        Self(folder)
    }

    fn settings(&self) -> TextSettings {
        TextSettings { sms_templates_dir: Some(self.0.clone().into()), ..settings("Bakery", HASH) }
    }

    fn read(&self) -> Result<Texts, TextsError> {
        Texts::new(&self.settings(), HOST, digits(8))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Why a template with these words is refused.
fn flaw(words: &[u8]) -> Flaw {
    match Folder::with(&[("login.ru.txt", words)]).read() {
        Err(TextsError::Template { file, flaw }) if file == "login.ru.txt" => flaw,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_of_our_texts_is_one_segment_for_every_length_of_code() {
    for name in ["", "Bakery", "Пекарня"] {
        let texts = texts(name, HASH);
        for count in 4..=10 {
            let code = "0".repeat(count);
            for (language, occasion) in KINDS {
                let web = text(&texts, language, occasion, Autofill::Web, &code);
                let android = text(&texts, language, occasion, Autofill::Android, &code);
                assert_eq!(
                    (Size::of(&web).excess(), Size::of(&android).excess()),
                    (0, 0),
                    "{web}\n{android}"
                );
                assert!(android.len() <= 140, "{android}");
                let shown = if name.is_empty() { HOST } else { name };
                for (text, last) in [(&web, format!("\n@{HOST} #{code}")), (&android, format!("\n{HASH}"))] {
                    let words = text.strip_suffix(&last).unwrap_or_else(|| panic!("{text}"));
                    assert!(words.contains(&code) && !words.contains('\n'), "{text}");
                    let (word, nobody): (_, &[&str]) = match language {
                        Language::English => ("code", &["Do not tell it to anyone", "Tell no one"]),
                        Language::Russian => ("код", &["Никому не говорите", "Это секрет"]),
                    };
                    assert!(words.to_lowercase().contains(word), "{text}");
                    assert!(nobody.iter().any(|asked| words.contains(asked)), "{text}");
                }
                assert!(android.contains(shown), "{android}");
            }
        }
    }
}

#[test]
fn no_text_for_one_occasion_is_that_for_another() {
    let texts = texts("", "");
    let all = KINDS.map(|(language, occasion)| text(&texts, language, occasion, Autofill::Web, "0042"));
    for (at, one) in all.iter().enumerate() {
        assert!(!all[..at].contains(one), "{one}");
    }
}

#[test]
fn the_name_of_the_site_is_left_out_only_where_the_host_stands_for_it() {
    let texts = texts("Пекарня Заря", HASH);
    let login = |language, autofill| text(&texts, language, Occasion::Login, autofill, "0042");
    assert_eq!(
        login(Language::Russian, Autofill::Web),
        "Код для входа: 0042. Никому не говорите.\n@auth.example.com #0042"
    );
    assert_eq!(
        login(Language::Russian, Autofill::Android),
        "Пекарня Заря: код для входа 0042. Никому не говорите.\nFA+9qCX9VSu"
    );
    // Its Cyrillic makes the English text one of 70 characters.
    assert_eq!(
        login(Language::English, Autofill::Web),
        "0042 is your login code. Do not tell it to anyone.\n@auth.example.com #0042"
    );
    let short = super::tests::texts("ACME", "");
    assert_eq!(
        text(&short, Language::English, Occasion::PhoneChange, Autofill::Web, "0042"),
        "0042 is the code to change your number at ACME. Do not tell it to anyone.\n@auth.example.com #0042"
    );
    // Braces in a name are nothing but braces.
    let braces = super::tests::texts("{code}", HASH);
    let words = text(&braces, Language::English, Occasion::Login, Autofill::Android, "0042");
    assert!(words.starts_with("0042 is your {code} login code."), "{words}");
}

#[test]
fn without_the_hash_of_an_app_android_gets_the_line_of_the_web() {
    let texts = texts("ACME", "");
    for (language, occasion) in KINDS {
        let [web, android] = [Autofill::Web, Autofill::Android]
            .map(|autofill| text(&texts, language, occasion, autofill, "0042"));
        assert_eq!(web, android);
    }
    assert_eq!(texts.examples().len(), 4);
}

#[test]
fn a_host_that_leaves_no_room_is_told_and_still_named() {
    let host = format!("{}.example.com", "long-".repeat(10));
    let texts = Texts::new(&settings("", ""), &host, digits(8)).unwrap();
    let long: Vec<_> = texts.examples().into_iter().filter(|text| !text.fits).map(|text| text.name).collect();
    assert_eq!(long, ["login.ru", "phone-change.ru"]);
    let shortest = text(&texts, Language::Russian, Occasion::Login, Autofill::Web, "00420042");
    assert_eq!(shortest, format!("Код входа 00420042. Это секрет\n@{host} #00420042"));
}

#[test]
fn a_name_and_a_hash_are_refused_by_their_setting() {
    let refused =
        |name: &str, hash: &str| Texts::new(&settings(name, hash), HOST, digits(8)).unwrap_err().to_string();
    let name = |name: &str| refused(name, HASH);
    assert_eq!(name(&"x".repeat(31)), "SITE_NAME: must be at most 30 characters");
    assert!(texts(&"x".repeat(30), "").examples().iter().all(|text| text.fits));
    for (wrong, why) in [
        ("ACME\n@evil.example #1", "control characters"),
        ("AC\u{2028}ME", "control characters"),
        ("AC\u{202e}ME", "invisible"),
        ("ACME @evil.example", "@ or #"),
        ("ACME #1", "@ or #"),
    ] {
        assert!(name(wrong).starts_with("SITE_NAME: ") && name(wrong).contains(why), "{}", name(wrong));
    }
    for wrong in ["FA+9qCX9VS", "FA+9qCX9VSuu", "FA+9qCX9VS=", "FA-9qCX9VSu", "FA+9qCX9VS ", "ФА+9qCX9VS"] {
        assert!(refused("", wrong).starts_with("ANDROID_APP_HASH must be 11 characters"), "{wrong}");
    }
}

#[test]
fn a_template_takes_the_place_of_our_words_and_of_nothing_else() {
    let folder = Folder::with(&[
        ("login.ru.txt", "\u{feff}\u{a0}{site}\r\n{code}: ваш код \r\n\r\n".as_bytes()),
        ("README.md", b"{not} #read"),
        (".login.en.txt", b"{not} #read"),
    ]);
    let texts = folder.read().unwrap();
    let login = |autofill| text(&texts, Language::Russian, Occasion::Login, autofill, "0042");
    assert_eq!(login(Autofill::Web), "Bakery\n0042: ваш код\n@auth.example.com #0042");
    assert_eq!(login(Autofill::Android), "Bakery\n0042: ваш код\nFA+9qCX9VSu");
    let ours = text(&texts, Language::Russian, Occasion::PhoneChange, Autofill::Web, "0042");
    assert!(ours.starts_with("Код смены номера"), "{ours}");
    let templates: Vec<_> = texts.examples().into_iter().filter(|text| text.is_template).collect();
    assert_eq!(
        templates.iter().map(|text| &*text.name).collect::<Vec<_>>(),
        ["login.ru", "login.ru for Android"]
    );
}

#[test]
fn a_template_is_refused_for_what_is_wrong_with_it() {
    assert_eq!(flaw(b"\xff {code}"), Flaw::NotUtf8);
    for empty in ["", "\n", " \r\n\t\n"] {
        assert_eq!(flaw(empty.as_bytes()), Flaw::Empty);
    }
    assert_eq!(flaw(b"your code"), Flaw::Codes(0));
    assert_eq!(flaw(b"{code} {code}"), Flaw::Codes(2));
    assert_eq!(flaw(b"{Code} {code}"), Flaw::Placeholder("{Code}".to_owned()));
    for (words, found) in [
        ("{cod} {code}", "{cod}"),
        ("{{code}}", "{"),
        ("{code}}", "}"),
        ("{ {code}", "{"),
        ("{code} {co{site}de}", "{"),
        ("{code} {a name that never ends and goes on}", "{a name that never ends and go"),
    ] {
        assert_eq!(flaw(words.as_bytes()), Flaw::Placeholder(found.to_owned()), "{words}");
    }
    for line in ["@evil.example #{code}", "{code}\n@evil.example #1", "{code} #1", "ada@example.com {code}"] {
        assert_eq!(flaw(line.as_bytes()), Flaw::Mark, "{line}");
    }
    for hidden in ["\t{code} x\ty", "{code} \u{7}x", "{code}\u{85}x", "{code} \u{2028}x", "a{code} \rx"] {
        let found = flaw(hidden.as_bytes());
        assert!(matches!(found, Flaw::Text(TextError::Control)), "{} {found:?}", hidden.escape_debug());
    }
    assert_eq!(flaw("{code} \u{feff}x".as_bytes()), Flaw::Text(TextError::Invisible));
}

#[test]
fn a_template_has_room_for_the_longest_code_and_either_last_line() {
    // A line of 28 for the web and eight digits, one of 12 for Android.
    let of = |letter: &str, count: usize| format!("{{code}} {}", letter.repeat(count));
    let told = |words: &str, settings: TextSettings, longest| {
        let folder = Folder::with(&[("login.en.txt", words.as_bytes())]);
        let settings = TextSettings { sms_templates_dir: Some(folder.0.clone().into()), ..settings };
        Texts::new(&settings, HOST, digits(longest)).map_err(|error| error.to_string()).err()
    };
    let web = || settings("", "");
    assert_eq!(told(&of("x", 123), web(), 8), None);
    assert_eq!(told(&of("x", 119), web(), 10), None);
    let long = told(&of("x", 120), web(), 10).unwrap();
    assert!(long.starts_with("SMS_TEMPLATES_DIR: login.en.txt: is 1 characters too long"), "{long}");
    let long = told(&of("ж", 40), web(), 8).unwrap();
    assert!(long.contains("is 7 characters too long for one segment of 70"), "{long}");
    assert!(long.contains("without ж"), "{long}");
    // The same words may be short enough for the web and too long for Android.
    assert_eq!(told(&of("x", 119), settings("", HASH), 8), None);
    let long = told(&of("x", 120), settings("", HASH), 8).unwrap();
    assert!(long.contains("is 1 bytes too long for Android, which reads 140"), "{long}");
}

#[test]
fn a_folder_is_refused_for_a_name_that_may_be_a_slip_and_when_it_cannot_be_read() {
    for name in ["login.de.txt", "Login.en.txt", "login.en.TXT", "phone_change.en.txt", "login.txt", "x.txt"]
    {
        let refused = Folder::with(&[(name, b"{code}")]).read().unwrap_err().to_string();
        assert!(refused.starts_with(&format!("SMS_TEMPLATES_DIR: {name}: is not read")), "{refused}");
        assert!(refused.contains("login.en.txt, login.ru.txt, phone-change.en.txt"), "{refused}");
    }
    let folder = Folder::with(&[]);
    fs::create_dir(folder.0.join("login.en.txt")).unwrap();
    let refused = folder.read().unwrap_err().to_string();
    assert!(refused.contains("login.en.txt cannot be read"), "{refused}");
    let none = TextSettings { sms_templates_dir: Some("/nowhere/at-all".into()), ..settings("", "") };
    let refused = Texts::new(&none, HOST, digits(8)).unwrap_err().to_string();
    assert_eq!(refused, "SMS_TEMPLATES_DIR: /nowhere/at-all cannot be read");
}
