//! `phone-auth events`.

use anyhow::bail;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::{
    Ending,
    deployment::with_connection,
    output::{Column, Table, or_none, say, say_json, time},
};
use crate::{
    clock::Clock,
    config::{Config, Events, EventsRetry},
    domain::EventId,
    jobs::webhooks::LEASE,
    store::{
        Connection,
        events::{self, ListedEvent, State},
        retries::{self, Retry},
        webhook_endpoints::{self, ListedEndpoint, Restarted},
    },
    webhooks,
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
            let urls = config.webhooks.urls()?;
            with_connection(config, async |conn| list_endpoints(conn, &urls, *json, now).await)
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
        return say_json(&shown);
    }
    let mut table = Table::new([
        Column::left("EVENT", 36),
        Column::left("TYPE", 22),
        Column::left("OCCURRED AT", 20),
        Column::right("ENDPOINT", 8),
        Column::left("STATE", 11),
        Column::right("ATTEMPTS", 8),
        Column::left("NEXT ATTEMPT", 20),
        Column::left("LAST OUTCOME", 0),
    ]);
    for event in shown {
        table.row([
            event.id,
            event.event_type,
            event.occurred_at,
            or_none(event.endpoint.map(|endpoint| endpoint.to_string())),
            event.state.to_owned(),
            event.attempts.to_string(),
            or_none(event.next_attempt_at),
            or_none(event.last_outcome),
        ]);
    }
    table.say()
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
    /// Which address of the `WEBHOOK_URLS` that this command has, from one.
    position: Option<usize>,
    origin: String,
    /// Tells apart what has one origin.
    fingerprint: String,
    state: &'static str,
    added_at: String,
    waiting: i64,
    held: i64,
    failed: i64,
}

async fn list_endpoints(
    conn: &mut Connection,
    urls: &[Url],
    json: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let listed = webhook_endpoints::list(conn, now).await?;
    let shown: Vec<_> = listed.iter().map(|listed| show_endpoint(listed, urls)).collect();
    if json {
        return say_json(&shown);
    }
    let mut table = Table::new([
        Column::right("ENDPOINT", 8),
        Column::right("POSITION", 8),
        Column::left("STATE", 7),
        Column::right("WAITING", 8),
        Column::right("HELD", 8),
        Column::right("FAILED", 8),
        Column::left("FINGERPRINT", 11),
        Column::left("ORIGIN", 0),
    ]);
    for endpoint in shown {
        table.row([
            endpoint.id.to_string(),
            or_none(endpoint.position.map(|position| position.to_string())),
            endpoint.state.to_owned(),
            endpoint.waiting.to_string(),
            endpoint.held.to_string(),
            endpoint.failed.to_string(),
            endpoint.fingerprint,
            endpoint.origin,
        ]);
    }
    table.say()
}

fn show_endpoint(listed: &ListedEndpoint, urls: &[Url]) -> ShownEndpoint {
    let state = match (listed.ended_at, listed.is_named) {
        (Some(_), _) => "ended",
        (None, true) => "live",
        (None, false) => "unnamed",
    };
    let is_live = state == "live";
    ShownEndpoint {
        id: listed.id,
        position: urls.iter().position(|url| url.as_str() == listed.url).map(|at| at + 1),
        origin: webhooks::origin(&listed.url),
        fingerprint: webhooks::fingerprint(&listed.url),
        state,
        added_at: time(listed.added_at),
        waiting: if is_live { listed.undelivered } else { 0 },
        held: if is_live { 0 } else { listed.undelivered },
        failed: listed.failed,
    }
}

async fn retry(conn: &mut Connection, what: &EventsRetry, now: DateTime<Utc>) -> anyhow::Result<()> {
    let event = what.event.map(EventId);
    let retry = Retry { event, endpoint: what.endpoint, only_failed: what.failed };
    if let Some(endpoint) = what.endpoint {
        match webhook_endpoints::restart(conn, endpoint, now).await? {
            Restarted::Live => {}
            Restarted::Unnamed => bail!(
                "no running instance has endpoint {endpoint} in its WEBHOOK_URLS, so it is told nothing; name it \
                 there, start the service, and retry"
            ),
            Restarted::Unknown => {
                let unknown = format!(
                    "there is no endpoint {endpoint}; phone-auth events endpoints shows those there are"
                );
                return Err(Ending::NotFound(unknown).into());
            }
        }
    }
    let retried = retries::retry(conn, retry, now, now + LEASE).await?;
    let stuck = if what.endpoint.is_some() { 0 } else { retries::stuck(conn, event, now).await? };
    match (retried, what) {
        (0, EventsRetry { event: Some(_), .. }) => bail!(
            "nothing was to be retried: there is no such event, everybody was told of it, an attempt is due within a \
             minute, or the endpoint has ended or is named by nobody; phone-auth events list and phone-auth events \
             endpoints show which"
        ),
        (0, EventsRetry { endpoint: Some(endpoint), .. }) => {
            say(&format!("Endpoint {endpoint} is told of events. What waits for it is due by itself."))?;
        }
        (0, _) if stuck == 0 => say("Nothing has failed.")?,
        (0, _) => {}
        (number, _) => say(&format!(
            "{number} to be told anew, with all attempts; running instances make the first at once."
        ))?,
    }
    if stuck > 0 {
        say(&format!(
            "{stuck} failed at endpoints that have ended or that nobody names, and were left alone; phone-auth events \
             endpoints shows which, and phone-auth events retry --endpoint <number> starts one again."
        ))?;
    }
    Ok(())
}
