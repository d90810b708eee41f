//! What a token is, what it is not, and who is turned away.

mod access;
mod challenge;
mod debug;
mod fuzz;
mod guard;
mod hand;
mod keyring;
mod pin;
mod refresh;
mod sealed_attacks;
mod settings;
mod signed_attacks;
mod signed_claims;
mod signing_key;

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::domain::{ChallengeId, DeviceId, InviteCode, OtpCode, PhoneNumber, SessionId, UserId};

const SECRET: &str = "a root secret that is long enough for everyone";
const OTHER_SECRET: &str = "another root secret that is just as long as that";
const ISSUER: &str = "https://login.example.com";
const AUDIENCE: &str = "phone-auth";

fn settings(root_secret: &str) -> Settings {
    Settings {
        root_secret: Some(root_secret.into()),
        otp_ttl_seconds: 300,
        access_token_ttl_seconds: 600,
        refresh_idle_ttl_seconds: 2_592_000,
        refresh_absolute_ttl_seconds: 7_776_000,
        signing_algorithm: SigningAlgorithm::Es256,
        signing_key_rotation_days: 90,
    }
}

/// Tokens under `root_secret`, without a signing key.
fn tokens_of(root_secret: &str) -> Tokens {
    Tokens::new(&settings(root_secret), ISSUER, AUDIENCE).unwrap()
}

static SIGNING: LazyLock<Tokens> = LazyLock::new(|| {
    let tokens = tokens_of(SECRET);
    tokens.use_signing_keys(vec![new_key()]);
    tokens
});

/// Tokens under [`SECRET`] with a signing key: shared, as stretching takes its time.
fn tokens() -> &'static Tokens {
    &SIGNING
}

fn new_key() -> SigningKey {
    SigningKey::generate(SigningAlgorithm::Es256, DateTime::UNIX_EPOCH).unwrap()
}

/// The signing key of [`tokens`], as the database has it.
fn stored_signing_key() -> SealedSigningKey {
    tokens().seal_signing_key(tokens().signing_keys().signing(noon()).unwrap()).unwrap()
}

/// Midday of some day; half a second past, to see that claims are whole seconds.
fn noon() -> DateTime<Utc> {
    "2026-11-21T12:00:00.5Z".parse().unwrap()
}

fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

fn phone(e164: &str) -> PhoneNumber {
    PhoneNumber::from_e164(e164.to_owned()).unwrap()
}

fn code(digits: &str) -> OtpCode {
    digits.parse().unwrap()
}

/// A challenge for +79991234567 with the code 1234.
fn challenge_at(tokens: &Tokens, now: DateTime<Utc>) -> SealedChallenge {
    let (phone, code) = (phone("+79991234567"), code("1234"));
    tokens
        .seal_challenge(
            NewChallenge {
                purpose: Purpose::Login,
                phone: &phone,
                code: &code,
                invite_code: None,
                device: None,
            },
            now,
        )
        .unwrap()
}

fn session() -> SessionId {
    SessionId::random(noon())
}

fn user() -> UserId {
    UserId::random(noon())
}
