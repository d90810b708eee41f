use clap::{CommandFactory, Parser};
use secrecy::ExposeSecret;

use super::*;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    token: Settings,
}

fn parse(arguments: &[&str]) -> Result<Settings, clap::Error> {
    Cli::try_parse_from([&["phone-auth"], arguments].concat()).map(|cli| cli.token)
}

#[test]
fn settings_have_their_defaults() {
    let settings = parse(&[]).unwrap();
    assert!(settings.root_secret.is_none());
    assert_eq!((settings.otp_ttl_seconds, settings.access_token_ttl_seconds), (300, 600));
    assert_eq!(settings.refresh_idle_ttl_seconds, 30 * 86_400);
    assert_eq!(settings.refresh_absolute_ttl_seconds, 90 * 86_400);
}

#[test]
fn settings_have_the_names_of_the_documents_as_flag_and_in_the_environment() {
    let command = Cli::command();
    for name in [
        "ROOT_SECRET",
        "OTP_TTL_SECONDS",
        "ACCESS_TOKEN_TTL_SECONDS",
        "REFRESH_IDLE_TTL_SECONDS",
        "REFRESH_ABSOLUTE_TTL_SECONDS",
    ] {
        let flag = name.to_lowercase().replace('_', "-");
        let argument = command.get_arguments().find(|argument| argument.get_long() == Some(&flag)).unwrap();
        assert_eq!(argument.get_env().unwrap(), name);
        assert_eq!(argument.is_hide_env_values_set(), name == "ROOT_SECRET");
    }
}

#[test]
fn times_out_of_range_are_refused_by_name() {
    for (flag, longest) in [
        ("--otp-ttl-seconds", 600),
        ("--access-token-ttl-seconds", 3_600),
        ("--refresh-idle-ttl-seconds", 31_536_000),
        ("--refresh-absolute-ttl-seconds", 31_536_000),
    ] {
        let value = |seconds: i64| format!("{flag}={seconds}");
        assert!(parse(&[&value(1)]).is_ok() && parse(&[&value(longest)]).is_ok(), "{flag}");
        for wrong in [0, longest + 1] {
            assert!(parse(&[&value(wrong)]).unwrap_err().to_string().contains(flag), "{flag}={wrong}");
        }
    }
}

#[test]
fn the_longest_lives_that_can_be_set_are_accepted_back() {
    let arguments = [
        "--otp-ttl-seconds=600",
        "--access-token-ttl-seconds=3600",
        "--refresh-absolute-ttl-seconds=31536000",
    ];
    let settings = Settings { root_secret: Some(SECRET.into()), ..parse(&arguments).unwrap() };
    let tokens = Tokens::new(&settings, ISSUER, AUDIENCE).unwrap();
    tokens.use_signing_keys(vec![new_key()]);
    assert!(tokens.open_challenge(&challenge_at(&tokens, noon()).token, noon()).is_ok());
    assert!(
        tokens
            .verify_access(
                &tokens.issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()).unwrap(),
                noon()
            )
            .is_ok()
    );
    let expires_at = noon() + seconds(settings.refresh_absolute_ttl_seconds.into());
    assert!(tokens.verify_refresh(&tokens.issue_refresh(session(), 0, expires_at).unwrap(), noon()).is_ok());
}

#[test]
fn a_missing_root_secret_is_named() {
    let error = Tokens::new(&parse(&[]).unwrap(), ISSUER, AUDIENCE).unwrap_err();
    assert!(matches!(error, TokenError::NoRootSecret));
    assert_eq!(error.to_string(), "ROOT_SECRET is not set");
}

#[test]
fn a_short_root_secret_is_named_by_its_position_and_not_printed() {
    let short = "31 characters are one too few..";
    assert_eq!(short.chars().count(), 31);
    for (secrets, wrong) in [
        (String::new(), 1),
        (short.to_owned(), 1),
        (format!("   {short}      "), 1),
        (format!("{SECRET},{short}"), 2),
        (format!("{SECRET},"), 2),
        (format!(",{SECRET}"), 1),
        ("éééééééééééééééé".to_owned(), 1),
    ] {
        let error = Tokens::new(&settings(&secrets), ISSUER, AUDIENCE).unwrap_err();
        assert!(matches!(error, TokenError::RootSecretTooShort { position } if position == wrong), "{error}");
        assert!(error.to_string().starts_with("ROOT_SECRET") && !error.to_string().contains(short));
        assert!(!format!("{error:?}").contains(short));
    }
    assert!(Tokens::new(&settings(&format!("{short}.")), ISSUER, AUDIENCE).is_ok());
}

#[test]
fn white_space_around_a_root_secret_is_not_part_of_it() {
    let spaced = tokens_of(&format!(" {SECRET}\n"));
    assert!(tokens().open_challenge(&challenge_at(&spaced, noon()).token, noon()).is_ok());
}

#[test]
fn a_root_is_named_by_eight_hexadecimal_digits() {
    let roots = Ring::of_secrets(&format!("{SECRET},{OTHER_SECRET}").into()).unwrap();
    let ids: Vec<String> = roots.all().map(|root| root.id().to_string()).collect();
    assert_eq!(ids, [hand::ROOT.id(), hand::Root::new(OTHER_SECRET).id()]);
    assert!(ids.iter().all(|id| id.len() == 8));
}

#[test]
fn a_root_secret_drawn_for_a_service_without_one_is_long_enough_and_always_another() {
    let [one, two] = [(); 2].map(|()| random_root_secret());
    assert_ne!(one.expose_secret(), two.expose_secret());
    assert_eq!(hand::bytes(one.expose_secret()).len(), 32);
    assert!(Ring::of_secrets(&one).is_ok());
}

#[test]
fn lives_are_those_of_the_settings() {
    let lives = tokens().lives();
    assert_eq!([lives.challenge, lives.access], [300, 600].map(seconds));
    assert_eq!([lives.refresh_idle, lives.refresh_absolute], [30, 90].map(TimeDelta::days));
}
