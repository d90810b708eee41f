//! SMS Aero, gateway API v2.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::{
    Accepted, Failure, FailureKind, Message, Provider, SettingsError,
    exchange::{Answer, Exchange, authorized, basic, post, text},
    settings::{address, required, required_secret},
};

/// The account with SMS Aero.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[expect(clippy::struct_field_names, reason = "flags and variables are named after the fields")]
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

/// An answer, old forms included. Of what it may have nothing is certain but
/// that it is JSON: it is read for what it says and not for its form.
struct Reply {
    /// All of it.
    whole: Map<String, Value>,
    /// An object, or a list of one, or nothing.
    data: Value,
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

    /// Asks a gateway, and the next one if nothing was sent or that one says that it cannot. If there is no other,
    /// it is asked once more only if nothing was sent.
    async fn ask(&self, method: &str, body: &Value, now: DateTime<Utc>) -> Result<Answer, Failure> {
        let first = self.first.load(Ordering::Relaxed);
        match self.ask_at(first, method, body, now).await {
            Err(Failure { kind: FailureKind::NotReached, .. }) => {}
            Ok(answer) if self.gateways.len() > 1 && is_away(&answer) => {}
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

/// Whether a gateway is out of order, and said so: what stands before SMS Aero answers, and not SMS Aero.
fn is_away(answer: &Answer) -> bool {
    answer.failure().kind == FailureKind::Unavailable && Reply::read(answer).is_none()
}

impl Reply {
    fn read(answer: &Answer) -> Option<Self> {
        let mut whole = serde_json::from_slice::<Map<_, _>>(&answer.body).ok()?;
        let data = match whole.remove("data") {
            Some(Value::Array(list)) => list.into_iter().next().unwrap_or_default(),
            data => data.unwrap_or_default(),
        };
        Some(Self { whole, data })
    }

    fn is(&self, member: &str, value: &Value) -> bool {
        self.whole.get(member) == Some(value)
    }

    /// Whether one of the texts that it has for people has one of `words`.
    fn says(&self, words: &[&str]) -> bool {
        let said = ["message", "result", "reason"].map(|member| self.whole.get(member));
        let mut said = said.into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase);
        said.any(|text| words.iter().any(|word| text.contains(word)))
    }
}

/// The body decides, whatever the status is.
fn read(answer: &Answer) -> Result<Accepted, Failure> {
    let Some(reply) = Reply::read(answer) else { return Err(answer.failure()) };
    if reply.is("success", &true.into()) {
        let data = &reply.data;
        return match text(&data["status"]).as_deref() {
            // Not delivered; rejected.
            Some(status @ ("2" | "6")) => {
                Err(Failure::from(FailureKind::Refused).because(format!("status {status}")))
            }
            _ => Ok(Accepted { id: text(&data["id"]), cost: text(&data["cost"]) }),
        };
    }
    if reply.is("result", &"accepted".into()) {
        return Ok(Accepted { id: reply.whole.get("id").and_then(text), cost: None });
    }
    Err(failure(&reply, answer))
}

fn failure(reply: &Reply, answer: &Answer) -> Failure {
    // What a person reads may quote a number: only what is found in it is told.
    let because =
        |kind: FailureKind, why| Failure { retry_after: answer.retry_after, ..kind.into() }.because(why);
    if answer.status == 401 || reply.says(&["credentials", "user or password"]) {
        return because(FailureKind::BadCredentials, "credentials");
    }
    if answer.status == 402 || reply.says(&["credits", "money", "funds", "balance"]) {
        return because(FailureKind::Unavailable, "no credits");
    }
    if answer.status == 429 || reply.says(&["too many"]) {
        return because(FailureKind::RateLimited, "too many");
    }
    let has_failed = reply.is("success", &false.into());
    let is_rejected = reply.is("result", &"reject".into());
    if reply.data.get("number").is_some() || (is_rejected && reply.says(&["number", "phone"])) {
        return because(FailureKind::InvalidNumber, "number");
    }
    if reply.data.get("sign").is_some() {
        return because(FailureKind::Refused, "sign");
    }
    if answer.status >= 400 || !(has_failed || is_rejected) {
        return answer.failure();
    }
    // That it failed is certain, and of the message it is only if there is something said of it.
    let names_something = reply.data.as_object().is_some_and(|data| !data.is_empty());
    if is_rejected || names_something || reply.says(&["validation", "sign", "moderation", "stop", "black"]) {
        return because(FailureKind::Refused, "refused");
    }
    because(FailureKind::Unavailable, "failed")
}
