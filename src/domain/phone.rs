use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType};

use super::Region;

/// A telephone number in E.164 form: `+`, then 7 to 15 digits.
///
/// It was valid for its country by the numbering plans when it was parsed, and
/// of a kind that can receive a text message. `Debug` shows it masked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

/// Why a text is not a number this service can send a code to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneNumberError {
    /// It is not a telephone number of any country.
    #[error("not a valid telephone number")]
    Invalid,
    /// It is a number, but of a land line or a service that receives no texts.
    #[error("not a number that can receive text messages")]
    NotMobile,
}

impl PhoneNumber {
    /// Longer input cannot be a number and is not looked at.
    const MAX_INPUT: usize = 64;

    /// Reads a number in any common spelling.
    ///
    /// National spellings are read as of `region`; `+` and `00` introduce a
    /// country code wherever the caller is.
    ///
    /// # Errors
    ///
    /// [`PhoneNumberError::Invalid`] for what is no number or has an
    /// extension, [`PhoneNumberError::NotMobile`] for lines without texts.
    pub fn parse(input: &str, region: Region) -> Result<Self, PhoneNumberError> {
        Self::read(input, Some(region))
    }

    /// Reads a number that must be spelt in E.164 form already, such as one
    /// that an operator sets.
    ///
    /// # Errors
    ///
    /// Those of [`PhoneNumber::parse`], and [`PhoneNumberError::Invalid`] for
    /// any other spelling.
    pub fn parse_e164(input: &str) -> Result<Self, PhoneNumberError> {
        let phone = Self::read(input, None)?;
        if phone.0 == input { Ok(phone) } else { Err(PhoneNumberError::Invalid) }
    }

    /// Without a region only what has a country code is a number.
    fn read(input: &str, region: Option<Region>) -> Result<Self, PhoneNumberError> {
        // Letters would be read as keypad digits (0800-FLOWERS): nobody's own number is spelt so.
        if input.len() > Self::MAX_INPUT || input.chars().any(|c| c.is_alphabetic() || c.is_control()) {
            return Err(PhoneNumberError::Invalid);
        }
        let number = PHONE_NUMBER_UTIL
            .parse(international(input).as_ref(), region.map(Region::known_as))
            .map_err(|_| PhoneNumberError::Invalid)?;
        if number.extension.is_some() || !PHONE_NUMBER_UTIL.is_valid_number(&number) {
            return Err(PhoneNumberError::Invalid);
        }
        match PHONE_NUMBER_UTIL.get_number_type(&number) {
            PhoneNumberType::Mobile
            | PhoneNumberType::FixedLineOrMobile
            | PhoneNumberType::PersonalNumber => {}
            _ => return Err(PhoneNumberError::NotMobile),
        }
        Ok(Self(PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned()))
    }

    /// Takes a text that is E.164 already: from the database or a token.
    ///
    /// # Errors
    ///
    /// [`PhoneNumberError::Invalid`] when it is not `+` and 7 to 15 digits.
    pub fn from_e164(text: String) -> Result<Self, PhoneNumberError> {
        let digits = text.strip_prefix('+').ok_or(PhoneNumberError::Invalid)?;
        if (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(PhoneNumberError::Invalid)
        }
    }

    /// The number in E.164 form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country that it belongs to, by the numbering plans; none for a
    /// number of no country, such as a satellite phone's.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        let number = PHONE_NUMBER_UTIL.parse(&self.0, None).ok()?;
        PHONE_NUMBER_UTIL.get_region_for_number(&number).and_then(Region::of_plan)
    }

    /// The number with its middle hidden, for logs and for strangers: `+7999***4567`.
    ///
    /// At least three digits are hidden, however short the number is.
    #[must_use]
    pub fn masked(&self) -> String {
        Self::mask(&self.0)
    }

    /// The same of a text in E.164; of what is none nothing is shown.
    #[must_use]
    pub fn mask(e164: &str) -> String {
        let head = 1 + e164.len().saturating_sub(8).min(4);
        let shown = e164.get(..head).zip(e164.get(e164.len().saturating_sub(4)..));
        shown.map_or_else(|| "***".to_owned(), |(head, tail)| format!("{head}***{tail}"))
    }

    /// Whether the number belongs to a country where Russian is the usual
    /// language of a text message: +7 (Russia, Kazakhstan) and +375 (Belarus).
    #[must_use]
    pub fn is_of_russian_speaking_country(&self) -> bool {
        self.0.starts_with("+7") || self.0.starts_with("+375")
    }
}

/// Writes the international prefix `00` as `+`.
///
/// The metadata knows only the prefix dialled in the default region, which in
/// Russia is 810; but people of every country write 00.
fn international(input: &str) -> std::borrow::Cow<'_, str> {
    let start = input.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    match start.strip_prefix("00").or_else(|| start.strip_prefix("\u{ff10}\u{ff10}")) {
        Some(rest) => format!("+{rest}").into(),
        None => input.into(),
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = PhoneNumberError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_e164(text)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn russian(input: &str) -> Result<PhoneNumber, PhoneNumberError> {
        PhoneNumber::parse(input, "RU".parse().unwrap())
    }

    #[test]
    fn thirteen_spellings_are_one_number() {
        for spelling in [
            "+79991234567",
            "+7 999 123-45-67",
            "8 (999) 123-45-67",
            "89991234567",
            "79991234567",
            "9991234567",
            "+7(999)1234567",
            "0079991234567",
            "00 7 999 123 45 67",
            "\u{ff10}\u{ff10}79991234567",
            "+7999123４５６７",
            "+7.999.123.45.67",
            "  +7-999-123-45-67  ",
        ] {
            assert_eq!(russian(spelling).unwrap().as_str(), "+79991234567", "{spelling}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for wrong in [
            "",
            "+",
            "123",
            "+7999123456",
            "+799912345678901",
            "phone",
            "8-800-FLOWERS",
            "+79991234567 ext. 5",
            "\u{0}",
        ] {
            assert_eq!(russian(wrong), Err(PhoneNumberError::Invalid), "{wrong}");
        }
    }

    #[test]
    fn a_land_line_is_refused_with_its_own_reason() {
        assert_eq!(russian("+7 495 123-45-67"), Err(PhoneNumberError::NotMobile));
        assert_eq!(russian("8 800 555-35-35"), Err(PhoneNumberError::NotMobile));
    }

    #[test]
    fn an_operator_spells_a_number_in_e164() {
        assert_eq!(PhoneNumber::parse_e164("+79991234567").unwrap(), russian("+79991234567").unwrap());
        assert_eq!(PhoneNumber::parse_e164("+74951234567"), Err(PhoneNumberError::NotMobile));
        for wrong in ["", "79991234567", "89991234567", "+7 9991234567", "0079991234567", "+7999123456"] {
            assert_eq!(PhoneNumber::parse_e164(wrong), Err(PhoneNumberError::Invalid), "{wrong}");
        }
    }

    #[test]
    fn the_middle_is_hidden() {
        assert_eq!(russian("+79991234567").unwrap().masked(), "+7999***4567");
        assert_eq!(PhoneNumber::from_e164("+2904123".into()).unwrap().masked(), "+***4123");
        assert_eq!(format!("{:?}", russian("+79991234567").unwrap()), "PhoneNumber(+7999***4567)");
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_gives_e164(input in "\\PC{0,70}") {
            if let Ok(phone) = russian(&input) {
                prop_assert!(PhoneNumber::from_e164(phone.as_str().to_owned()).is_ok());
            }
        }

        #[test]
        fn digits_and_signs_never_panic(input in "[+0-9() .;=-]{0,40}") {
            if let Ok(phone) = russian(&input) {
                prop_assert_eq!(&russian(phone.as_str()).unwrap(), &phone);
            }
        }
    }
}
