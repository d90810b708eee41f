//! Signing keys: drawn here, sealed for the database, published as a JWK set.

use std::{fmt, str::FromStr};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// ECDSA with P-256 and SHA-256 (RFC 7518, section 3.4).
    Es256,
}

impl SigningAlgorithm {
    /// Its name in the registry of RFC 7518, section 3.1.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
        }
    }
}

impl FromStr for SigningAlgorithm {
    type Err = TokenError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "ES256" => Ok(Self::Es256),
            _ => Err(TokenError::UnknownAlgorithm),
        }
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
    algorithm: SigningAlgorithm,
    pub(super) jws: JwsKey,
}

impl SigningKey {
    /// Draws a key.
    ///
    /// # Errors
    ///
    /// Fails only when the cryptography does.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Self, TokenError> {
        let pair = match algorithm {
            SigningAlgorithm::Es256 => KeyPair::generate()?,
        };
        Self::new(algorithm, pair)
    }

    fn new(algorithm: SigningAlgorithm, pair: KeyPair) -> Result<Self, TokenError> {
        let kid = thumbprint(&pair.public_jwk());
        let jws = match algorithm {
            SigningAlgorithm::Es256 => JwsKey::es256(&pair, &kid, access::TYP)?,
        };
        Ok(Self { pair, kid, algorithm, jws })
    }

    /// Its identifier: the thumbprint of the public half (RFC 7638).
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half with `alg`, `kid` and `use` (RFC 7517, section 4).
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let mut jwk = self.pair.public_jwk();
        jwk.insert("alg".to_owned(), self.algorithm.as_str().into());
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
            algorithm: key.algorithm,
            public_jwk: key.public_jwk(),
            sealed,
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
        let key = SigningKey::new(stored.algorithm, KeyPair::from_private_jwk(opened.claims)?)?;
        if key.kid == stored.kid { Ok(key) } else { Err(not_ours()) }
    }

    /// The JWK set (RFC 7517, section 5): the public half of every key in use.
    #[must_use]
    pub fn jwks(&self) -> Value {
        let ring = self.signing_keys();
        let keys: Vec<Value> = ring.iter().flat_map(|ring| ring.all()).map(SigningKey::public_jwk).collect();
        json!({ "keys": keys })
    }
}

/// The SHA-256 thumbprint of an EC key (RFC 7638, section 3.2).
fn thumbprint(jwk: &Map<String, Value>) -> String {
    let [crv, kty, x, y] =
        ["crv", "kty", "x", "y"].map(|name| jwk.get(name).and_then(Value::as_str).unwrap_or_default());
    encode(Sha256::digest(format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}","y":"{y}"}}"#)))
}
