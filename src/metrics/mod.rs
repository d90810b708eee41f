//! What the service tells the programs that watch it, on a listener of its
//! own. `docs/metrics.md` has every name.

mod process;
mod shared;

use std::{fmt, sync::atomic::AtomicU64};

use actix_web::{
    HttpResponse, get,
    web::{Data, ServiceConfig},
};
use prometheus_client::{
    encoding::text::{encode_eof, encode_registry},
    metrics::{family::Family, gauge::Gauge, info::Info},
    registry::{Registry, Unit},
};

use crate::{instruments::Instruments, sms::SmsSender, state::AppState, store::Database};

/// A gauge of what is no whole number.
type Decimal = Gauge<f64, AtomicU64>;

/// The text format of `OpenMetrics` 1.0.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What this process counts while it works. All names begin with `phone_auth_`.
#[must_use]
pub fn registry(instruments: &Instruments, database: &Database, sms: &SmsSender) -> Registry {
    let mut registry = Registry::with_prefix("phone_auth");
    let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "The version that runs", version);
    instruments.register(&mut registry);
    database.instruments().register(&mut registry);
    sms.instruments().register(&mut registry);
    registry
}

/// Everything that is told, made anew at each scrape.
///
/// What is so at this moment, and what the database knows, is in registries
/// that are forgotten with the scrape: instances share a database, so none can
/// keep such a number up to date. While it is away those numbers are missing,
/// the others are told.
///
/// # Errors
///
/// [`fmt::Error`] when a value has no text.
pub async fn text(app: &AppState) -> Result<String, fmt::Error> {
    // Before the scrape itself takes one.
    let present = present(app);
    let shared = shared::read(app).await;
    let mut text = String::new();
    encode_registry(&mut text, &app.metrics)?;
    encode_registry(&mut text, &present)?;
    encode_registry(&mut text, &shared)?;
    encode_registry(&mut text, &process::read())?;
    encode_eof(&mut text)?;
    Ok(text)
}

/// What is so in this process at this moment.
fn present(app: &AppState) -> Registry {
    let mut registry = Registry::with_prefix("phone_auth");
    let usage = app.database.usage();
    let connections = Family::<[(&str, &str); 1], Gauge>::default();
    for (state, number) in [("in-use", usage.in_use), ("idle", usage.idle)] {
        connections.get_or_create(&[("state", state)]).set(whole(number));
    }
    registry.register("database_connections", "Connections to the database", connections);
    let most = Gauge::<i64>::default();
    most.set(whole(usage.max));
    registry.register("database_connections_max", "How many there may be", most);
    let ages = Family::<[(&str, &str); 1], Decimal>::default();
    for (job, age) in app.instruments.jobs.ages(app.clock.now()) {
        ages.get_or_create(&[("task", job)]).set(age.as_seconds_f64());
    }
    registry.register_with_unit(
        "job_age",
        "How long ago a job did its work last, or began",
        Unit::Seconds,
        ages,
    );
    registry
}

/// A number as a gauge has it.
fn whole(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// The pages of the listener. They are no part of the API, nor of its document.
pub fn routes(config: &mut ServiceConfig) {
    config.service(scrape);
}

/// What a Prometheus server asks for every few seconds.
#[get("/metrics")]
async fn scrape(app: Data<AppState>) -> HttpResponse {
    match text(&app).await {
        Ok(text) => HttpResponse::Ok().content_type(CONTENT_TYPE).body(text),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the metrics could not be told");
            HttpResponse::InternalServerError().finish()
        }
    }
}
