//! The only file that names josekit: JWE and JWS in compact form.
//!
//! Whatever is opened or verified here has passed the guard in `shape.rs`
//! first and carries the canonical header of a live key.

use std::sync::LazyLock;

use josekit::{
    JoseError, Map, Value,
    jwe::{Dir, JweContext, JweHeader},
    jwk::{
        Jwk, KeyPair as _,
        alg::{
            ec::{EcCurve, EcKeyPair},
            ed::{EdCurve, EdKeyPair},
        },
    },
    jws::{ES256, EdDSA, HS256, JwsHeader, JwsSigner, JwsVerifier, alg::hmac::HmacJwsSigner},
};
use serde::{Serialize, de::DeserializeOwned};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    SigningAlgorithm, TokenError,
    keys::{Key, RootId, Salt, SealingKey},
    shape::{JweShape, Jws, encode, exactly},
};

/// What the library said when it failed at our own input.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct JoseFailure(JoseError);

impl From<JoseError> for TokenError {
    fn from(error: JoseError) -> Self {
        Self::Jose(JoseFailure(error))
    }
}

/// A JWE context that knows A256GCM and nothing else: no other content
/// encryption, no compression (RFC 8725, sections 3.2 and 3.6).
pub(super) static CONTEXT: LazyLock<JweContext> = LazyLock::new(|| {
    let mut context = JweContext::new();
    context.remove_compression("DEF");
    for other in ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM"] {
        context.remove_content_encryption(other);
    }
    context
});

/// One kind of sealed token: JWE by `dir` and A256GCM (RFC 7516; RFC 7518,
/// sections 4.5 and 5.3), its claims padded to `N` bytes so that the length of
/// a token tells nothing.
pub(super) struct Envelope<const N: usize> {
    label: &'static str,
    shape: JweShape<N>,
}

/// What was inside a sealed token, and what its header told.
pub(super) struct Opened<T> {
    pub(super) claims: T,
    pub(super) salt: Salt,
    pub(super) root: RootId,
}

impl<const N: usize> Envelope<N> {
    /// A kind with media type `typ`, whose keys are derived for `label` and
    /// have a `kid` of `kid` characters.
    pub(super) const fn new(typ: &'static str, label: &'static str, kid: usize) -> Self {
        Self { label, shape: JweShape::new(typ, kid) }
    }

    /// Seals `claims` under the key that `salt` makes of `key`.
    pub(super) fn seal(
        &self,
        key: SealingKey<'_>,
        salt: Salt,
        claims: &impl Serialize,
    ) -> Result<String, TokenError> {
        // JSON may end in white space (RFC 8259, section 2): that is the padding.
        let mut payload = Zeroizing::new([b' '; N]);
        serde_json::to_writer(&mut payload[..], claims).map_err(TokenError::Claims)?;
        let header = JweHeader::from_bytes(self.shape.header(key, salt).as_bytes())?;
        let encrypter = Dir.encrypter_from_bytes(key.content_key(self.label, salt)?)?;
        Ok(CONTEXT.serialize_compact(&*payload, &header, &encrypter)?)
    }

    /// Opens a token that one of the `live` keys sealed.
    pub(super) fn open<'k, T: DeserializeOwned>(
        &self,
        token: &str,
        mut live: impl Iterator<Item = SealingKey<'k>>,
    ) -> Option<Opened<T>> {
        let shaped = self.shape.admit(token)?;
        let key = live.find(|key| self.shape.is_of(&shaped, key))?;
        let decrypter = Dir.decrypter_from_bytes(key.content_key(self.label, shaped.salt).ok()?).ok()?;
        let (payload, _) = CONTEXT.deserialize_compact(token, &decrypter).ok()?;
        let claims = serde_json::from_slice(&Zeroizing::new(payload)).ok()?;
        Some(Opened { claims, salt: shaped.salt, root: key.root().id() })
    }

    /// Whether `key` sealed a token of this kind, by what its header tells.
    pub(super) fn is_under(&self, token: &str, key: SealingKey<'_>) -> bool {
        self.shape.admit(token).is_some_and(|shaped| self.shape.is_of(&shaped, key))
    }
}

/// A key that signs one kind of token (RFC 7515), and knows the only header it writes.
pub(super) struct JwsKey {
    header: JwsHeader,
    canonical: String,
    algorithm: Algorithm,
}

enum Algorithm {
    /// Signs by the private half and verifies by the public one.
    Pair(Box<dyn JwsSigner>, Box<dyn JwsVerifier>),
    Hs256(HmacJwsSigner),
}

impl JwsKey {
    /// By the algorithm of `pair`.
    pub(super) fn of_pair(pair: &KeyPair, kid: &str, typ: &str) -> Result<Self, TokenError> {
        let algorithm = match pair {
            KeyPair::P256(pair) => Algorithm::Pair(
                Box::new(ES256.signer_from_der(Zeroizing::new(pair.to_der_private_key()))?),
                Box::new(ES256.verifier_from_der(pair.to_der_public_key())?),
            ),
            KeyPair::Ed25519(pair) => Algorithm::Pair(
                Box::new(EdDSA.signer_from_der(Zeroizing::new(pair.to_der_private_key()))?),
                Box::new(EdDSA.verifier_from_der(pair.to_der_public_key())?),
            ),
        };
        Self::new(pair.algorithm().as_str(), kid, typ, algorithm)
    }

    /// HMAC with SHA-256 (RFC 7518, section 3.2).
    pub(super) fn hs256(key: &Key, kid: &str, typ: &str) -> Result<Self, TokenError> {
        Self::new("HS256", kid, typ, Algorithm::Hs256(HS256.signer_from_bytes(key)?))
    }

    fn new(alg: &str, kid: &str, typ: &str, algorithm: Algorithm) -> Result<Self, TokenError> {
        // In alphabetical order, as in the sealed tokens.
        let header = format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{typ}"}}"#);
        Ok(Self { header: JwsHeader::from_bytes(header.as_bytes())?, canonical: encode(&header), algorithm })
    }

    /// Signs `claims`. With HS256 the same claims give the same token, byte by byte.
    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<String, TokenError> {
        let payload = serde_json::to_vec(claims).map_err(TokenError::Claims)?;
        let signer: &dyn JwsSigner = match &self.algorithm {
            Algorithm::Pair(signer, _) => &**signer,
            Algorithm::Hs256(signer) => signer,
        };
        let token = josekit::jws::serialize_compact(&payload, &self.header, signer)?;
        if token.len() > Jws::LONGEST { Err(TokenError::TooLong) } else { Ok(token) }
    }

    /// Reads a token that one of the `live` keys signed.
    pub(super) fn verify<'k, T: DeserializeOwned>(
        token: &str,
        mut live: impl Iterator<Item = &'k Self>,
    ) -> Option<T> {
        let jws = Jws::admit(token)?;
        let key = live.find(|key| key.canonical == jws.header)?;
        if !key.has_signed(&jws) {
            return None;
        }
        serde_json::from_slice(&jws.payload).ok()
    }

    fn has_signed(&self, jws: &Jws<'_>) -> bool {
        let message = jws.signed.as_bytes();
        match &self.algorithm {
            // Both algorithms have signatures of 64 bytes (RFC 7518, section 3.4; RFC 8032, section 5.1.6).
            Algorithm::Pair(_, verifier) => exactly::<64>(jws.signature)
                .is_some_and(|signature| verifier.verify(message, &signature).is_ok()),
            // Compared here, where the time does not depend on the first wrong byte.
            Algorithm::Hs256(signer) => exactly::<32>(jws.signature)
                .zip(signer.sign(message).ok())
                .is_some_and(|(signature, right)| right.ct_eq(&signature).into()),
        }
    }
}

/// A key pair, and with it the algorithm by which it signs.
pub(super) enum KeyPair {
    /// ECDSA with P-256 and SHA-256 (RFC 7518, section 3.4).
    P256(EcKeyPair),
    /// `EdDSA` with Ed25519 (RFC 8037, section 3.1).
    Ed25519(EdKeyPair),
}

impl KeyPair {
    /// Draws a pair.
    pub(super) fn generate(algorithm: SigningAlgorithm) -> Result<Self, TokenError> {
        Ok(match algorithm {
            SigningAlgorithm::Es256 => Self::P256(EcKeyPair::generate(EcCurve::P256)?),
            SigningAlgorithm::EdDsa => Self::Ed25519(EdKeyPair::generate(EdCurve::Ed25519)?),
        })
    }

    /// Reads a private JWK (RFC 7518, section 6.2; RFC 8037, section 2).
    pub(super) fn from_private_jwk(
        algorithm: SigningAlgorithm,
        jwk: Map<String, Value>,
    ) -> Result<Self, TokenError> {
        let jwk = Jwk::from_map(jwk)?;
        Ok(match algorithm {
            SigningAlgorithm::Es256 => Self::P256(EcKeyPair::from_jwk(&jwk)?),
            SigningAlgorithm::EdDsa => Self::Ed25519(EdKeyPair::from_jwk(&jwk)?),
        })
    }

    pub(super) fn algorithm(&self) -> SigningAlgorithm {
        match self {
            Self::P256(_) => SigningAlgorithm::Es256,
            Self::Ed25519(_) => SigningAlgorithm::EdDsa,
        }
    }

    /// The pair as a private JWK: to be sealed, never to be shown.
    pub(super) fn private_jwk(&self) -> Map<String, Value> {
        match self {
            Self::P256(pair) => pair.to_jwk_key_pair().into(),
            Self::Ed25519(pair) => pair.to_jwk_key_pair().into(),
        }
    }

    /// The public half: `crv`, `kty`, `x` and, on P-256, `y`.
    pub(super) fn public_jwk(&self) -> Map<String, Value> {
        match self {
            Self::P256(pair) => pair.to_jwk_public_key().into(),
            Self::Ed25519(pair) => pair.to_jwk_public_key().into(),
        }
    }
}
