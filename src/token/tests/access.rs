use super::*;

#[test]
fn an_access_token_says_who_calls() {
    let (user, session) = (user(), session());
    let token = tokens().issue_access(user, session, DateTime::<Utc>::MAX_UTC, noon()).unwrap();
    let claims = tokens().verify_access(&token, noon()).unwrap();
    let expires_at = "2026-11-21T12:10:00Z".parse().unwrap();
    assert_eq!(claims, AccessClaims { user, session, expires_at });
}

#[test]
fn an_access_token_is_what_the_documents_say() {
    let (user, session) = (user(), session());
    let token = tokens().issue_access(user, session, DateTime::<Utc>::MAX_UTC, noon()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(String::from_utf8(hand::bytes(parts[0])).unwrap(), hand::access_header());
    let claims = hand::json_of(parts[1]);
    let mut members: Vec<&String> = claims.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["aud", "exp", "iat", "iss", "jti", "sid", "sub"]);
    assert_eq!((&claims["iss"], &claims["aud"]), (&ISSUER.into(), &AUDIENCE.into()));
    assert_eq!((&claims["sub"], &claims["sid"]), (&user.to_string().into(), &session.to_string().into()));
    assert_eq!((&claims["iat"], &claims["exp"]), (&1_795_262_400.into(), &1_795_263_000.into()));
    let again = tokens().issue_access(user, session, DateTime::<Utc>::MAX_UTC, noon()).unwrap();
    assert_ne!(hand::json_of(again.split('.').nth(1).unwrap())["jti"], claims["jti"]);
}

#[test]
fn what_is_made_by_hand_by_the_documents_verifies() {
    let token = hand::access(&hand::access_header(), &hand::access_claims(noon()).to_string());
    assert!(tokens().verify_access(&token, noon()).is_ok());
}

#[test]
fn an_access_token_is_good_until_the_second_it_expires() {
    let token = tokens().issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()).unwrap();
    let expires_at = tokens().verify_access(&token, noon()).unwrap().expires_at;
    assert!(tokens().verify_access(&token, expires_at - TimeDelta::nanoseconds(1)).is_ok());
    assert_eq!(tokens().verify_access(&token, expires_at), Err(InvalidToken));
    let issued_at = expires_at - seconds(600);
    assert!(tokens().verify_access(&token, issued_at - seconds(5)).is_ok());
    assert!(tokens().verify_access(&token, issued_at - TimeDelta::milliseconds(5_001)).is_err());
}

#[test]
fn a_token_of_another_issuer_or_for_another_audience_is_refused() {
    for (issuer, audience) in
        [("https://evil.example.com", AUDIENCE), (ISSUER, "someone-else"), ("", AUDIENCE), (ISSUER, "")]
    {
        let other = Tokens::new(&settings(SECRET), issuer, audience).unwrap();
        let sealed = stored_signing_key();
        other.use_signing_keys(vec![other.open_signing_key(&sealed).unwrap()]);
        let token = other.issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()).unwrap();
        assert!(other.verify_access(&token, noon()).is_ok());
        assert!(tokens().verify_access(&token, noon()).is_err(), "{issuer} {audience}");
    }
}

#[test]
fn without_a_signing_key_nothing_is_issued_or_believed() {
    let empty = tokens_of(SECRET);
    assert!(matches!(
        empty.issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()),
        Err(TokenError::NoSigningKey)
    ));
    let token = tokens().issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()).unwrap();
    assert_eq!(empty.verify_access(&token, noon()), Err(InvalidToken));
}

#[test]
fn a_token_too_long_to_come_back_is_not_given_out() {
    let long = Tokens::new(&settings(SECRET), &"x".repeat(1_400), AUDIENCE).unwrap();
    long.use_signing_keys(vec![new_key()]);
    assert!(matches!(
        long.issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()),
        Err(TokenError::TooLong)
    ));
}

#[test]
fn every_signature_has_its_length_however_many_zeros_it_begins_with() {
    // One signature in 128 has a short half.
    for _ in 0..1_000 {
        let token = tokens().issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()).unwrap();
        assert!(tokens().verify_access(&token, noon()).is_ok());
    }
}
