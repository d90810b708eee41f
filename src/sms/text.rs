use std::{collections::BTreeMap, fmt};

use super::{
    Language, TextSettings, TextsError, built_in,
    segment::Size,
    templates::{self, Flaw},
};
use crate::domain::{OtpCode, OtpLength};

/// What a code is for: the message says it, so that nobody gives away a code for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// To log in.
    Login,
    /// To get this number in place of another.
    PhoneChange,
}

impl Occasion {
    /// Its name, as files begin with it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::PhoneChange => "phone-change",
        }
    }
}

/// Who is to fill the code in: the last line of the message is for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Autofill {
    /// Browsers (`WebOTP`) and iOS, on pages and in apps of the host.
    Web,
    /// The SMS Retriever of Android, in one app.
    Android,
}

/// Which text: `login.en` and its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    pub occasion: Occasion,
    pub language: Language,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [
        Self { occasion: Occasion::Login, language: Language::English },
        Self { occasion: Occasion::Login, language: Language::Russian },
        Self { occasion: Occasion::PhoneChange, language: Language::English },
        Self { occasion: Occasion::PhoneChange, language: Language::Russian },
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.occasion.as_str(), self.language.as_str())
    }
}

/// The longest message that Android's SMS Retriever reads, in bytes.
const RETRIEVED: usize = 140;

/// The messages with codes: the operator's words where there are any, else ours. The last line is always ours.
#[derive(Debug)]
pub struct Texts {
    site: String,
    host: String,
    app_hash: Option<String>,
    templates: BTreeMap<Kind, String>,
    longest: OtpLength,
}

/// How long one text is at its longest.
#[derive(Debug)]
pub struct Example {
    /// Such as `login.en`, or `login.en for Android`.
    pub name: String,
    /// What it takes.
    pub size: Size,
    /// Whether it goes as one segment, and is read by whom it is for.
    pub fits: bool,
    /// Whether its words are the operator's.
    pub is_template: bool,
}

impl Texts {
    /// Reads the templates. `longest` is the length of the longest code that is ever sent.
    ///
    /// # Errors
    ///
    /// [`TextsError`], which names the setting, the file and the reason.
    pub fn new(settings: &TextSettings, host: &str, longest: OtpLength) -> Result<Self, TextsError> {
        let site = settings.site_name()?.unwrap_or_else(|| host.to_owned());
        let app_hash = settings.app_hash()?;
        let templates = settings.templates_dir().map(templates::read).transpose()?.unwrap_or_default();
        let texts = Self { site, host: host.to_owned(), app_hash, templates, longest };
        for (kind, pattern) in &texts.templates {
            for autofill in texts.autofills() {
                let text = texts.render(pattern, autofill, &texts.sample());
                if !fits(&text, autofill) {
                    let file = templates::file_name(*kind);
                    return Err(TextsError::Template { file, flaw: Flaw::too_long(&text, autofill) });
                }
            }
        }
        Ok(texts)
    }

    /// The message with `code`.
    #[must_use]
    pub fn code_text(
        &self,
        language: Language,
        occasion: Occasion,
        autofill: Autofill,
        code: &OtpCode,
    ) -> String {
        self.text(Kind { occasion, language }, self.given(autofill), code.expose())
    }

    /// How long each text is with the longest code.
    #[must_use]
    pub fn examples(&self) -> Vec<Example> {
        let of_kind = |kind: Kind| {
            self.autofills().map(move |autofill| {
                let text = self.text(kind, autofill, &self.sample());
                let name = match autofill {
                    Autofill::Web => kind.to_string(),
                    Autofill::Android => format!("{kind} for Android"),
                };
                let is_template = self.templates.contains_key(&kind);
                Example { name, size: Size::of(&text), fits: fits(&text, autofill), is_template }
            })
        };
        Kind::ALL.into_iter().flat_map(of_kind).collect()
    }

    /// How many digits the codes of [`Texts::examples`] have.
    #[must_use]
    pub fn longest_code(&self) -> OtpLength {
        self.longest
    }

    /// A template goes as it is: it was measured at the start. Of our own words the first that fit are taken, and
    /// the name of the site is left out only where the last line has the host.
    fn text(&self, kind: Kind, autofill: Autofill, code: &str) -> String {
        if let Some(template) = self.templates.get(&kind) {
            return self.render(template, autofill, code);
        }
        let words = built_in::words(kind.language, kind.occasion);
        let patterns = match autofill {
            Autofill::Web => [&words.named[..1], words.unnamed],
            Autofill::Android => [words.named, &[]],
        };
        let mut text = String::new();
        for pattern in patterns.concat() {
            text = self.render(pattern, autofill, code);
            if fits(&text, autofill) {
                break;
            }
        }
        text
    }

    fn render(&self, pattern: &str, autofill: Autofill, code: &str) -> String {
        // The code first: it is digits, and brings no place for the name along.
        let words = pattern.replace("{code}", code).replace("{site}", &self.site);
        // In one piece that is as long as it has to be: ten thousand may be on their way.
        match (autofill, &self.app_hash) {
            (Autofill::Android, Some(hash)) => [&words, "\n", hash].concat(),
            _ => [&words, "\n@", &self.host, " #", code].concat(),
        }
    }

    /// What can be asked for.
    fn autofills(&self) -> impl Iterator<Item = Autofill> + use<> {
        let android = self.app_hash.as_ref().map(|_| Autofill::Android);
        [Autofill::Web].into_iter().chain(android)
    }

    /// Without the hash of an app nothing is for Android.
    fn given(&self, autofill: Autofill) -> Autofill {
        if self.app_hash.is_some() { autofill } else { Autofill::Web }
    }

    /// As long as a code can be; no digit takes more than another.
    fn sample(&self) -> String {
        "0".repeat(self.longest.digits().into())
    }
}

/// Whether it goes as one segment, and is read by whom it is for.
fn fits(text: &str, autofill: Autofill) -> bool {
    excess(text, autofill) == 0
}

/// How much too long it is: in units of its segment, else for Android in bytes.
pub(super) fn excess(text: &str, autofill: Autofill) -> usize {
    match (Size::of(text).excess(), autofill) {
        (0, Autofill::Android) => text.len().saturating_sub(RETRIEVED),
        (units, _) => units,
    }
}
