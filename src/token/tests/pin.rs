use std::time::Duration;

use super::*;
use crate::domain::{Pin, PinHash};

const SMALL: PinQueue = PinQueue { at_once: 1, waiting: 1 };

fn pin(digits: &str) -> Pin {
    digits.to_owned().try_into().unwrap()
}

/// What hashes the PINs of one deployment.
fn hasher(queue: PinQueue) -> PinHasher {
    tokens().open_pin_hasher(&tokens().draw_pseudonym_key().unwrap(), queue).unwrap()
}

async fn hash(hasher: &PinHasher, digits: &str) -> PinHash {
    hasher.place().unwrap().hash(pin(digits)).await.unwrap()
}

async fn matches(hasher: &PinHasher, digits: &str, hash: &PinHash) -> bool {
    hasher.place().unwrap().matches(pin(digits), hash).await.unwrap()
}

#[tokio::test]
async fn a_hash_is_of_its_pin_and_of_no_other() {
    let hasher = hasher(SMALL);
    let hash = hash(&hasher, "0042").await;
    for (digits, expected) in [("0042", true), ("0043", false), ("00042", false), ("004200", false)] {
        assert_eq!(matches(&hasher, digits, &hash).await, expected, "{digits}");
    }
}

#[tokio::test]
async fn a_hash_has_the_parameters_of_owasp_and_a_salt_of_its_own() {
    let hasher = hasher(SMALL);
    let (one, other) = (hash(&hasher, "0042").await, hash(&hasher, "0042").await);
    assert!(one.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.0);
    let salt = |hash: &PinHash| hash.0.split('$').nth(4).unwrap().to_owned();
    assert_eq!(salt(&one).len(), 22, "16 bytes");
    assert_ne!(salt(&one), salt(&other));
}

#[tokio::test]
async fn without_the_key_of_the_deployment_no_pin_can_be_tried_on_a_hash() {
    use argon2::{Argon2, PasswordHash, PasswordVerifier};
    let hash = hash(&hasher(SMALL), "0042").await;
    assert!(!matches(&hasher(SMALL), "0042", &hash).await, "another deployment has another key");
    let parsed = PasswordHash::new(&hash.0).unwrap();
    assert!(Argon2::default().verify_password(b"0042", &parsed).is_err(), "and nobody else has any");
}

#[tokio::test]
async fn a_hash_outlives_the_root_secret_it_was_made_under() {
    let sealed = tokens_of(OTHER_SECRET).draw_pseudonym_key().unwrap();
    let before = tokens_of(OTHER_SECRET).open_pin_hasher(&sealed, SMALL).unwrap();
    let hash = hash(&before, "0042").await;
    let after = tokens_of(&format!("{SECRET},{OTHER_SECRET}")).open_pin_hasher(&sealed, SMALL).unwrap();
    assert!(matches(&after, "0042", &hash).await);
}

#[tokio::test]
async fn a_full_queue_is_told_at_once_and_has_room_again_when_a_place_is_given_back() {
    let hasher = hasher(SMALL);
    let (first, second) = (hasher.place().unwrap(), hasher.place().unwrap());
    assert!(matches!(hasher.place(), Err(PinError::Busy)));
    drop(first);
    let third = hasher.place().unwrap();
    assert!(matches!(hasher.place(), Err(PinError::Busy)));
    // Both get their turn, one after the other.
    let (one, other) = futures_util::future::join(second.hash(pin("0042")), third.hash(pin("0042"))).await;
    assert_ne!(one.unwrap(), other.unwrap());
}

#[tokio::test]
async fn a_caller_who_goes_away_keeps_the_place_until_the_work_is_done_and_no_longer() {
    let hasher = hasher(PinQueue { at_once: 1, waiting: 0 });
    let place = hasher.place().unwrap();
    // Polled once: the computation has begun.
    assert!(tokio::time::timeout(Duration::ZERO, place.hash(pin("0042"))).await.is_err());
    drop(place);
    assert!(matches!(hasher.place(), Err(PinError::Busy)), "the core is still at work");
    let free = async {
        while hasher.place().is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), free).await.unwrap();
}
