use std::{collections::HashMap, str::FromStr};

use chrono::{DateTime, NaiveDate, Utc};

use super::{OtpCode, PhoneNumber};

/// Numbers that have a fixed code: for testers, and for those who review an
/// app before a store lists it.
///
/// Read from `+79990000001=0000,+79990000002=123456@2027-01-31`: a number in
/// E.164 form, its code of 4 to 10 digits, and perhaps the last day on which
/// it is good, in UTC. An empty text has none, and so has the default.
/// `Debug` shows numbers masked and codes not at all.
#[derive(Clone, Debug, Default)]
pub struct TestPhones(HashMap<PhoneNumber, Fixed>);

#[derive(Clone, Debug)]
struct Fixed {
    code: OtpCode,
    last_day: Option<NaiveDate>,
}

/// Why a list of test phones was refused. It tells the place of the entry,
/// counted from one, and nothing of what is in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TestPhonesError {
    /// Nobody could log in with it.
    #[error("entry {0} does not begin with the number of a mobile phone in E.164 form, such as +79990000001")]
    Phone(usize),
    /// There is none, or it is not one.
    #[error("entry {0} has no code of 4 to 10 digits after a =")]
    Code(usize),
    /// After the `@` is something else.
    #[error("entry {0} does not end with a day such as 2027-01-31 after its @")]
    LastDay(usize),
    /// Which of the two codes would count?
    #[error("entry {0} has the number of an earlier entry")]
    Duplicate(usize),
}

impl TestPhones {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fixed code of `phone`, if it is a test phone and still is one at `now`.
    #[must_use]
    pub fn code(&self, phone: &PhoneNumber, now: DateTime<Utc>) -> Option<&OtpCode> {
        let Fixed { code, last_day } = self.0.get(phone)?;
        last_day.is_none_or(|last_day| now.date_naive() <= last_day).then_some(code)
    }
}

impl FromStr for TestPhones {
    type Err = TestPhonesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut phones = HashMap::new();
        if text.trim().is_empty() {
            return Ok(Self(phones));
        }
        for (position, entry) in (1..).zip(text.split(',')) {
            let (phone, fixed) = read(entry.trim(), position)?;
            if phones.insert(phone, fixed).is_some() {
                return Err(TestPhonesError::Duplicate(position));
            }
        }
        Ok(Self(phones))
    }
}

fn read(entry: &str, position: usize) -> Result<(PhoneNumber, Fixed), TestPhonesError> {
    let (phone, rest) = entry.split_once('=').unwrap_or((entry, ""));
    let phone = PhoneNumber::parse_e164(phone).map_err(|_| TestPhonesError::Phone(position))?;
    let (code, last_day) = match rest.split_once('@') {
        Some((code, day)) => (code, Some(day.parse().map_err(|_| TestPhonesError::LastDay(position))?)),
        None => (rest, None),
    };
    let code = code.parse().map_err(|_| TestPhonesError::Code(position))?;
    Ok((phone, Fixed { code, last_day }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "+79990000001=0000, +79990000002=123456@2027-01-31";

    /// The code of a number at a moment.
    fn code(phone: &str, now: &str) -> Option<String> {
        let phones: TestPhones = TWO.parse().unwrap();
        let phone = PhoneNumber::parse_e164(phone).unwrap();
        phones.code(&phone, now.parse().unwrap()).map(|code| code.expose().to_owned())
    }

    #[test]
    fn a_test_phone_has_its_code_until_the_end_of_its_last_day_in_utc() {
        assert_eq!(code("+79990000001", "2099-01-01T00:00:00Z").unwrap(), "0000");
        assert_eq!(code("+79990000002", "2027-01-31T23:59:59.999Z").unwrap(), "123456");
        assert_eq!(code("+79990000002", "2027-02-01T00:00:00Z"), None);
        // Still January there, but not in UTC.
        assert_eq!(code("+79990000002", "2027-01-31T20:00:00-05:00"), None);
        assert_eq!(code("+79990000003", "2027-01-01T00:00:00Z"), None);
    }

    #[test]
    fn an_empty_list_has_no_test_phones() {
        assert!(
            "".parse::<TestPhones>().unwrap().is_empty() && " ".parse::<TestPhones>().unwrap().is_empty()
        );
        assert!(TestPhones::default().is_empty() && !TWO.parse::<TestPhones>().unwrap().is_empty());
    }

    #[test]
    fn a_malformed_entry_is_refused_by_its_place_and_not_repeated() {
        use TestPhonesError::{Code, Duplicate, LastDay, Phone};
        for (entry, why) in [
            ("", Phone(2)),
            ("4821", Phone(2)),
            ("79990000002=4821", Phone(2)),
            ("+7 999 000 00 02=4821", Phone(2)),
            ("+7999=4821", Phone(2)),
            // A land line: nobody could log in with it.
            ("+74951234567=4821", Phone(2)),
            ("+79990000002", Code(2)),
            ("+79990000002=", Code(2)),
            ("+79990000002=482", Code(2)),
            ("+79990000002=48214821482", Code(2)),
            ("+79990000002=4821=4821", Code(2)),
            ("+79990000002=x4821", Code(2)),
            ("+79990000002=4821@", LastDay(2)),
            ("+79990000002=4821@2027-02-29", LastDay(2)),
            ("+79990000002=4821@31.01.2027", LastDay(2)),
            ("+79990000002=4821@2027-01-31@2027-01-31", LastDay(2)),
            ("+79990000001=4821", Duplicate(2)),
        ] {
            let refused = format!("+79990000001=0000,{entry}").parse::<TestPhones>().unwrap_err();
            assert_eq!(refused, why, "{entry}");
            let told = format!("{refused} {refused:?}");
            assert!(told.contains("entry 2") && !told.contains("482"), "{told}");
        }
    }

    #[test]
    fn codes_and_whole_numbers_do_not_print() {
        let printed = format!("{:?}", TWO.parse::<TestPhones>().unwrap());
        assert!(printed.contains("+7999***0001") && printed.contains("2027-01-31"), "{printed}");
        for hidden in ["0000,", "0000\"", "123456", "9990000"] {
            assert!(!printed.contains(hidden), "{hidden} in {printed}");
        }
    }
}
