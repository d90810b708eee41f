use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::*;
use crate::{
    domain::{Pin, PinHash},
    places::{PlaceError, Queue},
    token::pin_memory::PinMemory,
};

const SMALL: Queue = Queue { at_once: 1, waiting: 1, patience: Duration::from_secs(5) };
/// The key of a deployment, sealed under [`SECRET`], and a hash made when each had memory of its own.
const KEY: &str = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiM2Q3NzU5ODEiLCJzYWx0IjoiTjZXYXM1S2p4NkZsUVNleUpOaHl1USIsInR5cCI6ImtleStqd2UifQ..C7z3yFinYNd8ywlI.TNHSgCnvknlUt26tQE-dborfQ9Kwg0ifUkqX9VIuJzNfmJzoyheGrkS9iBguJjW8XjBIQW9DCAEi6zwB_b7fFg.rkk3nvj7ygZfZKD4hYmt9g";
const OLD_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$mHeG3Pd3/+46XQXdjtdNVw$XaXO2QM3CF4vR/H4Nvs1sDN6W6gPIAP9fdJLooUQ17c";

fn pin(digits: &str) -> Pin {
    digits.to_owned().try_into().unwrap()
}

/// What hashes the PINs of one deployment.
fn hasher(queue: Queue) -> PinHasher {
    tokens().open_pin_hasher(&tokens().draw_pseudonym_key().unwrap(), queue).unwrap()
}

async fn hash(hasher: &PinHasher, digits: &str) -> PinHash {
    hasher.place().await.unwrap().hash(pin(digits)).await.unwrap()
}

async fn matches(hasher: &PinHasher, digits: &str, hash: &PinHash) -> bool {
    hasher.place().await.unwrap().matches(pin(digits), hash).await.unwrap().1
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
async fn hashes_of_before_are_still_those_of_their_pins() {
    let hasher = tokens().open_pin_hasher(KEY, SMALL).unwrap();
    for (digits, expected) in [("0042", true), ("0043", false)] {
        assert_eq!(matches(&hasher, digits, &PinHash(OLD_HASH.to_owned())).await, expected, "{digits}");
    }
}

#[tokio::test]
async fn what_is_stored_and_is_no_hash_of_ours_is_a_defect_and_matches_nothing() {
    let hasher = tokens().open_pin_hasher(KEY, SMALL).unwrap();
    let [bare, other, large] = [
        "$argon2id$v=19$m=19456,t=2,p=1".to_owned(),
        OLD_HASH.replace("argon2id", "argon2d"),
        OLD_HASH.replace("m=19456", "m=1945600"),
    ];
    for stored in [String::new(), "0042".to_owned(), bare, other, large] {
        let refused = hasher.place().await.unwrap().matches(pin("0042"), &PinHash(stored)).await;
        assert!(matches!(refused, Err(PinError::Hash(_))));
    }
}

#[tokio::test]
async fn a_full_queue_is_told_at_once_and_a_core_goes_to_whoever_waits() {
    let hasher = hasher(SMALL);
    let place = hasher.place().await.unwrap();
    let waiting = tokio::spawn({
        let hasher = hasher.clone();
        async move { hasher.place().await }
    });
    tokio::task::yield_now().await;
    let refused = timeout(Duration::from_secs(1), hasher.place()).await;
    assert!(matches!(refused.expect("at once"), Err(PinError::NoPlace(PlaceError::Busy))));
    // Two hashes on one core, and then it is free.
    let (place, _) = place.matches(pin("0042"), &PinHash(OLD_HASH.to_owned())).await.unwrap();
    assert!(!waiting.is_finished());
    place.hash(pin("0042")).await.unwrap();
    waiting.await.unwrap().unwrap().hash(pin("0042")).await.unwrap();
}

#[tokio::test]
async fn nobody_waits_for_longer_than_patience_and_who_gave_up_waits_no_more() {
    let hasher = hasher(Queue { patience: Duration::from_millis(50), ..SMALL });
    let _place = hasher.place().await.unwrap();
    for _ in 0..3 {
        let start = std::time::Instant::now();
        let refused = timeout(Duration::from_secs(5), hasher.place()).await.unwrap();
        assert!(matches!(refused, Err(PinError::NoPlace(PlaceError::Busy))));
        assert!(start.elapsed() >= Duration::from_millis(50), "it waited");
    }
}

#[tokio::test]
async fn a_caller_who_goes_away_keeps_the_core_until_the_work_is_done_and_no_longer() {
    let hasher = hasher(Queue { waiting: 0, ..SMALL });
    let place = hasher.place().await.unwrap();
    // Polled once: the computation has begun.
    assert!(timeout(Duration::ZERO, place.hash(pin("0042"))).await.is_err());
    assert!(
        matches!(hasher.place().await, Err(PinError::NoPlace(PlaceError::Busy))),
        "the core is still at work"
    );
    let free = async {
        while hasher.place().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), free).await.unwrap();
}

#[tokio::test]
async fn of_callers_who_go_away_while_they_wait_nothing_stays() {
    let hasher = hasher(SMALL);
    for _ in 0..3 {
        let place = hasher.place().await.unwrap();
        assert!(timeout(Duration::from_millis(1), hasher.place()).await.is_err());
        drop(place);
    }
    let all = join_all((0..2).map(|_| hash(&hasher, "0042"))).await;
    assert_ne!(all[0], all[1]);
}

#[test]
fn memory_is_used_again_and_comes_back_also_from_a_panic() {
    let memory = PinMemory::default();
    let [one, other] = [(); 2].map(|()| memory.clone().lend(8).unwrap());
    assert_eq!(memory.count(), 0);
    drop((one, other));
    assert_eq!(memory.count(), 2);
    let mut again = memory.clone().lend(8).unwrap();
    assert_eq!((memory.count(), again.as_mut().len()), (1, 8));
    let died = std::thread::spawn(move || {
        let _again = again;
        panic!("as a defect would");
    });
    assert!(died.join().is_err());
    assert_eq!(memory.count(), 2);
    assert!(memory.lend(usize::MAX).is_err(), "so much is not to be had");
}
