//! Facts about sealed tokens, in the spirit of Project Wycheproof: each is
//! made with the right key and is wrong in one point.

use super::{
    hand::{self, Jwe, base64url},
    *,
};

fn opens(token: &str) -> bool {
    tokens().open_challenge(token, noon()).is_ok()
}

#[test]
fn a_truncated_tag_is_refused_at_every_length() {
    let right = Jwe::right(noon());
    assert!(opens(&right.join()));
    for length in 0..16 {
        assert!(!opens(&Jwe { tag: right.tag[..length].to_vec(), ..right.clone() }.join()), "{length}");
    }
    assert!(!opens(&Jwe { tag: [&right.tag[..], &[0]].concat(), ..right }.join()));
}

#[test]
fn a_challenge_bent_to_another_phone_never_opens() {
    let right = Jwe::right(noon());
    let at = String::from_utf8(hand::padded(&hand::challenge_claims("+79991234567", noon())))
        .unwrap()
        .find("+7999")
        .unwrap();
    let mut bent = right.clone();
    bent.ciphertext[at + 11] ^= b'7' ^ b'8';
    assert!(!opens(&bent.join()));
    // Not by guessing what is left of a tag, either.
    for guess in 0..=u8::MAX {
        assert!(!opens(&Jwe { tag: vec![guess], ..bent.clone() }.join()), "{guess}");
    }
}

#[test]
fn an_iv_of_another_length_is_refused() {
    let payload = hand::padded(&hand::challenge_claims("+79991234567", noon()));
    for length in [1, 8, 11, 13, 16, 32] {
        let jwe = Jwe::new(&hand::challenge_header(noon()), &vec![7; length], &payload, noon());
        assert!(!opens(&jwe.join()), "{length}");
    }
    assert!(!opens(&Jwe { iv: Vec::new(), ..Jwe::right(noon()) }.join()));
}

#[test]
fn a_payload_of_another_length_is_refused() {
    let claims = hand::padded(&hand::challenge_claims("+79991234567", noon()));
    let longer = [&claims[..], b" "].concat();
    for payload in [&claims[..255], &longer, b"", b"{}"] {
        let jwe = Jwe::new(&hand::challenge_header(noon()), b"twelve bytes", payload, noon());
        assert!(!opens(&jwe.join()), "{}", payload.len());
    }
}

#[test]
fn an_encrypted_key_is_refused() {
    for key in ["AA", "AAAA", &base64url([7; 32]), "."] {
        assert!(!opens(&Jwe { encrypted_key: key.to_owned(), ..Jwe::right(noon()) }.join()), "{key}");
    }
}

#[test]
fn only_the_canonical_header_is_accepted() {
    let right = hand::challenge_header(noon());
    let salt = base64url(hand::SALT);
    assert!(opens(&Jwe::with_header(&right, noon()).join()));
    let bent = [
        // Other algorithms, and none.
        right.replace(r#""alg":"dir""#, r#""alg":"none""#),
        right.replace(r#""alg":"dir""#, r#""alg":"DIR""#),
        right.replace(r#""alg":"dir""#, r#""alg":"A256KW""#),
        right.replace(r#""alg":"dir""#, r#""alg":"A256GCMKW""#),
        right.replace(r#""alg":"dir""#, r#""alg":"RSA1_5""#),
        right.replace(r#""alg":"dir""#, r#""alg":"ECDH-ES""#),
        right.replace(r#""alg":"dir""#, r#""alg":"PBES2-HS256+A128KW","p2c":2147483647,"p2s":"AAAAAAAAAAA""#),
        right.replace("A256GCM", "A128GCM"),
        right.replace("A256GCM", "A256CBC-HS512"),
        right.replace("A256GCM", "a256gcm"),
        // Members more, fewer, twice, in another order.
        right.replace(r#""enc""#, r#""crit":["exp"],"enc""#),
        right.replace(r#""kid""#, r#""exp":1,"kid""#),
        right.replace(r#","typ""#, r#","cty":"JWT","typ""#),
        right.replace(r#","typ":"otp+jwe""#, r#","typ":"otp+jwe","zip":"DEF""#),
        right.replace(r#","typ":"otp+jwe""#, ""),
        right.replace(r#","typ":"otp+jwe""#, r#","typ":"otp+jwe","p2c":1"#),
        right.replace(r#""alg":"dir""#, r#""alg":"dir","alg":"dir""#),
        right.replace(r#""alg":"dir""#, r#""alg":"none","alg":"dir""#),
        right.replace(r#""alg":"dir","enc":"A256GCM""#, r#""enc":"A256GCM","alg":"dir""#),
        // White space and other spellings of the same JSON.
        right.replace(':', ": "),
        right.replace(',', ", "),
        format!(" {right}"),
        format!("{right} "),
        format!("{right}\n"),
        right.replace("dir", r"d\u0069r"),
        right.replace("otp+jwe", r"otp\u002bjwe"),
        // Types: of other kinds, and what others would take for the same.
        right.replace("otp+jwe", "dvc+jwe"),
        right.replace("otp+jwe", "jwk+jwe"),
        right.replace("otp+jwe", "at+jwt"),
        right.replace("otp+jwe", "OTP+JWE"),
        right.replace("otp+jwe", "application/otp+jwe"),
        // Keys: unknown, malformed, of another day, from elsewhere.
        right.replace(&hand::ROOT.id(), "00000000"),
        right.replace(&hand::ROOT.id(), &hand::ROOT.id().to_uppercase()),
        right.replace(&format!("-{}", hand::day(noon())), &format!("-{}", hand::day(noon()) + 1)),
        right.replace(&format!("-{}", hand::day(noon())), &format!("-{}", hand::day(noon()) - 1)),
        right.replace(r#""kid""#, r#""jku":"https://example.com/jwks.json","kid""#),
        right.replace(r#""kid""#, r#""jwk":{"kty":"oct","k":"AAAA"},"kid""#),
        right.replace(&format!(r#""salt":"{salt}""#), r#""salt":null"#),
        right.replace(&format!(r#","salt":"{salt}""#), ""),
        right.replace(&salt, &format!("{salt}=")),
        right.replace(&salt, &format!("{salt}==")),
        right.replace(&salt, ""),
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        String::new(),
    ];
    for header in bent {
        assert_ne!(header, right, "the fact says nothing");
        assert!(!opens(&Jwe::with_header(&header, noon()).join()), "{header}");
    }
}

#[test]
fn each_header_character_is_compared() {
    let right = hand::challenge_header(noon());
    for at in 0..right.len() {
        // A character that keeps the length, and mostly the JSON, as they are.
        let mut bent = right.clone();
        let other = if right[at..].starts_with('x') { "y" } else { "x" };
        bent.replace_range(at..=at, other);
        assert!(!opens(&Jwe::with_header(&bent, noon()).join()), "{bent}");
    }
}

#[test]
fn compressed_claims_are_refused() {
    // An empty stored block of DEFLATE and then the claims as a stored block (RFC 1951, section 3.2.4).
    let claims = serde_json::to_vec(&hand::challenge_claims("+79991234567", noon())).unwrap();
    let length = u16::try_from(claims.len()).unwrap();
    let mut payload = [&[1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), &claims].concat();
    payload.resize(256, 0);
    let header = hand::challenge_header(noon());
    for header in [header.replace(r#"jwe"}"#, r#"jwe","zip":"DEF"}"#), header] {
        assert!(!opens(&Jwe::new(&header, b"twelve bytes", &payload, noon()).join()), "{header}");
    }
}

#[test]
fn other_base64_is_refused_though_it_says_the_same() {
    let right = loop {
        // One whose ciphertext has the two characters in which the alphabets differ.
        let token = challenge_at(tokens(), noon()).token;
        if token.contains('-') && token.contains('_') {
            break token;
        }
    };
    let parts: Vec<&str> = right.split('.').collect();
    let padded = |index: usize| {
        let mut parts = parts.clone();
        let filled = format!("{}{}", parts[index], "=".repeat((4 - parts[index].len() % 4) % 4));
        parts[index] = &filled;
        parts.join(".")
    };
    for bent in [
        right.replace('-', "+"),
        right.replace('_', "/"),
        padded(0),
        padded(3),
        padded(4),
        format!("{right}\n"),
        format!("{right} "),
        format!(" {right}"),
        format!("{right}."),
        right.replacen('.', "\n.", 1),
    ] {
        assert!(bent == right || !opens(&bent), "{bent}");
    }
}

#[test]
fn claims_are_all_there_known_and_in_range() {
    let right = hand::challenge_claims("+79991234567", noon());
    assert!(opens(&Jwe::with_claims(&right, noon()).join()));
    let now = noon().timestamp();
    let wrong = [
        ("jti", "7".into()),
        ("purpose", "change_phone".into()),
        ("purpose", "Login".into()),
        ("phone", "79991234567".into()),
        ("phone", "+7999123456x".into()),
        ("phone", "".into()),
        ("digest", "AAAA".into()),
        ("digest", base64url([0; 33]).into()),
        ("code_length", 3.into()),
        ("code_length", 11.into()),
        ("code_length", 260.into()),
        ("iat", (now + 6).into()),
        ("iat", (now - 301).into()),
        ("iat", (f64::from(u32::try_from(now).unwrap()) + 0.5).into()),
        ("iat", now.to_string().into()),
        ("exp", now.into()),
        ("exp", (now - 1).into()),
        ("exp", (now + 601).into()),
        ("exp", i64::MAX.into()),
        ("exp", (-1).into()),
        ("invite_code", "AB12C".into()),
        ("invite_code", 7.into()),
        ("admin", true.into()),
    ];
    for (member, value) in wrong {
        let mut claims = right.clone();
        claims[member] = value;
        if member == "iat" && claims["iat"] == now - 301 {
            claims["exp"] = (now + 300).into();
        }
        assert!(!opens(&Jwe::with_claims(&claims, noon()).join()), "{claims}");
    }
    for member in ["jti", "purpose", "phone", "digest", "code_length", "iat", "exp"] {
        let mut claims = right.clone();
        claims.as_object_mut().unwrap().remove(member);
        assert!(!opens(&Jwe::with_claims(&claims, noon()).join()), "{member}");
    }
}

#[test]
fn claims_that_are_not_one_json_object_are_refused() {
    let right = serde_json::to_string(&hand::challenge_claims("+79991234567", noon())).unwrap();
    let twice = right.replacen('{', r#"{"phone":"+79991234568","#, 1);
    for text in
        [&twice[..], "", "[]", "null", "7", &format!("{right}{{}}"), &format!("{right}x"), &right[1..]]
    {
        let mut payload = text.as_bytes().to_vec();
        payload.resize(256, b' ');
        assert!(
            !opens(&Jwe::new(&hand::challenge_header(noon()), b"twelve bytes", &payload, noon()).join()),
            "{text}"
        );
    }
}
