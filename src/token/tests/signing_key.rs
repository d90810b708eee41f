use super::*;

#[test]
fn a_key_survives_being_sealed_and_stored() {
    let key = new_key();
    let stored = tokens().seal_signing_key(&key).unwrap();
    assert_eq!((stored.kid.as_str(), stored.algorithm.as_str()), (key.kid(), "ES256"));
    let elsewhere = tokens_of(SECRET);
    let opened = elsewhere.open_signing_key(&stored).unwrap();
    let here = tokens_of(SECRET);
    here.use_signing_keys(vec![key]);
    elsewhere.use_signing_keys(vec![opened]);
    let token = here.issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()).unwrap();
    assert!(elsewhere.verify_access(&token, noon()).is_ok());
    assert_eq!(here.jwks(), elsewhere.jwks());
}

#[test]
fn a_sealed_key_tells_nothing_of_its_private_half() {
    let key = new_key();
    let stored = tokens().seal_signing_key(&key).unwrap();
    let (private, length) = hand::unseal(&stored.sealed, "phone-auth/signing-key/");
    assert_eq!(length, 384);
    let d = private["d"].as_str().unwrap();
    assert!(!stored.public_jwk.to_string().contains(d));
    assert!(!stored.sealed.contains(d));
    let mut members: Vec<&String> = stored.public_jwk.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!((&stored.public_jwk["alg"], &stored.public_jwk["use"]), (&"ES256".into(), &"sig".into()));
    assert_eq!((&stored.public_jwk["kty"], &stored.public_jwk["crv"]), (&"EC".into(), &"P-256".into()));
}

#[test]
fn the_kid_is_the_thumbprint_of_the_public_half() {
    let key = new_key();
    let jwk = key.public_jwk();
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
    assert_eq!(key.kid(), hand::base64url(openssl::sha::sha256(canonical.as_bytes())));
    assert_eq!(jwk["kid"], key.kid());
}

#[test]
fn the_jwk_set_is_empty_without_keys() {
    assert_eq!(tokens_of(SECRET).jwks().to_string(), r#"{"keys":[]}"#);
}

#[test]
fn an_old_root_still_opens_a_key_and_another_does_not() {
    let stored = tokens_of(OTHER_SECRET).seal_signing_key(&new_key()).unwrap();
    assert!(
        matches!(tokens().open_signing_key(&stored), Err(TokenError::SigningKeyNotOurs { kid }) if kid == stored.kid)
    );
    let rotated = tokens_of(&format!("{SECRET},{OTHER_SECRET}"));
    let key = rotated.open_signing_key(&stored).unwrap();
    // Sealed anew it is under the first root, and the old one can go.
    assert!(tokens().open_signing_key(&rotated.seal_signing_key(&key).unwrap()).is_ok());
}

#[test]
fn a_stored_key_cannot_take_the_place_of_another() {
    let (one, two) =
        (tokens().seal_signing_key(&new_key()).unwrap(), tokens().seal_signing_key(&new_key()).unwrap());
    let swapped = SealedSigningKey { sealed: two.sealed, ..one };
    assert!(matches!(tokens().open_signing_key(&swapped), Err(TokenError::SigningKeyNotOurs { .. })));
}

#[test]
fn a_public_key_put_into_the_database_verifies_nothing() {
    let foreign = new_key();
    let stored = tokens().seal_signing_key(&new_key()).unwrap();
    let altered = SealedSigningKey { public_jwk: foreign.public_jwk(), ..stored };
    let tokens = tokens_of(SECRET);
    tokens.use_signing_keys(vec![tokens.open_signing_key(&altered).unwrap()]);
    assert_ne!(tokens.jwks()["keys"][0]["x"], altered.public_jwk["x"]);
}

#[test]
fn a_sealed_key_with_any_character_changed_is_refused() {
    let stored = tokens().seal_signing_key(&new_key()).unwrap();
    for at in 0..stored.sealed.len() {
        let mut sealed = stored.sealed.clone();
        let other = if sealed[at..].starts_with('A') { "B" } else { "A" };
        sealed.replace_range(at..=at, other);
        assert!(tokens().open_signing_key(&SealedSigningKey { sealed, ..stored.clone() }).is_err(), "{at}");
    }
}

#[test]
fn an_algorithm_is_known_by_its_registered_name() {
    assert_eq!("ES256".parse::<SigningAlgorithm>().unwrap(), SigningAlgorithm::Es256);
    assert_eq!("EdDSA".parse::<SigningAlgorithm>().unwrap(), SigningAlgorithm::EdDsa);
    for unknown in ["", "none", "es256", "ES256K", "HS256", "Ed25519", "eddsa"] {
        assert!(
            matches!(unknown.parse::<SigningAlgorithm>(), Err(TokenError::UnknownAlgorithm)),
            "{unknown}"
        );
    }
}

#[test]
fn an_eddsa_key_signs_and_is_stored_and_published_like_any_other() {
    let key = SigningKey::generate(SigningAlgorithm::EdDsa, DateTime::UNIX_EPOCH).unwrap();
    let jwk = key.public_jwk();
    // RFC 8037, section 2: the thumbprint is over crv, kty and x.
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":{}}}"#, jwk["x"]);
    assert_eq!(key.kid(), hand::base64url(openssl::sha::sha256(canonical.as_bytes())));
    let mut members: Vec<&String> = jwk.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(jwk["alg"], "EdDSA");

    let stored = tokens().seal_signing_key(&key).unwrap();
    let (here, elsewhere) = (tokens_of(SECRET), tokens_of(SECRET));
    here.use_signing_keys(vec![key]);
    elsewhere.use_signing_keys(vec![elsewhere.open_signing_key(&stored).unwrap()]);
    let token = here.issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()).unwrap();
    assert_eq!(hand::json_of(token.split('.').next().unwrap())["alg"], "EdDSA");
    assert!(elsewhere.verify_access(&token, noon()).is_ok());
    assert_eq!(here.algorithms_in_use(), ["EdDSA"]);
    // Every character of the signature counts.
    let signature_at = token.rfind('.').unwrap() + 1;
    for at in signature_at..token.len() {
        let mut mutated = token.clone();
        let other = if mutated[at..].starts_with('A') { "B" } else { "A" };
        mutated.replace_range(at..=at, other);
        assert!(elsewhere.verify_access(&mutated, noon()).is_err(), "{at}");
    }
}

#[test]
fn a_key_stored_under_the_name_of_another_algorithm_is_refused() {
    let stored = tokens().seal_signing_key(&new_key()).unwrap();
    let renamed = SealedSigningKey { algorithm: SigningAlgorithm::EdDsa, ..stored };
    assert!(tokens().open_signing_key(&renamed).is_err());
}

#[test]
fn it_is_told_which_root_secret_a_key_is_sealed_under() {
    let stored = tokens_of(OTHER_SECRET).seal_signing_key(&new_key()).unwrap();
    let rotated = tokens_of(&format!("{SECRET},{OTHER_SECRET}"));
    assert!(!rotated.is_signing_key_current(&stored.sealed));
    let key = rotated.open_signing_key(&stored).unwrap();
    assert!(rotated.is_signing_key_current(&rotated.seal_signing_key(&key).unwrap().sealed));
}

#[test]
fn the_key_of_the_pseudonyms_is_sealed_anew_and_stays_the_same() {
    let sealed = tokens_of(OTHER_SECRET).draw_pseudonym_key().unwrap();
    let rotated = tokens_of(&format!("{SECRET},{OTHER_SECRET}"));
    let fresh = rotated.reseal_pseudonym_key(&sealed).unwrap().unwrap();
    let of =
        |tokens: &Tokens, sealed: &str| tokens.open_pseudonyms(sealed).unwrap().of("phone", "+79991234567");
    assert_eq!(of(tokens(), &fresh), of(&rotated, &sealed));
    assert!(rotated.reseal_pseudonym_key(&fresh).unwrap().is_none());
    assert!(matches!(tokens().reseal_pseudonym_key(&sealed), Err(TokenError::PseudonymKeyNotOurs)));
}
