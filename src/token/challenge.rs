//! Challenges: a code went to a phone, and this is the proof that travels with
//! the client in place of a row in the database.

use std::fmt;

use chrono::{DateTime, Utc, serde::ts_seconds};
use hmac::Mac;
use serde::{Deserialize, Serialize};

use super::{
    InvalidToken, LONGEST_CHALLENGE_SECONDS, TokenError, Tokens, is_alive,
    jose::Envelope,
    keys::{CodeMac, RootId, Salt, SealingKey},
    lifetime,
    shape::base64url,
};
use crate::domain::{ChallengeId, DeviceId, InviteCode, OtpCode, OtpLength, PhoneNumber, UserId};

/// 320 bytes hold the longest claims of any purpose.
const ENVELOPE: Envelope<320> = Envelope::new("otp+jwe", "challenge", SealingKey::DAILY_KID);

/// What a challenge is for. It is good for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To sign in.
    Login,
    /// To give this user the number the code goes to.
    PhoneChange(UserId),
}

/// What a challenge is made of.
#[derive(Clone, Copy)]
pub struct NewChallenge<'a> {
    /// What it is for.
    pub purpose: Purpose,
    /// Where the code goes.
    pub phone: &'a PhoneNumber,
    /// The code; the challenge carries a keyed digest of it only.
    pub code: &'a OtpCode,
    /// Whose invitation is activated with a first login.
    pub invite_code: Option<&'a InviteCode>,
    /// In the lane of which trusted device; none: a stranger's.
    pub device: Option<DeviceId>,
}

/// A challenge as the client gets it.
pub struct SealedChallenge {
    /// The compact JWE; all challenges are equally long.
    pub token: String,
    /// The `jti` inside.
    pub id: ChallengeId,
    /// When it stops being good: a whole second.
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for SealedChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedChallenge").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A challenge that came back: ours, unaltered and not expired.
///
/// Whether it was used before is not written in it; the database knows.
pub struct Challenge {
    /// Which challenge.
    pub id: ChallengeId,
    /// What it is for.
    pub purpose: Purpose,
    /// Where the code went.
    pub phone: PhoneNumber,
    /// How many digits the code has.
    pub code_length: OtpLength,
    /// When it was made.
    pub issued_at: DateTime<Utc>,
    /// When it stops being good.
    pub expires_at: DateTime<Utc>,
    /// Whose invitation is activated with a first login.
    pub invite_code: Option<InviteCode>,
    /// In the lane of which trusted device; none: a stranger's.
    pub device: Option<DeviceId>,
    digest: [u8; 32],
    salt: Salt,
    root: RootId,
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenge")
            .field("id", &self.id)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// The claims inside, in JSON (RFC 7519, section 4).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    jti: ChallengeId,
    purpose: Purpose,
    phone: String,
    #[serde(with = "base64url")]
    digest: [u8; 32],
    code_length: u8,
    #[serde(with = "ts_seconds")]
    iat: DateTime<Utc>,
    #[serde(with = "ts_seconds")]
    exp: DateTime<Utc>,
    invite_code: Option<InviteCode>,
    device: Option<DeviceId>,
}

impl Tokens {
    /// Makes a challenge at `now` that is good for `OTP_TTL_SECONDS`.
    ///
    /// # Errors
    ///
    /// Fails only when the cryptography does.
    pub fn seal_challenge(
        &self,
        new: NewChallenge<'_>,
        now: DateTime<Utc>,
    ) -> Result<SealedChallenge, TokenError> {
        let key = self.0.roots.daily(now);
        let (iat, exp) = lifetime(now, self.0.lives.challenge);
        let (id, salt) = (ChallengeId::random(now), Salt::random());
        let claims = Claims {
            jti: id,
            purpose: new.purpose,
            phone: new.phone.as_str().to_owned(),
            digest: digest(key.root().code_mac(), id, new.phone, salt, new.code)
                .finalize()
                .into_bytes()
                .into(),
            code_length: new.code.length().digits(),
            iat,
            exp,
            invite_code: new.invite_code.cloned(),
            device: new.device,
        };
        Ok(SealedChallenge { token: ENVELOPE.seal(key, salt, &claims)?, id, expires_at: exp })
    }

    /// Opens a challenge that came back at `now`.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`] for whatever is not a challenge of ours that is alive
    /// at `now`; it expires in the very second of `expires_at`.
    pub fn open_challenge(&self, token: &str, now: DateTime<Utc>) -> Result<Challenge, InvalidToken> {
        let opened = ENVELOPE.open::<Claims>(token, self.0.roots.live_daily(now)).ok_or(InvalidToken)?;
        let claims = opened.claims;
        if !is_alive(claims.iat, claims.exp, LONGEST_CHALLENGE_SECONDS, now) {
            return Err(InvalidToken);
        }
        Ok(Challenge {
            id: claims.jti,
            purpose: claims.purpose,
            phone: claims.phone.try_into().map_err(|_| InvalidToken)?,
            code_length: claims.code_length.try_into().map_err(|_| InvalidToken)?,
            issued_at: claims.iat,
            expires_at: claims.exp,
            invite_code: claims.invite_code,
            device: claims.device,
            digest: claims.digest,
            salt: opened.salt,
            root: opened.root,
        })
    }

    /// Whether `code` is the one that went to the phone of `challenge`. Takes
    /// the same time whatever differs.
    ///
    /// It counts nothing: an attempt is charged before this is called.
    #[must_use]
    pub fn code_matches(&self, challenge: &Challenge, code: &OtpCode) -> bool {
        let root = self.0.roots.all().find(|root| root.id() == challenge.root);
        root.is_some_and(|root| {
            let mac = digest(root.code_mac(), challenge.id, &challenge.phone, challenge.salt, code);
            mac.verify_slice(&challenge.digest).is_ok()
        })
    }
}

/// HMAC-SHA256 over `jti`, phone, salt and code. All but the last have a fixed
/// width, the longest of a phone number, so no two inputs are the same bytes.
fn digest(mut mac: CodeMac, id: ChallengeId, phone: &PhoneNumber, salt: Salt, code: &OtpCode) -> CodeMac {
    mac.update(id.0.as_bytes());
    mac.update(format!("{:16}", phone.as_str()).as_bytes());
    mac.update(&salt.0);
    mac.update(code.expose().as_bytes());
    mac
}
