//! What the service tells the programs that watch it, on a listener of its own.

use std::{fmt, sync::atomic::AtomicU64};

use actix_web::{
    HttpResponse, get,
    web::{Data, ServiceConfig},
};
use prometheus_client::{
    encoding::text::{encode_eof, encode_registry},
    metrics::{family::Family, gauge::Gauge, info::Info},
    registry::Registry,
};

use crate::{
    domain::{
        guess_bound::{self, Premises},
        guess_budget::{DEPLOYMENT_MEDIUM, DEPLOYMENT_SHORT},
    },
    state::AppState,
    store::{
        StoreError, events,
        guards::{self, Used},
    },
};

/// A gauge of what is no whole number.
type Decimal = Gauge<f64, AtomicU64>;

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
/// What the database knows is in a second registry, which is forgotten with
/// the scrape: instances share a database, so none can keep such a number up
/// to date. While it is away those numbers are missing, the others are told.
///
/// # Errors
///
/// [`fmt::Error`] when a value has no text.
pub async fn text(app: &AppState) -> Result<String, fmt::Error> {
    let mut shared = Registry::with_prefix("phone_auth");
    register_bounds(&mut shared, &app.settings.premises);
    let used = used(app).await;
    let reachable = Gauge::<i64>::default();
    reachable.set(used.is_ok().into());
    shared.register("database_reachable", "1 while the database answers", reachable);
    if let Ok((used, waiting)) = used {
        register_used(&mut shared, &used, app.settings.premises.sends_per_day);
        register_waiting(&mut shared, waiting);
    }
    let mut text = String::new();
    encode_registry(&mut text, &app.metrics)?;
    encode_registry(&mut text, &shared)?;
    encode_eof(&mut text)?;
    Ok(text)
}

/// How much of the budgets is used, and how many events wait.
async fn used(app: &AppState) -> Result<(Used, i64), StoreError> {
    let mut conn = app.database.connection().await?;
    let used = guards::used(&mut conn, app.clock.for_counters()).await?;
    Ok((used, events::waiting(&mut conn, app.clock.now()).await?))
}

/// What `phone-auth guess-bound` prints.
fn register_bounds(registry: &mut Registry, premises: &Premises) {
    let bounds = Family::<[(&str, &str); 1], Decimal>::default();
    for bound in guess_bound::bounds(premises) {
        bounds.get_or_create(&[("attack", bound.name)]).set(bound.value());
    }
    let help =
        "What an attack gains at most: for one phone a probability, for many the expected number of accounts";
    registry.register("guess_bound", help, bounds);
}

/// How full the meters of the deployment are, and how much fits in.
fn register_used(registry: &mut Registry, used: &Used, sends_per_day: Option<i32>) {
    let guesses = Family::<[(&str, &str); 1], Decimal>::default();
    let room = Family::<[(&str, &str); 1], Decimal>::default();
    for (code, used, whole) in
        [("short", used.short, DEPLOYMENT_SHORT), ("medium", used.medium, DEPLOYMENT_MEDIUM)]
    {
        guesses.get_or_create(&[("code", code)]).set(used);
        room.get_or_create(&[("code", code)]).set(whole.burst.into());
    }
    let help = "Codes tried by strangers without success that have not leaked away: short for 4 and 5 digits, medium for 6 and 7";
    registry.register("guesses_counted", help, guesses);
    registry.register("guesses_counted_max", "From how many on codes get longer for everybody", room);
    let sends = Gauge::<i64>::default();
    sends.set(used.sends.into());
    registry.register(
        "sends_today",
        "Codes sent to strangers since midnight UTC, if sends are limited",
        sends,
    );
    if let Some(per_day) = sends_per_day {
        let most = Gauge::<i64>::default();
        most.set(per_day.into());
        registry.register("sends_per_day_max", "How many of them strangers may ask for", most);
    }
}

/// What those who asked to be told of events are still to be told.
fn register_waiting(registry: &mut Registry, waiting: i64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(waiting);
    let help = "Events that endpoints are still to be told of, each counted for each endpoint, up to 100000";
    registry.register("events_waiting", help, gauge);
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
