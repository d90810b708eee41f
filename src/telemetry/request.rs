use std::fmt;

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    web::Data,
};
use tracing::Span;
use tracing_actix_web::RootSpanBuilder;
use uuid::Uuid;

use super::traces;
use crate::{
    domain::TrustedProxies,
    instruments::{Route, method},
};

/// The header that names a request, there and back.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A longer identifier is nobody's.
const LONGEST: usize = 128;
/// The shortest telephone numbers that are in use have so many digits.
const SHORTEST_PHONE: usize = 7;

/// What a request is called: in its answer, in the log and in its trace.
#[derive(Clone, Debug)]
pub enum RequestId {
    /// By us.
    Ours(Uuid),
    /// By the client, or by a proxy.
    Given(HeaderValue),
}

impl RequestId {
    /// What somebody calls a request, if it may be called so.
    fn given(name: &HeaderValue) -> Option<Self> {
        let text = name.as_bytes();
        let is_safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(byte);
        // Perhaps a word and then nothing but digits, however they are grouped: a telephone number, or an address.
        let digits = text.iter().skip_while(|byte| !byte.is_ascii_digit());
        let is_phone = digits.clone().all(|byte| !byte.is_ascii_alphabetic())
            && digits.filter(|byte| byte.is_ascii_digit()).count() >= SHORTEST_PHONE;
        let fits = (1..=LONGEST).contains(&text.len()) && text.iter().all(is_safe) && !is_phone;
        fits.then(|| Self::Given(name.clone()))
    }

    /// As a value of the header.
    #[must_use]
    pub fn to_header(&self) -> HeaderValue {
        match self {
            Self::Ours(id) => HeaderValue::from_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
                .unwrap_or(HeaderValue::from_static("none")),
            Self::Given(name) => name.clone(),
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(id) => id.fmt(f),
            Self::Given(name) => f.write_str(name.to_str().unwrap_or_default()),
        }
    }
}

/// What is known of a request from its head on.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What it is called.
    pub id: RequestId,
    /// What it asks for.
    pub route: Route,
}

/// One span per request, with nothing in it that came from a person: the
/// route's pattern instead of the path, and no query.
pub struct RootSpan;

impl RootSpanBuilder for RootSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let given = only(request, &X_REQUEST_ID).and_then(RequestId::given);
        let ours = || request.extensions().get::<tracing_actix_web::RequestId>().map(|id| **id);
        let id = given.unwrap_or_else(|| RequestId::Ours(ours().unwrap_or_default()));
        let route = Route::new(request.match_pattern());
        let span = tracing::info_span!(
            "request",
            request_id = %id,
            method = method(request.method().as_str()),
            route = route.as_str(),
            status = tracing::field::Empty,
        );
        if is_from_proxy(request) {
            traces::go_on(&span, request.headers());
        }
        request.extensions_mut().insert(Asked { id, route });
        span
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        // The collector of traces wants a number, and this is the one that stays one on its way.
        span.record("status", i64::from(status.as_u16()));
        let _entered = span.enter();
        tracing::debug!(target: "request", "answered");
    }
}

/// The header of this name, if there is one and not two.
fn only<'a>(request: &'a ServiceRequest, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut given = request.headers().get_all(name);
    given.next().filter(|_| given.next().is_none())
}

/// Whether a trusted proxy passed the request on. By what anybody else says of
/// the trace it belongs to, they would choose what is traced.
fn is_from_proxy(request: &ServiceRequest) -> bool {
    let proxies = request.app_data::<Data<TrustedProxies>>();
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    proxies.zip(peer).is_some_and(|(proxies, peer)| proxies.trusts(peer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_short_of_safe_characters_and_no_telephone_number() {
        let longest = "a".repeat(128);
        for good in
            ["a", "7", "01a20e84-c540-7f02-8c6d-93b1e4a7d510", "Root:1-67.a_b~", "4bf92f3577b34da6", &longest]
        {
            let header = HeaderValue::from_str(good).unwrap();
            let id = RequestId::given(&header).unwrap();
            assert_eq!((id.to_string().as_str(), id.to_header()), (good, header));
        }
        let longer = "a".repeat(129);
        for bad in [
            "",
            " ",
            "a b",
            "a,b",
            "a=b",
            "a\"",
            "<a>",
            "a/b",
            "+7",
            "79991234567",
            "9991234",
            "tel:79991234567",
            "7-999-123-45-67",
            "phone7999.1234567",
            "198.51.100.7",
            &longer,
        ] {
            assert!(RequestId::given(&HeaderValue::from_str(bad).unwrap()).is_none(), "{bad}");
        }
        assert!(RequestId::given(&HeaderValue::from_bytes("\u{e9}".as_bytes()).unwrap()).is_none());
        let ours = RequestId::Ours(Uuid::now_v7());
        assert_eq!(ours.to_header(), ours.to_string());
    }
}
