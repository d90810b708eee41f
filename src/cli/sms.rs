//! `phone-auth sms`.

use std::time::Instant;

use anyhow::{Context, bail};
use serde::Serialize;

use super::{
    deployment::tell_warnings,
    output::{say, say_json},
};
use crate::{
    clock::Clock,
    config::{Config, Sms, SmsTest},
    domain::PhoneNumber,
    sms::{Attempt, FailureKind, Message, Provider, SmsSender},
};

/// Does what `command` says.
///
/// # Errors
///
/// A sentence for the operator; also when the message did not go.
pub fn run(config: &Config, command: &Sms) -> anyhow::Result<()> {
    let Sms::Test(what) = command;
    config.check()?;
    tell_warnings(config)?;
    let phone = PhoneNumber::parse(&what.phone, config.default_region).context("the telephone number")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(test(config, what, phone))
}

/// What came of a message.
#[derive(Serialize)]
struct Shown {
    /// Who decided, and how.
    #[serde(flatten)]
    decided: Asked,
    phone: String,
    served: bool,
    milliseconds: u128,
    /// Everybody who was asked, in that order.
    attempts: Vec<Asked>,
}

/// One provider that was asked.
#[derive(Clone, Serialize)]
struct Asked {
    provider: &'static str,
    outcome: &'static str,
    meaning: &'static str,
    /// The provider's own code, or why it was not reached.
    code: Option<String>,
    id: Option<String>,
    cost: Option<String>,
}

async fn test(config: &Config, what: &SmsTest, phone: PhoneNumber) -> anyhow::Result<()> {
    let mut settings = config.sms.clone();
    settings.sms_provider = what.provider.map_or(settings.sms_provider, |provider| vec![provider]);
    let sender = SmsSender::new(&settings)?;
    let host = config.public_url(config.listen_addr)?;
    let text =
        format!("This is a test of {}. There is no code in it.", host.host_str().unwrap_or("phone-auth"));
    let served = config.allowed_countries.allows(&phone);
    let message = Message { phone, text, code: None };
    let began = Instant::now();
    let delivery = sender.send(&message, Clock::System.now()).await;
    let milliseconds = began.elapsed().as_millis();
    let attempts: Vec<_> = delivery.attempts.iter().map(asked).collect();
    let decided = attempts.last().cloned().context("SMS_PROVIDER names nobody")?;
    let shown = Shown { decided, phone: message.phone.masked(), served, milliseconds, attempts };
    if what.json {
        say_json(&shown)?;
    } else {
        tell(&shown)?;
    }
    match delivery.outcome() {
        Ok(_) => Ok(()),
        Err(error) => bail!("the message to {} did not go: {error}", shown.phone),
    }
}

fn tell(shown: &Shown) -> anyhow::Result<()> {
    let Shown { phone, served, milliseconds, attempts, .. } = shown;
    for Asked { provider, outcome, meaning, code, id, cost } in attempts {
        let more = [("code", code), ("id", id), ("cost", cost)];
        let more = more.map(|(name, value)| value.as_ref().map(|value| format!("{name} {value}")));
        let more: Vec<_> = more.into_iter().flatten().collect();
        let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
        say(&format!("{provider}: {outcome}{more}\n  {meaning}"))?;
    }
    say(&format!("To {phone}, after {milliseconds} ms."))?;
    if *served {
        return Ok(());
    }
    say("The country of this number is not in ALLOWED_COUNTRIES: a login with it gets no message.")
}

fn asked(attempt: &Attempt) -> Asked {
    let (outcome, meaning) = explain(attempt);
    let (accepted, failure) = (attempt.outcome.as_ref().ok(), attempt.outcome.as_ref().err());
    Asked {
        provider: attempt.provider.as_str(),
        outcome,
        meaning,
        code: failure.and_then(|failure| failure.code.as_ref().map(ToString::to_string)),
        id: accepted.and_then(|accepted| accepted.id.clone()),
        cost: accepted.and_then(|accepted| accepted.cost.clone()),
    }
}

/// What an outcome means for people who wait for a code.
fn explain(attempt: &Attempt) -> (&'static str, &'static str) {
    let meaning = match (&attempt.outcome, attempt.provider) {
        (Ok(_), Provider::Simulated) => {
            return (
                "simulated",
                "No message went to anybody. Codes of this provider are read at /dev/inbox of the service; choose \
                 others by SMS_PROVIDER to reach phones.",
            );
        }
        (Ok(_), _) => {
            "The provider took the message. Look at the phone: between a provider and a phone there are networks, \
             which have the last word."
        }
        (Err(failure), _) => match failure.kind {
            FailureKind::InvalidNumber => {
                "The provider says that nobody has this number, or that it takes no text messages. Look at the number."
            }
            FailureKind::Refused => {
                "The provider carries no such message. Look up the code: the country may not be open for your account, \
                 the sender not approved, or the person has unsubscribed."
            }
            FailureKind::RateLimited => {
                "The provider was asked for more than it takes at a time. Ask it for a higher limit, or name a second \
                 provider."
            }
            FailureKind::BadCredentials => {
                "The provider does not know these credentials, or the account is closed. Look at the settings of this \
                 provider."
            }
            FailureKind::NotReached => {
                "There was no connection, twice; nothing was sent. Look at the provider's status, at the names and \
                 certificates on this machine, and at what firewalls let out."
            }
            FailureKind::Unanswered => {
                "The provider was given the message and did not tell what became of it. It may arrive. No other \
                 provider is asked then, or there could be two."
            }
            FailureKind::Unavailable => {
                "The provider says that it cannot at the moment: nothing was sent. Look at its status, and whether the \
                 account has credit."
            }
            FailureKind::Resting => "The provider failed too often and is not asked for half a minute.",
        },
    };
    (attempt.outcome_name(), meaning)
}
