//! Sending text messages: one provider's ways in each file, and who is asked
//! when one of them does not take a message.

mod breaker;
mod built_in;
mod exchange;
mod language;
mod outcome;
mod segment;
mod settings;
mod simulated;
mod smsaero;
mod templates;
#[cfg(test)]
mod tests;
mod text;
mod text_settings;
mod twilio;
mod webhook;

use std::{
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::timeout;
use tracing::Instrument;

use self::{
    breaker::{Breaker, Change},
    exchange::Exchange,
    smsaero::SmsAero,
    twilio::Twilio,
    webhook::Webhook,
};
pub use self::{
    language::Language,
    outcome::{Accepted, Attempt, Credentials, Delivery, Failure, FailureKind, SmsError},
    segment::Size,
    settings::{Provider, Settings, SettingsError},
    simulated::{Delay, Inbox, InboxMessage, Simulated},
    templates::Flaw,
    text::{Autofill, Example, Occasion, Texts},
    text_settings::{TextSettings, TextsError},
};
use crate::{
    domain::{OtpCode, PhoneNumber},
    http_client::LATE,
    instruments::Messages,
};

/// How long a provider may take in all.
const PATIENCE: Duration = Duration::from_secs(5);

/// One message, ready to go.
pub struct Message {
    /// To whom.
    pub phone: PhoneNumber,
    /// What the phone shows.
    pub text: String,
    /// The code in the text, for who shows it apart; none: there is no code in it.
    pub code: Option<OtpCode>,
}

/// The way to the people's phones. Clones share it, and what is counted.
#[derive(Clone)]
pub struct SmsSender {
    /// In the order in which they are asked; one at least.
    carriers: Arc<[Carrier]>,
    messages: Messages,
}

/// A provider, and how it goes with it.
struct Carrier {
    way: Way,
    breaker: Breaker,
}

/// The way through each provider.
enum Way {
    /// Messages stay in this process.
    Simulated(Simulated),
    SmsAero(SmsAero),
    Twilio(Twilio),
    Webhook(Webhook),
}

impl Way {
    fn new(provider: Provider, settings: &Settings) -> Result<Self, SettingsError> {
        // Made only for who needs it: the certificates of the world take a megabyte.
        let exchange = Exchange::new;
        Ok(match provider {
            Provider::Simulated => Self::Simulated(Simulated::new(settings.sms_simulated_delay_ms)),
            Provider::SmsAero => Self::SmsAero(SmsAero::new(&settings.smsaero, exchange()?)?),
            Provider::Twilio => Self::Twilio(Twilio::new(&settings.twilio, exchange()?)?),
            Provider::Webhook => Self::Webhook(Webhook::new(&settings.webhook, exchange()?)?),
        })
    }

    fn provider(&self) -> Provider {
        match self {
            Self::Simulated(_) => Provider::Simulated,
            Self::SmsAero(_) => Provider::SmsAero,
            Self::Twilio(_) => Provider::Twilio,
            Self::Webhook(_) => Provider::Webhook,
        }
    }

    async fn send(&self, message: &Message, now: DateTime<Utc>) -> Result<Accepted, Failure> {
        match self {
            // In no box: ten thousand may wait here.
            Self::Simulated(simulated) => Ok(simulated.send(message, now).await),
            Self::SmsAero(smsaero) => in_time(Box::pin(smsaero.send(message, now))).await,
            Self::Twilio(twilio) => in_time(Box::pin(twilio.send(message, now))).await,
            Self::Webhook(webhook) => in_time(Box::pin(webhook.send(message, now))).await,
        }
    }
}

/// Who is late may have sent the message. Boxed by the caller: what is given by value is kept where ten thousand wait.
async fn in_time<T>(sent: Pin<Box<impl Future<Output = Result<T, Failure>>>>) -> Result<T, Failure> {
    let late = |_| Err(Failure::from(FailureKind::Unanswered).because(LATE));
    timeout(PATIENCE, sent).await.unwrap_or_else(late)
}

impl SmsSender {
    /// Prepares the providers that `settings` name.
    ///
    /// # Errors
    ///
    /// [`SettingsError`], which names the setting at fault.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let providers = &settings.sms_provider;
        let is_twice = (1..providers.len()).any(|at| providers[..at].contains(&providers[at]));
        if providers.is_empty() || is_twice {
            return Err(SettingsError::Providers);
        }
        let carriers = providers
            .iter()
            .map(|provider| Ok(Carrier { way: Way::new(*provider, settings)?, breaker: Breaker::default() }));
        let carriers = carriers.collect::<Result<_, SettingsError>>()?;
        let messages = Messages::default();
        // A scrape sees the provider before its first rest.
        for provider in providers {
            messages.rests(provider.as_str(), false);
        }
        Ok(Self { carriers, messages })
    }

    /// Sends `message`: asks one provider after the other until one takes it, or until one may have taken it. Nothing
    /// is sent twice.
    ///
    /// Returns when it is known, after five seconds for each provider at the most. Nothing is held meanwhile: no
    /// thread and no connection of the database.
    pub async fn send(&self, message: &Message, now: DateTime<Utc>) -> Delivery {
        let mut delivery = Delivery::default();
        let began = Instant::now();
        for carrier in self.carriers.iter() {
            let now = if delivery.attempts.is_empty() { now } else { now + began.elapsed() };
            let attempt = self.ask(carrier, message, now).await;
            let decides = match &attempt.outcome {
                Ok(_) => true,
                Err(failure) => failure.kind == FailureKind::Unanswered,
            };
            delivery.attempts.push(attempt);
            if decides {
                break;
            }
        }
        delivery
    }

    async fn ask(&self, carrier: &Carrier, message: &Message, now: DateTime<Utc>) -> Attempt {
        let provider = carrier.way.provider();
        let patience = TimeDelta::from_std(PATIENCE).unwrap_or_default();
        if let Err(wait) = carrier.breaker.admit(now, patience) {
            let failure = Failure { retry_after: Some(wait), ..FailureKind::Resting.into() };
            return Attempt { provider, outcome: Err(failure) };
        }
        let step = tracing::info_span!(
            target: "traces", "sms.send",
            phone_auth.sms.provider = provider.as_str(), phone_auth.outcome = tracing::field::Empty,
        );
        let began = Instant::now();
        let outcome = carrier.way.send(message, now).instrument(step.clone()).await;
        let attempt = Attempt { provider, outcome };
        step.record("phone_auth.outcome", attempt.outcome_name());
        self.messages.handed_over(provider.as_str(), attempt.outcome_name(), began.elapsed());
        self.note(carrier, &attempt, now + began.elapsed());
        attempt
    }

    /// Tells the log and the breaker what came of an attempt that ended `now`.
    fn note(&self, carrier: &Carrier, attempt: &Attempt, now: DateTime<Utc>) {
        let (provider, outcome) = (attempt.provider.as_str(), attempt.outcome_name());
        match &attempt.outcome {
            Ok(Accepted { id, .. }) => {
                tracing::debug!(provider, message_id = id, "a provider took a message");
            }
            Err(Failure { kind, code, .. }) if kind.is_of_the_message() => {
                tracing::info!(provider, outcome, code = code.as_deref(), "a provider refused a message");
            }
            Err(Failure { code, .. }) => {
                tracing::warn!(
                    provider,
                    outcome,
                    code = code.as_deref(),
                    "a provider did not take a message"
                );
            }
        }
        let has_failed = matches!(&attempt.outcome, Err(failure) if !failure.kind.is_of_the_message());
        match carrier.breaker.note(has_failed, now) {
            Some(Change::Rests) => {
                tracing::error!(
                    provider,
                    "a provider failed five times within 30 seconds, and rests for 30 seconds"
                );
                self.messages.rests(provider, true);
            }
            Some(Change::Works) => {
                tracing::info!(provider, "a provider takes messages again");
                self.messages.rests(provider, false);
            }
            None => {}
        }
    }

    /// Asks every provider whether it knows us, as far as that can be asked. Nothing is sent.
    pub async fn check_credentials(&self, now: DateTime<Utc>) -> Vec<(Provider, Credentials)> {
        let mut found = Vec::new();
        for carrier in self.carriers.iter() {
            let credentials = match &carrier.way {
                Way::Simulated(_) => Credentials::None,
                Way::Webhook(_) => Credentials::Untold,
                Way::SmsAero(smsaero) => in_time(Box::pin(smsaero.check(now))).await.into(),
                Way::Twilio(twilio) => in_time(Box::pin(twilio.check(now))).await.into(),
            };
            found.push((carrier.way.provider(), credentials));
        }
        found
    }

    /// What is counted of the messages.
    #[must_use]
    pub fn instruments(&self) -> &Messages {
        &self.messages
    }

    /// Where simulated messages can be read; no other sender has one.
    #[must_use]
    pub fn inbox(&self) -> Option<&Inbox> {
        self.carriers.iter().find_map(|carrier| match &carrier.way {
            Way::Simulated(simulated) => Some(simulated.inbox()),
            _ => None,
        })
    }
}
