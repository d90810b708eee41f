//! The words of messages for which the operator has no template.
//!
//! Each says what its code is for, has the word `code` or `код`, for which iOS looks, and asks to tell no one. In
//! Cyrillic a segment has 70 characters and the last line takes up to half of them, so there are shorter words for
//! longer codes.

use super::{Language, Occasion};

/// Words of one meaning, the fullest first.
pub(super) struct Words {
    /// With the site's name.
    pub named: &'static [&'static str],
    /// Without it, for messages whose last line has the host.
    pub unnamed: &'static [&'static str],
}

pub(super) fn words(language: Language, occasion: Occasion) -> Words {
    match (language, occasion) {
        (Language::English, Occasion::Login) => Words {
            named: &[
                "{code} is your {site} login code. Do not tell it to anyone.",
                "{site}: login code {code}. Tell no one.",
            ],
            unnamed: &[
                "{code} is your login code. Do not tell it to anyone.",
                "Login code {code}. Tell no one.",
            ],
        },
        (Language::English, Occasion::PhoneChange) => Words {
            named: &[
                "{code} is the code to change your number at {site}. Do not tell it to anyone.",
                "{site}: number change code {code}. Tell no one.",
            ],
            unnamed: &[
                "{code} is the code to change your number. Do not tell it to anyone.",
                "Number change code {code}. Tell no one.",
            ],
        },
        (Language::Russian, Occasion::Login) => Words {
            named: &[
                "{site}: код для входа {code}. Никому не говорите.",
                "{site}: код входа {code}. Никому не говорите",
                "{site}: код входа {code}. Это секрет",
            ],
            unnamed: &[
                "Код для входа: {code}. Никому не говорите.",
                "Код входа {code}. Никому не говорите",
                "Код входа {code}. Это секрет",
            ],
        },
        (Language::Russian, Occasion::PhoneChange) => Words {
            named: &[
                "{site}: код смены номера {code}. Никому не говорите.",
                "{site}: код смены номера {code}. Это секрет",
            ],
            unnamed: &[
                "Код смены номера: {code}. Никому не говорите.",
                "Код смены номера {code}. Никому не говорите",
                "Код смены номера {code}. Это секрет",
            ],
        },
    }
}
