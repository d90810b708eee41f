//! `deliveries`: one event to one endpoint, from sharing out to the last attempt.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, statement::statement};
use crate::domain::EventId;

statement! {
    /// The lock on the event makes one instance share it out; others take other events. While nobody
    /// names an endpoint events are left as they are, for one that may come. One that has ended is told of what was
    /// before its end, once it is started again, and of nothing since: also where it is the only one.
    ShareOut {
        now: DateTime<Utc> => Timestamptz,
        most: i64 => BigInt,
    } -> (BigInt, BigInt)
    "WITH fresh AS (
         SELECT id, occurred_at FROM events
         WHERE shared_at IS NULL AND EXISTS (SELECT FROM webhook_endpoints endpoint WHERE is_named(endpoint, $1))
         ORDER BY id LIMIT $2
         FOR NO KEY UPDATE OF events SKIP LOCKED
     ), shared AS (
         UPDATE events SET shared_at = $1 FROM fresh WHERE events.id = fresh.id RETURNING 1
     ), told AS (
         INSERT INTO deliveries (event_id, endpoint_id, due_at)
         SELECT fresh.id, endpoint.id, $1
         FROM fresh JOIN webhook_endpoints endpoint
              ON is_named(endpoint, $1) AND endpoint.added_at <= fresh.occurred_at
                 AND (endpoint.ended_at IS NULL OR fresh.occurred_at <= endpoint.ended_at)
         RETURNING 1
     )
     SELECT (SELECT count(*) FROM shared), (SELECT count(*) FROM told)"
}

/// What was shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    /// How many events.
    pub events: i64,
    /// How many deliveries they make.
    pub deliveries: i64,
}

/// Makes a delivery of each new event for each live endpoint that was there
/// before it, of at most `most` events.
///
/// # Errors
///
/// [`StoreError`]: nothing was shared out.
pub async fn share_out(conn: &mut Connection, most: i64, now: DateTime<Utc>) -> Result<Shared, StoreError> {
    let (events, deliveries): (i64, i64) = ShareOut { now, most }.get_result(conn).await?;
    Ok(Shared { events, deliveries })
}

/// A delivery whose next attempt has begun.
pub struct Claimed {
    /// What is told.
    pub event: EventId,
    /// Of which type it is.
    pub event_type: String,
    /// What it says, as JSON.
    pub data: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// To whom it is told.
    pub endpoint: i32,
    /// Which attempt this is, from one.
    pub attempt: i16,
}

statement! {
    /// Of several who claim at once each gets others: a row that is locked is passed by, and one that was claimed
    /// meanwhile is not due any more. What was begun before does not wait behind a backlog.
    Claim {
        endpoint: i32 => Integer,
        now: DateTime<Utc> => Timestamptz,
        most: i64 => BigInt,
        lease_ends_at: DateTime<Utc> => Timestamptz,
    } -> (Uuid, Text, Text, Timestamptz, SmallInt)
    "WITH begun AS MATERIALIZED (
         SELECT event_id FROM deliveries
         WHERE endpoint_id = $1 AND least(attempts, 1::smallint) = 1::smallint AND due_at <= $2
           AND delivered_at IS NULL AND failed_at IS NULL
           AND EXISTS (SELECT FROM webhook_endpoints WHERE id = $1 AND ended_at IS NULL)
         ORDER BY due_at LIMIT $3
         FOR NO KEY UPDATE SKIP LOCKED
     ), others AS MATERIALIZED (
         SELECT event_id FROM deliveries
         WHERE endpoint_id = $1 AND least(attempts, 1::smallint) = 0::smallint AND due_at <= $2
           AND delivered_at IS NULL AND failed_at IS NULL
           AND EXISTS (SELECT FROM webhook_endpoints WHERE id = $1 AND ended_at IS NULL)
         ORDER BY due_at LIMIT $3 - (SELECT count(*) FROM begun)
         FOR NO KEY UPDATE SKIP LOCKED
     ), due AS (
         SELECT event_id FROM begun UNION ALL SELECT event_id FROM others
     )
     UPDATE deliveries SET attempts = attempts + 1, due_at = $4
     FROM due JOIN events ON events.id = due.event_id
     WHERE deliveries.event_id = due.event_id AND deliveries.endpoint_id = $1
     RETURNING events.id, events.event_type, events.data::text, events.occurred_at, attempts"
}

/// Begins the next attempt of at most `most` deliveries to `endpoint` that are
/// due, if it has not ended. Nobody else begins one before `lease_ends_at`.
///
/// # Errors
///
/// [`StoreError`]: no attempt was begun.
pub async fn claim(
    conn: &mut Connection,
    endpoint: i32,
    most: i64,
    now: DateTime<Utc>,
    lease_ends_at: DateTime<Utc>,
) -> Result<Vec<Claimed>, StoreError> {
    let claim = Claim { endpoint, now, most, lease_ends_at };
    let rows: Vec<(uuid::Uuid, String, String, DateTime<Utc>, i16)> = claim.load(conn).await?;
    let claimed = rows.into_iter().map(|(event, event_type, data, occurred_at, attempt)| Claimed {
        event: EventId(event),
        event_type,
        data,
        occurred_at,
        endpoint,
        attempt,
    });
    Ok(claimed.collect())
}

statement! {
    /// Whoever sent it: taken is taken, also when another attempt has begun meanwhile.
    NoteDelivered<'a> {
        now: DateTime<Utc> => Timestamptz,
        outcome: &'a str => Text,
        event: uuid::Uuid => Uuid,
        endpoint: i32 => Integer,
    } -> (BigInt,)
    "WITH noted AS (
         UPDATE deliveries SET delivered_at = $1, failed_at = NULL, last_outcome = $2
         WHERE event_id = $3 AND endpoint_id = $4 AND delivered_at IS NULL
         RETURNING 1
     )
     SELECT count(*) FROM noted"
}

/// Notes that the endpoint took it.
///
/// # Errors
///
/// [`StoreError`]: it may not be noted.
pub async fn note_delivered(
    conn: &mut Connection,
    claimed: &Claimed,
    outcome: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let note = NoteDelivered { now, outcome, event: claimed.event.0, endpoint: claimed.endpoint };
    let _: (i64,) = note.get_result(conn).await?;
    Ok(())
}

statement! {
    /// Only of the attempt that was begun last: an older one has nothing more to say.
    NoteFailure<'a> {
        next_at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        now: DateTime<Utc> => Timestamptz,
        outcome: &'a str => Text,
        event: uuid::Uuid => Uuid,
        endpoint: i32 => Integer,
        attempt: i16 => SmallInt,
    } -> (BigInt,)
    "WITH noted AS (
         UPDATE deliveries
         SET failed_at = CASE WHEN $1 IS NULL THEN $2 END, due_at = coalesce($1, due_at), last_outcome = $3
         WHERE event_id = $4 AND endpoint_id = $5 AND attempts = $6 AND delivered_at IS NULL AND failed_at IS NULL
         RETURNING 1
     )
     SELECT count(*) FROM noted"
}

/// Notes that the endpoint did not take it, and when the next attempt may
/// begin; none: never. Tells whether that was noted.
///
/// # Errors
///
/// [`StoreError`]: it may not be noted.
pub async fn note_failure(
    conn: &mut Connection,
    claimed: &Claimed,
    outcome: &str,
    next_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let (event, endpoint, attempt) = (claimed.event.0, claimed.endpoint, claimed.attempt);
    let (noted,): (i64,) =
        NoteFailure { next_at, now, outcome, event, endpoint, attempt }.get_result(conn).await?;
    Ok(noted > 0)
}

statement! {
    /// Due before all that happened later.
    GiveBack {
        event: uuid::Uuid => Uuid,
        endpoint: i32 => Integer,
        attempt: i16 => SmallInt,
    } -> (BigInt,)
    "WITH given AS (
         UPDATE deliveries SET attempts = attempts - 1, due_at = occurred_at
         FROM events
         WHERE events.id = $1 AND event_id = $1 AND endpoint_id = $2 AND attempts = $3
           AND delivered_at IS NULL AND failed_at IS NULL
         RETURNING 1
     )
     SELECT count(*) FROM given"
}

/// Lets another instance make the attempt: it is due at once, and this one was none.
///
/// # Errors
///
/// [`StoreError`]: it is due when the lease ends.
pub async fn give_back(conn: &mut Connection, claimed: &Claimed) -> Result<(), StoreError> {
    let (event, endpoint, attempt) = (claimed.event.0, claimed.endpoint, claimed.attempt);
    let _: (i64,) = GiveBack { event, endpoint, attempt }.get_result(conn).await?;
    Ok(())
}

statement! {
    /// What else waits for the endpoint is left as it is, for the day on which it is started again.
    EndEndpoint {
        now: DateTime<Utc> => Timestamptz,
        endpoint: i32 => Integer,
        event: uuid::Uuid => Uuid,
        attempt: i16 => SmallInt,
    } -> (BigInt,)
    "WITH ended AS (
         UPDATE webhook_endpoints SET ended_at = $1, ended_because = 'it answered 410'
         WHERE id = $2 AND ended_at IS NULL
         RETURNING 1
     ), noted AS (
         UPDATE deliveries SET failed_at = $1, last_outcome = '410'
         WHERE event_id = $3 AND endpoint_id = $2 AND attempts = $4 AND delivered_at IS NULL
     )
     SELECT count(*) FROM ended"
}

/// Ends the endpoint that `claimed` was told to; tells whether it is by this.
///
/// # Errors
///
/// [`StoreError`]: it may not have ended.
pub async fn end_endpoint(
    conn: &mut Connection,
    claimed: &Claimed,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let (endpoint, event, attempt) = (claimed.endpoint, claimed.event.0, claimed.attempt);
    let (ended,): (i64,) = EndEndpoint { now, endpoint, event, attempt }.get_result(conn).await?;
    Ok(ended > 0)
}
