//! Sending text messages: one provider's ways in each file.

mod simulated;
mod text;

pub use simulated::{Delay, Inbox, InboxMessage, Simulated};
pub use text::{CodeText, Language, Occasion};

use crate::domain::{OtpCode, PhoneNumber};

/// Which provider carries the messages, and how.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Settings {
    /// Who carries the messages; simulated: nobody, they go to the inbox at /dev/inbox
    #[arg(long, env = "SMS_PROVIDER", value_enum, default_value_t)]
    pub sms_provider: Provider,
    /// How long a simulated message takes, in milliseconds: a range or one number
    #[arg(long, env = "SMS_SIMULATED_DELAY_MS", default_value = "1000-2000")]
    pub sms_simulated_delay_ms: Delay,
    /// Lets production run with the simulated sender: anybody can read every code at /dev/inbox
    #[arg(long, env = "ALLOW_SIMULATED_SMS", default_value_t = false, action = clap::ArgAction::Set)]
    pub allow_simulated_sms: bool,
}

/// The providers this version knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Provider {
    /// Messages stay in this process.
    #[default]
    Simulated,
}

impl Provider {
    /// Its name, as `SMS_PROVIDER` has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
        }
    }
}

/// One message, ready to go.
pub struct Message {
    /// To whom.
    pub phone: PhoneNumber,
    /// What the phone shows.
    pub text: String,
    /// The code in the text, for the simulated inbox; none: there is no code in it.
    pub code: Option<OtpCode>,
}

/// Why a message did not go.
#[derive(Debug, thiserror::Error)]
pub enum SmsError {
    /// The provider will not carry a message to this number.
    #[error("the provider refused the message")]
    Rejected,
    /// No provider took the message; it can be tried again.
    #[error("no provider took the message")]
    Unavailable,
}

/// The way to the people's phones.
pub enum SmsSender {
    /// Messages stay in this process.
    Simulated(Simulated),
}

impl SmsSender {
    /// Prepares the provider that `settings` name.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        match settings.sms_provider {
            Provider::Simulated => Self::Simulated(Simulated::new(settings.sms_simulated_delay_ms)),
        }
    }

    /// Sends `message`; returns when the provider has it.
    ///
    /// Nothing is held meanwhile: no thread and no connection of the database.
    ///
    /// # Errors
    ///
    /// [`SmsError`]: the message did not go.
    pub async fn send(&self, message: Message, now: chrono::DateTime<chrono::Utc>) -> Result<(), SmsError> {
        match self {
            Self::Simulated(simulated) => simulated.send(message, now).await,
        }
    }

    /// Where simulated messages can be read; no other sender has one.
    #[must_use]
    pub fn inbox(&self) -> Option<&Inbox> {
        match self {
            Self::Simulated(simulated) => Some(simulated.inbox()),
        }
    }
}
