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

/// The message with a login code.
///
/// One segment: 70 characters in Cyrillic, 160 in Latin. The last line is the
/// form from which WebOTP and iOS fill the code in on pages of that host only.
pub struct LoginText<'a> {
    /// In which language.
    pub language: Language,
    /// Host of the site the code is for.
    pub host: &'a str,
    /// The code.
    pub code: &'a OtpCode,
}

impl std::fmt::Display for LoginText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (host, code) = (self.host, self.code.expose());
        match self.language {
            Language::English => {
                write!(f, "{code} is your login code. Do not tell it to anyone.\n\n@{host} #{code}")
            }
            Language::Russian => write!(f, "Код для входа: {code}. Никому не говорите.\n\n@{host} #{code}"),
        }
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
            let text = LoginText { language, host: "auth.example.com", code: &code }.to_string();
            assert!(text.ends_with("\n@auth.example.com #0042"), "{text}");
            assert!(text.chars().count() <= segment, "{text}");
        }
    }
}
