use std::fmt;

use email_address::{EmailAddress, Options};
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use url::Host;

use super::visible;

/// Why a text cannot be stored as what it claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// More characters than the field holds.
    #[error("must be at most {0} characters")]
    TooLong(usize),
    /// Control characters, line breaks and NUL among them.
    #[error("must not contain control characters")]
    Control,
    /// What nobody sees, or what turns the text around it.
    #[error("must not contain characters that are invisible or change the direction of writing")]
    Invisible,
    /// What is private, not assigned, or stands for what could not be read.
    #[error("must not contain private, unassigned or replacement characters")]
    Meaningless,
    /// Spaces and marks, and nothing that they stand between or on.
    #[error("must contain something that can be seen")]
    Blank,
    /// Nothing is left after trimming.
    #[error("must not be empty; send null to clear it")]
    Empty,
    /// Not an address by RFC 5321.
    #[error("must be an e-mail address")]
    NotAnEmail,
}

/// Trims `text` of Unicode white space; refuses nothing, too much, and what does not show.
fn printable(text: &str, max: usize) -> Result<String, TextError> {
    let text = text.trim();
    if text.is_empty() {
        Err(TextError::Empty)
    } else if text.chars().count() > max {
        Err(TextError::TooLong(max))
    } else if text.chars().any(is_control) {
        Err(TextError::Control)
    } else {
        visible::check(text)?;
        Ok(text.to_owned())
    }
}

/// The same in Normalization Form C (UAX #15), so that what looks alike is alike: a name typed on
/// a phone and one typed on a computer.
fn normal(text: &str, max: usize) -> Result<String, TextError> {
    printable(&text.nfc().collect::<String>(), max)
}

/// Control characters, and the two separators that break a line without being any.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
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
    /// A first or last name: in Normalization Form C, 1 to 100 characters after trimming, all of which show.
    PersonName, |text: &str| normal(text, 100)
}
checked_text! {
    /// What a client calls its device: the same.
    DeviceName, |text: &str| normal(text, 100)
}
checked_text! {
    /// What people call the site: the same, at most 30.
    SiteName, |text: &str| normal(text, 30)
}
checked_text! {
    /// One line of a message: the same, as long as it likes.
    TextLine, |text: &str| normal(text, usize::MAX)
}
checked_text! {
    /// An e-mail address (RFC 5321), at most 254 characters, stored as given.
    Email, |text: &str| {
        let text = printable(text, 254)?;
        let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
        let address = EmailAddress::parse_with_options(&text, options).map_err(|_| TextError::NotAnEmail)?;
        if is_name_of_host(address.domain()) { Ok(text) } else { Err(TextError::NotAnEmail) }
    }
}

/// Whether `domain` is a name, of letters, digits and hyphens (RFC 5321, section 4.1.2) as they are or by IDNA, and
/// not an address in disguise, as is all that ends in a number.
fn is_name_of_host(domain: &str) -> bool {
    // Read as in a URL, where there may be escapes.
    match Host::parse(domain) {
        Ok(Host::Domain(ascii)) => {
            !domain.contains('%') && ascii.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
        }
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::is_nfc;

    use super::*;

    fn name(text: &str) -> Result<String, TextError> {
        PersonName::try_from(text.to_owned()).map(PersonName::into_string)
    }

    proptest! {
        #[test]
        fn a_name_is_trimmed_bounded_normal_and_shows(
            text in "(\\PC|[\\x00-\\x1f]|[\u{200b}-\u{200f}\u{2028}-\u{202e}\u{fe0f}e\u{301}\u{a0}]){0,110}"
        ) {
            if let Ok(name) = name(&text) {
                prop_assert_eq!(name.trim(), &*name);
                prop_assert!(is_nfc(&name));
                prop_assert!((1..=100).contains(&name.chars().count()));
                prop_assert!(!name.chars().any(is_control));
                prop_assert!(name.chars().any(|c| !c.is_whitespace()));
                let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
                prop_assert!(!name.chars().any(turns));
                // What is stored is taken again, and is the same.
                prop_assert_eq!(super::tests::name(&name), Ok(name.clone()));
            }
        }

        #[test]
        fn one_character_that_does_not_show_is_enough(
            hidden in prop::char::ranges(
                ['\u{200b}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{2060}'..='\u{206f}', '\u{e0000}'..='\u{e0fff}']
                    .to_vec()
                    .into()
            ),
            before in "[a-z]{0,3} ", after in "[0-9]{0,3}",
        ) {
            prop_assert_eq!(name(&format!("x{before}{hidden}{after}.")), Err(TextError::Invisible));
        }
    }

    #[test]
    fn names_of_all_scripts_are_names() {
        for text in [
            "Ада",
            "Nguyễn",
            "O’Brien",
            "李",
            "جورج",
            "Zoë-Marie",
            // A joiner that keeps letters apart, one that joins them, and a variant of a character.
            "علی\u{200c}رضا",
            "ක්\u{200d}රිස්",
            "葛\u{e0100}城",
            "👩\u{200d}💻",
            "❤\u{fe0f}\u{200d}🔥",
        ] {
            assert_eq!(name(text).as_deref(), Ok(text), "{text}");
        }
    }

    #[test]
    fn what_does_not_show_or_turns_the_text_is_no_name() {
        for hidden in [
            "\u{200b}",
            "\u{2060}",
            "\u{feff}",
            "\u{ad}",
            "\u{3164}",
            "\u{115f}",
            "\u{e0041}",
            "\u{200e}",
            "\u{200f}",
            "\u{61c}",
            "\u{202a}",
            "\u{202b}",
            "\u{202c}",
            "\u{202d}",
            "\u{202e}",
            "\u{2066}",
            "\u{2067}",
            "\u{2068}",
            "\u{2069}",
            "\u{fff9}",
        ] {
            for text in
                [format!("A{hidden}da"), format!("{hidden}Ada"), format!("Ada{hidden}"), hidden.to_owned()]
            {
                assert_eq!(name(&text), Err(TextError::Invisible), "{}", text.escape_unicode());
            }
        }
        // What has its place within a word has it nowhere else.
        for joiner in ["\u{200c}", "\u{200d}"] {
            for text in [
                joiner.to_owned(),
                format!("Ada{joiner}"),
                format!("{joiner}Ada"),
                format!("Ada {joiner}da"),
                format!("A{joiner}{joiner}da"),
                format!("A{joiner}1"),
                format!("ا{joiner} ا"),
            ] {
                assert_eq!(name(&text), Err(TextError::Invisible), "{}", text.escape_unicode());
            }
        }
        for text in ["\u{fe0f}Ada", "Ada \u{e0100}", "A\u{fe0f}\u{fe0f}"] {
            assert_eq!(name(text), Err(TextError::Invisible), "{}", text.escape_unicode());
        }
        assert_eq!(name("Ada\u{2028}Byron"), Err(TextError::Control));
    }

    #[test]
    fn a_name_is_counted_as_it_is_stored() {
        assert_eq!(name("Zoe\u{308}"), Ok("Zo\u{eb}".to_owned()));
        assert_eq!(name(&"e\u{308}".repeat(100)).map(|name| name.chars().count()), Ok(100));
        assert_eq!(name(&"e".repeat(101)), Err(TextError::TooLong(100)));
        assert_eq!(name("\u{2003}\u{a0}\u{3000}Ada\u{205f}\u{85}"), Ok("Ada".to_owned()));
    }

    #[test]
    fn an_email_is_stored_as_given() {
        let given = "Zo\u{eb}@Example.COM";
        assert_eq!(Email::try_from(given.to_owned()).map(Email::into_string).as_deref(), Ok(given));
        assert_eq!(Email::try_from("a\u{200b}da@example.com".to_owned()), Err(TextError::Invisible));
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
            ("ada@xn--e1afmkfd.example", true),
            ("ada@1-2.3.example", true),
            ("ada@example.c0", true),
            ("ada@1.2.3.4", false),
            ("ada@[1.2.3.4]", false),
            ("ada@0x7f.1", false),
            ("ada@example.123", false),
            ("ada@my_host.example", false),
            ("ada@my%68ost.example", false),
            ("ada@my!host.example", false),
            ("ada@-host.example", false),
            ("ada@xn--a.example", false),
        ] {
            assert_eq!(Email::try_from(text.to_owned()).is_ok(), ok, "{text}");
        }
    }
}
