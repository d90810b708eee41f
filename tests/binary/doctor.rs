//! `phone-auth doctor`: what is wrong it tells, one by one.

use std::process::Command;

use phone_auth::embedded::{EmbeddedPostgres, Settings};
use serde_json::Value;

use crate::{
    commands::{documented_members, members, say},
    receiver,
    service::{DataDir, Service, phone_auth},
    shared::{Server, on},
};

/// As `openssl rand -base64 32` makes them.
const RANDOM: &str = "rH0m5CV6yq8ZJk3N1fWQ7pXgT2sLbUeDa9xYoKiMvB4=";
const OTHER: &str = "zW1u8Qk5LxN3vR7tB0yGfC6jHdE2pSaM9oXiUeKqT4g=";

/// Each finding, and the exit code.
fn examine(command: Command) -> (Value, i32) {
    let said = say(command, &["doctor", "--json"]);
    let report = said.json();
    assert_eq!(members(&report), documented_members("doctor"));
    let checks = report["checks"].as_array().unwrap();
    let count = |state: &str| checks.iter().filter(|check| check["state"] == state).count();
    assert_eq!(
        (&report["problems"], &report["warnings"]),
        (&count("problem").into(), &count("warning").into())
    );
    assert_eq!(said.code, if count("problem") == 0 { 0 } else { 5 }, "{report}");
    for check in checks {
        assert_eq!(members(check), ["advice", "finding", "name", "state"]);
        let is_told = check["state"] == "warning" || check["state"] == "problem";
        assert_eq!(check["advice"].is_string(), is_told, "{check}");
    }
    (report, said.code)
}

/// How it stands with one thing.
#[track_caller]
fn state(report: &Value, name: &str) -> String {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {report}"))["state"].as_str().unwrap().to_owned()
}

/// Settings for production that nothing is to be said against, on a database that is not there.
fn production() -> Command {
    let mut command = phone_auth();
    command.env("APP_ENV", "production").env("ROOT_SECRET", RANDOM).env("ALLOW_SIMULATED_SMS", "true");
    command.env("PUBLIC_URL", "https://auth.example.com").env("TRUSTED_PROXIES", "10.0.0.0/8");
    command.env("DATABASE_URL", "postgres://user:s3cr3t-m4rk3r@127.0.0.1:1/none");
    command
}

#[test]
fn each_fault_in_the_settings_is_told_by_its_name() {
    let (sound, code) = examine(production());
    for name in [
        "settings",
        "root-secret",
        "public-url",
        "trusted-proxies",
        "send-limits",
        "guess-bound",
        "test-phones",
        "texts",
    ] {
        assert_eq!(state(&sound, name), "ok", "{name}: {sound}");
    }
    assert_eq!(
        (state(&sound, "sms").as_str(), state(&sound, "sms-credentials").as_str()),
        ("warning", "skipped")
    );
    assert_eq!(
        (state(&sound, "webhooks").as_str(), state(&sound, "database").as_str(), code),
        ("skipped", "problem", 5)
    );
    assert!(!sound.to_string().contains("s3cr3t"), "{sound}");

    for (setting, value, name, expected) in [
        ("ROOT_SECRET", "too short", "settings", "problem"),
        ("ROOT_SECRET", "", "root-secret", "problem"),
        ("ROOT_SECRET", "aaaaaaaabbbbbbbbaaaaaaaabbbbbbbb", "root-secret", "warning"),
        ("ROOT_SECRET", "please-Change-me-before-you-go-online-thanks", "root-secret", "warning"),
        ("ROOT_SECRET", &format!("{RANDOM},{RANDOM}"), "root-secret", "warning"),
        ("ROOT_SECRET", &format!("{RANDOM},{OTHER}"), "root-secret", "ok"),
        ("PUBLIC_URL", "http://auth.example.com", "public-url", "problem"),
        ("PUBLIC_URL", "auth.example.com", "public-url", "problem"),
        ("TRUSTED_PROXIES", "", "trusted-proxies", "warning"),
        ("SEND_LIMITS", "off", "send-limits", "problem"),
        ("SEND_LIMITS", "off", "guess-bound", "skipped"),
        ("ALLOW_SIMULATED_SMS", "false", "settings", "problem"),
        ("MAX_GUESS_PROBABILITY_PER_YEAR", "0.0009", "guess-bound", "problem"),
        ("SENDS_PER_DAY", "100000", "guess-bound", "warning"),
        ("TEST_PHONES", "+79990000001", "test-phones", "problem"),
        ("TEST_PHONES", "+79990000001=0000", "test-phones", "warning"),
        ("SMS_TEMPLATES_DIR", "/nowhere/at-all", "texts", "problem"),
        ("SITE_NAME", "A name of more than thirty characters", "texts", "problem"),
        ("PUBLIC_URL", &format!("https://{}.example.com", "long-".repeat(10)), "texts", "warning"),
        ("ANDROID_APP_HASH", "FA+9qCX9VSu", "texts", "ok"),
        ("WEBHOOK_URLS", "https://example.com/in", "webhooks", "problem"),
        ("WEBHOOK_SECRETS", receiver::SECRET, "webhooks", "skipped"),
    ] {
        let mut command = production();
        command.env(setting, value);
        let (report, _) = examine(command);
        assert_eq!(state(&report, name), expected, "{setting}={value}: {report}");
    }
    let mut command = production();
    command.env("WEBHOOK_URLS", "https://example.com/in/s3cr3t").env("WEBHOOK_SECRETS", receiver::SECRET);
    let (report, _) = examine(command);
    assert_eq!(state(&report, "webhooks"), "ok", "{report}");
    assert!(!report.to_string().contains("s3cr3t"), "{report}");
    let mut command = production();
    command.env("WEBHOOK_URLS", "https://example.com/in").env("WEBHOOK_SECRETS", receiver::SECRET);
    command.env("WEBHOOK_ALLOW_PRIVATE", "true");
    assert_eq!(state(&examine(command).0, "webhooks"), "warning");
}

#[test]
fn a_limit_on_open_files_is_told() {
    let limited = |files: &str| {
        let mut command = production();
        let mut shell = Command::new("sh");
        let program = command.get_program().to_owned();
        shell.args(["-c", &format!("ulimit -n {files} && exec \"$@\""), "sh"]).arg(program);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        command.stdout(std::process::Stdio::piped());
        state(&examine(shell).0, "files")
    };
    assert_eq!(limited("1024"), "warning");
}

#[test]
fn a_sound_deployment_is_told_to_be_so_beside_its_service_and_without_it() {
    let folder = DataDir::new();
    let mine = || {
        let mut command = phone_auth();
        command.env("DATA_DIR", folder.path());
        command
    };
    // Before there is anything: it makes nothing.
    let (report, code) = examine(mine());
    assert_eq!((state(&report, "database").as_str(), code), ("skipped", 0), "{report}");
    assert!(!folder.path().exists());
    let mut service = Service::start(&mut mine());
    let sound = || {
        let (report, code) = examine(mine());
        for name in [
            "database",
            "version",
            "recovery",
            "tls",
            "durability",
            "time-outs",
            "connections",
            "role",
            "lc-messages",
            "clock",
            "migrations",
            "signing-keys",
            "key-rotation",
            "guard-key",
        ] {
            assert_eq!(state(&report, name), "ok", "{name}: {report}");
        }
        assert_eq!(code, 0, "{report}");
    };
    sound();
    service.signal("-TERM");
    assert!(service.ended().success());
    sound();
    assert!(!folder.has_postgres());
    let text = say(mine(), &["doctor"]).done().answer;
    assert!(
        text.contains("ok       signing-keys     1 of them, all open") && text.contains("0 problems"),
        "{text}"
    );
}

#[test]
fn each_fault_of_the_keys_and_the_tables_is_told_and_nothing_mended() {
    let server = Server::start();
    let with = |secret: &str| {
        let mut command = on(&server);
        command.env("ROOT_SECRET", secret);
        command
    };
    let (report, _) = examine(with(RANDOM));
    assert_eq!(state(&report, "migrations"), "problem", "{report}");
    assert_eq!(
        (state(&report, "signing-keys").as_str(), state(&report, "role").as_str()),
        ("skipped", "warning")
    );
    // Its server does without, to be quick.
    assert_eq!(state(&report, "durability"), "problem");
    // It was not it that brought the tables.
    assert_eq!(state(&examine(with(RANDOM)).0, "migrations"), "problem");

    say(with(RANDOM), &["migrate"]).done();
    let (report, _) = examine(with(RANDOM));
    for name in ["signing-keys", "key-rotation", "guard-key"] {
        assert_eq!(state(&report, name), "skipped", "{report}");
    }
    drop(Service::start(&mut with(RANDOM)));
    let keys = |secret: &str| {
        let (report, _) = examine(with(secret));
        ["signing-keys", "key-rotation", "guard-key"].map(|name| state(&report, name))
    };
    assert_eq!(keys(RANDOM), ["ok", "ok", "ok"]);
    assert_eq!(keys(OTHER), ["problem", "ok", "problem"]);
    // The order: the first is current, and the keys are not sealed under it.
    assert_eq!(keys(&format!("{OTHER},{RANDOM}")), ["warning", "ok", "ok"]);
    assert_eq!(keys(&format!("{OTHER},{RANDOM}")), ["warning", "ok", "ok"], "nothing was sealed anew");
    server.execute("UPDATE signing_keys SET signs_from = signs_from - interval '91 days'");
    assert_eq!(keys(RANDOM), ["ok", "warning", "ok"]);
}

#[test]
fn each_fault_of_the_server_is_told() {
    let server = Server::start();
    let examine = || examine(on(&server)).0;
    assert_eq!(state(&examine(), "clock"), "ok");
    // A clock in place of the server's.
    for (skew, expected) in [("8 seconds", "warning"), ("-8 seconds", "warning"), ("2 minutes", "problem")] {
        server.execute(&format!(
            "CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql
             AS $$ SELECT pg_catalog.clock_timestamp() + interval '{skew}' $$;
             ALTER DATABASE phone_auth SET search_path = public, pg_catalog"
        ));
        assert_eq!(state(&examine(), "clock"), expected, "{skew}");
    }
    assert_eq!(state(&examine(), "connections"), "ok");
    server.execute("ALTER DATABASE phone_auth CONNECTION LIMIT 20");
    assert_eq!(state(&examine(), "connections"), "warning");
    server.execute("ALTER DATABASE phone_auth CONNECTION LIMIT 10");
    assert_eq!(state(&examine(), "connections"), "problem");
    server.execute("CREATE ROLE auth LOGIN; ALTER DATABASE phone_auth CONNECTION LIMIT -1");
    assert_eq!(state(&examine(), "role"), "warning");
}

#[test]
fn what_a_crash_would_take_is_told() {
    let folder = DataDir::new();
    let settings = Settings { data_dir: folder.path().to_owned(), bin_dir: None };
    let server = EmbeddedPostgres::start(&settings, &[("full_page_writes", "off")]).unwrap();
    let mut command = phone_auth();
    command.env("DATABASE_URL", server.url("phone_auth")).env("ROOT_SECRET", RANDOM);
    let (report, _) = examine(command);
    assert_eq!(state(&report, "durability"), "problem");
    assert!(report.to_string().contains("full_page_writes off"), "{report}");
    server.stop().unwrap();
}
