use std::fmt;

use chrono::TimeDelta;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Limit;

/// PINs of one user that are compared and are not right: ten, and then one an hour.
pub const FAILURES: Limit = Limit::new(10, TimeDelta::hours(1));
/// How many more of these fit for a login from a trusted device: whoever else
/// fills the meter keeps no owner out who has one.
pub const DEVICE_BEYOND: i32 = 3;
/// PINs that one user sets, for each of them costs a hash.
pub const CHANGES: Limit = Limit::new(10, TimeDelta::hours(1));
/// How long after a login a person counts as present: then a PIN can be set,
/// and the one that the login gave need not be given again (OWASP ASVS 5.0, 7.5.1).
pub const LOGIN_AGE: TimeDelta = TimeDelta::minutes(10);

/// A PIN: 4 to 12 ASCII digits, leading zeros kept, wiped when dropped.
///
/// It has no readable `Debug` and no `Display`, and is compared only as a hash.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Pin(Zeroizing<String>);

/// What was typed is not a PIN at all.
#[derive(Debug, thiserror::Error)]
#[error("must be a string of 4 to 12 digits")]
pub struct PinFormatError;

impl Pin {
    /// The digits, for the hash.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl TryFrom<String> for Pin {
    type Error = PinFormatError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = Zeroizing::new(text);
        let is_pin = (4..=12).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_pin { Ok(Self(digits)) } else { Err(PinFormatError) }
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

/// What the database keeps of a PIN: a PHC string. No two are equal, for each
/// has a salt of its own; so a hash also stands for "the PIN as it was then".
#[derive(Clone, PartialEq, Eq)]
pub struct PinHash(pub String);

impl fmt::Debug for PinHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn only_four_to_twelve_ascii_digits_are_a_pin(text in "[0-9]{0,14}|\\PC{0,14}") {
            let expected = (4..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            let pin = Pin::try_from(text.clone());
            prop_assert_eq!(pin.is_ok(), expected);
            if let Ok(pin) = pin {
                prop_assert_eq!(pin.expose(), text.as_bytes());
            }
        }
    }

    #[test]
    fn neither_a_pin_nor_its_hash_prints() {
        let printed =
            format!("{:?} {:?}", Pin::try_from("0042".to_owned()).unwrap(), PinHash("$argon2".into()));
        assert_eq!(printed, "Pin(…) PinHash(…)");
    }
}
