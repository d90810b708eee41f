use std::{error::Error, io, iter, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{
    Client, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
    redirect::Policy,
};

use super::{
    Endpoint, Message,
    reach::{PrivateNetwork, PublicOnly},
};
use crate::webhook_signature::WebhookSecrets;

/// How long a connection may take to be made.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
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
}

impl Sender {
    pub(super) fn new(
        secrets: WebhookSecrets,
        allows_private: bool,
        patience: Duration,
    ) -> Result<Self, reqwest::Error> {
        let mut client = Client::builder()
            .user_agent(concat!("phone-auth/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_PATIENCE)
            .timeout(patience)
            .pool_idle_timeout(IDLE)
            // Where it leads to nobody has looked at.
            .redirect(Policy::none())
            // A proxy would find the addresses by itself, past `reach`.
            .no_proxy();
        if !allows_private {
            client = client.dns_resolver(PublicOnly);
        }
        Ok(Self { client: client.build()?, secrets })
    }

    /// Tells `endpoint`; `now` is the time of the attempt.
    ///
    /// The status decides; what else the endpoint says is not read.
    pub async fn send(&self, endpoint: &Endpoint, message: &Message, now: DateTime<Utc>) -> Outcome {
        let mut request =
            self.client.post(endpoint.url.clone()).header(CONTENT_TYPE, "application/json; charset=utf-8");
        for (name, value) in self.secrets.headers(&message.id, now.timestamp(), message.body.as_bytes()) {
            request = request.header(name, value);
        }
        match request.body(message.body.clone()).send().await {
            Ok(answer) if answer.status().is_success() => Outcome::Taken(answer.status().as_u16()),
            Ok(answer) if answer.status() == StatusCode::GONE => Outcome::Gone,
            Ok(answer) => Outcome::Refused {
                status: answer.status().as_u16(),
                retry_after: retry_after(answer.headers(), now),
            },
            Err(error) => Outcome::Unanswered(why(&error)),
        }
    }
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = || TimeDelta::try_seconds(text.parse::<u32>().ok()?.into());
    let date = || Some(DateTime::parse_from_rfc2822(text).ok()?.to_utc() - now);
    seconds().or_else(date).filter(|wait| *wait > TimeDelta::zero())
}

/// Why there was no answer, without the address and whatever else libraries put in.
fn why(error: &reqwest::Error) -> &'static str {
    let causes = || causes(error);
    // Some wrap their cause so that only its text is left. The first text has the address.
    let says = |word: &str| causes().skip(1).any(|cause| cause.to_string().contains(word));
    let kind = causes().filter_map(|cause| cause.downcast_ref::<io::Error>()).last().map(io::Error::kind);
    if causes().any(<dyn Error>::is::<PrivateNetwork>) {
        "private network refused"
    } else if error.is_timeout() {
        "no answer in time"
    } else if says("certificate") {
        "certificate not trusted"
    } else if error.is_dns() {
        "name not found"
    } else if kind == Some(io::ErrorKind::ConnectionRefused) {
        "connection refused"
    } else if error.is_connect() {
        "no connection"
    } else {
        "connection lost"
    }
}

/// An error, what caused it, what caused that.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&cause| cause.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_nothing_else() {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, now).map(|wait| wait.num_seconds())
        };
        assert_eq!(read("120"), Some(120));
        assert_eq!(read("Sat, 21 Nov 2026 12:01:40 GMT"), Some(100));
        for nothing in ["0", "-5", "soon", "", "Sat, 21 Nov 2026 11:59:59 GMT", "99999999999"] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
