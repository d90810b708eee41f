use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use super::templates::Flaw;
use crate::domain::{SiteName, TextError};

/// What the messages say.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct TextSettings {
    /// What people call the site, for the messages: at most 30 characters; unset: the host of `PUBLIC_URL`
    #[arg(long, env = "SITE_NAME", value_name = "NAME")]
    pub site_name: Option<String>,
    /// A folder with words of your own for the messages: login.en.txt, login.ru.txt, phone-change.en.txt,
    /// phone-change.ru.txt, any of them; unset: ours
    #[arg(long, env = "SMS_TEMPLATES_DIR", value_name = "FOLDER")]
    pub sms_templates_dir: Option<OsString>,
    /// The 11 characters by which Android's SMS Retriever knows your app: the last line of messages that it asks for
    #[arg(long, env = "ANDROID_APP_HASH", value_name = "HASH")]
    pub android_app_hash: Option<String>,
}

/// Why the messages cannot be made; the message names the setting.
#[derive(Debug, thiserror::Error)]
pub enum TextsError {
    /// The name.
    #[error("SITE_NAME: {0}")]
    SiteName(TextError),
    /// A name that phones would read.
    #[error("SITE_NAME: must not contain @ or #: phones find the code by them")]
    MarkInSiteName,
    /// The app's.
    #[error(
        "ANDROID_APP_HASH must be 11 characters of base64 (A to Z, a to z, 0 to 9, + and /), as the SMS Retriever has them"
    )]
    AppHash,
    /// The folder, or a file in it.
    #[error("SMS_TEMPLATES_DIR: {path} cannot be read")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A template.
    #[error("SMS_TEMPLATES_DIR: {file}: {flaw}")]
    Template {
        /// Its name.
        file: String,
        /// Why.
        flaw: Flaw,
    },
}

impl TextSettings {
    /// An empty variable is how many tools write one that is not set.
    pub(super) fn site_name(&self) -> Result<Option<String>, TextsError> {
        let Some(text) = self.site_name.as_deref().filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        let name = SiteName::try_from(text.to_owned()).map_err(TextsError::SiteName)?.into_string();
        if name.contains(['@', '#']) { Err(TextsError::MarkInSiteName) } else { Ok(Some(name)) }
    }

    pub(super) fn app_hash(&self) -> Result<Option<String>, TextsError> {
        let Some(hash) = self.android_app_hash.as_deref().filter(|hash| !hash.is_empty()) else {
            return Ok(None);
        };
        let is_base64 = hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte));
        if hash.len() == 11 && is_base64 { Ok(Some(hash.to_owned())) } else { Err(TextsError::AppHash) }
    }

    pub(super) fn templates_dir(&self) -> Option<&Path> {
        self.sms_templates_dir.as_deref().filter(|path| !path.is_empty()).map(Path::new)
    }
}
