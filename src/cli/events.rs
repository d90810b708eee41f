//! `phone-auth events`.

use anyhow::bail;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::{say, with_connection};
use crate::{
    clock::Clock,
    config::{Config, Events, EventsRetry},
    domain::EventId,
    jobs::webhooks::LEASE,
    store::{
        Connection,
        events::{self, ListedEvent, Retry, State},
        webhook_endpoints::{self, ListedEndpoint},
    },
};

/// Does what `command` says.
///
/// # Errors
///
/// A sentence for the operator.
pub fn run(config: &Config, command: &Events) -> anyhow::Result<()> {
    let now = Clock::System.now();
    match command {
        Events::List { state, limit, json } => {
            with_connection(config, async |conn| list(conn, *state, (*limit).into(), *json, now).await)
        }
        Events::Endpoints { json } => {
            with_connection(config, async |conn| list_endpoints(conn, *json, now).await)
        }
        Events::Retry(what) => with_connection(config, async |conn| retry(conn, what, now).await),
    }
}

/// An event and an endpoint as they are shown.
#[derive(Serialize)]
struct Shown {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    occurred_at: String,
    data: Value,
    endpoint: Option<i32>,
    state: &'static str,
    attempts: i16,
    next_attempt_at: Option<String>,
    last_outcome: Option<String>,
}

async fn list(
    conn: &mut Connection,
    state: Option<State>,
    limit: i64,
    json: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let listed = events::list(conn, state, limit, now).await?;
    let shown = listed.into_iter().map(show).collect::<Result<Vec<_>, _>>()?;
    if json {
        say(&serde_json::to_string_pretty(&shown)?);
        return Ok(());
    }
    say(&format!(
        "{:<36}  {:<22}  {:<20}  {:>8}  {:<11}  {:>8}  LAST OUTCOME",
        "EVENT", "TYPE", "OCCURRED AT", "ENDPOINT", "STATE", "ATTEMPTS"
    ));
    for Shown { id, event_type, occurred_at, endpoint, state, attempts, last_outcome, .. } in shown {
        let endpoint = endpoint.map_or("-".to_owned(), |endpoint| endpoint.to_string());
        let outcome = last_outcome.unwrap_or_else(|| "-".to_owned());
        say(&format!(
            "{id:<36}  {event_type:<22}  {occurred_at:<20}  {endpoint:>8}  {state:<11}  {attempts:>8}  {outcome}"
        ));
    }
    Ok(())
}

fn show(listed: ListedEvent) -> serde_json::Result<Shown> {
    Ok(Shown {
        id: listed.id.to_string(),
        event_type: listed.event_type,
        occurred_at: time(listed.occurred_at),
        data: serde_json::from_str(&listed.data)?,
        endpoint: listed.endpoint,
        state: listed.state.as_str(),
        attempts: listed.attempts,
        next_attempt_at: listed.next_attempt_at.map(time),
        last_outcome: listed.last_outcome,
    })
}

/// An endpoint as it is shown: without its path, which may be a secret.
#[derive(Serialize)]
struct ShownEndpoint {
    id: i32,
    origin: String,
    state: &'static str,
    added_at: String,
    waiting: i64,
    failed: i64,
}

async fn list_endpoints(conn: &mut Connection, json: bool, now: DateTime<Utc>) -> anyhow::Result<()> {
    let listed = webhook_endpoints::list(conn, now).await?;
    let shown: Vec<_> = listed.iter().map(show_endpoint).collect();
    if json {
        say(&serde_json::to_string_pretty(&shown)?);
        return Ok(());
    }
    say(&format!("{:>8}  {:<7}  {:>8}  {:>8}  ORIGIN", "ENDPOINT", "STATE", "WAITING", "FAILED"));
    for ShownEndpoint { id, origin, state, waiting, failed, .. } in shown {
        say(&format!("{id:>8}  {state:<7}  {waiting:>8}  {failed:>8}  {origin}"));
    }
    Ok(())
}

fn show_endpoint(listed: &ListedEndpoint) -> ShownEndpoint {
    let state = match (listed.ended_at, listed.is_named) {
        (Some(_), _) => "ended",
        (None, true) => "live",
        (None, false) => "unnamed",
    };
    ShownEndpoint {
        id: listed.id,
        origin: Url::parse(&listed.url).map(|url| url.origin().ascii_serialization()).unwrap_or_default(),
        state,
        added_at: time(listed.added_at),
        waiting: listed.waiting,
        failed: listed.failed,
    }
}

async fn retry(conn: &mut Connection, what: &EventsRetry, now: DateTime<Utc>) -> anyhow::Result<()> {
    let retry = Retry { event: what.event.map(EventId), endpoint: what.endpoint, only_failed: what.failed };
    if let Some(endpoint) = what.endpoint
        && !webhook_endpoints::restart(conn, endpoint).await?
    {
        bail!("there is no endpoint {endpoint}; phone-auth events endpoints shows those there are");
    }
    match (events::retry(conn, retry, now, now + LEASE).await?, what) {
        (0, EventsRetry { event: Some(_), .. }) => bail!(
            "nothing was to be retried: there is no such event, everybody was told of it, an attempt is due within a \
             minute, or the endpoint has ended; phone-auth events list and phone-auth events endpoints show which"
        ),
        (0, EventsRetry { endpoint: Some(endpoint), .. }) => {
            say(&format!("Endpoint {endpoint} is told of events. What waits for it is due by itself."));
        }
        (0, _) => say("Nothing has failed."),
        (number, _) => say(&format!(
            "{number} to be told anew, with all attempts; running instances make the first at once."
        )),
    }
    Ok(())
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
