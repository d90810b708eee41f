//! Twilio Messages, API of 2010-04-01.

use chrono::{DateTime, Utc};
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use secrecy::SecretString;
use serde::Deserialize;
use url::form_urlencoded;

use super::{
    Accepted, Failure, FailureKind, Message, Provider, SettingsError,
    exchange::{Answer, Exchange, authorized, basic, get, post},
    settings::{address, required, required_secret},
};

/// The account with Twilio.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Settings {
    /// Twilio: the account, AC and 32 hexadecimal digits
    #[arg(long, env = "TWILIO_ACCOUNT_SID", hide_env_values = true)]
    pub twilio_account_sid: Option<String>,
    /// Twilio: the account's auth token
    #[arg(long, env = "TWILIO_AUTH_TOKEN", hide_env_values = true)]
    pub twilio_auth_token: Option<SecretString>,
    /// Twilio: the number, or the name, that messages come from
    #[arg(long, env = "TWILIO_FROM")]
    pub twilio_from: Option<String>,
    /// Twilio: the messaging service that chooses where messages come from, in place of `TWILIO_FROM`
    #[arg(long, env = "TWILIO_MESSAGING_SERVICE_SID")]
    pub twilio_messaging_service_sid: Option<String>,
    /// Twilio: where its API is
    #[arg(long, env = "TWILIO_URL", default_value = "https://api.twilio.com")]
    pub twilio_url: String,
}

/// The way through Twilio.
pub(super) struct Twilio {
    exchange: Exchange,
    credentials: HeaderValue,
    /// Of the account.
    url: String,
    /// The form field that says where messages come from, and what it says.
    sender: (&'static str, String),
}

#[derive(Deserialize)]
struct Created {
    sid: Option<String>,
    price: Option<String>,
    price_unit: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    code: u32,
}

impl Twilio {
    pub fn new(settings: &Settings, exchange: Exchange) -> Result<Self, SettingsError> {
        let provider = Provider::Twilio;
        let sid = required(settings.twilio_account_sid.as_deref(), "TWILIO_ACCOUNT_SID", provider)?.trim();
        let is_sid = sid
            .strip_prefix("AC")
            .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let malformed =
            SettingsError::Malformed { name: "TWILIO_ACCOUNT_SID", form: "AC and 32 hexadecimal digits" };
        if !is_sid {
            return Err(malformed);
        }
        let token = required_secret(settings.twilio_auth_token.as_ref(), "TWILIO_AUTH_TOKEN", provider)?;
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let sender = match (given(&settings.twilio_from), given(&settings.twilio_messaging_service_sid)) {
            (Some(from), None) => ("From", from),
            (None, Some(service)) => ("MessagingServiceSid", service),
            _ => return Err(SettingsError::TwilioSender),
        };
        let credentials = basic(sid, token).ok_or(malformed)?;
        let url = format!("{}/2010-04-01/Accounts/{sid}", address(&settings.twilio_url, "TWILIO_URL")?);
        Ok(Self { exchange, credentials, url, sender })
    }

    pub async fn send(&self, message: &Message, now: DateTime<Utc>) -> Result<Accepted, Failure> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("To", message.phone.as_str())
            .append_pair(self.sender.0, &self.sender.1)
            .append_pair("Body", &message.text)
            .finish();
        let request = authorized(post(&format!("{}/Messages.json", self.url)), &self.credentials)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into())
            .map_err(|_| Failure::from(FailureKind::Unavailable).because("no request could be made"))?;
        read(&self.exchange.ask(request, now).await?)
    }

    /// Whether the account is known; nothing is sent.
    pub async fn check(&self, now: DateTime<Utc>) -> Result<(), Failure> {
        let request = authorized(get(&format!("{}.json", self.url)), &self.credentials)
            .body(Full::default())
            .map_err(|_| Failure::from(FailureKind::Unavailable).because("no request could be made"))?;
        read(&self.exchange.ask(request, now).await?).map(drop)
    }
}

fn read(answer: &Answer) -> Result<Accepted, Failure> {
    if (200..300).contains(&answer.status) {
        // It was taken, whatever the rest is.
        let created = serde_json::from_slice::<Created>(&answer.body).ok();
        return Ok(created.map_or_else(Accepted::default, |created| {
            let price = created.price.map(|price| price.trim_start_matches('-').to_owned());
            let cost = price.map(|price| {
                [Some(price), created.price_unit].into_iter().flatten().collect::<Vec<_>>().join(" ")
            });
            Accepted { id: created.sid, cost }
        }));
    }
    let failure = answer.failure();
    let Ok(Refusal { code }) = serde_json::from_slice(&answer.body) else { return Err(failure) };
    let kind = match code {
        20003 | 20005 | 20006 | 20404 => FailureKind::BadCredentials,
        20429 => FailureKind::RateLimited,
        21211 | 21217 | 21401 | 21614 => FailureKind::InvalidNumber,
        21000..22000 | 30000..40000 => FailureKind::Refused,
        _ => failure.kind,
    };
    Err(Failure { kind, ..failure }.because(code.to_string()))
}
