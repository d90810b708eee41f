//! The bound on guessing: printed, told at start, and a reason not to start.

use std::process::Command;

use crate::service::{DataDir, Service, phone_auth};

/// What `phone-auth guess-bound` prints under these settings.
fn printed(settings: &[(&str, &str)], flags: &[&str]) -> String {
    let mut command = phone_auth();
    let output = command.arg("guess-bound").args(flags).envs(settings.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The line of an attack, without the spaces between its columns.
#[track_caller]
fn line(printed: &str, attack: &str) -> String {
    let line = printed.lines().find(|line| line.starts_with(attack));
    line.unwrap_or_else(|| panic!("no {attack}: {printed}")).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_bounds_are_printed_with_their_arithmetic() {
    let default = printed(&[], &[]);
    assert_eq!(
        line(&default, "one phone, first day"),
        "one phone, first day 3.205e-4 = 3 x 1e-4 + 20 x 1e-6 + 52 x 1e-8"
    );
    assert_eq!(
        line(&default, "one phone, a year without pause"),
        "one phone, a year without pause 9.090e-4 = 6 x 1e-4 + 141 x 1e-6 + 16796 x 1e-8"
    );
    assert!(default.contains("MAX_GUESS_PROBABILITY_PER_YEAR=1e-3: kept"), "{default}");
    let strict = printed(&[], &["--profile", "strict"]);
    assert_eq!(
        line(&strict, "one phone, first day"),
        "one phone, first day 2.052e-5 = 20 x 1e-6 + 52 x 1e-8"
    );
}

#[test]
fn the_bounds_are_those_of_the_settings_in_force() {
    assert_eq!(printed(&[("SECURITY_PROFILE", "strict")], &[]), printed(&[], &["--profile", "strict"]));
    let six = printed(&[("OTP_LENGTH", "6")], &[]);
    let strict = printed(&[], &["--profile", "strict"]);
    assert_eq!(line(&six, "one phone, first day"), line(&strict, "one phone, first day"));
    assert_eq!(six, printed(&[], &["--otp-length", "6"]));
    let low = printed(&[("MAX_GUESS_PROBABILITY_PER_YEAR", "0.0005")], &[]);
    assert!(low.contains("MAX_GUESS_PROBABILITY_PER_YEAR=5e-4: exceeded"), "{low}");
    let unlimited = printed(&[("SEND_LIMITS", "off")], &[]);
    assert!(line(&unlimited, "one phone, a year without pause").contains(" none = "), "{unlimited}");
}

/// Ends by itself with an error, which is given.
fn refusal(command: &mut Command) -> String {
    let mut service = Service::spawn(command);
    assert_eq!(service.ended().code(), Some(1));
    service.stderr()
}

#[test]
fn a_service_whose_bound_is_too_high_does_not_start() {
    let folder = DataDir::new();
    let mut command = phone_auth();
    command.env("DATA_DIR", folder.path()).env("MAX_GUESS_PROBABILITY_PER_YEAR", "0.0009");
    let said = refusal(&mut command);
    assert!(said.contains("MAX_GUESS_PROBABILITY_PER_YEAR is 9.00e-4"), "{said}");
    assert!(said.contains("9.09e-4") && said.contains("(OTP_LENGTH=5)"), "{said}");
    assert!(!folder.path().exists(), "a database was made first");
    // By what it advises, it starts.
    Service::start(command.env("OTP_LENGTH", "5"));
}

#[test]
fn a_start_tells_the_profile_and_what_it_guarantees() {
    for (profile, year) in [("default", "9.09e-4 in a year"), ("strict", "3.09e-4 in a year")] {
        let folder = DataDir::new();
        let mut service =
            Service::start(phone_auth().env("DATA_DIR", folder.path()).env("SECURITY_PROFILE", profile));
        let said = service.whole_log();
        assert!(said.contains(&format!("security profile {profile}")) && said.contains(year), "{said}");
    }
    let folder = DataDir::new();
    let mut service = Service::start(phone_auth().env("DATA_DIR", folder.path()).env("SEND_LIMITS", "off"));
    assert!(service.whole_log().contains("nothing bounds guessing (SEND_LIMITS=off)"));
}

#[test]
fn a_deployment_that_sends_so_much_that_guessing_pays_is_warned() {
    for (sends, warned) in [("10000", false), ("100000", true)] {
        let folder = DataDir::new();
        let mut service =
            Service::start(phone_auth().env("DATA_DIR", folder.path()).env("SENDS_PER_DAY", sends));
        let log = service.whole_log();
        assert_eq!(log.contains("SENDS_PER_DAY"), warned, "{log}");
    }
}

#[test]
fn production_limits_sending() {
    let mut command = phone_auth();
    command.env("APP_ENV", "production").env("ROOT_SECRET", crate::service::ROOT_SECRET);
    command.env("DATABASE_URL", "postgres://127.0.0.1:1/none").env("PUBLIC_URL", "https://auth.example.com");
    command.env("ALLOW_SIMULATED_SMS", "true").env("SEND_LIMITS", "off");
    let said = refusal(&mut command);
    assert!(said.contains("SEND_LIMITS=off"), "{said}");
}
