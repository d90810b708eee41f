use std::time::Duration;

use actix_web::{HttpMessage, HttpRequest, dev::Payload, http::header, web::BytesMut};
use futures_util::StreamExt;

use super::problem::Problem;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is told about a type that an operation does not take.
pub(super) const NOT_READ: &str = "`Content-Type` names a type that is not read here.";

/// A body that was not read yet: of one of the types it may have, and not declared to be larger than it may be.
pub(super) struct Body {
    payload: Payload,
    limit: usize,
}

impl Body {
    /// The body of `request`, if it is of one of `types` and not compressed, of `limit` bytes at most.
    pub(super) fn of(
        request: &HttpRequest,
        payload: &mut Payload,
        types: &[&str],
        limit: usize,
    ) -> Result<Self, Problem> {
        let plain =
            request.headers().get(header::CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
        let given = request.content_type();
        if !plain {
            return Err(Problem::UnsupportedMediaType("The body must not be compressed."));
        } else if given.is_empty() {
            return Err(Problem::UnsupportedMediaType(
                "The header `Content-Type` is missing, or names no type.",
            ));
        } else if !types.iter().any(|known| given.eq_ignore_ascii_case(known)) {
            return Err(Problem::UnsupportedMediaType(NOT_READ));
        }
        let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        if declared.and_then(|length| length.parse().ok()).is_some_and(|length: usize| length > limit) {
            return Err(Problem::PayloadTooLarge);
        }
        Ok(Self { payload: payload.take(), limit })
    }

    /// All of it.
    pub(super) async fn read(self) -> Result<BytesMut, Problem> {
        tokio::time::timeout(PATIENCE, self.collect()).await.unwrap_or(Err(Problem::RequestTimeout))
    }

    async fn collect(mut self) -> Result<BytesMut, Problem> {
        let mut body = BytesMut::new();
        while let Some(chunk) = self.payload.next().await {
            let chunk = chunk.map_err(|_| Problem::InvalidRequest("The body could not be read.".into()))?;
            if body.len() + chunk.len() > self.limit {
                return Err(Problem::PayloadTooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
