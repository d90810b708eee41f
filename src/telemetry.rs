//! What the service tells its operators: log lines, and one span per request.

use std::io::IsTerminal;

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use tracing::{Level, Span};
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_subscriber::{EnvFilter, filter::filter_fn, fmt, prelude::*};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// Starts logging to standard error. `filter` is a `tracing` filter such as
/// `info` or `phone_auth=debug`.
///
/// What happened to accounts and keys (target `audit`) is told whatever the
/// level, unless the filter names that target.
///
/// # Errors
///
/// A sentence, when the filter is not one or logging was started before.
pub fn start(filter: &str, format: Format) -> Result<(), String> {
    let filter = EnvFilter::try_new(format!("audit=info,{filter}"));
    let filter = filter.map_err(|error| format!("LOG: {error}"))?;
    // Whatever `LOG` says: below info these show numbers, names and the hashes of PINs.
    let discreet = filter_fn(|line| {
        let talkative =
            ["tokio_postgres", "rlibphonenumber"].iter().any(|name| line.target().starts_with(name));
        !talkative || *line.level() <= Level::INFO
    });
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let layer = match format {
        Format::Text => lines.with_target(false).boxed(),
        Format::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(layer.with_filter(discreet))
        .try_init()
        .map_err(|error| error.to_string())?;
    std::panic::set_hook(Box::new(|panic| {
        // The message of a panic may quote a value, and a value may be a code: only the place is told.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic was caught; this is a defect");
    }));
    Ok(())
}

/// One span per request, with nothing in it that came from a person: the
/// route's pattern instead of the path, and no query.
pub struct RootSpan;

impl RootSpanBuilder for RootSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.extensions().get::<RequestId>().copied();
        tracing::info_span!(
            "request",
            request_id = id.map(tracing::field::display),
            method = %request.method(),
            route = request.match_pattern().unwrap_or_default(),
            status = tracing::field::Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("status", status.as_u16());
        let _entered = span.enter();
        tracing::debug!("answered");
    }
}
