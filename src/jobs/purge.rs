use std::{sync::Arc, time::Duration};

use crate::{
    custody,
    state::AppState,
    store::{StoreError, challenges, devices, guards, sessions, tombstones},
};

/// How often expired rows are looked for.
const EVERY: Duration = Duration::from_mins(10);

/// Forgets what has expired, every ten minutes, for as long as it is polled.
///
/// Several instances may do so at once: a row can be deleted once.
pub async fn run(app: Arc<AppState>) {
    loop {
        match purge(&app).await {
            Ok(deleted) => tracing::debug!(?deleted, "expired rows were deleted"),
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

/// How many rows a round deleted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Challenges that expired.
    pub challenges: usize,
    /// Sessions past their absolute end.
    pub sessions: usize,
    /// Devices whose trust ended.
    pub devices: usize,
    /// Meters and limits that are empty again.
    pub limits: i64,
    /// Numbers whose time without another activation is over.
    pub tombstones: usize,
    /// Signing keys whose last token has ended.
    pub signing_keys: usize,
}

/// One round.
///
/// # Errors
///
/// [`StoreError`] when the database refuses; what was deleted stays deleted.
pub async fn purge(app: &AppState) -> Result<Deleted, StoreError> {
    let now = app.clock.now();
    let mut conn = app.database.connection().await?;
    Ok(Deleted {
        challenges: challenges::purge(&mut conn, now).await?,
        sessions: sessions::purge(&mut conn, now, app.tokens.lives().refresh_absolute).await?,
        devices: devices::purge(&mut conn, now).await?,
        limits: guards::purge(&mut conn, app.clock.for_counters()).await?,
        tombstones: tombstones::purge(&mut conn, now).await?,
        signing_keys: custody::forget_dead(&mut conn, &app.tokens, now).await?,
    })
}
