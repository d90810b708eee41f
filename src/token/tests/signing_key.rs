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
    let token = here.issue_access(user(), session(), noon()).unwrap();
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
fn the_first_key_signs_and_every_one_verifies_and_is_published() {
    let (old, new) = (new_key(), new_key());
    let kids = [new.kid().to_owned(), old.kid().to_owned()];
    let stored = tokens().seal_signing_key(&old).unwrap();
    let tokens = tokens_of(SECRET);
    tokens.use_signing_keys(vec![old]);
    let shared = tokens.clone();
    let before = shared.issue_access(user(), session(), noon()).unwrap();
    // Rotated under the feet of a clone.
    tokens.use_signing_keys(vec![new, tokens.open_signing_key(&stored).unwrap()]);
    let after = shared.issue_access(user(), session(), noon()).unwrap();
    assert_eq!(hand::json_of(after.split('.').next().unwrap())["kid"], kids[0]);
    assert!(shared.verify_access(&before, noon()).is_ok());
    assert!(shared.verify_access(&after, noon()).is_ok());
    let jwks = shared.jwks();
    let published: Vec<&str> =
        jwks["keys"].as_array().unwrap().iter().map(|jwk| jwk["kid"].as_str().unwrap()).collect();
    assert_eq!(published, kids);
    // When the old one is taken away, what it signed is dead.
    tokens.use_signing_keys(vec![tokens.open_signing_key(&stored).unwrap()]);
    assert!(shared.verify_access(&after, noon()).is_err());
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
    for unknown in ["", "none", "es256", "ES256K", "HS256", "EdDSA"] {
        assert!(
            matches!(unknown.parse::<SigningAlgorithm>(), Err(TokenError::UnknownAlgorithm)),
            "{unknown}"
        );
    }
}
