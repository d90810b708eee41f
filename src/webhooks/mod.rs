//! Webhooks: who is told of events, and how (Standard Webhooks 1.0.0).

mod endpoint;
mod health;
mod message;
mod sender;

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use self::{
    endpoint::{Endpoint, UrlError, fingerprint, origin},
    health::Change,
    message::Message,
    sender::{Outcome, Sender},
};
use crate::webhook_signature::{SecretError, WebhookSecrets};

/// Who is told of events, and how.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Settings {
    /// Whom to tell of events: addresses beginning with https://, separated by commas, which an address
    /// itself must write as %2C; none: nobody
    #[arg(long, env = "WEBHOOK_URLS", hide_env_values = true, value_name = "URL[,URL…]")]
    pub webhook_urls: Option<SecretString>,

    /// What the messages are signed with: `whsec_` and the base64 of 24 to 64 bytes, as from
    /// `echo whsec_$(openssl rand -base64 32)`; several, separated by commas: each signs
    #[arg(long, env = "WEBHOOK_SECRETS", hide_env_values = true, value_name = "SECRET[,SECRET…]")]
    pub webhook_secrets: Option<SecretString>,

    /// Lets messages go to private networks and this machine, and to addresses beginning with http://
    #[arg(long, env = "WEBHOOK_ALLOW_PRIVATE", default_value_t = false, action = clap::ArgAction::Set)]
    pub webhook_allow_private: bool,

    /// How long an endpoint may take to answer, in seconds: at most 30
    #[arg(long, env = "WEBHOOK_TIMEOUT_SECONDS", default_value_t = 15, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=30))]
    pub webhook_timeout_seconds: u8,
}

/// Why the settings cannot be used; they are not shown, for they have secrets.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// An address.
    #[error("WEBHOOK_URLS: number {number}")]
    Url {
        /// Which of them, from one.
        number: usize,
        /// Why.
        source: UrlError,
    },
    /// The secrets.
    #[error("WEBHOOK_SECRETS")]
    Secrets(#[from] SecretError),
    /// The HTTP client.
    #[error("the client for webhooks cannot be set up")]
    Client(#[from] native_tls::Error),
}

impl Settings {
    /// Refuses what [`Settings::urls`] and [`Settings::sender`] would refuse, before anything else is done.
    ///
    /// # Errors
    ///
    /// [`WebhookError`], which names the setting.
    pub fn check(&self) -> Result<(), WebhookError> {
        self.urls()?;
        self.secrets()?;
        Ok(())
    }

    /// Whom to tell.
    ///
    /// # Errors
    ///
    /// [`WebhookError::Url`].
    pub fn urls(&self) -> Result<Vec<Url>, WebhookError> {
        let Some(text) = given(self.webhook_urls.as_ref()) else { return Ok(Vec::new()) };
        let mut urls = Vec::new();
        for (at, text) in text.split(',').enumerate() {
            let url = endpoint::read(text.trim(), self.webhook_allow_private)
                .and_then(|url| if urls.contains(&url) { Err(UrlError::Twice) } else { Ok(url) });
            urls.push(url.map_err(|source| WebhookError::Url { number: at + 1, source })?);
        }
        Ok(urls)
    }

    /// The way to the endpoints; none: there are none.
    ///
    /// # Errors
    ///
    /// [`WebhookError::Secrets`] or [`WebhookError::Client`].
    pub fn sender(&self) -> Result<Option<Sender>, WebhookError> {
        let patience = Duration::from_secs(self.webhook_timeout_seconds.into());
        let secrets = self.secrets()?;
        Ok(secrets.map(|secrets| Sender::new(secrets, self.webhook_allow_private, patience)).transpose()?)
    }

    /// The secrets, which there must be if there is anybody to tell.
    fn secrets(&self) -> Result<Option<WebhookSecrets>, SecretError> {
        match &self.webhook_secrets {
            Some(secrets) if given(Some(secrets)).is_some() => WebhookSecrets::read(secrets).map(Some),
            _ if given(self.webhook_urls.as_ref()).is_some() => Err(SecretError::None),
            _ => Ok(None),
        }
    }
}

/// An empty variable is how many tools write one that is not set.
fn given(text: Option<&SecretString>) -> Option<&str> {
    text.map(ExposeSecret::expose_secret).filter(|text| !text.trim().is_empty())
}

/// Everything that telling needs.
pub struct Webhooks {
    /// Who is told.
    pub endpoints: Vec<Endpoint>,
    /// How.
    pub sender: Sender,
}
