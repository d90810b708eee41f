use std::{sync::Arc, time::Duration};

use crate::{
    custody::{self, CustodyError},
    state::AppState,
};

/// How often an instance looks at the signing keys: well within
/// [`FOLLOWED_AFTER`](crate::token::FOLLOWED_AFTER).
const EVERY: Duration = Duration::from_secs(5);

/// Follows the signing keys of the deployment, and rotates them by the
/// calendar, for as long as it is polled.
pub async fn run(app: Arc<AppState>) {
    let mut failing: Option<String> = None;
    app.instruments.jobs.keys.begins(app.clock.now());
    loop {
        tokio::time::sleep(EVERY).await;
        let round = follow(&app).await;
        app.instruments.jobs.keys.note(&round, app.clock.now());
        match round {
            Ok(()) => failing = None,
            // Once for each cause, not every five seconds.
            Err(error) if failing.as_ref() == Some(&error.to_string()) => {}
            Err(error) => {
                failing = Some(error.to_string());
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the signing keys could not be followed; those in use stay, and the next round will try again"
                );
            }
        }
    }
}

/// One round.
///
/// # Errors
///
/// [`CustodyError`]: the keys in use stay.
pub async fn follow(app: &AppState) -> Result<(), CustodyError> {
    let mut conn = app.database.connection().await?;
    custody::follow_signing_keys(&mut conn, &app.tokens, app.clock.now()).await
}
