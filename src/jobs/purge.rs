use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::TimeDelta;

use crate::{
    custody,
    instruments::Ended,
    state::AppState,
    store::{Job, StoreError, challenges, devices, events, guards, sessions, tombstones, webhook_endpoints},
    webhooks,
};

/// How often expired rows are looked for.
const EVERY: Duration = Duration::from_mins(10);

/// How long an event is kept after everybody was told of it, or if there is nobody to tell.
const TOLD: TimeDelta = TimeDelta::days(7);
/// How long one is kept that some endpoint did not take, for whoever wants to retry it.
const FAILED: TimeDelta = TimeDelta::days(30);

/// Forgets what has expired, every ten minutes, for as long as it is polled.
///
/// One instance at a time does so, whichever comes first: the others find its round under way, or nothing to do.
pub async fn run(app: Arc<AppState>) {
    let mut warned = BTreeSet::new();
    app.instruments.jobs.purge.begins(app.clock.now());
    loop {
        if let Err(error) = warn_of_left_behind(&app, &mut warned).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "endpoints that nobody names could not be looked for");
        }
        let round = round(&app).await;
        // One that another instance is at is as good as one of ours.
        app.instruments.jobs.purge.note(&round, app.clock.now());
        match round {
            Ok(Some(deleted)) => tracing::debug!(?deleted, "expired rows were deleted"),
            Ok(None) => tracing::debug!("another instance deletes expired rows"),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "expired rows could not be deleted; the next round will try again"
                );
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Warns of each endpoint that nobody names and that something waits for, once.
async fn warn_of_left_behind(app: &AppState, warned: &mut BTreeSet<i32>) -> Result<(), StoreError> {
    let mut conn = app.database.connection().await?;
    let left_behind = webhook_endpoints::left_behind(&mut conn, app.clock.now()).await?;
    warned.retain(|id| left_behind.iter().any(|endpoint| endpoint.id == *id));
    for endpoint in left_behind {
        if warned.insert(endpoint.id) {
            tracing::warn!(
                endpoint.id,
                endpoint.origin = webhooks::origin(&endpoint.url),
                "no running instance names an endpoint in WEBHOOK_URLS, and it was not told of everything; it is told nothing more"
            );
        }
    }
    Ok(())
}

/// How many rows a round deleted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Challenges that expired.
    pub challenges: i64,
    /// Sessions past their absolute end.
    pub sessions: i64,
    /// Devices whose trust ended.
    pub devices: i64,
    /// Meters and limits that are empty again.
    pub limits: i64,
    /// Numbers whose time without another activation is over.
    pub tombstones: i64,
    /// Events that everybody was told of, or nobody took.
    pub events: i64,
    /// Endpoints that nobody names any more.
    pub endpoints: i64,
    /// Signing keys whose last token has ended.
    pub signing_keys: usize,
}

/// One round; none: another instance is at it.
///
/// # Errors
///
/// [`StoreError`] when the database refuses; what was deleted stays deleted.
pub async fn round(app: &AppState) -> Result<Option<Deleted>, StoreError> {
    let Some(_lead) = app.database.lead(Job::Purge).await? else { return Ok(None) };
    purge(app).await.map(Some)
}

/// Forgets what has expired by now.
///
/// # Errors
///
/// As of [`round`].
pub async fn purge(app: &AppState) -> Result<Deleted, StoreError> {
    let now = app.clock.now();
    let mut conn = app.database.connection().await?;
    let challenges = challenges::purge(&mut conn, now).await?;
    let sessions = sessions::purge(&mut conn, now, app.tokens.lives().refresh_absolute).await?;
    app.instruments.sessions.ended(Ended::Expiry, sessions);
    Ok(Deleted {
        challenges,
        sessions,
        devices: devices::purge(&mut conn, now).await?,
        limits: guards::purge(&mut conn, app.clock.for_counters()).await?,
        tombstones: tombstones::purge(&mut conn, now).await?,
        events: events::purge(&mut conn, now - TOLD, now - FAILED, now).await?,
        endpoints: webhook_endpoints::purge(&mut conn, now - FAILED).await?,
        signing_keys: custody::forget_dead(&mut conn, &app.tokens, now).await?,
    })
}
