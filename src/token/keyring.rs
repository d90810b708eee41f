//! The signing keys of a deployment, and which of them signs when.
//!
//! A key is published first, so that whoever keeps a copy of the JWK set has
//! it before the first token under it is seen; then it signs; and when the next
//! one signs it still verifies, until the last of its tokens has ended.

use std::{
    cmp::Reverse,
    sync::{Arc, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{LONGEST_ACCESS_SECONDS, SealedSigningKey, SigningKey, TokenError, Tokens};

/// For how long others may keep a copy of the JWK set, in seconds: its `max-age`
/// (RFC 9111, section 5.2.2.1).
pub const JWKS_MAX_AGE_SECONDS: i64 = 300;

/// After how long every instance has taken up a key that is new in the
/// database, with room for clocks that differ.
pub const FOLLOWED_AFTER: TimeDelta = TimeDelta::seconds(20);

/// How long before it signs a key is published: twice as long as others may
/// keep their copy of the JWK set.
pub const PUBLISHED_BEFORE: TimeDelta =
    TimeDelta::seconds(2 * JWKS_MAX_AGE_SECONDS + FOLLOWED_AFTER.num_seconds());

/// How long a key is kept once its successor signs: whatever
/// `ACCESS_TOKEN_TTL_SECONDS` was, its last token has ended then.
pub const KEPT_AFTER: TimeDelta = TimeDelta::seconds(LONGEST_ACCESS_SECONDS + FOLLOWED_AFTER.num_seconds());

/// What a signing key is there for at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It will sign.
    Published,
    /// It signs.
    Signing,
    /// It signed; its last tokens may still live.
    Verifying,
}

impl KeyState {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Signing => "signing",
            Self::Verifying => "verifying",
        }
    }
}

/// The states at `now` of keys that sign from these moments on, given newest first.
#[must_use]
pub fn key_states(newest_first: &[DateTime<Utc>], now: DateTime<Utc>) -> Vec<KeyState> {
    let signing = signing_at(newest_first.iter().copied(), now);
    let state = |at: usize| match signing {
        Some(signing) if at > signing => KeyState::Verifying,
        Some(signing) if at == signing => KeyState::Signing,
        Some(_) | None => KeyState::Published,
    };
    (0..newest_first.len()).map(state).collect()
}

/// Which key signs at `now`: the newest whose time has come, or before the time
/// of any, as a clock may be behind, the oldest.
fn signing_at(newest_first: impl Iterator<Item = DateTime<Utc>>, now: DateTime<Utc>) -> Option<usize> {
    let mut oldest = None;
    for (at, signs_from) in newest_first.enumerate() {
        oldest = Some(at);
        if signs_from <= now {
            break;
        }
    }
    oldest
}

/// The keys in use, newest first.
#[derive(Default)]
pub(super) struct Keyring(Vec<Arc<SigningKey>>);

impl Keyring {
    fn of(mut keys: Vec<Arc<SigningKey>>) -> Self {
        // By `kid` where times are equal: every instance comes to the same order.
        keys.sort_by_key(|key| Reverse((key.signs_from(), key.kid().to_owned())));
        Self(keys)
    }

    /// The key that signs at `now`.
    pub(super) fn signing(&self, now: DateTime<Utc>) -> Option<&SigningKey> {
        let times = self.0.iter().map(|key| key.signs_from());
        self.0.get(signing_at(times, now)?).map(|key| &**key)
    }

    /// Every key, the newest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &SigningKey> {
        self.0.iter().map(|key| &**key)
    }

    fn find(&self, kid: &str) -> Option<Arc<SigningKey>> {
        self.0.iter().find(|key| key.kid() == kid).cloned()
    }
}

impl Tokens {
    /// Takes `keys` in place of those in use. All clones follow at once.
    pub fn use_signing_keys(&self, keys: Vec<SigningKey>) {
        self.put(Keyring::of(keys.into_iter().map(Arc::new).collect()));
    }

    /// Takes the `stored` keys in place of those in use, and opens only what is
    /// new among them; gives what could not be opened and is left out.
    ///
    /// What is stored no more is believed no more, also if nothing is left then.
    pub fn follow_signing_keys(&self, stored: &[SealedSigningKey]) -> Vec<TokenError> {
        let in_use = self.signing_keys();
        if in_use.0.len() == stored.len() && stored.iter().all(|key| in_use.find(&key.kid).is_some()) {
            return Vec::new();
        }
        let (mut keys, mut errors) = (Vec::new(), Vec::new());
        for key in stored {
            let known = in_use.find(&key.kid).map(Ok);
            match known.unwrap_or_else(|| self.open_signing_key(key).map(Arc::new)) {
                Ok(key) => keys.push(key),
                Err(error) => errors.push(error),
            }
        }
        self.put(Keyring::of(keys));
        errors
    }

    /// The names of the algorithms that tokens may be signed with: of every key in use.
    #[must_use]
    pub fn algorithms_in_use(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.signing_keys().all().map(|key| key.algorithm().as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(super) fn signing_keys(&self) -> Arc<Keyring> {
        Arc::clone(&self.0.signing_keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, keys: Keyring) {
        *self.0.signing_keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}
