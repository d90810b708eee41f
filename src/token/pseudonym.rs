//! Pseudonyms: what the counting tables know a phone or an address by.

use std::fmt;

use hmac::Mac;
use serde::{Deserialize, Serialize};

use super::{
    TokenError, Tokens,
    jose::Envelope,
    keys::{PseudonymKey, PseudonymMac, Salt, SealingKey},
    shape::base64url,
};
use crate::domain::Pseudonym;

/// 64 bytes hold a key of 256 bits in base64url.
const ENVELOPE: Envelope<64> = Envelope::new("key+jwe", "pseudonym-key", SealingKey::LASTING_KID);

/// What is sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    #[serde(with = "base64url")]
    key: [u8; 32],
}

/// Makes pseudonyms. Its key is drawn once for a deployment and outlives the
/// root secrets that seal it: with another key every meter would begin anew.
#[derive(Clone)]
pub struct Pseudonyms(PseudonymMac);

impl Pseudonyms {
    /// The pseudonym of `value`, which is a `kind` of thing: HMAC-SHA256 (RFC
    /// 2104), of which 128 bits are kept.
    #[must_use]
    pub fn of(&self, kind: &'static str, value: &str) -> Pseudonym {
        let mut mac = self.0.clone();
        mac.update(kind.as_bytes());
        // No kind has one, so no two pairs are the same bytes.
        mac.update(b":");
        mac.update(value.as_bytes());
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        Pseudonym(uuid::Uuid::from_bytes(std::array::from_fn(|at| digest[at])))
    }

    /// What the number of an account that is no more, or has another by now, is known by.
    #[must_use]
    pub fn of_former(&self, phone: &str) -> Pseudonym {
        self.of("former", phone)
    }

    /// By what the invite codes that nobody has are counted which a number enters.
    #[must_use]
    pub fn of_invite_codes(&self, phone: &str) -> Pseudonym {
        self.of("invite codes", phone)
    }
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pseudonyms").finish_non_exhaustive()
    }
}

impl Tokens {
    /// Draws the key of a deployment and seals it under the current root
    /// secret, for the database.
    ///
    /// # Errors
    ///
    /// Fails only when the cryptography does.
    pub fn draw_pseudonym_key(&self) -> Result<String, TokenError> {
        let key = PseudonymKey::random();
        ENVELOPE.seal(self.0.roots.lasting(), Salt::random(), &Claims { key: *key.expose() })
    }

    /// Seals the stored key anew under the current root secret; `None` if that
    /// is the one it is under.
    ///
    /// # Errors
    ///
    /// [`TokenError::PseudonymKeyNotOurs`] when no root secret opens it.
    pub fn reseal_pseudonym_key(&self, sealed: &str) -> Result<Option<String>, TokenError> {
        let current = self.0.roots.lasting();
        if ENVELOPE.is_under(sealed, current) {
            return Ok(None);
        }
        let opened = ENVELOPE.open::<Claims>(sealed, self.0.roots.live_lasting());
        let claims = opened.ok_or(TokenError::PseudonymKeyNotOurs)?.claims;
        ENVELOPE.seal(current, Salt::random(), &claims).map(Some)
    }

    /// Opens the stored key, under whichever root secret it was sealed.
    ///
    /// # Errors
    ///
    /// [`TokenError::PseudonymKeyNotOurs`] when no root secret opens it.
    pub fn open_pseudonyms(&self, sealed: &str) -> Result<Pseudonyms, TokenError> {
        Ok(Pseudonyms(self.open_pseudonym_key(sealed)?.mac()?))
    }

    /// The stored key itself, for what else must outlive the root secrets.
    pub(super) fn open_pseudonym_key(&self, sealed: &str) -> Result<PseudonymKey, TokenError> {
        let opened = ENVELOPE.open::<Claims>(sealed, self.0.roots.live_lasting());
        Ok(PseudonymKey::from(opened.ok_or(TokenError::PseudonymKeyNotOurs)?.claims.key))
    }
}
