//! A message on its way, and what becomes of its quota if it does not go.

use std::net::IpAddr;

use actix_web::web::Data;
use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use tracing::Instrument;

use super::admission::request;
use crate::{
    domain::DeviceId,
    http::problem::Problem,
    sms::{Message, SmsError},
    state::AppState,
    store::{
        StoreError,
        sends::{self, Returned},
    },
};

/// What a message was counted as.
pub(super) struct Counted {
    /// When, as the database has it.
    pub at: DateTime<Utc>,
    /// For whom.
    pub address: IpAddr,
    /// In whose lane; none: a stranger's.
    pub device: Option<DeviceId>,
    /// After how long another one would be admitted.
    pub next: TimeDelta,
}

/// Hands `message` over, and gives back what it was counted as if it certainly did not go.
///
/// In a task of its own: apps give up sooner than providers do, and a client that went away must find its quota as
/// whole as one that waited.
pub(super) async fn hand_over(
    app: &Data<AppState>,
    message: Message,
    counted: Counted,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let (next, app) = (counted.next, app.clone());
    let sent = tokio::spawn(async move { send(&app, message, counted, now).await }.in_current_span());
    let sent = sent.await.context("the task of a message").map_err(Problem::Internal)?;
    sent.map_err(|error| match error {
        SmsError::Rejected => Problem::SmsRejected,
        SmsError::Unavailable { retry_after } => Problem::SmsUnavailable(retry_after),
        // It stays counted: phones would otherwise get more messages the worse a provider works.
        SmsError::Unanswered => Problem::SmsUnanswered(next),
    })
}

async fn send(
    app: &AppState,
    message: Message,
    counted: Counted,
    now: DateTime<Utc>,
) -> Result<(), SmsError> {
    let sent = app.sms.send(&message, now).await.outcome().map(drop);
    let returned = match &sent {
        Ok(()) => {
            app.instruments.codes.sent(message.phone.region());
            return Ok(());
        }
        Err(SmsError::Unanswered) => return sent,
        Err(SmsError::Rejected) => Returned::AllButNetworks,
        Err(SmsError::Unavailable { .. }) => Returned::All,
    };
    if let Err(error) = Box::pin(give_back(app, &message, &counted, returned)).await {
        let error = anyhow::Error::from(error);
        tracing::warn!(cause = format!("{error:#}"), "a message did not go and stays counted as sent");
    }
    sent
}

async fn give_back(
    app: &AppState,
    message: &Message,
    counted: &Counted,
    returned: Returned,
) -> Result<(), StoreError> {
    if app.settings.premises.sends_per_day.is_none() {
        return Ok(());
    }
    let request = request(app, counted.address, &message.phone, counted.device);
    let mut conn = app.database.connection().await?;
    sends::give_back(&mut conn, &request, counted.device, counted.at, returned).await
}
