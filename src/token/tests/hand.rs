//! Tokens made by hand: a second opinion on the format that shares no code
//! with the room, and the forger's workshop. It knows the root secret, so a
//! forgery is wrong in one point only and nothing else can be what refuses it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{
    bn::BigNum,
    ec::{EcGroup, EcKey},
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    md::Md,
    nid::Nid,
    pkey::{PKey, Private},
    pkey_ctx::PkeyCtx,
    sign::Signer,
    symm,
};
use serde_json::{Value, json};

use super::*;

pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

pub fn json_of(text: &str) -> Value {
    serde_json::from_slice(&bytes(text)).unwrap()
}

/// A root secret, stretched.
pub struct Root([u8; 32]);

impl Root {
    pub fn new(secret: &str) -> Self {
        let parameters = argon2::Params::new(19_456, 2, 1, None).unwrap();
        let mut master = [0; 32];
        argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, parameters)
            .hash_password_into(secret.as_bytes(), b"phone-auth root secret, version 1", &mut master)
            .unwrap();
        Self(master)
    }

    pub fn derive(&self, info: &str, salt: &[u8]) -> [u8; 32] {
        let mut hkdf = PkeyCtx::new_id(openssl::pkey::Id::HKDF).unwrap();
        hkdf.derive_init().unwrap();
        hkdf.set_hkdf_md(Md::sha256()).unwrap();
        hkdf.set_hkdf_salt(salt).unwrap();
        hkdf.set_hkdf_key(&self.0).unwrap();
        hkdf.add_hkdf_info(info.as_bytes()).unwrap();
        let mut key = [0; 32];
        hkdf.derive(Some(&mut key)).unwrap();
        key
    }

    pub fn id(&self) -> String {
        // Without a salt HKDF takes a hash of zeros (RFC 5869, section 2.2).
        let [a, b, c, d, ..] = self.derive("phone-auth/root-id/", &[0; 32]);
        format!("{a:02x}{b:02x}{c:02x}{d:02x}")
    }
}

pub static ROOT: LazyLock<Root> = LazyLock::new(|| Root::new(SECRET));

pub fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let key = PKey::hmac(key).unwrap();
    Signer::new(MessageDigest::sha256(), &key).unwrap().sign_oneshot_to_vec(message).unwrap()
}

pub fn day(now: DateTime<Utc>) -> i64 {
    now.timestamp() / 86_400
}

/// A challenge in parts: each can be bent before they are joined.
#[derive(Clone)]
pub struct Jwe {
    pub header: String,
    pub encrypted_key: String,
    pub iv: Vec<u8>,
    pub ciphertext: Vec<u8>,
    pub tag: Vec<u8>,
}

pub const SALT: [u8; 16] = *b"sixteen bytes ok";

/// The header as it has to be.
pub fn challenge_header(now: DateTime<Utc>) -> String {
    let (id, day, salt) = (ROOT.id(), day(now), base64url(SALT));
    format!(r#"{{"alg":"dir","enc":"A256GCM","kid":"{id}-{day}","salt":"{salt}","typ":"otp+jwe"}}"#)
}

/// The key of the challenge with [`SALT`].
pub fn challenge_key(now: DateTime<Utc>) -> [u8; 32] {
    ROOT.derive(&format!("phone-auth/challenge/{}", day(now)), &SALT)
}

/// The claims as they have to be, for `phone` and the code 1234.
pub fn challenge_claims(phone: &str, now: DateTime<Utc>) -> Value {
    let id = ChallengeId::random(now);
    let key = ROOT.derive("phone-auth/code/", &[0; 32]);
    let message = [id.0.as_bytes(), format!("{phone:16}").as_bytes(), &SALT, b"1234"].concat();
    json!({
        "jti": id, "purpose": "login", "phone": phone, "digest": base64url(hmac(&key, &message)), "code_length": 4,
        "iat": now.timestamp(), "exp": now.timestamp() + 300, "invite_code": null,
        "device": null,
    })
}

pub fn padded(claims: &Value) -> Vec<u8> {
    let mut payload = serde_json::to_vec(claims).unwrap();
    payload.resize(320, b' ');
    payload
}

impl Jwe {
    /// Seals `payload` under the right key for SALT, whatever the header says.
    pub fn new(header: &str, iv: &[u8], payload: &[u8], now: DateTime<Utc>) -> Self {
        let (header, mut tag) = (base64url(header), vec![0; 16]);
        let (cipher, key) = (symm::Cipher::aes_256_gcm(), challenge_key(now));
        let ciphertext =
            symm::encrypt_aead(cipher, &key, Some(iv), header.as_bytes(), payload, &mut tag).unwrap();
        Self { header, encrypted_key: String::new(), iv: iv.to_vec(), ciphertext, tag }
    }

    /// The one that opens.
    pub fn right(now: DateTime<Utc>) -> Self {
        Self::with_header(&challenge_header(now), now)
    }

    pub fn with_header(header: &str, now: DateTime<Utc>) -> Self {
        Self::new(header, b"twelve bytes", &padded(&challenge_claims("+79991234567", now)), now)
    }

    pub fn with_claims(claims: &Value, now: DateTime<Utc>) -> Self {
        Self::new(&challenge_header(now), b"twelve bytes", &padded(claims), now)
    }

    pub fn join(&self) -> String {
        let Self { header, encrypted_key, iv, ciphertext, tag } = self;
        format!("{header}.{encrypted_key}.{}.{}.{}", base64url(iv), base64url(ciphertext), base64url(tag))
    }
}

/// Opens a challenge of ours and gives its claims.
pub fn open(token: &str, now: DateTime<Utc>) -> (Value, usize) {
    unseal(token, &format!("phone-auth/challenge/{}", day(now)))
}

/// Opens a sealed token whose keys are derived with `info`; gives its claims and their padded length.
pub fn unseal(token: &str, info: &str) -> (Value, usize) {
    let parts: Vec<&str> = token.split('.').collect();
    let key = ROOT.derive(info, &bytes(json_of(parts[0])["salt"].as_str().unwrap()));
    let (iv, ciphertext, tag) = (bytes(parts[2]), bytes(parts[3]), bytes(parts[4]));
    let payload = symm::decrypt_aead(
        symm::Cipher::aes_256_gcm(),
        &key,
        Some(&iv),
        parts[0].as_bytes(),
        &ciphertext,
        &tag,
    );
    let payload = payload.unwrap();
    (serde_json::from_slice(&payload).unwrap(), payload.len())
}

/// A refresh token by hand: right when header and claims are.
pub fn refresh(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", base64url(header), base64url(claims));
    let key = ROOT.derive("phone-auth/refresh/", &[0; 32]);
    format!("{message}.{}", base64url(hmac(&key, message.as_bytes())))
}

pub fn refresh_header() -> String {
    format!(r#"{{"alg":"HS256","kid":"{}","typ":"rt+jwt"}}"#, ROOT.id())
}

/// The private key that signs the access tokens of [`tokens`].
pub static SIGNING_KEY: LazyLock<EcKey<Private>> = LazyLock::new(|| {
    let sealed = stored_signing_key();
    let (jwk, _) = unseal(&sealed.sealed, "phone-auth/signing-key/");
    let [d, x, y] =
        ["d", "x", "y"].map(|name| BigNum::from_slice(&bytes(jwk[name].as_str().unwrap())).unwrap());
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let public = EcKey::from_public_key_affine_coordinates(&group, &x, &y).unwrap();
    EcKey::from_private_components(&group, &d, public.public_key()).unwrap()
});

/// An access token by hand: right when header and claims are.
pub fn access(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", base64url(header), base64url(claims));
    let signature = ecdsa(&SIGNING_KEY, MessageDigest::sha256(), message.as_bytes());
    let (r, s) = (signature.r().to_vec_padded(32).unwrap(), signature.s().to_vec_padded(32).unwrap());
    format!("{message}.{}", base64url([r, s].concat()))
}

pub fn ecdsa(key: &EcKey<Private>, hash: MessageDigest, message: &[u8]) -> EcdsaSig {
    EcdsaSig::sign(&openssl::hash::hash(hash, message).unwrap(), key).unwrap()
}

pub fn access_header() -> String {
    format!(
        r#"{{"alg":"ES256","kid":"{}","typ":"at+jwt"}}"#,
        tokens().signing_keys().signing(noon()).unwrap().kid()
    )
}

pub fn access_claims(now: DateTime<Utc>) -> Value {
    let iat = now.timestamp();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": user(), "sid": session(), "jti": uuid::Uuid::new_v4(),
        "iat": iat, "exp": iat + 600,
    })
}
