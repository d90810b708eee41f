//! An endpoint of the operator's own, which hands messages on to any provider:
//! one POST for each, signed (Standard Webhooks 1.0.0).

use chrono::{DateTime, SecondsFormat, Utc};
use hyper::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Accepted, Failure, FailureKind, Message, Provider, SettingsError,
    exchange::{Answer, Exchange, post, text},
    settings::{address, required_secret},
};
use crate::{domain::OtpCode, webhook_signature::WebhookSecrets};

/// The operator's endpoint.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Settings {
    /// Your own endpoint for messages, which hands them on to whom you like: beginning with https://
    #[arg(long, env = "SMS_WEBHOOK_URL", hide_env_values = true, value_name = "URL")]
    pub sms_webhook_url: Option<SecretString>,
    /// What these messages are signed with: `whsec_` and the base64 of 24 to 64 bytes; several, separated by
    /// commas: each signs
    #[arg(long, env = "SMS_WEBHOOK_SECRETS", hide_env_values = true, value_name = "SECRET[,SECRET…]")]
    pub sms_webhook_secrets: Option<SecretString>,
}

/// The way to the operator's endpoint.
pub(super) struct Webhook {
    exchange: Exchange,
    url: String,
    secrets: WebhookSecrets,
}

/// What an endpoint may tell of a message that it took.
#[derive(Deserialize)]
struct Taken {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    cost: Value,
}

impl Webhook {
    pub fn new(settings: &Settings, exchange: Exchange) -> Result<Self, SettingsError> {
        let provider = Provider::Webhook;
        let url = required_secret(settings.sms_webhook_url.as_ref(), "SMS_WEBHOOK_URL", provider)?;
        let secrets =
            required_secret(settings.sms_webhook_secrets.as_ref(), "SMS_WEBHOOK_SECRETS", provider)?;
        Ok(Self {
            exchange,
            url: address(url.expose_secret(), "SMS_WEBHOOK_URL")?,
            secrets: WebhookSecrets::read(secrets)?,
        })
    }

    pub async fn send(&self, message: &Message, now: DateTime<Utc>) -> Result<Accepted, Failure> {
        let body = json!({
            "type": "sms.requested",
            "timestamp": now.to_rfc3339_opts(SecondsFormat::Millis, true),
            "data": {
                "phone": message.phone.as_str(),
                "text": message.text,
                "code": message.code.as_ref().map(OtpCode::expose),
            },
        });
        let body = body.to_string();
        // The same in both requests, if there are two: an endpoint may take one of them for the other.
        let id = Uuid::now_v7().to_string();
        let mut request = post(&self.url).header(CONTENT_TYPE, "application/json; charset=utf-8");
        for (name, value) in self.secrets.headers(&id, now.timestamp(), body.as_bytes()) {
            request = request.header(name, value);
        }
        let request = request
            .body(body.into())
            .map_err(|_| Failure::from(FailureKind::Unavailable).because("no request could be made"))?;
        read(&self.exchange.ask(request, now).await?)
    }
}

fn read(answer: &Answer) -> Result<Accepted, Failure> {
    match answer.status {
        200..300 => {
            let taken = serde_json::from_slice::<Taken>(&answer.body).ok();
            Ok(taken.map_or_else(Accepted::default, |Taken { id, cost }| Accepted {
                id: text(&id),
                cost: text(&cost),
            }))
        }
        422 => Err(FailureKind::InvalidNumber.into()),
        _ => Err(answer.failure()),
    }
}
