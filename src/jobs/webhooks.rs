//! Telling of events: sharing them out to the endpoints, and the attempts.

mod ending;
mod schedule;

use std::{error::Error, pin::pin, sync::Arc, time::Duration};

use chrono::TimeDelta;
use futures_util::{
    StreamExt,
    future::{Either, join, join_all, select},
    stream::FuturesUnordered,
};
use tokio::{
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};

use self::ending::Ending;
use crate::{
    state::AppState,
    store::{
        StoreError,
        deliveries::{self, Claimed},
        webhook_endpoints,
    },
    webhooks::{Change, Endpoint, Message, Outcome, Webhooks},
};

/// How often an instance looks for what is to be told.
const EVERY: Duration = Duration::from_secs(1);
/// How many events are shared out by one statement.
const SHARED_AT_ONCE: i64 = 500;
/// How many attempts an instance has under way at one endpoint.
const ATTEMPTS_AT_ONCE: usize = 8;
/// For how long an attempt belongs to who began it: longer than it can take,
/// for which there is `WEBHOOK_TIMEOUT_SECONDS`, and than noting its outcome.
/// After a crash another one begins then.
pub const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How often an outcome is tried to be noted: what is not noted is sent again.
const NOTES: u32 = 10;

/// Tells of events until `stopping` says so, if there is anybody to tell. Then
/// nothing more is begun; what is under way may end within `grace`, and the
/// rest is given back.
///
/// Each endpoint has a loop of its own, so one that is slow or dead holds up
/// no other.
pub async fn run(app: Arc<AppState>, stopping: watch::Receiver<bool>, grace: Duration) {
    let Some(webhooks) = &app.webhooks else { return };
    let ending = Ending::new(stopping, grace);
    let mut telling = Vec::new();
    for endpoint in &webhooks.endpoints {
        telling.push(keep_telling(&app, webhooks, endpoint, &ending));
    }
    join(keep_sharing(&app, &ending), join_all(telling)).await;
}

async fn keep_sharing(app: &AppState, ending: &Ending) {
    let mut failing = None;
    app.instruments.jobs.webhooks.begins(app.clock.now());
    while !ending.has_begun() {
        let done = share_out(app).await;
        app.instruments.jobs.webhooks.note(&done, app.clock.now());
        complain(&mut failing, done, "events could not be shared out to the endpoints");
        ending.sleep(EVERY).await;
    }
}

async fn keep_telling(app: &AppState, webhooks: &Webhooks, endpoint: &Endpoint, ending: &Ending) {
    let mut failing = None;
    while !ending.has_begun() {
        let done = tell(app, webhooks, endpoint, ending).await;
        complain(&mut failing, done, "events could not be told to an endpoint");
        ending.sleep(EVERY).await;
    }
}

/// Warns once for each cause, not every second.
fn complain(failing: &mut Option<String>, done: Result<(), StoreError>, complaint: &str) {
    match done {
        Ok(()) => *failing = None,
        Err(error) if failing.as_ref() == Some(&error.to_string()) => {}
        Err(error) => {
            *failing = Some(error.to_string());
            let error = &error as &dyn Error;
            tracing::warn!(error, "{complaint}; the next round will try again");
        }
    }
}

/// Shares out what is new, a part at a time.
///
/// # Errors
///
/// [`StoreError`]: what was shared out is; the next round goes on.
pub async fn share_out(app: &AppState) -> Result<(), StoreError> {
    let Some(webhooks) = &app.webhooks else { return Ok(()) };
    loop {
        let now = app.clock.now();
        let mut conn = app.database.connection().await?;
        let ids = webhooks.endpoints.iter().map(|endpoint| endpoint.id).collect();
        webhook_endpoints::name(&mut conn, ids, now).await?;
        if deliveries::share_out(&mut conn, SHARED_AT_ONCE, now).await?.events < SHARED_AT_ONCE {
            return Ok(());
        }
    }
}

/// Makes every attempt that is due, at all endpoints beside each other.
///
/// # Errors
///
/// [`StoreError`]: the next round goes on.
pub async fn tell_everybody(app: &AppState) -> Result<(), StoreError> {
    let Some(webhooks) = &app.webhooks else { return Ok(()) };
    let never = Ending::never();
    let told = webhooks.endpoints.iter().map(|endpoint| tell(app, webhooks, endpoint, &never));
    join_all(told).await.into_iter().collect()
}

/// Makes every attempt at `endpoint` that is due, some at a time.
///
/// An attempt is begun in a commit of its own; while the endpoint is waited
/// for, no connection is held.
async fn tell(
    app: &AppState,
    webhooks: &Webhooks,
    endpoint: &Endpoint,
    ending: &Ending,
) -> Result<(), StoreError> {
    // However many attempts end at once, one of them asks the database.
    let turn = Semaphore::new(1);
    let mut under_way = FuturesUnordered::new();
    let done = loop {
        if ending.has_begun() {
            break Ok(());
        }
        match claim(app, endpoint, ATTEMPTS_AT_ONCE - under_way.len()).await {
            Ok(claimed) => {
                for claimed in claimed {
                    under_way.push(attempt(app, webhooks, endpoint, claimed, &turn, ending));
                }
            }
            Err(error) => break Err(error),
        }
        // Where there is room, what happens meanwhile need not wait for what is slow.
        if let Ok(None) = timeout(EVERY, under_way.next()).await {
            return Ok(());
        }
    };
    // What is under way is brought to its end.
    while under_way.next().await.is_some() {}
    done
}

async fn claim(app: &AppState, endpoint: &Endpoint, room: usize) -> Result<Vec<Claimed>, StoreError> {
    if room == 0 {
        return Ok(Vec::new());
    }
    let (now, room) = (app.clock.now(), i64::try_from(room).unwrap_or(i64::MAX));
    let mut conn = app.database.connection().await?;
    deliveries::claim(&mut conn, endpoint.id, room, now, now + LEASE).await
}

/// Sends, and notes what came of it; or gives back what has not ended in time.
async fn attempt(
    app: &AppState,
    webhooks: &Webhooks,
    endpoint: &Endpoint,
    claimed: Claimed,
    turn: &Semaphore,
    ending: &Ending,
) {
    let message = Message::new(claimed.event, &claimed.event_type, claimed.occurred_at, &claimed.data);
    let sending = pin!(webhooks.sender.send(endpoint, &message, app.clock.now()));
    let Either::Left((outcome, _)) = select(sending, pin!(ending.has_come())).await else {
        return give_back(app, &claimed).await;
    };
    say_how_it_goes(app, endpoint, &outcome);
    for left in (0..NOTES).rev() {
        let noted = {
            let _turn = turn.acquire().await;
            note(app, endpoint, &claimed, &outcome).await
        };
        match noted {
            Ok(()) => return,
            Err(_) if left > 0 => sleep(EVERY).await,
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::warn!(
                    error, event.id = %claimed.event, endpoint.id,
                    "an attempt could not be noted; the event may be sent once more, under the same webhook-id"
                );
            }
        }
    }
}

async fn give_back(app: &AppState, claimed: &Claimed) {
    let given = async {
        let mut conn = app.database.connection().await?;
        deliveries::give_back(&mut conn, claimed).await
    };
    if let Err(error) = given.await {
        let error = &error as &dyn Error;
        tracing::warn!(
            error, event.id = %claimed.event, endpoint.id = claimed.endpoint,
            "an attempt could not be given back; another is made within a minute"
        );
    }
}

async fn note(
    app: &AppState,
    endpoint: &Endpoint,
    claimed: &Claimed,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let mut conn = app.database.connection().await?;
    let asked = match outcome {
        Outcome::Taken(_) => {
            return deliveries::note_delivered(&mut conn, claimed, &outcome.as_text(), now).await;
        }
        Outcome::Gone => {
            if deliveries::end_endpoint(&mut conn, claimed, now).await? {
                tracing::warn!(
                    endpoint.id,
                    endpoint.origin = endpoint.origin(),
                    "an endpoint answered 410 and is told nothing more; to start it again: phone-auth events retry --endpoint {}",
                    endpoint.id
                );
            }
            return Ok(());
        }
        Outcome::Refused { retry_after, .. } => *retry_after,
        Outcome::Unanswered(_) => None,
    };
    let next_at = schedule::after(claimed.attempt, asked).map(|wait| now + wait);
    let is_noted = deliveries::note_failure(&mut conn, claimed, &outcome.as_text(), next_at, now).await?;
    if is_noted && next_at.is_none() {
        tracing::error!(
            event.id = %claimed.event, endpoint.id, endpoint.origin = endpoint.origin(), outcome = outcome.as_text(),
            "an endpoint was not told of an event, and no attempt follows; once it works again: phone-auth events retry {}",
            claimed.event
        );
    }
    Ok(())
}

/// Warns when an endpoint begins to fail, and tells when it works again.
fn say_how_it_goes(app: &AppState, endpoint: &Endpoint, outcome: &Outcome) {
    let has_failed = match outcome {
        Outcome::Taken(_) => false,
        Outcome::Refused { .. } | Outcome::Unanswered(_) => true,
        // Told by whoever ends it.
        Outcome::Gone => return,
    };
    let origin = endpoint.origin();
    match endpoint.note(has_failed, app.clock.now()) {
        None => {}
        Some(Change::Fails) => tracing::warn!(
            endpoint.id,
            endpoint.origin = origin,
            outcome = outcome.as_text(),
            "an endpoint did not take an event; each is tried again for three days or more"
        ),
        Some(Change::Works) => {
            tracing::info!(endpoint.id, endpoint.origin = origin, "an endpoint takes events again");
        }
    }
}
