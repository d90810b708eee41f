//! What the service tells the programs that watch it, on a listener of its own.

use std::fmt;

use actix_web::{
    HttpResponse, get,
    web::{Data, ServiceConfig},
};
use prometheus_client::{
    encoding::text::{encode_eof, encode_registry},
    metrics::info::Info,
    registry::Registry,
};

use crate::state::AppState;

/// The text format of `OpenMetrics` 1.0.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What this process knows by itself, whenever it is asked. All names begin
/// with `phone_auth_`.
#[must_use]
pub fn registry() -> Registry {
    let mut registry = Registry::with_prefix("phone_auth");
    let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "The version that runs", version);
    registry
}

/// Everything that is told, made anew at each scrape.
///
/// What the database knows belongs into a second registry, which is filled
/// here and forgotten with the scrape: instances share a database, so none can
/// keep such a number up to date.
///
/// # Errors
///
/// [`fmt::Error`] when a value has no text.
#[expect(clippy::unused_async, reason = "the database is read here, as soon as something in it is told")]
pub async fn text(app: &AppState) -> Result<String, fmt::Error> {
    let mut text = String::new();
    encode_registry(&mut text, &app.metrics)?;
    encode_eof(&mut text)?;
    Ok(text)
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
