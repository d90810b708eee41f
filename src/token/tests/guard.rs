//! The guard alone: what it refuses before any key is touched.

use super::{
    hand::{self, Jwe, base64url},
    *,
};
use crate::token::{
    jose::CONTEXT,
    shape::{JweShape, Jws},
};

const SHAPE: JweShape<320> = JweShape::new("otp+jwe", 14);

fn admits(token: &str) -> bool {
    SHAPE.admit(token).is_some()
}

/// A token of the right total length whose parts have these lengths in bytes:
/// the header, which is compared only later, makes up the difference.
fn of_lengths(encrypted_key: usize, iv: usize, ciphertext: usize, tag: usize) -> String {
    let [key, iv, ciphertext, tag] =
        [encrypted_key, iv, ciphertext, tag].map(|length| base64url(vec![7; length]));
    let rest = format!(".{key}.{iv}.{ciphertext}.{tag}");
    let right = Jwe::right(noon()).join().len();
    let mut header = hand::challenge_header(noon()).into_bytes();
    header.resize((right - rest.len()) * 3 / 4, b' ');
    let token = format!("{}{rest}", base64url(header));
    assert_eq!(token.len(), right, "no header makes up this difference");
    token
}

#[test]
fn the_form_we_write_is_admitted() {
    assert!(admits(&of_lengths(0, 12, 320, 16)));
    assert!(admits(&Jwe::right(noon()).join()));
}

#[test]
fn an_encrypted_key_is_refused() {
    assert!(!admits(&of_lengths(3, 12, 320, 16)));
}

#[test]
fn an_iv_of_other_than_twelve_bytes_is_refused() {
    for length in [0, 3, 6, 9, 15, 16, 18] {
        assert!(!admits(&of_lengths(0, length, 320, 16)), "{length}");
    }
}

#[test]
fn a_ciphertext_of_another_length_is_refused() {
    for length in [1, 16, 253, 259, 262] {
        assert!(!admits(&of_lengths(0, 12, length, 16)), "{length}");
    }
}

#[test]
fn a_tag_of_other_than_sixteen_bytes_is_refused() {
    for length in [0, 1, 3, 4, 6, 7, 9, 10, 12, 13, 15, 18, 19] {
        assert!(!admits(&of_lengths(0, 12, 320, length)), "{length}");
    }
}

#[test]
fn a_longer_header_is_refused_before_it_is_decoded() {
    let right = Jwe::right(noon());
    let longer = Jwe { header: format!("{}ICAg", right.header), ..right };
    assert!(!admits(&longer.join()));
}

#[test]
fn four_or_six_parts_are_refused() {
    let right = of_lengths(0, 12, 320, 16);
    assert!(!admits(&right.replacen("..", ".A", 1)));
    assert!(!admits(&right.replacen('A', ".", 1)));
    assert!(!admits(&format!("{}.", &right[..right.len() - 1])));
    // A sixth part, and a header shorter by as much.
    let right = Jwe::right(noon());
    let shorter = Jwe { header: right.header[..right.header.len() - 6].to_owned(), ..right };
    assert!(!admits(&format!("{}.AAAAA", shorter.join())));
}

#[test]
fn each_value_has_one_spelling() {
    let right = Jwe::right(noon()).join();
    // A tag of 16 bytes leaves four bits of its last character unused, a ciphertext of 320 bytes two.
    let (rest, last) = right.split_at(right.len() - 1);
    for other in base64_alphabet().filter(|c| !last.starts_with(*c)) {
        let again = format!("{rest}{other}");
        let same_value = "AQgw".contains(other);
        assert_eq!(admits(&again), same_value, "the last character of a tag is one of four: {other}");
    }
    let end = right.rfind('.').unwrap() - 1;
    for other in base64_alphabet().filter(|c| !"AEIMQUYcgkosw048".contains(*c)) {
        let again = format!("{}{other}{}", &right[..end], &right[end + 1..]);
        assert!(!admits(&again), "{other}");
    }
}

#[test]
fn the_salt_in_the_header_has_one_spelling() {
    let header = hand::challenge_header(noon());
    let at = header.find(r#"","typ"#).unwrap() - 1;
    for other in base64_alphabet() {
        let bent = format!("{}{other}{}", &header[..at], &header[at + 1..]);
        assert_eq!(admits(&Jwe::with_header(&bent, noon()).join()), "AQgw".contains(other), "{other}");
    }
}

#[test]
fn padding_white_space_and_the_other_alphabet_are_refused() {
    let right = of_lengths(0, 12, 320, 16);
    for foreign in ['=', '+', '/', ' ', '\n', '\0', '%', '~'] {
        let positions = (0..right.len()).filter(|at| !right[*at..].starts_with('.'));
        for at in positions {
            let mut bent = right.clone();
            bent.replace_range(at..=at, &foreign.to_string());
            assert!(!admits(&bent), "{foreign:?} at {at}");
        }
    }
}

#[test]
fn letters_outside_ascii_are_refused_wherever_they_stand() {
    let right = of_lengths(0, 12, 320, 16);
    for at in 0..right.len() - 2 {
        let bent = format!("{}é{}", &right[..at], &right[at + 2..]);
        assert!(!admits(&bent));
    }
}

#[test]
fn the_library_knows_a256gcm_and_no_compression() {
    assert!(CONTEXT.get_content_encryption("A256GCM").is_some());
    for other in ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM"] {
        assert!(CONTEXT.get_content_encryption(other).is_none(), "{other}");
    }
    assert!(CONTEXT.get_compression("DEF").is_none());
}

#[test]
fn a_signed_token_has_three_parts_and_a_bounded_length() {
    assert!(Jws::admit("e30.e30.AAAA").is_some());
    for wrong in ["", ".", "e30", "e30.e30", "e30.e30.AAAA.", "e30.e30.AAAA.AAAA"] {
        assert!(Jws::admit(wrong).is_none(), "{wrong}");
    }
    // And of its payload there is one spelling.
    for wrong in ["e30.e3.AAAA", "e30.e31.AAAA", "e30.e30=.AAAA", "e30.e3+.AAAA", "e30.e30 .AAAA"] {
        assert!(Jws::admit(wrong).is_none(), "{wrong}");
    }
    let long = |length: usize| format!("e30.e30.{}", "A".repeat(length - 8));
    assert!(Jws::admit(&long(2048)).is_some());
    assert!(Jws::admit(&long(2049)).is_none());
}

pub fn base64_alphabet() -> impl Iterator<Item = char> {
    ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_'])
}
