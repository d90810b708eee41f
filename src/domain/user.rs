use std::fmt;

use chrono::{DateTime, Utc};
use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};
use uuid::{NoContext, Timestamp, Uuid};

/// Declares an identifier: a UUID of version 7 (RFC 9562, section 5.7), so
/// that rows made together lie together in their index.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Draws an identifier for something made at `now`.
            #[must_use]
            pub fn random(now: DateTime<Utc>) -> Self {
                let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
                Self(Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos())))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

identifier! {
    /// Which user.
    UserId
}
identifier! {
    /// Which login: `sid` in the tokens.
    SessionId
}
identifier! {
    /// Which challenge: its `jti` (RFC 7519, section 4.1.7).
    ChallengeId
}
identifier! {
    /// Which device somebody was logged in on.
    DeviceId
}

identifier! {
    /// Which event: `webhook-id` wherever it is told.
    EventId
}

impl ChallengeId {
    /// When it was drawn, in whole milliseconds: it is part of the identifier.
    #[must_use]
    pub fn drawn_at(self) -> DateTime<Utc> {
        let (seconds, nanos) = self.0.get_timestamp().map_or((0, 0), |timestamp| timestamp.to_unix());
        DateTime::from_timestamp(seconds.try_into().unwrap_or_default(), nanos)
            .unwrap_or(DateTime::UNIX_EPOCH)
    }
}

/// Why a text cannot be stored as what it claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// More characters than the field holds.
    #[error("must be at most {0} characters")]
    TooLong(usize),
    /// Control characters, line breaks and NUL among them.
    #[error("must not contain control characters")]
    Control,
    /// Nothing is left after trimming.
    #[error("must not be empty; send null to clear it")]
    Empty,
    /// Not an address by RFC 5321.
    #[error("must be an e-mail address")]
    NotAnEmail,
}

/// Trims `text`; refuses nothing, too much, and control characters.
fn printable(text: &str, max: usize) -> Result<String, TextError> {
    let text = text.trim();
    if text.is_empty() {
        Err(TextError::Empty)
    } else if text.chars().count() > max {
        Err(TextError::TooLong(max))
    } else if text.chars().any(char::is_control) {
        Err(TextError::Control)
    } else {
        Ok(text.to_owned())
    }
}

/// Declares a text that was checked once, at the door.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, owned.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                $check(&text).map(Self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

checked_text! {
    /// A first or last name: 1 to 100 characters after trimming, no control characters.
    PersonName, |text: &str| printable(text, 100)
}
checked_text! {
    /// What a client calls its device: 1 to 100 characters after trimming.
    DeviceName, |text: &str| printable(text, 100)
}
checked_text! {
    /// An e-mail address (RFC 5321), at most 254 characters, stored as given.
    Email, |text: &str| {
        let text = printable(text, 254)?;
        let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
        EmailAddress::parse_with_options(&text, options).map_err(|_| TextError::NotAnEmail)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_is_trimmed_bounded_and_without_control_characters(text in "(\\PC|[\\x00-\\x1f]){0,110}") {
            if let Ok(name) = PersonName::try_from(text.clone()) {
                prop_assert_eq!(name.as_str(), text.trim());
                prop_assert!((1..=100).contains(&name.as_str().chars().count()));
                prop_assert!(!name.as_str().chars().any(char::is_control));
            }
        }
    }

    #[test]
    fn names_of_all_scripts_are_names() {
        for name in ["Ада", "Nguyễn", "O’Brien", "李", "جورج", "Zoë-Marie"] {
            assert!(PersonName::try_from(name.to_owned()).is_ok(), "{name}");
        }
    }

    #[test]
    fn an_email_needs_a_local_part_and_a_domain() {
        for (text, ok) in [
            ("ada@example.com", true),
            ("ада@пример.рф", true),
            ("ada", false),
            ("ada@", false),
            ("a b@example.com", false),
            ("Ada <ada@example.com>", false),
            ("ada@localhost", false),
        ] {
            assert_eq!(Email::try_from(text.to_owned()).is_ok(), ok, "{text}");
        }
    }

    #[test]
    fn identifiers_made_later_sort_later() {
        let now = DateTime::UNIX_EPOCH;
        assert!(UserId::random(now).0 < UserId::random(now + chrono::Duration::seconds(1)).0);
    }
}
