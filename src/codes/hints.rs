//! What a client says of whoever reads the message, and of what reads along.

use std::{
    cmp::Reverse,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::header::{AcceptLanguage, Header, HeaderValue, LanguageTag, Preference, Quality},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::PhoneNumber,
    sms::{self, Language},
};

/// Who is to fill the code in
///
/// - `web`: browsers and iOS, on pages and in apps of this service's host
/// - `android`: the SMS Retriever, in the Android app whose hash the operator has set; the same as `web` if none is set
// Read from a text: serde's own reading of an enum quotes what it does not know.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(try_from = "String")]
#[schema(rename_all = "lowercase")]
pub(crate) enum Autofill {
    /// Browsers and iOS.
    #[default]
    Web,
    /// One app.
    Android,
}

impl TryFrom<String> for Autofill {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "web" => Ok(Self::Web),
            "android" => Ok(Self::Android),
            _ => Err("must be web or android"),
        }
    }
}

impl From<Autofill> for sms::Autofill {
    fn from(autofill: Autofill) -> Self {
        match autofill {
            Autofill::Web => Self::Web,
            Autofill::Android => Self::Android,
        }
    }
}

/// Which of our languages `Accept-Language` asks for, if any. It never refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted(Option<Language>);

impl Accepted {
    /// Longer headers are none: browsers send a tenth of it, and each item is a value of its own while it is read.
    const LONGEST: usize = 1_000;

    /// The first of our languages in the order of the weights.
    pub(crate) fn of(request: &impl HttpMessage) -> Self {
        let lines = request.headers().get_all(AcceptLanguage::name());
        if lines.map(HeaderValue::len).sum::<usize>() > Self::LONGEST {
            return Self(None);
        }
        let Ok(AcceptLanguage(items)) = AcceptLanguage::parse(request) else { return Self(None) };
        let language = |item: &Preference<LanguageTag>| match item {
            Preference::Any => None,
            Preference::Specific(tag) => Language::of_tag(tag.primary_language()),
        };
        let named = |wanted| items.iter().any(|item| language(&item.item) == Some(wanted));
        let mut wanted: Vec<_> = items.iter().filter(|item| item.quality > Quality::ZERO).collect();
        // Stable: of two with the same weight the first counts.
        wanted.sort_by_key(|item| Reverse(item.quality));
        for item in wanted {
            match (&item.item, language(&item.item)) {
                (_, Some(found)) => return Self(Some(found)),
                (Preference::Specific(_), None) => {}
                // Any other than those named: the one that is left, or whichever is usual where the number is from.
                (Preference::Any, None) => {
                    let mut others = Language::ALL.into_iter().filter(|other| !named(*other));
                    return Self(others.next().filter(|_| others.next().is_none()));
                }
            }
        }
        Self(None)
    }

    /// The same in as few letters as can be, to be kept in place of the header.
    pub(crate) fn short(self) -> Option<HeaderValue> {
        self.0.map(|language| HeaderValue::from_static(language.as_str()))
    }

    /// The language for a message: of `locale`, else this one, else the one usual where `phone` is from.
    pub(crate) fn choose(self, locale: Option<&str>, phone: &PhoneNumber) -> Language {
        let asked = locale.and_then(Language::of_tag).or(self.0);
        asked.unwrap_or_else(|| Language::of_country(phone))
    }
}

impl FromRequest for Accepted {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    fn accepted(lines: &[&[u8]]) -> Option<Language> {
        let mut request = TestRequest::default();
        for line in lines {
            let value = HeaderValue::from_bytes(line).unwrap();
            request = request.append_header((AcceptLanguage::name(), value));
        }
        Accepted::of(&request.to_http_request()).0
    }

    #[test]
    fn the_heaviest_of_ours_is_taken() {
        let (english, russian) = (Some(Language::English), Some(Language::Russian));
        for (line, expected) in [
            ("", None),
            ("ru", russian),
            ("en-US,en;q=0.9,ru;q=0.8", english),
            ("ru;q=0.8, en;q=0.9", english),
            ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", russian),
            ("de-CH, de;q=0.9, ru;q=0.2, en;q=0.1", russian),
            ("de, fr;q=0.5", None),
            // The first of equals.
            ("en, ru", english),
            ("ru, en", russian),
            // Nothing is what nobody wants.
            ("ru;q=0", None),
            ("ru;q=0, en;q=0.001", english),
            ("ru;q=0.000, de", None),
            // Any is what was not named.
            ("*", None),
            ("de, *;q=0.5", None),
            ("de, *;q=0.5, ru;q=0.1", english),
            ("en;q=0, *", russian),
            ("*;q=0", None),
            ("*;q=0.1, ru;q=0.2", russian),
            ("en;q=0, ru;q=0, *", None),
            // What cannot be read is passed over.
            ("ru;q=2, en;q=0.1", english),
            ("ru;q=0.1234", None),
            (";;;, q=1, ru", russian),
            ("r\"u, ,,en", english),
        ] {
            assert_eq!(accepted(&[line.as_bytes()]), expected, "{line}");
        }
        assert_eq!(accepted(&[b"de", b"ru"]), russian);
        assert_eq!(accepted(&[b"de", b"ru;q=0.1", b"en"]), english);
    }

    #[test]
    fn a_header_that_cannot_be_meant_is_none() {
        let long = "ru,".repeat(334);
        assert_eq!(accepted(&[long.as_bytes()]), None);
        assert_eq!(accepted(&[&long.as_bytes()[..500], &long.as_bytes()[..501]]), None);
        assert_eq!(accepted(&[&long.as_bytes()[..999]]), Some(Language::Russian));
        assert_eq!(accepted(&[b"ru\xff"]), None);
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_read(line in "[a-zA-Z0-9*;=,.\" -]{0,200}", other in "[ -~]{0,200}") {
            accepted(&[line.as_bytes(), other.as_bytes()]);
        }
    }

    #[test]
    fn the_locale_counts_before_the_header_and_that_before_the_country() {
        let phone = |text: &str| PhoneNumber::from_e164(text.to_owned()).unwrap();
        let (russian, american) = (phone("+79991234567"), phone("+12025550123"));
        let (none, english) = (Accepted(None), Accepted(Some(Language::English)));
        assert_eq!(english.choose(Some("ru-RU"), &american), Language::Russian);
        assert_eq!(english.choose(Some("de"), &russian), Language::English);
        assert_eq!(english.choose(None, &russian), Language::English);
        assert_eq!(none.choose(Some("de"), &russian), Language::Russian);
        assert_eq!(none.choose(Some(""), &american), Language::English);
    }
}
