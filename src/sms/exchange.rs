use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use http_body_util::{BodyExt, Full};
use hyper::{
    Request,
    body::Bytes,
    header::{AUTHORIZATION, HeaderValue, USER_AGENT},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{Failure, FailureKind};
use crate::http_client::{self, Client, Options, retry_after, why};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(2);
/// After how long a connection that nothing is sent on is closed: before any
/// server does it. On one that was just closed a message would be lost on its way.
const IDLE: Duration = Duration::from_secs(3);

/// The way to a provider.
#[derive(Clone)]
pub(super) struct Exchange(Client);

/// What a provider answered.
pub(super) struct Answer {
    pub status: u16,
    pub retry_after: Option<TimeDelta>,
    /// At most 64 KiB; empty when it could not be read to its end.
    pub body: Bytes,
}

impl Exchange {
    pub fn new() -> Result<Self, native_tls::Error> {
        // Operators name their providers, which may well be in a network of their own.
        let options = Options { connect: CONNECT, idle: IDLE, allows_private: true };
        http_client::client(&options).map(Self)
    }

    /// Asks once.
    pub async fn once(&self, request: Request<Full<Bytes>>, now: DateTime<Utc>) -> Result<Answer, Failure> {
        let answer = self.0.request(request).await.map_err(|error| {
            let kind = if error.is_connect() { FailureKind::NotReached } else { FailureKind::Unanswered };
            Failure::from(kind).because(why(&error))
        })?;
        let (status, retry_after) = (answer.status().as_u16(), retry_after(answer.headers(), now));
        let body = answer.into_body().collect().await.map(http_body_util::Collected::to_bytes);
        Ok(Answer { status, retry_after, body: body.unwrap_or_default() })
    }

    /// Asks, and asks once more if there was no connection: then nothing was sent.
    pub async fn ask(&self, request: Request<Full<Bytes>>, now: DateTime<Utc>) -> Result<Answer, Failure> {
        match self.once(request.clone(), now).await {
            Err(Failure { kind: FailureKind::NotReached, .. }) => self.once(request, now).await,
            answered => answered,
        }
    }
}

impl Answer {
    /// What a status means by itself (RFC 9110, section 15), for answers that say nothing else.
    pub fn failure(&self) -> Failure {
        let kind = match self.status {
            401 | 403 => FailureKind::BadCredentials,
            429 => FailureKind::RateLimited,
            // Not about the message: nothing was paid; nothing is there, which an address that is wrong leads to.
            402 | 404 | 405 | 410 => FailureKind::Unavailable,
            // A gateway gave up waiting for who was to do it.
            408 | 502 | 504 => FailureKind::Unanswered,
            400..500 => FailureKind::Refused,
            // It was not carried out: nobody follows a redirection, and a server that fails says so.
            300..400 | 500.. => FailureKind::Unavailable,
            // Success, of which the provider said nothing that can be read.
            _ => FailureKind::Unanswered,
        };
        Failure { kind, code: Some(format!("HTTP {}", self.status).into()), retry_after: self.retry_after }
    }
}

/// A request that says who we are.
pub(super) fn post(url: &str) -> hyper::http::request::Builder {
    Request::post(url).header(USER_AGENT, http_client::WHO)
}

/// The same, for what only asks.
pub(super) fn get(url: &str) -> hyper::http::request::Builder {
    Request::get(url).header(USER_AGENT, http_client::WHO)
}

/// `Authorization: Basic` (RFC 7617, section 2).
pub(super) fn basic(user: &str, password: &SecretString) -> Option<HeaderValue> {
    let pair = Zeroizing::new(format!("{user}:{}", password.expose_secret()));
    let encoded = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes())));
    let mut value = HeaderValue::from_str(&encoded).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Puts `Authorization` where it belongs.
pub(super) fn authorized(
    request: hyper::http::request::Builder,
    basic: &HeaderValue,
) -> hyper::http::request::Builder {
    request.header(AUTHORIZATION, basic.clone())
}

/// A number or a text, as text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}
