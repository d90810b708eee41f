use std::{error::Error, io, iter, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use http_body_util::Full;
use hyper::{
    HeaderMap, Request, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT},
    http,
};
use tokio::time::timeout;

use super::{
    Endpoint, Message,
    client::{Client, TooLong, client},
    reach::{PrivateNetwork, Resolver},
};
use crate::webhook_signature::WebhookSecrets;

const WHO: &str = concat!("phone-auth/", env!("CARGO_PKG_VERSION"));

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
        Ok(Self { client: client(Resolver { allows_private })?, secrets, patience })
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
            .header(USER_AGENT, WHO)
            .header(CONTENT_TYPE, "application/json; charset=utf-8");
        for (name, value) in self.secrets.headers(&message.id, now.timestamp(), message.body.as_bytes()) {
            request = request.header(name, value);
        }
        request.body(message.body.clone().into())
    }
}

const LATE: &str = "no answer in time";

/// `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date in one of the
/// three forms of section 5.6.7. A number too large to count is as long as can be.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let wait = if is_number {
        TimeDelta::seconds(text.parse::<u32>().unwrap_or(u32::MAX).into())
    } else {
        DateTime::<Utc>::from(httpdate::parse_http_date(text).ok()?) - now
    };
    Some(wait).filter(|wait| *wait > TimeDelta::zero())
}

/// Why there was no answer, without the address and whatever else libraries put in.
fn why(error: &hyper_util::client::legacy::Error) -> &'static str {
    let causes = || causes(error);
    // Some wrap their cause so that only its text is left.
    let says = |word: &str| causes().skip(1).any(|cause| cause.to_string().contains(word));
    let kind = causes().filter_map(|cause| cause.downcast_ref::<io::Error>()).last().map(io::Error::kind);
    if causes().any(<dyn Error>::is::<PrivateNetwork>) {
        "private network refused"
    } else if causes().any(is_too_long) {
        "too long an answer"
    } else if kind == Some(io::ErrorKind::TimedOut) {
        LATE
    } else if says("certificate") {
        "certificate not trusted"
    } else if says("dns error") {
        "name not found"
    } else if kind == Some(io::ErrorKind::ConnectionRefused) {
        "connection refused"
    } else if error.is_connect() {
        "no connection"
    } else {
        "connection lost"
    }
}

/// What an [`io::Error`] was made of is not among the causes: it stands for it.
fn is_too_long(cause: &(dyn Error + 'static)) -> bool {
    let made_of = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    made_of.is_some_and(<dyn Error + Send + Sync>::is::<TooLong>)
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
        for date in
            ["Sat, 21 Nov 2026 12:01:40 GMT", "Saturday, 21-Nov-26 12:01:40 GMT", "Sat Nov 21 12:01:40 2026"]
        {
            assert_eq!(read(date), Some(100), "{date}");
        }
        assert!(read("99999999999") >= read("4294967295") && read("4294967295") > read("4294967294"));
        for nothing in ["0", "-5", "+5", "soon", "", "Sat, 21 Nov 2026 11:59:59 GMT"] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
