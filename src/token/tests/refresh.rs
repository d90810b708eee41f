use proptest::prelude::*;

use super::*;

fn in_thirty_days() -> DateTime<Utc> {
    noon() + TimeDelta::days(30)
}

#[test]
fn a_refresh_token_says_of_which_login_and_which_in_line() {
    let session = session();
    let token = tokens().issue_refresh(session, 7, in_thirty_days()).unwrap();
    assert_eq!(tokens().verify_refresh(&token, noon()), Ok(RefreshClaims { session, generation: 7 }));
}

#[test]
fn a_refresh_token_is_what_the_documents_say() {
    let session = session();
    let expires_at = in_thirty_days().timestamp();
    let claims = format!(r#"{{"sid":"{session}","gen":7,"exp":{expires_at}}}"#);
    let by_hand = hand::refresh(&hand::refresh_header(), &claims);
    assert_eq!(tokens().issue_refresh(session, 7, in_thirty_days()).unwrap(), by_hand);
}

proptest! {
    #[test]
    fn the_successor_is_the_same_whoever_makes_it(generation in 0..=i32::MAX, nanoseconds in 0..500_000_000_i64) {
        static ELSEWHERE: LazyLock<Tokens> = LazyLock::new(|| tokens_of(SECRET));
        let (session, expires_at) = (session(), in_thirty_days());
        let here = tokens().issue_refresh(session, generation, expires_at).unwrap();
        let there = ELSEWHERE.issue_refresh(session, generation, expires_at - TimeDelta::nanoseconds(nanoseconds)).unwrap();
        prop_assert_eq!(&here, &there);
        let claims = tokens().verify_refresh(&here, noon());
        prop_assert_eq!(claims, Ok(RefreshClaims { session, generation }));
    }
}

#[test]
fn another_session_generation_or_end_makes_another_token() {
    let session = session();
    let token = tokens().issue_refresh(session, 7, in_thirty_days()).unwrap();
    assert_ne!(tokens().issue_refresh(SessionId::random(noon()), 7, in_thirty_days()).unwrap(), token);
    assert_ne!(tokens().issue_refresh(session, 8, in_thirty_days()).unwrap(), token);
    assert_ne!(tokens().issue_refresh(session, 7, in_thirty_days() + seconds(1)).unwrap(), token);
}

#[test]
fn a_refresh_token_leaves_it_to_the_session_when_it_ends() {
    let session = session();
    let token = tokens().issue_refresh(session, 0, in_thirty_days()).unwrap();
    for later in [TimeDelta::zero(), TimeDelta::days(400)] {
        let claims = tokens().verify_refresh(&token, in_thirty_days() + later);
        assert_eq!(claims, Ok(RefreshClaims { session, generation: 0 }));
    }
}

#[test]
fn a_refresh_token_that_would_outlive_a_year_is_refused() {
    let token = tokens().issue_refresh(session(), 0, noon() + TimeDelta::days(365)).unwrap();
    assert!(tokens().verify_refresh(&token, noon()).is_ok());
    // The clock of another instance may be behind by so much.
    assert!(tokens().verify_refresh(&token, noon() - seconds(5)).is_ok());
    assert!(tokens().verify_refresh(&token, noon() - seconds(6)).is_err());
}

#[test]
fn an_old_root_still_verifies_and_another_does_not() {
    let token = tokens_of(OTHER_SECRET).issue_refresh(session(), 1, in_thirty_days()).unwrap();
    assert!(tokens().verify_refresh(&token, noon()).is_err());
    let rotated = tokens_of(&format!("{SECRET},{OTHER_SECRET}"));
    assert!(rotated.verify_refresh(&token, noon()).is_ok());
    // The first root signs.
    assert!(
        tokens()
            .verify_refresh(&rotated.issue_refresh(session(), 1, in_thirty_days()).unwrap(), noon())
            .is_ok()
    );
}
