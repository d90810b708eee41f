//! Signing keys: drawn here, sealed for the database, published as a JWK set.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    TokenError, Tokens, access,
    jose::{Envelope, JwsKey, KeyPair},
    keys::{Salt, SealingKey},
    shape::encode,
};

/// 384 bytes hold the private JWK of any curve with keys of 256 bits.
const ENVELOPE: Envelope<384> = Envelope::new("jwk+jwe", "signing-key", SealingKey::LASTING_KID);

/// How access tokens are signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// ECDSA with P-256 and SHA-256 (RFC 7518, section 3.4).
    #[default]
    Es256,
    /// `EdDSA` with Ed25519 (RFC 8037, section 3.1).
    EdDsa,
}

impl SigningAlgorithm {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Es256, Self::EdDsa];

    /// Its registered name: `alg` (RFC 7518, section 3.1; RFC 8037, section 3.1).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SigningAlgorithm {
    type Err = TokenError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|known| known.as_str() == name).ok_or(TokenError::UnknownAlgorithm)
    }
}

/// A signing key as it is stored: what is secret of it is sealed.
#[derive(Clone)]
pub struct SealedSigningKey {
    /// The thumbprint of the public half (RFC 7638): it names this key and no other.
    pub kid: String,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// The public half (RFC 7517), for people and other programs to read.
    /// Nothing is verified by it: the public half is made of the sealed private one.
    pub public_jwk: Value,
    /// The private half: an encrypted JWK (RFC 7517, section 7) under a root secret.
    pub sealed: String,
    /// From when on it signs; until then it is only published.
    pub signs_from: DateTime<Utc>,
}

impl fmt::Debug for SealedSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// A key that signs access tokens.
pub struct SigningKey {
    pair: KeyPair,
    kid: String,
    signs_from: DateTime<Utc>,
    pub(super) jws: JwsKey,
}

impl SigningKey {
    /// Draws a key that signs from `signs_from` on.
    ///
    /// # Errors
    ///
    /// Fails only when the cryptography does.
    pub fn generate(algorithm: SigningAlgorithm, signs_from: DateTime<Utc>) -> Result<Self, TokenError> {
        Self::new(KeyPair::generate(algorithm)?, signs_from)
    }

    fn new(pair: KeyPair, signs_from: DateTime<Utc>) -> Result<Self, TokenError> {
        let kid = thumbprint(&pair.public_jwk());
        let jws = JwsKey::of_pair(&pair, &kid, access::TYP)?;
        Ok(Self { pair, kid, signs_from, jws })
    }

    /// Its identifier: the thumbprint of the public half (RFC 7638).
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it signs with.
    #[must_use]
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.pair.algorithm()
    }

    /// From when on it signs.
    #[must_use]
    pub fn signs_from(&self) -> DateTime<Utc> {
        self.signs_from
    }

    /// The public half with `alg`, `kid` and `use` (RFC 7517, section 4).
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let mut jwk = self.pair.public_jwk();
        jwk.insert("alg".to_owned(), self.algorithm().as_str().into());
        jwk.insert("kid".to_owned(), self.kid.clone().into());
        jwk.insert("use".to_owned(), "sig".into());
        jwk.into()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Seals `key` under the current root secret, for the database.
    ///
    /// # Errors
    ///
    /// Fails only when the cryptography does.
    pub fn seal_signing_key(&self, key: &SigningKey) -> Result<SealedSigningKey, TokenError> {
        let sealed = ENVELOPE.seal(self.0.roots.lasting(), Salt::random(), &key.pair.private_jwk())?;
        Ok(SealedSigningKey {
            kid: key.kid.clone(),
            algorithm: key.algorithm(),
            public_jwk: key.public_jwk(),
            sealed,
            signs_from: key.signs_from,
        })
    }

    /// Opens a stored key, under whichever root secret it was sealed.
    ///
    /// # Errors
    ///
    /// [`TokenError::SigningKeyNotOurs`] when no root secret opens it, or when
    /// what is inside is not the key that `kid` names.
    pub fn open_signing_key(&self, stored: &SealedSigningKey) -> Result<SigningKey, TokenError> {
        let not_ours = || TokenError::SigningKeyNotOurs { kid: stored.kid.clone() };
        let opened = ENVELOPE.open(&stored.sealed, self.0.roots.live_lasting()).ok_or_else(not_ours)?;
        let pair = KeyPair::from_private_jwk(stored.algorithm, opened.claims)?;
        let key = SigningKey::new(pair, stored.signs_from)?;
        if key.kid == stored.kid { Ok(key) } else { Err(not_ours()) }
    }

    /// Whether `sealed`, the private half of a stored key, is sealed under the
    /// current root secret, so that the older ones may go.
    #[must_use]
    pub fn is_signing_key_current(&self, sealed: &str) -> bool {
        ENVELOPE.is_under(sealed, self.0.roots.lasting())
    }

    /// The JWK set (RFC 7517, section 5): the public half of every key, the
    /// one that signs last first.
    #[must_use]
    pub fn jwks(&self) -> Value {
        let keys: Vec<Value> = self.signing_keys().all().map(SigningKey::public_jwk).collect();
        json!({ "keys": keys })
    }
}

/// The SHA-256 thumbprint of a public key: its required members, in
/// alphabetical order (RFC 7638, section 3.2; RFC 8037, section 2).
fn thumbprint(jwk: &Map<String, Value>) -> String {
    let required = ["crv", "kty", "x", "y"].into_iter().filter_map(|name| Some((name, jwk.get(name)?)));
    let members: Vec<String> = required.map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
    encode(Sha256::digest(format!("{{{}}}", members.join(","))))
}
