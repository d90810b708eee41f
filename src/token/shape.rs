//! The exact-shape guard: what came from outside has the one form this service
//! writes, or the JOSE library never sees it.
//!
//! It enforces, before any key is touched: five parts (RFC 7516, section 7.1);
//! no encrypted key, as `dir` demands (RFC 7518, section 4.5); an IV of 96 and
//! a tag of 128 bits (RFC 7518, section 5.3); one ciphertext length for each
//! kind of token; base64url without padding, and of each value the one
//! canonical spelling (RFC 7515, section 2; RFC 4648, section 3.5). The header
//! is afterwards compared with the canonical header of a live key, byte by
//! byte: so algorithms, type and extensions are ours to choose and not the
//! sender's (RFC 8725, sections 3.1, 3.2, 3.10 and 3.11).

use std::fmt::Display;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::keys::Salt;

/// Bytes of an IV for AES-GCM (RFC 7518, section 5.3).
const IV: usize = 12;
/// Bytes of its authentication tag (RFC 7518, section 5.3).
const TAG: usize = 16;

/// How many characters `bytes` bytes have in base64url without padding.
const fn encoded(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// Encodes in base64url without padding.
pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes base64url, or refuses: padding, other alphabets, unused bits that are not zero.
fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Decodes base64url of exactly `N` bytes, or refuses.
pub(super) fn exactly<const N: usize>(text: impl AsRef<[u8]>) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    (URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()? == N).then_some(bytes)
}

/// The form of one kind of sealed token with a payload of `N` bytes.
pub(super) struct JweShape<const N: usize> {
    typ: &'static str,
    /// Where the salt begins in the header.
    salt_at: usize,
    /// How many characters the whole token has.
    length: usize,
}

/// What the guard let through: a header yet to be compared, and its salt.
pub(super) struct Shaped {
    pub(super) salt: Salt,
    header: Vec<u8>,
}

impl<const N: usize> JweShape<N> {
    // The header is written in one order only. It is also the alphabetical
    // one, so a map that sorts and a map that does not agree on it.
    const BEFORE_KID: &str = r#"{"alg":"dir","enc":"A256GCM","kid":""#;
    const BEFORE_SALT: &str = r#"","salt":""#;
    const BEFORE_TYP: &str = r#"","typ":""#;
    const END: &str = r#""}"#;

    /// The form of tokens of media type `typ` whose `kid` has `kid` characters.
    pub(super) const fn new(typ: &'static str, kid: usize) -> Self {
        let salt_at = Self::BEFORE_KID.len() + kid + Self::BEFORE_SALT.len();
        let header = salt_at + Salt::CHARACTERS + Self::BEFORE_TYP.len() + typ.len() + Self::END.len();
        let length = encoded(header) + encoded(IV) + encoded(N) + encoded(TAG) + 4;
        Self { typ, salt_at, length }
    }

    /// The canonical header under the key named `kid`.
    pub(super) fn header(&self, kid: impl Display, salt: Salt) -> String {
        let Self { typ, .. } = self;
        format!("{}{kid}{}{salt}{}{typ}{}", Self::BEFORE_KID, Self::BEFORE_SALT, Self::BEFORE_TYP, Self::END)
    }

    /// Lets a token of exactly this form through.
    pub(super) fn admit(&self, token: &str) -> Option<Shaped> {
        if token.len() != self.length {
            return None;
        }
        let mut parts = token.split('.');
        let (Some(header), Some(""), Some(iv), Some(ciphertext), Some(tag), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        exactly::<IV>(iv)?;
        exactly::<N>(ciphertext)?;
        exactly::<TAG>(tag)?;
        let header = decode(header)?;
        let salt = exactly(header.get(self.salt_at..self.salt_at + Salt::CHARACTERS)?)?;
        Some(Shaped { salt: Salt(salt), header })
    }

    /// Whether the header is the canonical one under the key named `kid`.
    pub(super) fn is_of(&self, shaped: &Shaped, kid: impl Display) -> bool {
        shaped.header == self.header(kid, shaped.salt).as_bytes()
    }
}

/// A signed token in its three parts (RFC 7515, section 7.1).
pub(super) struct Jws<'a> {
    /// The header, still encoded.
    pub(super) header: &'a str,
    /// What was signed: header, a dot and the payload, as they came.
    pub(super) signed: &'a str,
    pub(super) payload: Vec<u8>,
    /// The signature, still encoded: its length depends on the algorithm.
    pub(super) signature: &'a str,
}

impl<'a> Jws<'a> {
    /// The longest token that is looked at, in characters.
    pub(super) const LONGEST: usize = 2048;

    /// Lets a token of this form through.
    pub(super) fn admit(token: &'a str) -> Option<Self> {
        if token.len() > Self::LONGEST {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        Some(Self { header, signed, payload: decode(payload)?, signature })
    }
}

/// Bytes in JSON as base64url of exactly their length: `#[serde(with = "…")]`.
pub(super) mod base64url {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{encode, exactly};

    pub(in super::super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&encode(bytes))
    }

    pub(in super::super) fn deserialize<'de, const N: usize, D: Deserializer<'de>>(
        from: D,
    ) -> Result<[u8; N], D::Error> {
        exactly(String::deserialize(from)?)
            .ok_or_else(|| D::Error::custom("not base64url of the right length"))
    }
}
