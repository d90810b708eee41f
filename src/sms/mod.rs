//! Sending text messages: one provider's ways in each file.

mod simulated;
mod text;

pub use simulated::{Delay, Inbox, InboxMessage, Simulated};
pub use text::{CodeText, Language, Occasion};

use std::time::Instant;

use tracing::Instrument;

use crate::{
    domain::{OtpCode, PhoneNumber},
    instruments::Messages,
};

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

/// The way to the people's phones. Clones share it, and what is counted.
#[derive(Clone)]
pub struct SmsSender {
    way: Way,
    messages: Messages,
}

/// Who carries the messages.
#[derive(Clone)]
enum Way {
    /// Messages stay in this process.
    Simulated(Simulated),
}

impl Way {
    /// As metrics and traces name it.
    fn name(&self) -> &'static str {
        match self {
            Self::Simulated(_) => "simulated",
        }
    }
}

/// How metrics and traces name what came of a message.
fn outcome(sent: &Result<(), SmsError>) -> &'static str {
    match sent {
        Ok(()) => "sent",
        Err(SmsError::Rejected) => "rejected",
        Err(SmsError::Unavailable) => "unavailable",
    }
}

impl SmsSender {
    /// Prepares the provider that `settings` name.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let way = match settings.sms_provider {
            Provider::Simulated => Way::Simulated(Simulated::new(settings.sms_simulated_delay_ms)),
        };
        Self { way, messages: Messages::default() }
    }

    /// Sends `message`; returns when the provider has it.
    ///
    /// Nothing is held meanwhile: no thread and no connection of the database.
    ///
    /// # Errors
    ///
    /// [`SmsError`]: the message did not go.
    pub async fn send(&self, message: Message, now: chrono::DateTime<chrono::Utc>) -> Result<(), SmsError> {
        let (provider, began) = (self.way.name(), Instant::now());
        let step = tracing::info_span!(
            target: "traces", "sms.send",
            phone_auth.sms.provider = provider, phone_auth.outcome = tracing::field::Empty,
        );
        // No function in between: ten thousand may wait here, and each would hold the message once more.
        let sent = match &self.way {
            Way::Simulated(simulated) => simulated.send(message, now).instrument(step.clone()).await,
        };
        step.record("phone_auth.outcome", outcome(&sent));
        self.messages.handed_over(provider, outcome(&sent), began.elapsed());
        sent
    }

    /// What is counted of the messages.
    #[must_use]
    pub fn instruments(&self) -> &Messages {
        &self.messages
    }

    /// Where simulated messages can be read; no other sender has one.
    #[must_use]
    pub fn inbox(&self) -> Option<&Inbox> {
        match &self.way {
            Way::Simulated(simulated) => Some(simulated.inbox()),
        }
    }
}
