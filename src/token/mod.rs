//! Tokens: what the service hands out and believes when it comes back.
//!
//! A challenge is sealed, an access and a refresh token are signed; nothing of
//! them is stored. [`Tokens`] holds all keys. What comes back is believed only
//! in the exact form it was given out in, under a live key and within its
//! time; everything else is one answer, [`InvalidToken`].
//!
//! `keys` makes the keys and `ring` holds them, `shape` guards the door, `jose`
//! does the cryptography, and each kind of token has its file.

mod access;
mod challenge;
mod device;
mod jose;
mod keys;
mod pseudonym;
mod refresh;
mod ring;
mod shape;
mod signing_key;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use secrecy::SecretString;

pub use self::{
    access::AccessClaims,
    challenge::{Challenge, NewChallenge, Purpose, SealedChallenge},
    jose::JoseFailure,
    keys::random_root_secret,
    pseudonym::Pseudonyms,
    refresh::RefreshClaims,
    signing_key::{SealedSigningKey, SigningAlgorithm, SigningKey},
};
use self::{jose::JwsKey, keys::Root, ring::Ring};

/// No challenge lives longer, in seconds.
const LONGEST_CHALLENGE_SECONDS: i64 = 600;
/// No access token lives longer, in seconds.
const LONGEST_ACCESS_SECONDS: i64 = 3_600;
/// No refresh token lives longer, in seconds: a year.
const LONGEST_REFRESH_SECONDS: i64 = 31_536_000;
/// By how many seconds the clocks of two instances may differ. It forgives an
/// issue time in the future, never an expiry in the past.
const CLOCK_SKEW_SECONDS: i64 = 5;

/// How tokens are made.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Settings {
    /// Secrets of at least 32 characters, separated by commas: the first is current, the others still open old tokens
    #[arg(long, env = "ROOT_SECRET", hide_env_values = true, value_name = "SECRET[,SECRET…]")]
    pub root_secret: Option<SecretString>,

    /// How long a challenge can be answered, in seconds: at most 600
    #[arg(long, env = "OTP_TTL_SECONDS", default_value_t = 300, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=LONGEST_CHALLENGE_SECONDS))]
    pub otp_ttl_seconds: u32,

    /// How long an access token is good, in seconds: at most 3600
    #[arg(long, env = "ACCESS_TOKEN_TTL_SECONDS", default_value_t = 600, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=LONGEST_ACCESS_SECONDS))]
    pub access_token_ttl_seconds: u32,

    /// How long a session lasts without being used, in seconds: at most a year
    #[arg(long, env = "REFRESH_IDLE_TTL_SECONDS", default_value_t = 2_592_000, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=LONGEST_REFRESH_SECONDS))]
    pub refresh_idle_ttl_seconds: u32,

    /// How long a session lasts at all, in seconds: at most a year
    #[arg(long, env = "REFRESH_ABSOLUTE_TTL_SECONDS", default_value_t = 7_776_000, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=LONGEST_REFRESH_SECONDS))]
    pub refresh_absolute_ttl_seconds: u32,
}

impl Settings {
    /// Refuses what [`Tokens::new`] would refuse, before anything else is done.
    ///
    /// # Errors
    ///
    /// [`TokenError::RootSecretTooShort`], which names the setting.
    pub fn check(&self) -> Result<(), TokenError> {
        let mut secrets = self.root_secret.iter().flat_map(keys::each_secret);
        secrets.try_for_each(|secret| secret.map(drop))
    }
}

/// How long each kind of token is good.
#[derive(Debug, Clone, Copy)]
pub struct Lives {
    /// A challenge.
    pub challenge: TimeDelta,
    /// An access token.
    pub access: TimeDelta,
    /// A refresh token that is not used.
    pub refresh_idle: TimeDelta,
    /// A session, however much it is used.
    pub refresh_absolute: TimeDelta,
}

impl Lives {
    fn of(settings: &Settings) -> Self {
        let seconds = |seconds: u32| TimeDelta::seconds(seconds.into());
        Self {
            challenge: seconds(settings.otp_ttl_seconds),
            access: seconds(settings.access_token_ttl_seconds),
            refresh_idle: seconds(settings.refresh_idle_ttl_seconds),
            refresh_absolute: seconds(settings.refresh_absolute_ttl_seconds),
        }
    }
}

/// Seals and opens, issues and verifies. Clones share the same keys.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    issuer: String,
    audience: String,
    lives: Lives,
    roots: Ring<Root>,
    /// One for each root secret.
    refresh_keys: Ring<JwsKey>,
    signing_keys: RwLock<Option<Arc<Ring<SigningKey>>>>,
}

impl Tokens {
    /// Makes all keys but the signing keys, which come from the database:
    /// until [`Tokens::use_signing_keys`] no access token is issued or believed.
    ///
    /// `issuer` is `iss` and `audience` is `aud` of access tokens (RFC 9068,
    /// section 2.2). Takes about 12 ms for each root secret.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoRootSecret`] and [`TokenError::RootSecretTooShort`]
    /// name the setting; the others are failures of the cryptography.
    pub fn new(settings: &Settings, issuer: &str, audience: &str) -> Result<Self, TokenError> {
        let roots = Ring::of_secrets(settings.root_secret.as_ref().ok_or(TokenError::NoRootSecret)?)?;
        Ok(Self(Arc::new(Inner {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            lives: Lives::of(settings),
            refresh_keys: roots.try_map(refresh::key)?,
            roots,
            signing_keys: RwLock::default(),
        })))
    }

    /// How long each kind of token is good.
    #[must_use]
    pub fn lives(&self) -> Lives {
        self.0.lives
    }

    /// Takes `keys` in place of those in use: the first signs, every one
    /// verifies and is published. All clones follow at once.
    pub fn use_signing_keys(&self, keys: Vec<SigningKey>) {
        let ring = Ring::of(keys).map(Arc::new);
        *self.0.signing_keys.write().unwrap_or_else(PoisonError::into_inner) = ring;
    }

    fn signing_keys(&self) -> Option<Arc<Ring<SigningKey>>> {
        self.0.signing_keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("issuer", &self.0.issuer).finish_non_exhaustive()
    }
}

/// From when and until when a token made at `now` is good: whole seconds, as
/// claims have them (RFC 7519, section 2, `NumericDate`).
fn lifetime(now: DateTime<Utc>, life: TimeDelta) -> (DateTime<Utc>, DateTime<Utc>) {
    let issued_at = now.trunc_subsecs(0);
    (issued_at, issued_at + life)
}

/// Whether a token is good at `now`: not issued in the future, not longer
/// alive than its kind allows, not yet expired (RFC 7519, sections 4.1.4 and 4.1.6).
fn is_alive(
    issued_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    longest_seconds: i64,
    now: DateTime<Utc>,
) -> bool {
    issued_at <= now + TimeDelta::seconds(CLOCK_SKEW_SECONDS)
        && expires_at - issued_at <= TimeDelta::seconds(longest_seconds)
        && now < expires_at
}

/// A token is not one of ours, or no longer good.
///
/// It has one form for every reason, so that nobody learns which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct InvalidToken;

/// Why a key or a token could not be made: never the fault of a caller.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The setting is missing.
    #[error("ROOT_SECRET is not set")]
    NoRootSecret,
    /// A secret is too easy to guess.
    #[error("ROOT_SECRET must hold secrets of at least 32 characters; number {position} is shorter")]
    RootSecretTooShort {
        /// Which of the secrets, counted from one.
        position: usize,
    },
    /// Argon2id could not run: most likely there was no memory for it.
    #[error("ROOT_SECRET could not be stretched")]
    Stretch(#[source] argon2::Error),
    /// HKDF or HMAC refused a length.
    #[error("a key could not be derived")]
    Derivation,
    /// Claims could not be written or are longer than their token holds.
    #[error("the claims of a token could not be written")]
    Claims(#[source] serde_json::Error),
    /// A signed token would be longer than what is accepted back.
    #[error("a token became too long: issuer or audience must be shorter")]
    TooLong,
    /// The JOSE library failed.
    #[error("a token or key could not be made")]
    Jose(#[source] JoseFailure),
    /// No signing key was given yet.
    #[error("there is no signing key")]
    NoSigningKey,
    /// A stored signing key was sealed under another root secret, or altered.
    #[error(
        "ROOT_SECRET does not open signing key {kid}; append the secret it was made under, after a comma"
    )]
    SigningKeyNotOurs {
        /// The key's identifier.
        kid: String,
    },
    /// The stored key of the pseudonyms was sealed under another root secret, or altered.
    #[error(
        "ROOT_SECRET does not open the key in guard_keys; append the secret it was made under, after a comma"
    )]
    PseudonymKeyNotOurs,
    /// A stored signing key is for an algorithm that is not known here.
    #[error("unknown signing algorithm")]
    UnknownAlgorithm,
}
