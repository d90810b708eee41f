//! Whatever comes in, nothing panics and nothing bent is believed.

use proptest::prelude::*;

use super::{
    hand::{Jwe, base64url},
    *,
};

/// Offers `token` at every door; says whether one let it in.
fn is_believed(token: &str) -> bool {
    static STORED: LazyLock<SealedSigningKey> = LazyLock::new(stored_signing_key);
    let as_key = SealedSigningKey { sealed: token.to_owned(), ..STORED.clone() };
    tokens().open_challenge(token, noon()).is_ok()
        | tokens().verify_access(token, noon()).is_ok()
        | tokens().verify_refresh(token, noon()).is_ok()
        | tokens().open_signing_key(&as_key).is_ok()
}

/// One of each kind.
static GOOD: LazyLock<[String; 4]> = LazyLock::new(|| {
    [
        challenge_at(tokens(), noon()).token,
        tokens().issue_access(user(), session(), DateTime::<Utc>::MAX_UTC, noon()).unwrap(),
        tokens().issue_refresh(session(), 3, noon() + seconds(60)).unwrap(),
        stored_signing_key().sealed,
    ]
});

#[test]
fn a_token_with_any_bit_flipped_is_refused() {
    assert!(GOOD.iter().all(|token| is_believed(token)));
    for token in GOOD.iter() {
        for (at, bit) in (0..token.len()).flat_map(|at| (0..7).map(move |bit| (at, bit))) {
            let mut bent = token.clone().into_bytes();
            bent[at] ^= 1 << bit;
            assert!(!is_believed(str::from_utf8(&bent).unwrap()), "bit {bit} of character {at}");
        }
    }
}

#[test]
fn a_token_cut_anywhere_is_refused() {
    for token in GOOD.iter() {
        for at in 0..token.len() {
            assert!(!is_believed(&token[..at]));
            assert!(!is_believed(&token[token.len() - at..]));
        }
    }
}

#[test]
fn a_token_with_any_one_character_left_out_or_doubled_is_refused() {
    for token in GOOD.iter() {
        for at in 0..token.len() {
            assert!(!is_believed(&format!("{}{}", &token[..at], &token[at + 1..])));
            assert!(!is_believed(&format!("{}{}", &token[..=at], &token[at..])));
        }
    }
}

/// Text that looks like base64url.
fn part(longest: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<u8>(), 0..longest).prop_map(base64url)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_is_believed_and_none_panics(text in any::<String>(), dots in "[.A-Za-z0-9_=+/-]{0,600}") {
        prop_assert!(!is_believed(&text));
        prop_assert!(!is_believed(&dots));
    }

    #[test]
    fn no_token_with_something_put_in_is_believed(which in 0_usize..4, at: prop::sample::Index, put in "\\PC{1,40}") {
        let mut token = GOOD[which].clone();
        token.insert_str(at.index(token.len() + 1), &put);
        prop_assert!(!is_believed(&token));
    }

    #[test]
    fn no_token_with_any_bytes_changed_is_believed(
        which in 0_usize..4,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), "[A-Za-z0-9_.-]|[ -~]"), 1..8),
    ) {
        let mut token = GOOD[which].clone();
        for (at, other) in changes {
            let at = at.index(token.len());
            token.replace_range(at..=at, &other);
        }
        prop_assert!(token == GOOD[which] || !is_believed(&token));
    }

    #[test]
    fn no_five_parts_of_any_length_are_believed(header in part(120), key in part(40), iv in part(20), ciphertext in part(300), tag in part(20)) {
        let right = Jwe::right(noon());
        for header in [&header, &right.header] {
            for key in [&key[..], ""] {
                let token = [header, key, &iv, &ciphertext, &tag].join(".");
                prop_assert!(!is_believed(&token));
            }
        }
    }

    #[test]
    fn no_parts_of_the_right_lengths_are_believed(iv: [u8; 12], noise in proptest::collection::vec(any::<u8>(), 320), tag: [u8; 16]) {
        let right = Jwe::right(noon());
        let (iv, tag) = (iv.to_vec(), tag.to_vec());
        for forged in [
            Jwe { iv: iv.clone(), ..right.clone() },
            Jwe { ciphertext: noise.clone(), ..right.clone() },
            Jwe { tag: tag.clone(), ..right.clone() },
            Jwe { iv, ciphertext: noise, tag, ..right },
        ] {
            prop_assert!(!is_believed(&forged.join()));
        }
    }

    #[test]
    fn no_part_of_another_length_is_believed(iv in 0_usize..40, ciphertext in 0_usize..400, tag in 0_usize..40) {
        let right = Jwe::right(noon());
        let lengths = (iv, ciphertext, tag);
        let resized = |bytes: &[u8], length| bytes.iter().copied().chain([0; 400]).take(length).collect();
        let bent = Jwe {
            iv: resized(&right.iv, iv),
            ciphertext: resized(&right.ciphertext, ciphertext),
            tag: resized(&right.tag, tag),
            ..right
        };
        prop_assert_eq!(is_believed(&bent.join()), lengths == (12, 320, 16));
    }

    #[test]
    fn no_three_parts_under_a_right_header_are_believed(claims in part(200), signature in part(70)) {
        for header in [hand::access_header(), hand::refresh_header()] {
            let token = [&base64url(header), &claims[..], &signature].join(".");
            prop_assert!(!is_believed(&token));
        }
    }

    #[test]
    fn every_challenge_comes_back_and_knows_its_code(digits in "[0-9]{4,10}", phone in "\\+[1-9][0-9]{6,14}", later in 0_i64..299) {
        let (phone, code) = (super::phone(&phone), code(&digits));
        let new = NewChallenge { purpose: Purpose::Login, phone: &phone, code: &code, invite_code: None, device: None };
        let sealed = tokens().seal_challenge(new, noon()).unwrap();
        let opened = tokens().open_challenge(&sealed.token, noon() + seconds(later)).unwrap();
        prop_assert_eq!(&opened.phone, &phone);
        prop_assert_eq!(opened.code_length, code.length());
        prop_assert!(tokens().code_matches(&opened, &code));
        let wrong = format!("{}{}", &digits[1..], if digits.starts_with('0') { '1' } else { '0' });
        prop_assert!(wrong == digits || !tokens().code_matches(&opened, &super::code(&wrong)));
    }
}
