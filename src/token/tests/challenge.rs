use super::{
    hand::{self, Jwe},
    *,
};

#[test]
fn a_challenge_comes_back_as_it_was_sealed() {
    let (phone, code, invite) = (phone("+79991234567"), code("004217"), InviteCode::random());
    let new = NewChallenge {
        purpose: Purpose::Login,
        phone: &phone,
        code: &code,
        invite_code: Some(&invite),
        device: None,
    };
    let sealed = tokens().seal_challenge(new, noon()).unwrap();
    let opened = tokens().open_challenge(&sealed.token, noon()).unwrap();
    assert_eq!((opened.id, opened.expires_at), (sealed.id, sealed.expires_at));
    assert_eq!(opened.purpose, Purpose::Login);
    assert_eq!(opened.phone, phone);
    assert_eq!(opened.code_length, code.length());
    assert_eq!(opened.invite_code, Some(invite));
    assert_eq!(opened.issued_at, "2026-11-21T12:00:00Z".parse::<DateTime<Utc>>().unwrap());
    assert_eq!(opened.expires_at - opened.issued_at, seconds(300));
}

#[test]
fn only_the_right_code_matches() {
    let opened = tokens().open_challenge(&challenge_at(tokens(), noon()).token, noon()).unwrap();
    assert!(tokens().code_matches(&opened, &code("1234")));
    for wrong in ["1235", "0234", "12345", "01234", "12340", "4321", "1234000000"] {
        assert!(!tokens().code_matches(&opened, &code(wrong)), "{wrong}");
    }
}

#[test]
fn every_challenge_is_equally_long() {
    let mut lengths = Vec::new();
    for phone in ["+1234567", "+79991234567", "+123456789012345"].map(phone) {
        for digits in 4..=10 {
            let code = OtpCode::random(digits.try_into().unwrap());
            for invite_code in [None, Some(&InviteCode::nobodys())] {
                let new = NewChallenge {
                    purpose: Purpose::Login,
                    phone: &phone,
                    code: &code,
                    invite_code,
                    device: Some(DeviceId::random(noon())),
                };
                lengths.push(tokens().seal_challenge(new, noon()).unwrap().token.len());
            }
        }
    }
    assert!(lengths.iter().all(|length| *length == lengths[0]), "{lengths:?}");
}

#[test]
fn a_challenge_opens_until_the_second_it_expires() {
    let sealed = challenge_at(tokens(), noon());
    let last = sealed.expires_at - TimeDelta::nanoseconds(1);
    assert!(tokens().open_challenge(&sealed.token, last).is_ok());
    assert_eq!(tokens().open_challenge(&sealed.token, sealed.expires_at).unwrap_err(), InvalidToken);
    assert!(tokens().open_challenge(&sealed.token, sealed.expires_at + seconds(1)).is_err());
}

#[test]
fn a_challenge_from_the_future_opens_within_five_seconds_only() {
    let issued_at = noon() - TimeDelta::milliseconds(500);
    let sealed = challenge_at(tokens(), issued_at);
    assert!(tokens().open_challenge(&sealed.token, issued_at - seconds(5)).is_ok());
    assert!(tokens().open_challenge(&sealed.token, issued_at - TimeDelta::milliseconds(5_001)).is_err());
}

#[test]
fn a_challenge_lives_across_midnight_and_no_longer() {
    let midnight: DateTime<Utc> = "2026-11-22T00:00:00Z".parse().unwrap();
    let tokens =
        Tokens::new(&Settings { otp_ttl_seconds: 600, ..settings(SECRET) }, ISSUER, AUDIENCE).unwrap();
    let evening = challenge_at(&tokens, midnight - seconds(1));
    assert!(tokens.open_challenge(&evening.token, midnight - seconds(1)).is_ok());
    assert!(tokens.open_challenge(&evening.token, midnight).is_ok());
    assert!(tokens.open_challenge(&evening.token, midnight + seconds(598)).is_ok());
    assert!(tokens.open_challenge(&evening.token, midnight + seconds(599)).is_err());
    // An instance whose clock is slow opens what another sealed just after midnight.
    let morning = challenge_at(&tokens, midnight + seconds(2));
    assert!(tokens.open_challenge(&morning.token, midnight - seconds(3)).is_ok());
    assert!(tokens.open_challenge(&morning.token, midnight - seconds(4)).is_err());
}

#[test]
fn yesterdays_key_is_dead_when_no_challenge_of_it_can_be_alive() {
    let midnight: DateTime<Utc> = "2026-11-22T00:00:00Z".parse().unwrap();
    let evening = midnight - seconds(1);
    // Sealed by hand under yesterday's key, with times that would be good.
    let sealed_at = |now: DateTime<Utc>| {
        let payload = hand::padded(&hand::challenge_claims("+79991234567", now));
        Jwe::new(&hand::challenge_header(evening), b"twelve bytes", &payload, evening).join()
    };
    let last = midnight + seconds(604);
    assert!(tokens().open_challenge(&sealed_at(last), last).is_ok());
    let over = midnight + seconds(605);
    assert!(tokens().open_challenge(&sealed_at(over), over).is_err());
}

#[test]
fn each_day_and_each_token_has_its_own_key() {
    let (one, two) = (challenge_at(tokens(), noon()), challenge_at(tokens(), noon()));
    let tomorrow = challenge_at(tokens(), noon() + TimeDelta::days(1));
    let header = |sealed: &SealedChallenge| hand::json_of(sealed.token.split('.').next().unwrap());
    assert_eq!(header(&one)["kid"], header(&two)["kid"]);
    assert_ne!(header(&one)["salt"], header(&two)["salt"]);
    assert_ne!(header(&one)["kid"], header(&tomorrow)["kid"]);
}

#[test]
fn the_same_code_has_another_digest_in_each_challenge() {
    let claims = [(); 2].map(|()| hand::open(&challenge_at(tokens(), noon()).token, noon()).0);
    assert_ne!(claims[0]["digest"], claims[1]["digest"]);
    let opened =
        [(); 2].map(|()| tokens().open_challenge(&challenge_at(tokens(), noon()).token, noon()).unwrap());
    assert!(opened.iter().all(|challenge| tokens().code_matches(challenge, &code("1234"))));
}

#[test]
fn a_digest_is_bound_to_its_challenge_its_phone_and_its_salt() {
    let claims = hand::challenge_claims("+79991234567", noon());
    let matches = |claims: &serde_json::Value| {
        let opened = tokens().open_challenge(&Jwe::with_claims(claims, noon()).join(), noon()).unwrap();
        tokens().code_matches(&opened, &code("1234"))
    };
    assert!(matches(&claims));
    let other = hand::challenge_claims("+79991234568", noon());
    for member in ["jti", "phone"] {
        let mut bent = claims.clone();
        bent[member] = other[member].clone();
        assert!(!matches(&bent), "{member}");
    }
    let mut payload = hand::open(&challenge_at(tokens(), noon()).token, noon()).0;
    assert!(!matches(&payload), "the salt is another one");
    payload["jti"] = claims["jti"].clone();
    assert!(!matches(&payload));
}

#[test]
fn what_is_sealed_is_what_the_documents_say() {
    let sealed = challenge_at(tokens(), noon());
    let header = String::from_utf8(hand::bytes(sealed.token.split('.').next().unwrap())).unwrap();
    let salt = hand::json_of(sealed.token.split('.').next().unwrap())["salt"].as_str().unwrap().to_owned();
    assert_eq!(header, hand::challenge_header(noon()).replace(&hand::base64url(hand::SALT), &salt));
    let (claims, length) = hand::open(&sealed.token, noon());
    assert_eq!(length, 320);
    let mut members: Vec<&String> = claims.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(
        members,
        ["code_length", "device", "digest", "exp", "iat", "invite_code", "jti", "phone", "purpose"]
    );
    assert!(claims["iat"].is_i64() && claims["exp"].is_i64());
    // And the other way round: what is made by hand opens, and its code matches.
    let opened = tokens().open_challenge(&Jwe::right(noon()).join(), noon()).unwrap();
    assert!(tokens().code_matches(&opened, &code("1234")));
    assert!(!tokens().code_matches(&opened, &code("1235")));
}

#[test]
fn another_root_opens_nothing_and_an_old_root_still_opens() {
    let sealed = challenge_at(&tokens_of(OTHER_SECRET), noon());
    assert!(tokens().open_challenge(&sealed.token, noon()).is_err());
    let rotated = tokens_of(&format!("{SECRET} , {OTHER_SECRET}"));
    let opened = rotated.open_challenge(&sealed.token, noon()).unwrap();
    assert!(rotated.code_matches(&opened, &code("1234")));
    assert!(!rotated.code_matches(&opened, &code("1235")));
    // What it seals itself is under the first: those who know only that one open it.
    assert!(tokens().open_challenge(&challenge_at(&rotated, noon()).token, noon()).is_ok());
    // Tokens that do not know the root of a challenge match nothing.
    assert!(!tokens().code_matches(&opened, &code("1234")));
}
