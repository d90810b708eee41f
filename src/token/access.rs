//! Access tokens: who is calling, for a few minutes (RFC 9068).

use std::borrow::Cow;

use chrono::{DateTime, SubsecRound, Utc, serde::ts_seconds};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{InvalidToken, LONGEST_ACCESS_SECONDS, TokenError, Tokens, is_alive, jose::JwsKey, lifetime};
use crate::domain::{SessionId, UserId};

/// The media type of access tokens (RFC 9068, section 2.1; RFC 8725, section 3.11).
pub(super) const TYP: &str = "at+jwt";

/// Who is calling, by an access token that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessClaims {
    /// Which user: `sub`.
    pub user: UserId,
    /// Of which login: `sid`.
    pub session: SessionId,
    /// When the token stops being good: `exp`.
    pub expires_at: DateTime<Utc>,
}

/// The claims of RFC 9068, section 2.2, without `client_id`: the service has
/// no OAuth clients. No personal data.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims<'a> {
    iss: Cow<'a, str>,
    aud: Cow<'a, str>,
    sub: UserId,
    sid: SessionId,
    jti: Uuid,
    #[serde(with = "ts_seconds")]
    iat: DateTime<Utc>,
    #[serde(with = "ts_seconds")]
    exp: DateTime<Utc>,
}

impl Tokens {
    /// Issues an access token at `now` that is good for `ACCESS_TOKEN_TTL_SECONDS`,
    /// but not beyond `ends_at`, when its session ends: whoever verifies it by
    /// the published keys does not know of sessions.
    ///
    /// Its text is no identifier, `jti` is: an ECDSA signature has two valid spellings.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoSigningKey`] before [`Tokens::use_signing_keys`];
    /// otherwise only when the cryptography fails.
    pub fn issue_access(
        &self,
        user: UserId,
        session: SessionId,
        ends_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<String, TokenError> {
        let (iat, exp) = lifetime(now, self.0.lives.access);
        let claims = Claims {
            iss: Cow::Borrowed(&self.0.issuer),
            aud: Cow::Borrowed(&self.0.audience),
            sub: user,
            sid: session,
            jti: Uuid::new_v4(),
            iat,
            exp: exp.min(ends_at.trunc_subsecs(0)),
        };
        self.signing_keys().signing(now).ok_or(TokenError::NoSigningKey)?.jws.sign(&claims)
    }

    /// Verifies an access token at `now`.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`] for whatever is not an access token of ours, for this
    /// audience, and alive at `now`; it expires in the very second of `exp`.
    pub fn verify_access(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, InvalidToken> {
        let keys = self.signing_keys();
        let claims: Claims<'_> = JwsKey::verify(token, keys.all().map(|key| &key.jws)).ok_or(InvalidToken)?;
        let is_ours = claims.iss == self.0.issuer && claims.aud == self.0.audience;
        if is_ours && is_alive(claims.iat, claims.exp, LONGEST_ACCESS_SECONDS, now) {
            Ok(AccessClaims { user: claims.sub, session: claims.sid, expires_at: claims.exp })
        } else {
            Err(InvalidToken)
        }
    }
}
