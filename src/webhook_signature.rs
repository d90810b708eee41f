//! Signatures by which a receiver knows that a message is ours: Standard
//! Webhooks 1.0.0, symmetric.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What a secret begins with, so that people and scanners know what it is.
const PREFIX: &str = "whsec_";

/// Why the secrets cannot be used; nothing of them is shown.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Nothing to sign with.
    #[error("there is none; make one with: echo whsec_$(openssl rand -base64 32)")]
    None,
    /// One of them is none.
    #[error(
        "number {0} is not whsec_ and the base64 of 24 to 64 bytes; make one with: echo whsec_$(openssl rand -base64 32)"
    )]
    Malformed(usize),
}

/// The secrets that messages are signed with: all of them, so that a receiver
/// may know the old one or the new one while they are exchanged.
pub struct WebhookSecrets(Vec<Hmac<Sha256>>);

impl WebhookSecrets {
    /// Reads secrets separated by commas.
    ///
    /// # Errors
    ///
    /// [`SecretError`].
    pub fn read(text: &SecretString) -> Result<Self, SecretError> {
        let text = text.expose_secret();
        if text.trim().is_empty() {
            return Err(SecretError::None);
        }
        let keys = text
            .split(',')
            .enumerate()
            .map(|(at, secret)| key(secret.trim()).ok_or(SecretError::Malformed(at + 1)));
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// The headers of a message: who it is, when it is sent, and the signatures of both and of its bytes.
    #[must_use]
    pub fn headers(&self, id: &str, sent_at: i64, body: &[u8]) -> [(&'static str, String); 3] {
        let signatures: Vec<_> = self.0.iter().map(|key| signature(key.clone(), id, sent_at, body)).collect();
        [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", sent_at.to_string()),
            ("webhook-signature", signatures.join(" ")),
        ]
    }
}

fn key(secret: &str) -> Option<Hmac<Sha256>> {
    let bytes = Zeroizing::new(BASE64_STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?);
    (24..=64).contains(&bytes.len()).then(|| Hmac::new_from_slice(&bytes).ok()).flatten()
}

fn signature(mut mac: Hmac<Sha256>, id: &str, sent_at: i64, body: &[u8]) -> String {
    mac.update(format!("{id}.{sent_at}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<WebhookSecrets, SecretError> {
        WebhookSecrets::read(&text.into())
    }

    #[test]
    fn a_signature_is_the_one_of_the_reference_library() {
        // The example in the tests of the reference implementations.
        let secrets = read("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let headers = secrets.headers("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body);
        assert_eq!(
            headers.map(|(_, value)| value),
            [
                "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                "1649367553",
                "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
            ]
        );
    }

    #[test]
    fn of_two_secrets_each_signs() {
        let (old, new) = ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX");
        let signed = |text: &str| read(text).unwrap().headers("1", 2, b"3")[2].1.clone();
        assert_eq!(signed(&format!("{new}, {old}")), format!("{} {}", signed(new), signed(old)));
    }

    #[test]
    fn a_secret_has_24_to_64_bytes() {
        let of = |bytes: usize| format!("{PREFIX}{}", BASE64_STANDARD.encode(vec![7; bytes]));
        for (bytes, ok) in [(0, false), (23, false), (24, true), (64, true), (65, false)] {
            assert_eq!(read(&of(bytes)).is_ok(), ok, "{bytes}");
        }
    }

    #[test]
    fn what_is_no_secret_is_told_by_its_number_and_not_shown() {
        let good = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        for wrong in ["", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_C2FVsBQIhrscChlQIMV-b5sSYspob7oD"] {
            let error = read(&format!("{good},{wrong}")).err().unwrap();
            assert_eq!(error, SecretError::Malformed(2));
            assert!(!error.to_string().contains("C2FV"));
        }
        assert_eq!(read(" ").err(), Some(SecretError::None));
    }
}
