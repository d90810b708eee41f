use crate::domain::PhoneNumber;

/// The languages a message can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// English, for everybody else.
    English,
    /// Russian.
    Russian,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::Russian];

    /// Its name, as tags begin with it and files are named.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
        }
    }

    /// The language of `tag`, a BCP 47 tag such as `ru-RU`; none: it is none of ours.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.as_str()))
    }

    /// What is usual in the number's country.
    #[must_use]
    pub fn of_country(phone: &PhoneNumber) -> Self {
        if phone.is_of_russian_speaking_country() { Self::Russian } else { Self::English }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_of_the_language_that_it_begins_with() {
        for (tag, language) in [
            ("en-GB", Some(Language::English)),
            ("RU_ru", Some(Language::Russian)),
            ("ru-Latn-BY", Some(Language::Russian)),
            ("de", None),
            ("russian", None),
            ("", None),
            ("-ru", None),
        ] {
            assert_eq!(Language::of_tag(tag), language, "{tag}");
        }
    }

    #[test]
    fn russian_is_usual_where_many_speak_it() {
        for (phone, language) in [
            ("+79991234567", Language::Russian),
            ("+77011234567", Language::Russian),
            ("+375291234567", Language::Russian),
            ("+12025550123", Language::English),
        ] {
            let phone = PhoneNumber::from_e164(phone.to_owned()).unwrap();
            assert_eq!(Language::of_country(&phone), language);
        }
    }
}
