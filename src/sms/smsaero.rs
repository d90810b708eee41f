//! SMS Aero, gateway API v2.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Accepted, Failure, FailureKind, Message, Provider, SettingsError,
    exchange::{Answer, Exchange, authorized, basic, post},
    settings::{address, required, required_secret},
};

/// The account with SMS Aero.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Settings {
    /// SMS Aero: the e-mail address of the account
    #[arg(long, env = "SMSAERO_EMAIL", hide_env_values = true)]
    pub smsaero_email: Option<String>,
    /// SMS Aero: the key for the API
    #[arg(long, env = "SMSAERO_API_KEY", hide_env_values = true)]
    pub smsaero_api_key: Option<SecretString>,
    /// SMS Aero: the sender that phones show, as approved for the account
    #[arg(long, env = "SMSAERO_SIGN", default_value = "SMS Aero")]
    pub smsaero_sign: String,
    /// SMS Aero: where its gateway is; several, separated by commas: the next one when one is not to be had
    #[arg(long, env = "SMSAERO_URLS", value_name = "URL[,URL…]")]
    #[arg(default_value = "https://gate.smsaero.ru,https://gate.smsaero.org,https://gate.smsaero.net")]
    pub smsaero_urls: String,
}

/// The way through SMS Aero.
pub(super) struct SmsAero {
    exchange: Exchange,
    credentials: HeaderValue,
    sign: String,
    /// Its gateways, one at least.
    gateways: Vec<String>,
    /// Which of them is asked first: the one that worked last.
    first: AtomicUsize,
}

/// An answer, old forms included; `data` is an object, a list of one, or nothing.
#[derive(Deserialize)]
struct Reply {
    success: Option<bool>,
    #[serde(default)]
    data: Value,
    message: Option<String>,
    result: Option<String>,
    reason: Option<String>,
}

impl SmsAero {
    pub fn new(settings: &Settings, exchange: Exchange) -> Result<Self, SettingsError> {
        let provider = Provider::SmsAero;
        let email = required(settings.smsaero_email.as_deref(), "SMSAERO_EMAIL", provider)?;
        let key = required_secret(settings.smsaero_api_key.as_ref(), "SMSAERO_API_KEY", provider)?;
        let malformed = SettingsError::Malformed { name: "SMSAERO_EMAIL", form: "an e-mail address" };
        let credentials =
            if email.contains(':') { None } else { basic(email.trim(), key) }.ok_or(malformed)?;
        let gateways = settings.smsaero_urls.split(',').map(|url| address(url, "SMSAERO_URLS"));
        Ok(Self {
            exchange,
            credentials,
            sign: settings.smsaero_sign.clone(),
            gateways: gateways.collect::<Result<_, _>>()?,
            first: AtomicUsize::new(0),
        })
    }

    pub async fn send(&self, message: &Message, now: DateTime<Utc>) -> Result<Accepted, Failure> {
        let number = message.phone.as_str().trim_start_matches('+');
        let body = json!({"number": number, "text": message.text, "sign": self.sign});
        read(&self.ask("sms/send", &body, now).await?)
    }

    /// Whether the account is known; nothing is sent.
    pub async fn check(&self, now: DateTime<Utc>) -> Result<(), Failure> {
        read(&self.ask("auth", &json!({}), now).await?).map(drop)
    }

    /// Asks a gateway, and the next one if nothing was sent or that one says that it cannot.
    async fn ask(&self, method: &str, body: &Value, now: DateTime<Utc>) -> Result<Answer, Failure> {
        let first = self.first.load(Ordering::Relaxed);
        match self.ask_at(first, method, body, now).await {
            Err(Failure { kind: FailureKind::NotReached, .. }) => {}
            Ok(answer) if answer.failure().kind == FailureKind::Unavailable && reply(&answer).is_none() => {}
            answered => return answered,
        }
        let next = first.wrapping_add(1);
        // Of many that found it away at once, one moves on.
        let _ = self.first.compare_exchange(first, next, Ordering::Relaxed, Ordering::Relaxed);
        self.ask_at(next, method, body, now).await
    }

    async fn ask_at(
        &self,
        gateway: usize,
        method: &str,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Answer, Failure> {
        let url = format!("{}/v2/{method}", self.gateways[gateway % self.gateways.len()]);
        let request = authorized(post(&url), &self.credentials)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .body(body.to_string().into())
            .map_err(|_| Failure::from(FailureKind::Unavailable).because("no request could be made"))?;
        self.exchange.once(request, now).await
    }
}

fn reply(answer: &Answer) -> Option<Reply> {
    serde_json::from_slice(&answer.body).ok()
}

/// The body decides, whatever the status is.
fn read(answer: &Answer) -> Result<Accepted, Failure> {
    let Some(reply) = reply(answer) else { return Err(answer.failure()) };
    let data = match &reply.data {
        Value::Array(list) => list.first().unwrap_or(&Value::Null),
        data => data,
    };
    if reply.success == Some(true) {
        return Ok(Accepted { id: text(&data["id"]), cost: text(&data["cost"]) });
    }
    Err(failure(&reply, data, answer))
}

fn failure(reply: &Reply, data: &Value, answer: &Answer) -> Failure {
    let said = |text: &Option<String>, word: &str| {
        text.as_deref().is_some_and(|text| text.to_lowercase().contains(word))
    };
    if said(&reply.message, "credentials") || answer.status == 401 {
        return FailureKind::BadCredentials.into();
    }
    if said(&reply.result, "no credits") || said(&reply.message, "credits") || said(&reply.reason, "credits")
    {
        return Failure::from(FailureKind::Unavailable).because("no credits");
    }
    if data.get("number").is_some() {
        return FailureKind::InvalidNumber.into();
    }
    if reply.success == Some(false) || said(&reply.result, "reject") {
        let mut failure = answer.failure();
        if answer.status < 400 {
            failure = FailureKind::Refused.into();
        }
        return failure;
    }
    answer.failure()
}

/// A number or a text, as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}
