//! What the service tells its operators: log lines, and one span per request;
//! and traces, where somebody wants them.

mod request;
mod settings;
mod traces;

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::{
    EnvFilter,
    filter::{FilterExt, filter_fn},
    fmt,
    prelude::*,
};

pub use self::{
    request::{Asked, RequestId, RootSpan, X_REQUEST_ID},
    settings::{Sampler, Settings, TelemetryError},
    traces::Traces,
};

/// The target of what only traces are made of: steps of a request, which would
/// make no good log line.
const TRACES: &str = "traces";

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
/// [`TelemetryError`], when the filter is not one or logging was started before.
pub fn start(filter: &str, format: Format) -> Result<(), TelemetryError> {
    start_with(filter, format, None).map(drop)
}

/// Starts logging, and traces if `settings` name a collector. They end with
/// what is returned.
///
/// # Errors
///
/// [`TelemetryError`], which names the setting at fault.
pub fn start_with_traces(
    filter: &str,
    format: Format,
    settings: &Settings,
) -> Result<Traces, TelemetryError> {
    start_with(filter, format, traces::Sending::to(settings)?)
}

fn start_with(
    filter: &str,
    format: Format,
    sending: Option<traces::Sending>,
) -> Result<Traces, TelemetryError> {
    let filter = EnvFilter::try_new(format!("audit=info,{filter}"));
    let filter = filter.map_err(|error| TelemetryError::Filter(error.to_string()))?;
    // Whatever `LOG` says: below info these show numbers, names and the hashes of PINs.
    let discreet = filter_fn(|line| {
        let talkative =
            ["tokio_postgres", "rlibphonenumber"].iter().any(|name| line.target().starts_with(name));
        line.target() != TRACES && (!talkative || *line.level() <= Level::INFO)
    });
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let lines = match format {
        Format::Text => lines.with_target(false).boxed(),
        Format::Json => lines.json().flatten_event(true).boxed(),
    };
    let (layer, traces) = sending.map(traces::Sending::start).unzip();
    tracing_subscriber::registry()
        .with(lines.with_filter(filter.and(discreet)))
        .with(layer)
        .try_init()
        .map_err(|error| TelemetryError::Started(error.to_string()))?;
    std::panic::set_hook(Box::new(|panic| {
        // The message of a panic may quote a value, and a value may be a code: only the place is told.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic was caught; this is a defect");
    }));
    Ok(traces.unwrap_or_default())
}
