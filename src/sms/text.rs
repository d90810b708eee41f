use crate::domain::{OtpCode, PhoneNumber};

/// The languages a message can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English, for everybody else.
    English,
    /// Russian.
    Russian,
}

impl Language {
    /// The language of `locale`, a BCP 47 tag such as `ru-RU`, if it is one of
    /// ours; else the one usual in the number's country.
    #[must_use]
    pub fn choose(locale: Option<&str>, phone: &PhoneNumber) -> Self {
        let primary = locale.and_then(|tag| tag.split(['-', '_']).next()).map(str::to_ascii_lowercase);
        match primary.as_deref() {
            Some("ru") => Self::Russian,
            Some("en") => Self::English,
            _ if phone.is_of_russian_speaking_country() => Self::Russian,
            _ => Self::English,
        }
    }
}

/// What a code is for: the message says it, so that nobody gives away a code for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// To log in.
    Login,
    /// To get this number in place of another.
    PhoneChange,
}

/// The message with a code.
///
/// One segment: 70 characters in Cyrillic, 160 in Latin. The last line is the
/// form from which WebOTP and iOS fill the code in on pages of that host only.
pub struct CodeText<'a> {
    /// In which language.
    pub language: Language,
    /// What the code is for.
    pub occasion: Occasion,
    /// Host of the site the code is for.
    pub host: &'a str,
    /// The code.
    pub code: &'a OtpCode,
}

impl std::fmt::Display for CodeText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (host, code) = (self.host, self.code.expose());
        match (self.language, self.occasion) {
            (Language::English, Occasion::Login) => write!(f, "{code} is your login code.")?,
            (Language::English, Occasion::PhoneChange) => {
                write!(f, "{code} is the code to change your number.")?;
            }
            (Language::Russian, Occasion::Login) => write!(f, "Код для входа: {code}.")?,
            (Language::Russian, Occasion::PhoneChange) => write!(f, "Код смены номера: {code}.")?,
        }
        let to_nobody = match self.language {
            Language::English => "Do not tell it to anyone.",
            Language::Russian => "Никому не говорите.",
        };
        write!(f, " {to_nobody}\n\n@{host} #{code}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(text: &str) -> PhoneNumber {
        PhoneNumber::from_e164(text.to_owned()).unwrap()
    }

    #[test]
    fn the_locale_decides_and_the_country_decides_without_one() {
        assert_eq!(Language::choose(Some("en-GB"), &phone("+79991234567")), Language::English);
        assert_eq!(Language::choose(Some("RU_ru"), &phone("+12025550123")), Language::Russian);
        assert_eq!(Language::choose(Some("de"), &phone("+491701234567")), Language::English);
        assert_eq!(Language::choose(None, &phone("+79991234567")), Language::Russian);
        assert_eq!(Language::choose(Some(""), &phone("+12025550123")), Language::English);
    }

    #[test]
    fn a_message_is_one_segment_and_ends_in_the_autofill_line() {
        let code = "0042".parse().unwrap();
        for (language, segment) in [(Language::English, 160), (Language::Russian, 70)] {
            for occasion in [Occasion::Login, Occasion::PhoneChange] {
                let text = CodeText { language, occasion, host: "auth.example.com", code: &code }.to_string();
                assert!(text.ends_with("\n@auth.example.com #0042"), "{text}");
                assert!(text.chars().count() <= segment, "{text}");
            }
        }
    }
}
