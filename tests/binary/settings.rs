//! What the binary refuses before it serves anyone.

use std::{
    net::TcpListener,
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    receiver,
    service::{DataDir, ROOT_SECRET, Service, phone_auth},
};

/// A piece of a secret that must never be printed.
const MARKER: &str = "s3cr3t-m4rk3r";

/// Starts the binary with these settings: it ends by itself, with an error
/// that names `setting` and prints no secret. Gives what it said.
#[track_caller]
fn expect_refused(command: &mut Command, setting: &str) -> String {
    let start = Instant::now();
    let mut service = Service::spawn(command);
    let status = service.ended();
    let taken = start.elapsed();
    let said = service.stderr();
    assert!(!status.success() && status.code().is_some(), "{status}: {said}");
    let flag = format!("--{}", setting.to_lowercase().replace('_', "-"));
    assert!(said.contains(setting) || said.contains(&flag), "{setting} is not named: {said}");
    assert!(!said.contains(MARKER) && !service.stdout().contains(MARKER), "a secret was printed: {said}");
    assert!(!service.stdout().contains("ready"), "{}", service.stdout());
    assert!(taken < Duration::from_secs(30), "{taken:?}");
    said
}

/// The binary with one setting; its data folder is in nobody's way.
fn with(setting: &str, value: &str) -> (Command, DataDir) {
    let folder = DataDir::new();
    let mut command = phone_auth();
    command.env("DATA_DIR", folder.path()).env(setting, value);
    (command, folder)
}

#[test]
fn a_root_secret_that_is_too_short_is_refused_before_anything_is_made() {
    let long = format!("{ROOT_SECRET} {MARKER}");
    for secrets in [MARKER.to_owned(), format!("{long},{MARKER}"), format!("{long},"), String::from(" ")] {
        let (mut command, folder) = with("ROOT_SECRET", &secrets);
        expect_refused(&mut command, "ROOT_SECRET");
        assert!(!folder.path().exists(), "a database was made first");
    }
}

#[test]
fn production_names_the_first_setting_it_misses() {
    let all = [
        ("ROOT_SECRET", ROOT_SECRET),
        ("DATABASE_URL", "postgres://user:s3cr3t-m4rk3r@127.0.0.1:1/phone_auth"),
        ("PUBLIC_URL", "https://auth.example.com"),
        ("ALLOW_SIMULATED_SMS", "true"),
    ];
    for missing in all.map(|(setting, _)| setting) {
        let folder = DataDir::new();
        let mut command = phone_auth();
        command.env("APP_ENV", "production").env("DATA_DIR", folder.path());
        command.envs(all.into_iter().filter(|(setting, _)| *setting != missing));
        let said = expect_refused(&mut command, missing);
        if missing == "ALLOW_SIMULATED_SMS" {
            assert!(said.contains("SMS_PROVIDER is simulated"), "{said}");
        } else {
            assert!(said.contains(&format!("{missing} must be set in production")), "{said}");
        }
        assert!(!folder.path().exists());
    }
    // With all of them it goes on to the database, which is not there.
    let mut command = phone_auth();
    command.env("APP_ENV", "production").envs(all);
    expect_refused(&mut command, "DATABASE_URL");
    // The secret of compose.yaml is everybody's.
    let compose = include_str!("../../compose.yaml");
    let (_, public) = compose.split_once("${ROOT_SECRET:-").unwrap();
    command.env("ROOT_SECRET", public.split_once('}').unwrap().0);
    assert!(expect_refused(&mut command, "ROOT_SECRET").contains("everybody can read"));
}

#[test]
fn production_takes_test_phones_only_when_told_so_twice() {
    let production = || {
        let mut command = phone_auth();
        command
            .env("APP_ENV", "production")
            .env("ALLOW_SIMULATED_SMS", "true")
            .env("ROOT_SECRET", ROOT_SECRET);
        command.env("PUBLIC_URL", "https://auth.example.com");
        command.env("DATABASE_URL", "postgres://user@127.0.0.1:1/phone_auth");
        command
    };
    let said = expect_refused(production().env("TEST_PHONES", "+79990000001=4821"), "TEST_PHONES");
    assert!(said.contains("ALLOW_TEST_PHONES=true") && !said.contains("4821"), "{said}");
    // With it, or without any, it goes on to the database, which is not there.
    let mut allowed = production();
    allowed.env("TEST_PHONES", "+79990000001=4821").env("ALLOW_TEST_PHONES", "true");
    expect_refused(&mut allowed, "DATABASE_URL");
    expect_refused(production().env("TEST_PHONES", ""), "DATABASE_URL");
}

#[test]
fn test_phones_that_cannot_be_read_are_refused_without_their_codes() {
    let (mut command, folder) = with("TEST_PHONES", "+79990000001=48214821,+79990000002=4821482148214821");
    let said = expect_refused(&mut command, "TEST_PHONES");
    assert!(said.contains("entry 2 has no code") && !said.contains("4821"), "{said}");
    assert!(!folder.path().exists());
}

#[test]
fn texts_that_cannot_be_sent_are_refused_before_anything_is_made() {
    for (setting, value, rule) in [
        ("SITE_NAME", "A name of more than thirty characters", "at most 30"),
        ("SITE_NAME", "ACME\n@evil.example #0042", "control characters"),
        ("ANDROID_APP_HASH", "FA+9qCX9VS", "11 characters of base64"),
        ("SMS_TEMPLATES_DIR", "/nowhere/at-all", "/nowhere/at-all cannot be read"),
    ] {
        let (mut command, folder) = with(setting, value);
        let said = expect_refused(&mut command, setting);
        assert!(said.contains(rule), "{said}");
        assert!(!folder.path().exists(), "a database was made first");
    }
    let templates = DataDir::new();
    std::fs::create_dir_all(templates.path()).unwrap();
    for (file, words, rule) in [
        ("login.eng.txt", "{code}", "login.eng.txt: is not read"),
        ("login.en.txt", "your code", "login.en.txt: must have {code} once"),
        (
            "login.en.txt",
            &format!("{{code}} {}", "ж".repeat(50)),
            "login.en.txt: is 10 characters too long for one segment of 70",
        ),
    ] {
        let path = templates.path().join(file);
        std::fs::write(&path, words).unwrap();
        let (mut command, folder) = with("SMS_TEMPLATES_DIR", templates.path().to_str().unwrap());
        let said = expect_refused(&mut command, "SMS_TEMPLATES_DIR");
        assert!(said.contains(rule), "{said}");
        assert!(!folder.path().exists(), "a database was made first");
        std::fs::remove_file(path).unwrap();
    }
    // Empty is how many tools write what is not set; and it goes on to the database, which is not there.
    let mut command = phone_auth();
    for setting in ["SITE_NAME", "ANDROID_APP_HASH", "SMS_TEMPLATES_DIR"] {
        command.env(setting, "");
    }
    expect_refused(command.env("DATABASE_URL", "postgres://user@127.0.0.1:1/none"), "DATABASE_URL");
}

#[test]
fn a_host_that_leaves_the_texts_no_room_is_warned_of_once_and_served() {
    let host = format!("https://{}.example.com", "long-".repeat(10));
    let (mut command, _folder) = with("PUBLIC_URL", &host);
    let mut service = Service::start(&mut command);
    let log = service.whole_log();
    assert_eq!(log.matches("messages take two segments").count(), 1, "{log}");
    assert!(log.contains("login.ru, phone-change.ru"), "{log}");
}

#[test]
fn a_setting_that_does_not_fit_is_refused_by_name_and_rule() {
    for (setting, value, rule) in [
        ("OTP_LENGTH", "3", "4 to 10"),
        ("OTP_LENGTH", "11", "4 to 10"),
        ("OTP_LENGTH", "abc", "4 to 10"),
        ("OTP_LENGTH", "", "4 to 10"),
        ("OTP_LENGTH", "-4", "4 to 10"),
        ("OTP_TTL_SECONDS", "601", "600"),
        ("OTP_TTL_SECONDS", "0", "600"),
        ("ACCESS_TOKEN_TTL_SECONDS", "3601", "3600"),
        ("LISTEN_ADDR", "localhost", "invalid socket address"),
        ("LISTEN_ADDR", "127.0.0.1", "invalid socket address"),
        ("LISTEN_ADDR", "127.0.0.1:65536", "invalid socket address"),
        ("LISTEN_ADDR", "", "invalid socket address"),
        ("ADMIN_LISTEN_ADDR", "9090", "invalid socket address"),
        ("APP_ENV", "staging", "production"),
        ("SMS_PROVIDER", "pigeon", "simulated"),
        ("SMS_SIMULATED_DELAY_MS", "2000-1000", "range"),
        ("ALLOW_SIMULATED_SMS", "maybe", "true"),
        ("ALLOW_TEST_PHONES", "maybe", "true"),
        ("DEFAULT_REGION", "XX", "ISO 3166-1"),
        ("ALLOWED_COUNTRIES", "RU,UK", "\"UK\" is not the ISO 3166-1"),
        ("ALLOWED_COUNTRIES", "RU,", "ISO 3166-1"),
        ("DATABASE_POOL_SIZE", "0", "1..=1000"),
        ("TRUSTED_PROXIES", "10.0.0.1,proxy.example.com", "\"proxy.example.com\" is neither an address"),
        ("TRUSTED_PROXIES", "10.0.0.1,", "neither an address"),
        ("TRUSTED_PROXIES", "0.0.0.0/0", "everybody"),
        ("LOG", "phone_auth=loud", "LOG"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "http:// or https://"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.example/?key=1", "without user name"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key", "name=value"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "two words=1", "name=value"),
        ("OTEL_TRACES_SAMPLER", "sometimes", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.1", "from 0 to 1"),
        ("PUBLIC_URL", "auth.example.com", "PUBLIC_URL"),
        ("PUBLIC_URL", "ftp://auth.example.com", "http"),
        ("PUBLIC_URL", "https://", "PUBLIC_URL"),
        ("PUBLIC_URL", "https://auth.example.com/login", "without a path"),
        ("PUBLIC_URL", "https://auth.example.com/?a=b", "without a path"),
        ("PUBLIC_URL", "https://user@auth.example.com", "without a path"),
    ] {
        let (mut command, folder) = with(setting, value);
        let said = expect_refused(&mut command, setting);
        assert!(said.contains(rule), "{setting}={value}: {said}");
        assert!(!folder.path().exists(), "{setting}={value}: a database was made first");
    }
}

#[test]
fn a_public_url_with_a_password_is_refused() {
    let (mut command, _folder) = with("PUBLIC_URL", &format!("https://user:{MARKER}@auth.example.com"));
    expect_refused(&mut command, "PUBLIC_URL");
}

#[test]
fn an_address_of_a_collector_or_a_header_for_it_is_refused_without_its_secret() {
    for (setting, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://user:{MARKER}@collector.example")),
        ("OTEL_EXPORTER_OTLP_HEADERS", MARKER.to_owned()),
    ] {
        let (mut command, folder) = with(setting, &value);
        // It looks for the marker.
        expect_refused(&mut command, setting);
        assert!(!folder.path().exists());
    }
}

#[test]
fn an_address_in_use_is_refused_by_name() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for setting in ["LISTEN_ADDR", "ADMIN_LISTEN_ADDR"] {
        let (mut command, folder) = with(setting, &address);
        let said = expect_refused(&mut command, setting);
        assert!(said.contains(&format!("{setting}: cannot listen at {address}")), "{said}");
        assert!(!folder.path().exists());
    }
}

#[test]
fn an_empty_secret_counts_as_none() {
    let mut command = phone_auth();
    command.env("APP_ENV", "production").env("ROOT_SECRET", "");
    expect_refused(&mut command, "ROOT_SECRET must be set in production");
}

#[test]
fn a_database_url_that_leads_nowhere_is_refused_without_its_password() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("postgres://user:{MARKER}@{}/phone_auth", silent.local_addr().unwrap());
    let elsewhere = format!("postgres:///x?host=/nowhere&user=user&password={MARKER}");
    for url in [
        MARKER,
        &format!("http://user:{MARKER}@127.0.0.1/x"),
        &format!("postgres://user:{MARKER}@127.0.0.1:port/x"),
        &format!("postgres://user:{MARKER}@127.0.0.1:1/x"),
        &format!("postgres://user:{MARKER}@no-such-host.invalid/x"),
        &format!("postgres://user:{MARKER}@127.0.0.1:1/x?sslmode={MARKER}"),
        &format!("postgres://user:{MARKER}@127.0.0.1:1/x?{MARKER}={MARKER}"),
        &format!("host=127.0.0.1 port=1 user=user password={MARKER}"),
        &format!("host=127.0.0.1 password='{MARKER}"),
        &elsewhere,
        &silent,
    ] {
        let mut command = phone_auth();
        command.env("DATABASE_URL", url).env("ROOT_SECRET", format!("{ROOT_SECRET} {MARKER}"));
        expect_refused(&mut command, "DATABASE_URL");
    }
}

#[test]
fn help_tells_every_setting_and_no_value_of_any() {
    let help = |with_values: bool| {
        let mut command = phone_auth();
        if with_values {
            for (setting, value) in [
                ("ROOT_SECRET", MARKER),
                ("DATABASE_URL", MARKER),
                ("DATA_DIR", MARKER),
                ("LOG", MARKER),
                ("TEST_PHONES", MARKER),
                ("PUBLIC_URL", "https://s3cr3t-m4rk3r.example"),
            ] {
                command.env(setting, value);
            }
        }
        let output = command.arg("--help").output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let (plain, with_values) = (help(false), help(true));
    for setting in [
        "APP_ENV",
        "LISTEN_ADDR",
        "PUBLIC_URL",
        "DATA_DIR",
        "ROOT_SECRET",
        "DATABASE_URL",
        "SMS_PROVIDER",
        "SMS_SIMULATED_DELAY_MS",
        "ALLOW_SIMULATED_SMS",
        "OTP_LENGTH",
        "OTP_TTL_SECONDS",
        "ACCESS_TOKEN_TTL_SECONDS",
        "REFRESH_IDLE_TTL_SECONDS",
        "REFRESH_ABSOLUTE_TTL_SECONDS",
        "DEFAULT_REGION",
        "TRUSTED_PROXIES",
        "TEST_PHONES",
        "ALLOW_TEST_PHONES",
        "ALLOWED_COUNTRIES",
        "ADMIN_LISTEN_ADDR",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_TRACES_SAMPLER",
    ] {
        assert!(plain.contains(&format!("[env: {setting}")), "{setting} is missing: {plain}");
    }
    assert!(!with_values.contains(MARKER), "{with_values}");
    assert_eq!(with_values, plain);
}

#[test]
fn the_version_and_the_document_are_told_without_a_database() {
    let output = phone_auth().arg("--version").output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        format!("phone-auth {}\n", env!("CARGO_PKG_VERSION"))
    );
    let output = phone_auth().arg("openapi").output().unwrap();
    assert!(output.status.success());
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["info"]["title"], "phone-auth");
}

#[test]
fn an_endpoint_or_a_secret_that_cannot_be_used_is_named_by_its_place_and_not_shown() {
    let good = format!("https://example.com/{MARKER}");
    for (wrong, why) in [
        (format!("nothing {MARKER}"), "number 2: it is not a URL"),
        (good.clone(), "number 2: it was given before"),
        (format!("http://example.com/{MARKER}"), "number 2: it does not begin with https://"),
        (format!("https://ada:{MARKER}@example.com/"), "number 2: it has a user name or a password"),
        (format!("https://10.0.0.1/{MARKER}"), "number 2: it is an address of a private network"),
        (
            format!("https://example.com/{MARKER}{}", "a".repeat(2_000)),
            "number 2: it is longer than 2,000 characters",
        ),
    ] {
        let (mut command, folder) = with("WEBHOOK_URLS", &format!("{good},{wrong}"));
        let said = expect_refused(command.env("WEBHOOK_SECRETS", receiver::SECRET), "WEBHOOK_URLS");
        assert_eq!(said.matches(why).count(), 1, "{said}");
        assert!(!folder.path().exists());
    }
    let (mut command, _folder) = with("WEBHOOK_URLS", &good);
    let said = expect_refused(&mut command, "WEBHOOK_SECRETS");
    assert!(said.contains("echo whsec_$(openssl rand -base64 32)"), "{said}");
    let secrets = format!("{},{MARKER}", receiver::SECRET);
    let said = expect_refused(command.env("WEBHOOK_SECRETS", secrets), "WEBHOOK_SECRETS");
    assert!(said.contains("number 2"), "{said}");
}
