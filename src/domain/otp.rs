use std::{fmt, str::FromStr};

use rand::RngExt;
use serde::Deserialize;
use subtle::ConstantTimeEq;

/// How many digits a one-time code has: 4 to 10.
///
/// Four digits is the product's default. NIST SP 800-63B-4 asks for six.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OtpLength(u8);

/// A code length outside 4 to 10.
#[derive(Debug, thiserror::Error)]
#[error("must be a number from 4 to 10")]
pub struct OtpLengthError;

impl OtpLength {
    const MIN: u8 = 4;
    const MAX: u8 = 10;
    /// What NIST SP 800-63B-4 asks for at the least.
    pub const SIX: Self = Self(6);
    /// Where the number of codes sent is bound enough.
    pub const EIGHT: Self = Self(8);

    /// The number of digits.
    #[must_use]
    pub const fn digits(self) -> u8 {
        self.0
    }
}

impl Default for OtpLength {
    fn default() -> Self {
        Self(Self::MIN)
    }
}

impl TryFrom<u8> for OtpLength {
    type Error = OtpLengthError;

    fn try_from(digits: u8) -> Result<Self, Self::Error> {
        if (Self::MIN..=Self::MAX).contains(&digits) { Ok(Self(digits)) } else { Err(OtpLengthError) }
    }
}

impl FromStr for OtpLength {
    type Err = OtpLengthError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<u8>().map_err(|_| OtpLengthError)?.try_into()
    }
}

impl fmt::Display for OtpLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A one-time code: 4 to 10 ASCII digits, leading zeros kept.
///
/// It has no readable `Debug` and no `Display`: a code is shown to its owner
/// by SMS and to nobody else. Comparison takes the same time whatever differs.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct OtpCode(String);

/// What was typed is not a code at all.
#[derive(Debug, thiserror::Error)]
#[error("must be a string of 4 to 10 digits")]
pub struct OtpCodeError;

impl OtpCode {
    /// Draws a code of `length` digits, each equally likely.
    ///
    /// The generator is a CSPRNG seeded by the operating system.
    #[must_use]
    pub fn random(length: OtpLength) -> Self {
        let number = rand::rng().random_range(0..10_u64.pow(u32::from(length.0)));
        Self(format!("{number:0width$}", width = usize::from(length.0)))
    }

    /// The digits, for the message to the owner and for the keyed digest.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// How many digits it has.
    #[must_use]
    pub fn length(&self) -> OtpLength {
        // The invariant of the type keeps this within 4 to 10.
        OtpLength(u8::try_from(self.0.len()).unwrap_or(OtpLength::MAX))
    }
}

impl FromStr for OtpCode {
    type Err = OtpCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim();
        let range = usize::from(OtpLength::MIN)..=usize::from(OtpLength::MAX);
        if range.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(digits.to_owned()))
        } else {
            Err(OtpCodeError)
        }
    }
}

impl TryFrom<String> for OtpCode {
    type Error = OtpCodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl PartialEq for OtpCode {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for OtpCode {}

impl fmt::Debug for OtpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_drawn_code_has_the_asked_length_and_parses(digits in 4_u8..=10) {
            let length = OtpLength::try_from(digits).unwrap();
            let code = OtpCode::random(length);
            prop_assert_eq!(code.length(), length);
            prop_assert!(code.expose().parse::<OtpCode>().is_ok());
        }

        #[test]
        fn only_four_to_ten_ascii_digits_are_a_code(text in "\\PC{0,12}") {
            let trimmed = text.trim();
            let expected = (4..=10).contains(&trimmed.len()) && trimmed.bytes().all(|b| b.is_ascii_digit());
            prop_assert_eq!(text.parse::<OtpCode>().is_ok(), expected);
        }
    }

    #[test]
    fn every_digit_is_equally_likely_in_every_place() {
        let mut counts = [[0_u32; 10]; 4];
        for _ in 0..40_000 {
            for (place, digit) in OtpCode::random(OtpLength::default()).expose().bytes().enumerate() {
                counts[place][usize::from(digit - b'0')] += 1;
            }
        }
        // 4,000 expected in each cell; seven standard deviations are about 420.
        assert!(counts.iter().flatten().all(|count| (3_580..4_420).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_code_does_not_print() {
        assert_eq!(format!("{:?}", "0042".parse::<OtpCode>().unwrap()), "OtpCode(…)");
    }
}
