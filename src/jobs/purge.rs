use std::{sync::Arc, time::Duration};

use crate::{
    state::AppState,
    store::{StoreError, challenges, sessions},
};

/// How often expired rows are looked for.
const EVERY: Duration = Duration::from_mins(10);

/// Forgets what has expired, every ten minutes, for as long as it is polled.
///
/// Several instances may do so at once: a row can be deleted once.
pub async fn run(app: Arc<AppState>) {
    loop {
        match purge(&app).await {
            Ok((challenges, sessions)) => tracing::debug!(challenges, sessions, "expired rows were deleted"),
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

/// One round; gives the numbers of challenges and sessions deleted.
///
/// # Errors
///
/// [`StoreError`] when the database refuses; what was deleted stays deleted.
pub async fn purge(app: &AppState) -> Result<(usize, usize), StoreError> {
    let now = app.clock.now();
    let mut conn = app.database.connection().await?;
    let challenges = challenges::purge(&mut conn, now).await?;
    let sessions = sessions::purge(&mut conn, now, app.tokens.lives().refresh_absolute).await?;
    Ok((challenges, sessions))
}
