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
    sms::{Message, Provider, SmsError, SmsSender},
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
    provider: &'static str,
    phone: String,
    outcome: &'static str,
    meaning: &'static str,
    served: bool,
    milliseconds: u128,
}

async fn test(config: &Config, what: &SmsTest, phone: PhoneNumber) -> anyhow::Result<()> {
    let mut settings = config.sms.clone();
    settings.sms_provider = what.provider.unwrap_or(settings.sms_provider);
    let provider = settings.sms_provider;
    let sender = SmsSender::new(&settings);
    let host = config.public_url(config.listen_addr)?;
    let text =
        format!("This is a test of {}. There is no code in it.", host.host_str().unwrap_or("phone-auth"));
    let served = config.allowed_countries.allows(&phone);
    let masked = phone.masked();
    let began = Instant::now();
    let sent = sender.send(Message { phone, text, code: None }, Clock::System.now()).await;
    let milliseconds = began.elapsed().as_millis();
    let (outcome, meaning) = explain(provider, &sent);
    let shown = Shown { provider: provider.as_str(), phone: masked, outcome, meaning, served, milliseconds };
    if what.json {
        say_json(&shown)?;
    } else {
        tell(&shown)?;
    }
    if sent.is_ok() { Ok(()) } else { bail!("the message to {} did not go", shown.phone) }
}

fn tell(shown: &Shown) -> anyhow::Result<()> {
    let Shown { provider, phone, outcome, meaning, served, milliseconds } = shown;
    say(&format!("{outcome}: {meaning} ({phone} by {provider}, after {milliseconds} ms)"))?;
    if *served {
        return Ok(());
    }
    say("The country of this number is not in ALLOWED_COUNTRIES: a login with it gets no message.")
}

/// What an outcome means for people who wait for a code.
fn explain(provider: Provider, sent: &Result<(), SmsError>) -> (&'static str, &'static str) {
    match (sent, provider) {
        (Ok(()), Provider::Simulated) => (
            "simulated",
            "no message went to anybody. Codes of this provider are read at /dev/inbox of the service; choose a \
             provider by SMS_PROVIDER to reach phones.",
        ),
        (Err(SmsError::Rejected), _) => (
            "rejected",
            "the provider carries no message to this number. Another number may do: look whether this one exists and \
             whether your account with the provider serves its country.",
        ),
        (Err(SmsError::Unavailable), _) => (
            "unavailable",
            "no provider took the message. Nothing is known against the number: look at the provider's status and \
             whether this machine reaches it, then try again.",
        ),
    }
}
