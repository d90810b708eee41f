//! What a token costs. `bare` is the same key derivation and cipher by OpenSSL
//! alone, over a payload of the same size: what a sealed token costs at least.

#![expect(clippy::unwrap_used, reason = "a bench that cannot start says why by panicking")]

use std::hint::black_box;

use chrono::{DateTime, TimeDelta, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use openssl::{md::Md, pkey::Id, pkey_ctx::PkeyCtx, rand::rand_bytes, symm};
use phone_auth::{
    domain::{OtpCode, PhoneNumber, SessionId, UserId},
    token::{NewChallenge, Purpose, Settings, SigningAlgorithm, SigningKey, Tokens},
};

const PAYLOAD: [u8; 256] = [b' '; 256];

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn tokens(root_secret: &str) -> Tokens {
    let settings = Settings {
        root_secret: Some(root_secret.into()),
        otp_ttl_seconds: 300,
        access_token_ttl_seconds: 600,
        refresh_idle_ttl_seconds: 2_592_000,
        refresh_absolute_ttl_seconds: 7_776_000,
        signing_algorithm: SigningAlgorithm::Es256,
        signing_key_rotation_days: 90,
    };
    let tokens = Tokens::new(&settings, "https://login.example.com", "phone-auth").unwrap();
    let key = SigningKey::generate(SigningAlgorithm::Es256, DateTime::UNIX_EPOCH).unwrap();
    tokens.use_signing_keys(vec![key]);
    tokens
}

fn challenges(c: &mut Criterion) {
    let tokens = tokens("a root secret that is long enough for everyone");
    let phone = PhoneNumber::from_e164("+79991234567".to_owned()).unwrap();
    let code: OtpCode = "1234".parse().unwrap();
    let new =
        NewChallenge { purpose: Purpose::Login, phone: &phone, code: &code, invite_code: None, device: None };
    let token = tokens.seal_challenge(new, now()).unwrap().token;
    let challenge = tokens.open_challenge(&token, now()).unwrap();

    let mut group = c.benchmark_group("challenge");
    group.bench_function("seal", |b| b.iter(|| tokens.seal_challenge(black_box(new), now()).unwrap()));
    group.bench_function("open", |b| b.iter(|| tokens.open_challenge(black_box(&token), now()).unwrap()));
    group.bench_function("code digest", |b| {
        b.iter(|| tokens.code_matches(black_box(&challenge), black_box(&code)));
    });

    // Forged, from the cheapest to refuse to the dearest: the wrong length, the
    // right form under a key that is not ours, and our own header over other contents.
    let long = "A".repeat(16_384);
    let foreign =
        self::tokens("a root secret that is somebody else's and not ours").seal_challenge(new, now());
    let foreign = foreign.unwrap().token;
    let last = if token.ends_with('A') { 'Q' } else { 'A' };
    let bent = format!("{}{last}", &token[..token.len() - 1]);
    for (name, forged) in
        [("refuse a length", &long), ("refuse a key", &foreign), ("refuse a forgery", &bent)]
    {
        assert!(tokens.open_challenge(forged, now()).is_err());
        group.bench_function(name, |b| b.iter(|| tokens.open_challenge(black_box(forged), now()).is_err()));
    }
}

/// HKDF-SHA256 by OpenSSL: correct, and slower than the derivation itself.
fn by_openssl(master: &[u8; 32], salt: &[u8; 16]) -> [u8; 32] {
    let mut hkdf = PkeyCtx::new_id(Id::HKDF).unwrap();
    hkdf.derive_init().unwrap();
    hkdf.set_hkdf_md(Md::sha256()).unwrap();
    hkdf.set_hkdf_salt(salt).unwrap();
    hkdf.set_hkdf_key(master).unwrap();
    hkdf.add_hkdf_info(b"phone-auth/challenge/20000").unwrap();
    let mut key = [0; 32];
    hkdf.derive(Some(&mut key)).unwrap();
    key
}

/// HKDF-SHA256 as the service does it: the stricter measure.
fn by_rust(master: &[u8; 32], salt: &[u8; 16]) -> [u8; 32] {
    let mut key = [0; 32];
    hkdf::Hkdf::<sha2::Sha256>::new(Some(salt), master)
        .expand(b"phone-auth/challenge/20000", &mut key)
        .unwrap();
    key
}

fn bare(c: &mut Criterion) {
    let (master, header) = ([7; 32], [b'h'; 134]);
    let cipher = symm::Cipher::aes_256_gcm();
    let mut group = c.benchmark_group("bare");
    for (hkdf, derive) in [("openssl", by_openssl as fn(&[u8; 32], &[u8; 16]) -> [u8; 32]), ("rust", by_rust)]
    {
        let seal = || {
            let (mut salt, mut iv, mut tag) = ([0; 16], [0; 12], [0; 16]);
            rand_bytes(&mut salt).unwrap();
            rand_bytes(&mut iv).unwrap();
            let key = derive(&master, &salt);
            let text = symm::encrypt_aead(cipher, &key, Some(&iv), &header, &PAYLOAD, &mut tag).unwrap();
            (salt, iv, text, tag)
        };
        let (salt, iv, text, tag) = seal();
        group.bench_function(format!("seal, HKDF of {hkdf}"), |b| b.iter(|| black_box(seal())));
        group.bench_function(format!("open, HKDF of {hkdf}"), |b| {
            b.iter(|| {
                let key = derive(black_box(&master), &salt);
                symm::decrypt_aead(cipher, &key, Some(&iv), &header, black_box(&text), &tag).unwrap()
            });
        });
    }
}

fn signed(c: &mut Criterion) {
    let tokens = tokens("a root secret that is long enough for everyone");
    let (user, session) = (UserId::random(now()), SessionId::random(now()));
    let access = tokens.issue_access(user, session, DateTime::<Utc>::MAX_UTC, now()).unwrap();
    let expires_at = now() + TimeDelta::days(30);
    let refresh = tokens.issue_refresh(session, 7, expires_at).unwrap();

    let mut group = c.benchmark_group("access");
    group.bench_function("issue", |b| {
        b.iter(|| tokens.issue_access(user, session, DateTime::<Utc>::MAX_UTC, now()).unwrap());
    });
    group.bench_function("verify", |b| b.iter(|| tokens.verify_access(black_box(&access), now()).unwrap()));
    group.finish();
    let mut group = c.benchmark_group("refresh");
    group.bench_function("issue", |b| b.iter(|| tokens.issue_refresh(session, 7, expires_at).unwrap()));
    group.bench_function("verify", |b| b.iter(|| tokens.verify_refresh(black_box(&refresh), now()).unwrap()));
}

criterion_group!(benches, challenges, bare, signed);
criterion_main!(benches);
