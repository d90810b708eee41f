//! What the database knows, and what the settings come to.

use prometheus_client::{
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use super::Decimal;
use crate::{
    domain::{
        guess_bound::{self, Premises},
        guess_budget::{DEPLOYMENT_MEDIUM, DEPLOYMENT_SHORT},
    },
    state::AppState,
    store::{
        StoreError,
        estimates::{self, Estimates},
        events,
        guards::{self, Used},
    },
};

/// What the deployment is worth, and how much of it is used.
pub(super) async fn read(app: &AppState) -> Registry {
    let mut registry = Registry::with_prefix("phone_auth");
    register_bounds(&mut registry, &app.settings.premises);
    let known = known(app).await;
    let reachable = Gauge::<i64>::default();
    reachable.set(known.is_ok().into());
    registry.register("database_reachable", "1 while the database answers", reachable);
    if let Ok((used, waiting, estimates)) = known {
        register_used(&mut registry, &used, app.settings.premises.sends_per_day);
        register_waiting(&mut registry, waiting);
        register_estimates(&mut registry, &estimates);
    }
    registry
}

/// How much of the budgets is used, how many events wait, and how large tables are.
async fn known(app: &AppState) -> Result<(Used, i64, Estimates), StoreError> {
    let mut conn = app.database.connection().await?;
    let used = guards::used(&mut conn, app.clock.for_counters()).await?;
    let waiting = events::waiting(&mut conn, app.clock.now()).await?;
    Ok((used, waiting, estimates::read(&mut conn).await?))
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

/// How many there are. Never counted, for there may be a hundred million.
fn register_estimates(registry: &mut Registry, estimates: &Estimates) {
    let help_users = "Rows of accounts, as the database estimates them";
    let help_sessions = "Rows of sessions, as the database estimates them";
    for (name, help, rows) in [
        ("users_estimate", help_users, estimates.users),
        ("sessions_estimate", help_sessions, estimates.sessions),
    ] {
        if let Some(rows) = rows {
            let gauge = Gauge::<i64>::default();
            gauge.set(rows);
            registry.register(name, help, gauge);
        }
    }
}
