//! Which signing key signs when, and how instances follow.

use super::*;

fn key_from(signs_from: DateTime<Utc>) -> SigningKey {
    SigningKey::generate(SigningAlgorithm::Es256, signs_from).unwrap()
}

/// Which key signs at `now`.
fn signer(tokens: &Tokens, now: DateTime<Utc>) -> String {
    let token = tokens.issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, now).unwrap();
    hand::json_of(token.split('.').next().unwrap())["kid"].as_str().unwrap().to_owned()
}

fn published(tokens: &Tokens) -> Vec<String> {
    let jwks = tokens.jwks();
    jwks["keys"].as_array().unwrap().iter().map(|jwk| jwk["kid"].as_str().unwrap().to_owned()).collect()
}

fn sealed(keys: &[&SigningKey]) -> Vec<SealedSigningKey> {
    keys.iter().map(|key| tokens().seal_signing_key(key).unwrap()).collect()
}

#[test]
fn a_key_signs_from_its_time_on_and_is_published_and_verifies_before_and_after() {
    let (old, new) = (key_from(noon() - seconds(60)), key_from(noon() + seconds(60)));
    let kids = [new.kid().to_owned(), old.kid().to_owned()];
    let tokens = tokens_of(SECRET);
    tokens.use_signing_keys(vec![old, new]);
    assert_eq!(published(&tokens), kids);
    let before = tokens.issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()).unwrap();
    assert_eq!(signer(&tokens, noon() + seconds(59)), kids[1]);
    assert_eq!(signer(&tokens, noon() + seconds(60)), kids[0]);
    assert!(tokens.verify_access(&before, noon() + seconds(61)).is_ok());
}

#[test]
fn before_the_time_of_any_key_the_oldest_signs() {
    let (old, new) = (key_from(noon() + seconds(10)), key_from(noon() + seconds(20)));
    let kid = old.kid().to_owned();
    let tokens = tokens_of(SECRET);
    tokens.use_signing_keys(vec![new, old]);
    assert_eq!(signer(&tokens, noon()), kid);
}

#[test]
fn of_two_keys_of_one_moment_every_instance_chooses_the_same() {
    let (one, two) = (key_from(noon()), key_from(noon()));
    let [sealed_one, sealed_two] = [&one, &two].map(|key| tokens().seal_signing_key(key).unwrap());
    let (here, there) = (tokens_of(SECRET), tokens_of(SECRET));
    here.use_signing_keys(vec![one, two]);
    assert!(there.follow_signing_keys(&[sealed_two, sealed_one]).is_empty());
    assert_eq!(signer(&here, noon()), signer(&there, noon()));
}

#[test]
fn without_a_key_nothing_is_signed_or_believed() {
    let tokens = tokens_of(SECRET);
    assert!(matches!(
        tokens.issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()),
        Err(TokenError::NoSigningKey)
    ));
    let foreign = super::tokens().issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()).unwrap();
    assert!(tokens.verify_access(&foreign, noon()).is_err());
}

#[test]
fn an_instance_takes_up_new_keys_and_drops_those_that_are_gone() {
    let (old, new) = (key_from(noon() - seconds(60)), key_from(noon()));
    let kid = new.kid().to_owned();
    let tokens = tokens_of(SECRET);
    tokens.use_signing_keys(vec![tokens.open_signing_key(&sealed(&[&old])[0]).unwrap()]);
    let shared = tokens.clone();
    let before = shared.issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()).unwrap();
    assert!(tokens.follow_signing_keys(&sealed(&[&new, &old])).is_empty());
    assert_eq!(signer(&shared, noon()), kid);
    assert!(shared.verify_access(&before, noon()).is_ok());
    assert!(tokens.follow_signing_keys(&sealed(&[&new])).is_empty());
    assert!(shared.verify_access(&before, noon()).is_err());
}

#[test]
fn what_cannot_be_opened_is_left_out_and_told_and_what_is_in_use_stays() {
    let old = key_from(noon() - seconds(60));
    let tokens = tokens_of(SECRET);
    tokens.use_signing_keys(vec![tokens.open_signing_key(&sealed(&[&old])[0]).unwrap()]);
    let elsewhere = tokens_of(OTHER_SECRET);
    // Sealed anew under a root secret that is not known here: opened already, it stays good.
    let resealed = elsewhere.seal_signing_key(&old).unwrap();
    let foreign = elsewhere.seal_signing_key(&key_from(noon())).unwrap();
    let errors = tokens.follow_signing_keys(&[foreign.clone(), resealed]);
    assert!(matches!(&errors[..], [TokenError::SigningKeyNotOurs { .. }]), "{errors:?}");
    assert_eq!(published(&tokens), [old.kid()]);
    // A key that was taken away is believed no more, though no other can be opened.
    tokens.follow_signing_keys(&[foreign]);
    assert!(published(&tokens).is_empty());
}

#[test]
fn a_key_is_published_at_least_twice_as_long_as_others_keep_their_copy() {
    assert!(PUBLISHED_BEFORE >= seconds(2 * JWKS_MAX_AGE_SECONDS));
    assert!(KEPT_AFTER > seconds(LONGEST_ACCESS_SECONDS));
}

#[test]
fn states_are_told_newest_first() {
    use KeyState::{Published, Signing, Verifying};
    let at = |offset| noon() + seconds(offset);
    assert_eq!(key_states(&[at(9), at(0), at(-9)], noon()), [Published, Signing, Verifying]);
    assert_eq!(key_states(&[at(9), at(5)], noon()), [Published, Signing]);
    assert_eq!(key_states(&[], noon()), []);
}
