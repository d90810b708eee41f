//! The only file that sees the bytes of a root secret or of a key made from it.
//!
//! Everything here comes from the root secrets: each is stretched once, and
//! HKDF-SHA256 (RFC 5869) makes from it one key for each use, so that no two
//! kinds of token ever share a key. The other files pass keys on unread.

use std::{fmt, ops::RangeInclusive};

use argon2::Argon2;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{CLOCK_SKEW_SECONDS, LONGEST_CHALLENGE_SECONDS, TokenError, ring::Ring};

/// HMAC-SHA256 (RFC 2104) under the key for codes, ready to be fed.
pub(super) type CodeMac = Hmac<Sha256>;

/// HMAC-SHA256 (RFC 2104) under the key for pseudonyms, ready to be fed.
pub(super) type PseudonymMac = Hmac<Sha256>;

/// The key for pseudonyms: drawn, not derived, for it outlives the root secrets.
pub(super) struct PseudonymKey(Zeroizing<[u8; 32]>);

impl PseudonymKey {
    /// Draws a key from a CSPRNG seeded by the operating system.
    pub(super) fn random() -> Self {
        Self(Zeroizing::new(rand::random()))
    }

    /// For sealing.
    pub(super) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// What makes pseudonyms.
    pub(super) fn mac(&self) -> Result<PseudonymMac, TokenError> {
        PseudonymMac::new_from_slice(&*self.0).map_err(|_| TokenError::Derivation)
    }

    /// The key of the hashes of PINs: HKDF-SHA256 with info `phone-auth/pin`.
    pub(super) fn pin_key(&self) -> Result<PinKey, TokenError> {
        let mut key = Key(Zeroizing::new([0; 32]));
        let info = b"phone-auth/pin";
        Hkdf::<Sha256>::new(None, &*self.0).expand(info, &mut *key.0).map_err(|_| TokenError::Derivation)?;
        Ok(PinKey(key))
    }
}

impl From<[u8; 32]> for PseudonymKey {
    fn from(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }
}

/// The key of the hashes of PINs.
pub(super) struct PinKey(Key);

impl PinKey {
    /// Argon2id with this key as its secret value (RFC 9106, section 3.1).
    pub(super) fn argon2(&self, parameters: argon2::Params) -> argon2::Result<Argon2<'_>> {
        Argon2::new_with_secret(&*self.0.0, ARGON2_KIND.0, ARGON2_KIND.1, parameters)
    }
}

/// Argon2id (RFC 9106).
const ARGON2_KIND: (argon2::Algorithm, argon2::Version) =
    (argon2::Algorithm::Argon2id, argon2::Version::V0x13);

/// The parameters OWASP gives for Argon2id: 19 MiB, two passes, one lane; for 32 bytes.
pub(super) fn argon2_parameters() -> argon2::Result<argon2::Params> {
    argon2::Params::new(19_456, 2, 1, Some(32))
}

/// 256 bits of key, wiped when dropped.
pub(super) struct Key(Zeroizing<[u8; 32]>);

impl AsRef<[u8]> for Key {
    /// For the hand-over to a cipher or a MAC.
    fn as_ref(&self) -> &[u8] {
        &*self.0
    }
}

/// The 16 random bytes that make the key of each sealed token its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Salt(pub(super) [u8; 16]);

impl Salt {
    /// How many characters it has in a header.
    pub(super) const CHARACTERS: usize = 22;

    /// Draws a salt from a CSPRNG seeded by the operating system.
    pub(super) fn random() -> Self {
        Self(rand::random())
    }
}

impl fmt::Display for Salt {
    /// base64url without padding (RFC 7515, section 2).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; Self::CHARACTERS];
        URL_SAFE_NO_PAD.encode_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// Draws a root secret, 256 bits as text, for a service that was given none.
#[must_use]
pub fn random_root_secret() -> SecretString {
    URL_SAFE_NO_PAD.encode(Zeroizing::new(rand::random::<[u8; 32]>())).into()
}

/// Which root secret, in public: eight hexadecimal digits that say nothing about it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct RootId([u8; 4]);

impl fmt::Display for RootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

/// A root secret after stretching, wiped when dropped.
struct Master(Zeroizing<[u8; 32]>);

impl Master {
    /// Argon2id by the parameters OWASP gives.
    fn stretch(secret: &str) -> Result<Self, TokenError> {
        // One salt for all: a root secret is drawn for this service alone, and
        // every instance must come to the same keys without sharing a file.
        const SALT: &[u8] = b"phone-auth root secret, version 1";
        let mut master = Self(Zeroizing::new([0; 32]));
        let parameters = argon2_parameters().map_err(TokenError::Stretch)?;
        Argon2::new(ARGON2_KIND.0, ARGON2_KIND.1, parameters)
            .hash_password_into(secret.as_bytes(), SALT, &mut *master.0)
            .map_err(TokenError::Stretch)?;
        Ok(master)
    }

    /// HKDF-SHA256 with info `phone-auth/<label>/<day>`, the day empty for keys that stay.
    fn derive(&self, label: &str, day: Option<u32>, salt: Option<Salt>) -> Result<Key, TokenError> {
        let day = day.map(|day| day.to_string()).unwrap_or_default();
        let mut key = Key(Zeroizing::new([0; 32]));
        Hkdf::<Sha256>::new(salt.as_ref().map(|salt| &salt.0[..]), &*self.0)
            .expand_multi_info(&[b"phone-auth/", label.as_bytes(), b"/", day.as_bytes()], &mut *key.0)
            .map_err(|_| TokenError::Derivation)?;
        Ok(key)
    }
}

/// A root secret and what is made of it once.
pub(super) struct Root {
    id: RootId,
    master: Master,
    code_mac: CodeMac,
}

impl Root {
    /// A root secret with fewer characters than this is refused.
    const SHORTEST_SECRET: usize = 32;

    fn of_secret(secret: &str) -> Result<Self, TokenError> {
        let master = Master::stretch(secret)?;
        let [a, b, c, d, ..] = *master.derive("root-id", None, None)?.0;
        let code_key = master.derive("code", None, None)?;
        let code_mac = CodeMac::new_from_slice(&*code_key.0).map_err(|_| TokenError::Derivation)?;
        Ok(Self { id: RootId([a, b, c, d]), master, code_mac })
    }

    pub(super) fn id(&self) -> RootId {
        self.id
    }

    /// What digests the code of a challenge. Its key is not the one that seals
    /// the challenge: who opens a challenge still cannot try codes on it.
    pub(super) fn code_mac(&self) -> CodeMac {
        self.code_mac.clone()
    }

    /// The key that signs refresh tokens.
    pub(super) fn refresh_key(&self) -> Result<Key, TokenError> {
        self.master.derive("refresh", None, None)
    }
}

/// A key for sealing as a header names it: a root secret and, where keys
/// rotate with the calendar, the day. `Display` is its `kid`.
#[derive(Clone, Copy)]
pub(super) struct SealingKey<'a> {
    root: &'a Root,
    day: Option<u32>,
}

impl SealingKey<'_> {
    /// How many characters the `kid` of a key has that rotates daily: until the year 2243 a day has five digits.
    pub(super) const DAILY_KID: usize = 14;
    /// How many characters the `kid` of a key has that stays.
    pub(super) const LASTING_KID: usize = 8;

    pub(super) fn root(&self) -> &Root {
        self.root
    }

    /// The content key of the one token that has this salt.
    pub(super) fn content_key(&self, label: &str, salt: Salt) -> Result<Key, TokenError> {
        self.root.master.derive(label, self.day, Some(salt))
    }
}

impl fmt::Display for SealingKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.day {
            Some(day) => write!(f, "{}-{day:05}", self.root.id),
            None => self.root.id.fmt(f),
        }
    }
}

/// The secrets in a setting, which commas separate.
///
/// # Errors
///
/// [`TokenError::RootSecretTooShort`] for one under 32 characters after trimming.
pub(super) fn each_secret(secrets: &SecretString) -> impl Iterator<Item = Result<&str, TokenError>> {
    secrets.expose_secret().split(',').map(str::trim).enumerate().map(|(index, secret)| {
        let is_short = secret.chars().count() < Root::SHORTEST_SECRET;
        if is_short { Err(TokenError::RootSecretTooShort { position: index + 1 }) } else { Ok(secret) }
    })
}

impl Ring<Root> {
    /// Reads secrets separated by commas and stretches each: about 12 ms and 19 MiB.
    ///
    /// # Errors
    ///
    /// Those of [`each_secret`].
    pub(super) fn of_secrets(secrets: &SecretString) -> Result<Self, TokenError> {
        let roots = each_secret(secrets).map(|secret| Root::of_secret(secret?));
        Self::of(roots.collect::<Result<Vec<_>, _>>()?).ok_or(TokenError::NoRootSecret)
    }

    /// The key that seals what lives for minutes and is sealed at `now`.
    pub(super) fn daily(&self, now: DateTime<Utc>) -> SealingKey<'_> {
        SealingKey { root: self.current(), day: Some(day(now.timestamp())) }
    }

    /// The keys that may have sealed what is still alive at `now`: those of
    /// today, and around midnight those of the neighbouring day.
    pub(super) fn live_daily(&self, now: DateTime<Utc>) -> impl Iterator<Item = SealingKey<'_>> {
        self.all()
            .flat_map(move |root| live_days(now).rev().map(move |day| SealingKey { root, day: Some(day) }))
    }

    /// The key that seals what stays.
    pub(super) fn lasting(&self) -> SealingKey<'_> {
        SealingKey { root: self.current(), day: None }
    }

    /// The keys that may have sealed what stays.
    pub(super) fn live_lasting(&self) -> impl Iterator<Item = SealingKey<'_>> {
        self.all().map(|root| SealingKey { root, day: None })
    }
}

/// The days on which a challenge may have been sealed that is alive at `now`.
fn live_days(now: DateTime<Utc>) -> RangeInclusive<u32> {
    let now = now.timestamp();
    day(now - LONGEST_CHALLENGE_SECONDS - CLOCK_SKEW_SECONDS)..=day(now + CLOCK_SKEW_SECONDS)
}

/// The UTC day of a Unix time, counted from 1970-01-01.
fn day(seconds: i64) -> u32 {
    u32::try_from(seconds.div_euclid(86_400)).unwrap_or_default()
}
