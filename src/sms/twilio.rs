//! Twilio Messages, API of 2010-04-01.

use chrono::{DateTime, Utc};
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

use super::{
    Accepted, Failure, FailureKind, Message, Provider, SettingsError,
    exchange::{Answer, Exchange, authorized, basic, get, post},
    settings::{address, required, required_secret},
};

/// The account with Twilio.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[expect(clippy::struct_field_names, reason = "flags and variables are named after the fields")]
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

/// A message that was made. It was, whatever of the rest can be read.
#[derive(Deserialize)]
struct Created {
    sid: String,
    #[serde(default)]
    status: Value,
    #[serde(default)]
    error_code: Value,
    #[serde(default)]
    price: Value,
    #[serde(default)]
    price_unit: Value,
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
        let answer = self.exchange.ask(request, now).await?;
        if answer.status == 200 { Ok(()) } else { Err(refusal(&answer)) }
    }
}

fn read(answer: &Answer) -> Result<Accepted, Failure> {
    if !(200..300).contains(&answer.status) {
        return Err(refusal(answer));
    }
    match serde_json::from_slice::<Created>(&answer.body) {
        Ok(created) => created.outcome(),
        // "Created" is said by nobody else; of any other success it is not certain who says it.
        Err(_) if answer.status == 201 => Ok(Accepted::default()),
        Err(_) => Err(answer.failure()),
    }
}

impl Created {
    /// Most refusals come with a status; one may be told of what was made.
    fn outcome(self) -> Result<Accepted, Failure> {
        if self.status == "failed" || self.status == "undelivered" {
            let code = self.error_code.as_u64().and_then(|code| u32::try_from(code).ok());
            let kind = code.and_then(kind).unwrap_or(FailureKind::Refused);
            return Err(Failure { code: code.map(|code| code.to_string().into()), ..kind.into() });
        }
        // What it costs is told later in most cases, and as less than nothing.
        let price = self.price.as_str().map(|price| price.trim_start_matches('-'));
        let cost = price.map(|price| match self.price_unit.as_str() {
            Some(unit) => format!("{price} {unit}"),
            None => price.to_owned(),
        });
        Ok(Accepted { id: Some(self.sid), cost })
    }
}

/// The code decides, and the status where there is none that we know.
fn refusal(answer: &Answer) -> Failure {
    let failure = answer.failure();
    let Ok(Refusal { code }) = serde_json::from_slice(&answer.body) else { return failure };
    let kind = kind(code).unwrap_or(failure.kind);
    Failure { kind, ..failure }.because(code.to_string())
}

/// What Twilio's codes for errors mean for a message.
fn kind(code: u32) -> Option<FailureKind> {
    Some(match code {
        // The account is unknown, not active, suspended, or of tests.
        10001 | 20003 | 20005 | 20006 | 20008 | 20404 | 30002 => FailureKind::BadCredentials,
        // More than the API, or than the number that messages come from, takes; its queue is full; its day is over.
        14107 | 20429 | 21611 | 30001 | 63038 => FailureKind::RateLimited,
        // No number, no mobile one, a short code; unreachable, unknown, a landline.
        21211 | 21217 | 21265 | 21401 | 21421 | 21614 | 21635 | 30003 | 30005 | 30006 => {
            FailureKind::InvalidNumber
        }
        // The country, the sender, the person, the text, the route.
        21000..22000 | 30000..40000 => FailureKind::Refused,
        _ => return None,
    })
}
