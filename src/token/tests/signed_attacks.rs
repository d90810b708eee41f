//! Facts about signed tokens, in the spirit of Project Wycheproof.

use openssl::{
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::PKey,
};

use super::{
    hand::{self, base64url},
    *,
};

pub fn verifies(token: &str) -> bool {
    tokens().verify_access(token, noon()).is_ok()
}

pub fn refreshes(token: &str) -> bool {
    tokens().verify_refresh(token, noon()).is_ok()
}

pub fn access_claims() -> String {
    hand::access_claims(noon()).to_string()
}

pub fn refresh_claims() -> String {
    format!(r#"{{"sid":"{}","gen":0,"exp":{}}}"#, session(), noon().timestamp() + 60)
}

/// What an access token without its signature is.
fn message() -> String {
    format!("{}.{}", base64url(hand::access_header()), base64url(access_claims()))
}

#[test]
fn no_token_passes_for_one_of_another_kind() {
    let challenge = challenge_at(tokens(), noon()).token;
    let access = tokens().issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()).unwrap();
    let refresh = tokens().issue_refresh(session(), 0, noon() + seconds(60)).unwrap();
    let sealed_key = stored_signing_key();
    let is_challenge = |token: &str| tokens().open_challenge(token, noon()).is_ok();
    let is_key = |token: &str| {
        tokens()
            .open_signing_key(&SealedSigningKey { sealed: token.to_owned(), ..sealed_key.clone() })
            .is_ok()
    };
    for (token, kind) in [(&challenge, 0), (&access, 1), (&refresh, 2), (&sealed_key.sealed, 3)] {
        let believed = [is_challenge(token), verifies(token), refreshes(token), is_key(token)];
        assert_eq!(believed, [0, 1, 2, 3].map(|other| other == kind));
    }
}

#[test]
fn a_token_of_one_kind_is_not_one_of_another_even_under_its_key() {
    // The claims and the key of the one, the type of the other.
    let header = hand::access_header();
    for typ in ["rt+jwt", "JWT", "jwt", "AT+JWT", "application/at+jwt", "otp+jwe"] {
        assert!(!verifies(&hand::access(&header.replace("at+jwt", typ), &access_claims())), "{typ}");
    }
    let header = hand::refresh_header();
    assert!(refreshes(&hand::refresh(&header, &refresh_claims())));
    for typ in ["at+jwt", "JWT", "jwt", "RT+JWT", "application/rt+jwt"] {
        assert!(!refreshes(&hand::refresh(&header.replace("rt+jwt", typ), &refresh_claims())), "{typ}");
    }
}

#[test]
fn only_the_canonical_header_is_accepted() {
    let right = hand::access_header();
    assert!(verifies(&hand::access(&right, &access_claims())));
    let kid = tokens().signing_keys().signing(noon()).unwrap().kid().to_owned();
    let bent = [
        right.replace("ES256", "none"),
        right.replace("ES256", "None"),
        right.replace("ES256", "ES256K"),
        right.replace("ES256", "ES384"),
        right.replace("ES256", "HS256"),
        right.replace("ES256", "EdDSA"),
        right.replace(r#""alg":"ES256","#, ""),
        right.replace(r#""kid""#, r#""crit":["exp"],"exp":1,"kid""#),
        right.replace(r#""kid""#, r#""crit":["b64"],"b64":false,"kid""#),
        right.replace(r#""kid""#, r#""b64":false,"kid""#),
        right.replace(r#""kid""#, r#""jku":"https://example.com/jwks.json","kid""#),
        right.replace(r#""kid""#, &format!(r#""jwk":{},"kid""#, tokens().jwks()["keys"][0])),
        right.replace(r#""kid""#, r#""x5u":"https://example.com/x.pem","kid""#),
        right.replace(r#""kid""#, r#""x5c":[],"kid""#),
        right.replace(r#","typ":"at+jwt""#, ""),
        right.replace(r#""typ""#, r#""cty":"JWT","typ""#),
        right.replace(r#""typ""#, r#""zip":"DEF","typ""#),
        right.replace(r#""alg":"ES256""#, r#""alg":"ES256","alg":"ES256""#),
        right.replace(r#""alg":"ES256""#, r#""alg":"none","alg":"ES256""#),
        right.replace(&kid, "00000000"),
        right.replace(&kid, &format!("../{kid}")),
        right.replace(&kid, &format!("{kid}' OR '1'='1")),
        right.replace(&format!(r#","kid":"{kid}""#), ""),
        right.replace(
            &format!(r#""kid":"{kid}","typ":"at+jwt""#),
            &format!(r#""typ":"at+jwt","kid":"{kid}""#),
        ),
        right.replace(':', ": "),
        format!("{right} "),
        format!(" {right}"),
        right.replace("ES256", r"\u0045S256"),
        "{}".to_owned(),
        "null".to_owned(),
        String::new(),
    ];
    for header in bent {
        assert_ne!(header, right, "the fact says nothing");
        assert!(!verifies(&hand::access(&header, &access_claims())), "{header}");
    }
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let unsecured = [
        r#"{"alg":"none"}"#,
        r#"{"alg":"none","typ":"at+jwt"}"#,
        &hand::access_header(),
        &hand::refresh_header(),
    ];
    for header in unsecured {
        for claims in [access_claims(), refresh_claims()] {
            let message = format!("{}.{}", base64url(header), base64url(claims));
            for end in ["", ".", "..", ".AA"] {
                let token = format!("{message}{end}");
                assert!(!verifies(&token) && !refreshes(&token), "{token}");
            }
        }
    }
}

#[test]
fn the_public_key_is_not_a_secret_to_sign_with() {
    let public = PKey::from_ec_key(hand::SIGNING_KEY.clone()).unwrap();
    let jwk = tokens().jwks()["keys"][0].clone();
    let secrets = [
        public.public_key_to_pem().unwrap(),
        public.public_key_to_der().unwrap(),
        jwk.to_string().into_bytes(),
        jwk["x"].as_str().unwrap().into(),
        hand::bytes(jwk["x"].as_str().unwrap()),
        [0; 32].to_vec(),
    ];
    let headers =
        [hand::access_header().replace("ES256", "HS256"), hand::access_header(), hand::refresh_header()];
    for (secret, header) in
        secrets.iter().flat_map(|secret| headers.iter().map(move |header| (secret, header)))
    {
        for claims in [access_claims(), refresh_claims()] {
            let message = format!("{}.{}", base64url(header), base64url(claims));
            let token = format!("{message}.{}", base64url(hand::hmac(secret, message.as_bytes())));
            assert!(!verifies(&token) && !refreshes(&token));
        }
    }
}

#[test]
fn signatures_out_of_range_are_refused() {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let mut context = openssl::bn::BigNumContext::new().unwrap();
    let mut order = BigNum::new().unwrap();
    group.order(&mut order, &mut context).unwrap();
    let order = order.to_vec_padded(32).unwrap();
    let one = [&[0; 31][..], &[1]].concat();
    let values = [vec![0; 32], one, order, vec![0xff; 32]];
    let message = message();
    for (r, s) in values.iter().flat_map(|r| values.iter().map(move |s| (r, s))) {
        assert!(!verifies(&format!("{message}.{}", base64url([&r[..], s].concat()))), "{r:?} {s:?}");
    }
}

#[test]
fn only_a_raw_signature_of_64_bytes_is_read() {
    let message = message();
    let signature = hand::ecdsa(&hand::SIGNING_KEY, MessageDigest::sha256(), message.as_bytes());
    let half = |number: &openssl::bn::BigNumRef, length| number.to_vec_padded(length).unwrap();
    let (r, s) = (half(signature.r(), 32), half(signature.s(), 32));
    assert!(verifies(&format!("{message}.{}", base64url([&r[..], &s].concat()))));
    let wider = [half(signature.r(), 33), half(signature.s(), 33)].concat();
    let wrong = [
        signature.to_der().unwrap(),
        wider,
        r.clone(),
        [&s[..], &r].concat(),
        [&r[..], &s, &[0]].concat(),
        [&[0], &r[..], &s].concat(),
        [&r[..], &s[..31]].concat(),
    ];
    for bytes in wrong {
        assert!(!verifies(&format!("{message}.{}", base64url(&bytes))), "{}", bytes.len());
    }
}

#[test]
fn the_mirror_of_a_signature_is_valid_so_no_text_of_a_token_names_it() {
    // ECDSA: with (r, s) also (r, n - s) is right. The claims are the same ones.
    let message = message();
    let signature = hand::ecdsa(&hand::SIGNING_KEY, MessageDigest::sha256(), message.as_bytes());
    let mut context = openssl::bn::BigNumContext::new().unwrap();
    let (mut order, mut mirror) = (BigNum::new().unwrap(), BigNum::new().unwrap());
    hand::SIGNING_KEY.group().order(&mut order, &mut context).unwrap();
    mirror.checked_sub(&order, signature.s()).unwrap();
    let [one, other] = [signature.s(), &mirror]
        .map(|s| [signature.r().to_vec_padded(32).unwrap(), s.to_vec_padded(32).unwrap()].concat())
        .map(|bytes| tokens().verify_access(&format!("{message}.{}", base64url(bytes)), noon()).unwrap());
    assert_eq!(one, other);
}

#[test]
fn keys_on_other_curves_and_other_hashes_are_refused() {
    let message = message();
    for (curve, hash, half) in [
        (Nid::SECP256K1, MessageDigest::sha256(), 32),
        (Nid::SECP384R1, MessageDigest::sha384(), 48),
        (Nid::SECP521R1, MessageDigest::sha512(), 66),
        (Nid::X9_62_PRIME256V1, MessageDigest::sha256(), 32),
    ] {
        let key = EcKey::generate(&EcGroup::from_curve_name(curve).unwrap()).unwrap();
        let signature = hand::ecdsa(&key, hash, message.as_bytes());
        let bytes = [signature.r(), signature.s()].map(|number| number.to_vec_padded(half).unwrap()).concat();
        assert!(!verifies(&format!("{message}.{}", base64url(bytes))), "{curve:?}");
    }
    for hash in [MessageDigest::sha1(), MessageDigest::sha384(), MessageDigest::sha512()] {
        let signature = hand::ecdsa(&hand::SIGNING_KEY, hash, message.as_bytes());
        let bytes = [signature.r(), signature.s()].map(|number| number.to_vec_padded(32).unwrap()).concat();
        assert!(!verifies(&format!("{message}.{}", base64url(bytes))));
    }
}

#[test]
fn a_token_of_one_key_under_the_name_of_another_is_refused() {
    let two = tokens_of(SECRET);
    two.use_signing_keys(vec![new_key(), new_key()]);
    let token = two.issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()).unwrap();
    assert!(two.verify_access(&token, noon()).is_ok());
    let keys = two.signing_keys();
    let header = hand::access_header()
        .replace(tokens().signing_keys().signing(noon()).unwrap().kid(), keys.all().nth(1).unwrap().kid());
    let renamed = format!("{}{}", base64url(header), &token[token.find('.').unwrap()..]);
    assert!(two.verify_access(&renamed, noon()).is_err());
}

#[test]
fn a_truncated_mac_is_refused_at_every_length() {
    let right = hand::refresh(&hand::refresh_header(), &refresh_claims());
    assert!(refreshes(&right));
    let (message, mac) = right.rsplit_once('.').unwrap();
    let mac = hand::bytes(mac);
    for length in 0..32 {
        assert!(!refreshes(&format!("{message}.{}", base64url(&mac[..length]))), "{length}");
    }
    assert!(!refreshes(&format!("{message}.{}", base64url([&mac[..], &[0]].concat()))));
}

#[test]
fn a_signature_has_one_spelling() {
    let access = hand::access(&hand::access_header(), &access_claims());
    let refresh = hand::refresh(&hand::refresh_header(), &refresh_claims());
    for (token, is_believed) in [(access, verifies as fn(&str) -> bool), (refresh, refreshes)] {
        let (rest, last) = token.split_at(token.len() - 1);
        for other in guard::base64_alphabet().filter(|c| !last.starts_with(*c)) {
            assert!(!is_believed(&format!("{rest}{other}")), "{other}");
        }
        for end in ["=", "==", " ", "\n", ".", "A"] {
            assert!(!is_believed(&format!("{token}{end}")), "{end:?}");
        }
    }
}

#[test]
fn a_long_token_is_refused_though_everything_in_it_is_right() {
    // White space after the claims: only the length is wrong.
    let padded = |spaces: usize| {
        hand::refresh(&hand::refresh_header(), &format!("{}{}", refresh_claims(), " ".repeat(spaces)))
    };
    assert!(refreshes(&padded(100)));
    let spaces = (0..2_048).find(|spaces| padded(*spaces).len() > 2_048).unwrap();
    assert!(refreshes(&padded(spaces - 1)));
    assert!(!refreshes(&padded(spaces)));
}
