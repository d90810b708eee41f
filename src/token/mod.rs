//! Tokens: what the service hands out and believes when it comes back.
//!
//! A challenge is sealed, an access and a refresh token are signed; nothing of
//! them is stored. [`Tokens`] holds all keys. What comes back is believed only
//! in the exact form it was given out in, under a live key and within its
//! time; everything else is one answer, [`InvalidToken`].
//!
//! `keys` makes the keys and `ring` holds them, `shape` guards the door, `jose`
//! does the cryptography, and each kind of token has its file. `keyring` tells
//! which signing key signs when.

mod access;
mod challenge;
mod device;
mod jose;
mod keyring;
mod keys;
mod pin;
mod pin_memory;
mod pseudonym;
mod refresh;
mod ring;
mod settings;
mod shape;
mod signing_key;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, RwLock},
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

pub use self::{
    access::AccessClaims,
    challenge::{Challenge, NewChallenge, Purpose, SealedChallenge},
    jose::JoseFailure,
    keyring::{FOLLOWED_AFTER, JWKS_MAX_AGE_SECONDS, KEPT_AFTER, KeyState, PUBLISHED_BEFORE, key_states},
    keys::random_root_secret,
    pin::{PinError, PinHasher, PinPlace},
    pseudonym::Pseudonyms,
    refresh::RefreshClaims,
    settings::{Lives, Rotation, Settings},
    signing_key::{SealedSigningKey, SigningAlgorithm, SigningKey},
};
use self::{jose::JwsKey, keyring::Keyring, keys::Root, ring::Ring};

/// No challenge lives longer, in seconds.
const LONGEST_CHALLENGE_SECONDS: i64 = 600;
/// No access token lives longer, in seconds.
const LONGEST_ACCESS_SECONDS: i64 = 3_600;
/// No refresh token lives longer, in seconds: a year.
const LONGEST_REFRESH_SECONDS: i64 = 31_536_000;
/// By how many seconds the clocks of two instances may differ. It forgives an
/// issue time in the future, never an expiry in the past.
const CLOCK_SKEW_SECONDS: i64 = 5;

/// Seals and opens, issues and verifies. Clones share the same keys.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    issuer: String,
    audience: String,
    lives: Lives,
    rotation: Rotation,
    roots: Ring<Root>,
    /// One for each root secret.
    refresh_keys: Ring<JwsKey>,
    signing_keys: RwLock<Arc<Keyring>>,
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
            rotation: Rotation::of(settings),
            refresh_keys: roots.try_map(refresh::key)?,
            roots,
            signing_keys: RwLock::default(),
        })))
    }

    /// `iss` of access tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// How long each kind of token is good.
    #[must_use]
    pub fn lives(&self) -> Lives {
        self.0.lives
    }

    /// Which signing keys are made, and how often.
    #[must_use]
    pub fn rotation(&self) -> Rotation {
        self.0.rotation
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
    #[error("must be ES256 or EdDSA")]
    UnknownAlgorithm,
}
