use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http_body_util::Full;
use hyper::{
    Request, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, USER_AGENT},
    http,
};
use tokio::time::timeout;

use super::{Endpoint, Message};
use crate::{
    http_client::{self, Client, LATE, Options, retry_after, why},
    webhook_signature::WebhookSecrets,
};

/// How long a connection may take to be made, TLS included.
const CONNECT: Duration = Duration::from_secs(5);
/// Connections that nothing is sent on are closed before most servers do it.
const IDLE: Duration = Duration::from_secs(20);

/// What came of an attempt. Every case is ordinary.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 2xx: it was taken.
    Taken(u16),
    /// 410: the endpoint wants nothing any more.
    Gone,
    /// Any other status.
    Refused {
        /// Which.
        status: u16,
        /// How long the endpoint asked to be left alone.
        retry_after: Option<TimeDelta>,
    },
    /// There was no answer; why, in a few words.
    Unanswered(&'static str),
}

impl Outcome {
    /// A status or a few words; nothing of what the endpoint said.
    #[must_use]
    pub fn as_text(&self) -> String {
        match self {
            Self::Taken(status) | Self::Refused { status, .. } => status.to_string(),
            Self::Gone => "410".to_owned(),
            Self::Unanswered(why) => (*why).to_owned(),
        }
    }
}

/// The way to the endpoints.
pub struct Sender {
    client: Client,
    secrets: WebhookSecrets,
    patience: Duration,
}

impl Sender {
    pub(super) fn new(
        secrets: WebhookSecrets,
        allows_private: bool,
        patience: Duration,
    ) -> Result<Self, native_tls::Error> {
        let options = Options { connect: CONNECT, idle: IDLE, allows_private };
        Ok(Self { client: http_client::client(&options)?, secrets, patience })
    }

    /// Tells `endpoint`; `now` is the time of the attempt.
    ///
    /// The status decides; what else the endpoint says is not read.
    pub async fn send(&self, endpoint: &Endpoint, message: &Message, now: DateTime<Utc>) -> Outcome {
        let Ok(request) = self.request(endpoint, message, now) else {
            return Outcome::Unanswered("no request could be made");
        };
        match timeout(self.patience, self.client.request(request)).await {
            Ok(Ok(answer)) if answer.status().is_success() => Outcome::Taken(answer.status().as_u16()),
            Ok(Ok(answer)) if answer.status() == StatusCode::GONE => Outcome::Gone,
            Ok(Ok(answer)) => Outcome::Refused {
                status: answer.status().as_u16(),
                retry_after: retry_after(answer.headers(), now),
            },
            Ok(Err(error)) => Outcome::Unanswered(why(&error)),
            Err(_) => Outcome::Unanswered(LATE),
        }
    }

    fn request(
        &self,
        endpoint: &Endpoint,
        message: &Message,
        now: DateTime<Utc>,
    ) -> http::Result<Request<Full<Bytes>>> {
        let mut request = Request::post(endpoint.url.as_str())
            .header(USER_AGENT, http_client::WHO)
            .header(CONTENT_TYPE, "application/json; charset=utf-8");
        for (name, value) in self.secrets.headers(&message.id, now.timestamp(), message.body.as_bytes()) {
            request = request.header(name, value);
        }
        request.body(message.body.clone().into())
    }
}
