//! What a signed token must say, and what it must not: each is signed with the right key.

use super::{
    signed_attacks::{refresh_claims, refreshes, verifies},
    *,
};

#[test]
fn access_claims_are_all_there_known_and_in_range() {
    let right = hand::access_claims(noon());
    let now = noon().timestamp();
    let wrong = [
        ("iss", "https://login.example.com/".into()),
        ("iss", serde_json::json!([ISSUER])),
        ("aud", "other".into()),
        ("aud", serde_json::json!([AUDIENCE])),
        ("aud", serde_json::json!([AUDIENCE, "other"])),
        ("sub", "7".into()),
        ("sub", 7.into()),
        ("sid", "".into()),
        ("jti", "".into()),
        ("iat", (now + 6).into()),
        ("iat", (now - 3_001).into()),
        ("iat", (f64::from(u32::try_from(now).unwrap()) - 0.5).into()),
        ("exp", now.into()),
        ("exp", 0.into()),
        ("exp", (now + 3_601).into()),
        ("exp", i64::MAX.into()),
        ("exp", u64::MAX.into()),
        ("exp", (f64::from(u32::try_from(now).unwrap()) + 60.5).into()),
        ("exp", (now + 60).to_string().into()),
        ("nbf", now.into()),
        ("scope", "admin".into()),
    ];
    for (member, value) in wrong {
        let mut claims = right.clone();
        claims[member] = value;
        assert!(!verifies(&hand::access(&hand::access_header(), &claims.to_string())), "{claims}");
    }
    for member in ["iss", "aud", "sub", "sid", "jti", "iat", "exp"] {
        let mut claims = right.clone();
        claims.as_object_mut().unwrap().remove(member);
        assert!(!verifies(&hand::access(&hand::access_header(), &claims.to_string())), "{member}");
    }
    let twice = right.to_string().replacen('{', &format!(r#"{{"sub":"{}","#, user()), 1);
    for claims in [&twice[..], "", "[]", "null", &format!("{right}x")] {
        assert!(!verifies(&hand::access(&hand::access_header(), claims)), "{claims}");
    }
}

#[test]
fn refresh_claims_are_all_there_known_and_in_range() {
    let right: serde_json::Value = serde_json::from_str(&refresh_claims()).unwrap();
    let now = noon().timestamp();
    let wrong = [
        ("sid", "".into()),
        ("gen", (-1).into()),
        ("gen", 2_147_483_648_i64.into()),
        ("gen", 0.5.into()),
        ("gen", "0".into()),
        ("exp", (now + 31_536_006).into()),
        ("exp", i64::MAX.into()),
        ("iat", now.into()),
    ];
    for (member, value) in wrong {
        let mut claims = right.clone();
        claims[member] = value;
        assert!(!refreshes(&hand::refresh(&hand::refresh_header(), &claims.to_string())), "{claims}");
    }
    for member in ["sid", "gen", "exp"] {
        let mut claims = right.clone();
        claims.as_object_mut().unwrap().remove(member);
        assert!(!refreshes(&hand::refresh(&hand::refresh_header(), &claims.to_string())), "{member}");
    }
}
