//! Refresh tokens: one login, renewed in a line of generations.

use chrono::{DateTime, TimeDelta, Utc, serde::ts_seconds};
use serde::{Deserialize, Serialize};

use super::{
    CLOCK_SKEW_SECONDS, InvalidToken, LONGEST_REFRESH_SECONDS, TokenError, Tokens, jose::JwsKey, keys::Root,
};
use crate::domain::SessionId;

/// What a refresh token says that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshClaims {
    /// Of which login: `sid`.
    pub session: SessionId,
    /// Which in the line of its refresh tokens: `gen`, from 0.
    pub generation: i32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    sid: SessionId,
    #[serde(rename = "gen")]
    generation: i32,
    #[serde(with = "ts_seconds")]
    exp: DateTime<Utc>,
}

/// The key by which refresh tokens are signed under `root`.
pub(super) fn key(root: &Root) -> Result<JwsKey, TokenError> {
    JwsKey::hs256(&root.refresh_key()?, &root.id().to_string(), "rt+jwt")
}

impl Tokens {
    /// Issues the refresh token of a generation, good until `expires_at`
    /// rounded down to the second.
    ///
    /// The same arguments give the same token, whoever makes it and whenever:
    /// two tabs that refresh at once get one successor and no fork exists.
    ///
    /// # Errors
    ///
    /// Fails only when the cryptography does.
    pub fn issue_refresh(
        &self,
        session: SessionId,
        generation: i32,
        expires_at: DateTime<Utc>,
    ) -> Result<String, TokenError> {
        let claims = Claims { sid: session, generation, exp: expires_at };
        self.0.refresh_keys.current().sign(&claims)
    }

    /// Verifies a refresh token at `now`.
    ///
    /// When its session ends is not asked of `exp`, which tells clients: the
    /// database knows it, and is asked anyway. A token that was used before may
    /// be past its `exp` while the session goes on; then its successor may be
    /// what a lost answer held, and long after that it is a sign of theft.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`] for whatever is not a refresh token of ours, or would
    /// be good for longer than a year.
    pub fn verify_refresh(&self, token: &str, now: DateTime<Utc>) -> Result<RefreshClaims, InvalidToken> {
        let claims: Claims = JwsKey::verify(token, self.0.refresh_keys.all()).ok_or(InvalidToken)?;
        let longest = TimeDelta::seconds(LONGEST_REFRESH_SECONDS + CLOCK_SKEW_SECONDS);
        if claims.exp - now <= longest && claims.generation >= 0 {
            Ok(RefreshClaims { session: claims.sid, generation: claims.generation })
        } else {
            Err(InvalidToken)
        }
    }
}
