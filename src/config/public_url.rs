//! How the world reaches the service, and what follows from it.

use std::net::SocketAddr;

use url::Url;

use super::{Config, ConfigError};
use crate::sms::Texts;

impl Config {
    /// How the world reaches a service that listens at `listening`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::PublicUrl`].
    pub fn public_url(&self, listening: SocketAddr) -> Result<Url, ConfigError> {
        match self.given_public_url()? {
            Some(url) => Ok(url),
            None => parse(&format!("http://localhost:{}", listening.port())),
        }
    }

    /// The address that was given, checked.
    pub(super) fn given_public_url(&self) -> Result<Option<Url>, ConfigError> {
        let text = self.public_url.as_deref().filter(|text| !text.is_empty());
        text.map(parse).transpose()
    }

    /// What messages from `public_url` say. Reads the templates.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Texts`].
    pub fn texts(&self, public_url: &Url) -> Result<Texts, ConfigError> {
        let host = public_url.host_str().unwrap_or_default();
        Ok(Texts::new(&self.sms.texts, host, self.premises().ladder.longest())?)
    }
}

/// An address with a host and without anything that a link could not be made
/// from. What was given is not repeated: it may hold a password.
fn parse(text: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text).map_err(|_| ConfigError::PublicUrl)?;
    let alone = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let plain = alone && url.username().is_empty() && url.password().is_none();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && plain {
        Ok(url)
    } else {
        Err(ConfigError::PublicUrl)
    }
}
