use std::{fmt, str::FromStr};

use rand::RngExt;
use serde::{Deserialize, Serialize};

/// An invite code: six upper-case letters or digits.
///
/// Codes are drawn from 31 characters without look-alikes, but any six
/// letters or digits parse: a mistyped code is unknown, not malformed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct InviteCode(String);

/// What was typed cannot be an invite code.
#[derive(Debug, thiserror::Error)]
#[error("must be six letters or digits")]
pub struct InviteCodeError;

impl InviteCode {
    /// How many characters a code has.
    pub const LENGTH: usize = 6;
    /// Without 0 and O, 1, I and L: 31^6 is about 887 million codes.
    const ALPHABET: &[u8; 31] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";

    /// Draws a code at random; unique is what the database makes it.
    #[must_use]
    pub fn random() -> Self {
        let mut rng = rand::rng();
        let draw = |_| char::from(Self::ALPHABET[rng.random_range(0..Self::ALPHABET.len())]);
        Self((0..Self::LENGTH).map(draw).collect())
    }

    /// A code that nobody has or ever will: zero is never drawn.
    ///
    /// It stands for a malformed code at the phone step, where a wrong code
    /// must not block the login and is told only afterwards.
    #[must_use]
    pub fn nobodys() -> Self {
        Self("000000".to_owned())
    }

    /// The six characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InviteCode {
    type Err = InviteCodeError;

    /// Forgives case, spaces and dashes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut code = String::with_capacity(Self::LENGTH);
        for character in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            if !character.is_ascii_alphanumeric() || code.len() == Self::LENGTH {
                return Err(InviteCodeError);
            }
            code.push(character.to_ascii_uppercase());
        }
        if code.len() == Self::LENGTH { Ok(Self(code)) } else { Err(InviteCodeError) }
    }
}

impl TryFrom<String> for InviteCode {
    type Error = InviteCodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for InviteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for InviteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InviteCode({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_drawn_code_survives_any_spelling(lower: bool, gap in " {0,2}|-", at in 0_usize..6) {
            let code = InviteCode::random();
            let mut spelt = code.as_str().to_owned();
            spelt.insert_str(at, &gap);
            if lower {
                spelt = spelt.to_lowercase();
            }
            prop_assert_eq!(spelt.parse::<InviteCode>().unwrap(), code);
        }

        #[test]
        fn whatever_parses_is_six_capitals_or_digits(text in "\\PC{0,9}") {
            if let Ok(code) = text.parse::<InviteCode>() {
                prop_assert_eq!(code.as_str().len(), 6);
                prop_assert!(code.as_str().bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
            }
        }
    }

    #[test]
    fn nobodys_code_is_outside_the_alphabet_codes_are_drawn_from() {
        assert!(InviteCode::nobodys().as_str().bytes().all(|byte| !InviteCode::ALPHABET.contains(&byte)));
    }
}
