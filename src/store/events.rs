//! `events`: what happened, as operators see it, and forgetting it. Triggers
//! and `sessions/rotate.rs` write it, `deliveries.rs` tells it.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, statement::statement};
use crate::domain::EventId;

/// How far an event has come on its way to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// An attempt is due, now or later.
    Waiting,
    /// Nothing is sent: the endpoint has ended, or nobody names it.
    Held,
    /// The endpoint took it.
    Delivered,
    /// No attempt follows.
    Failed,
    /// There is no endpoint for it.
    Unaddressed,
}

impl State {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Held, Self::Delivered, Self::Failed, Self::Unaddressed];

    /// How it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Unaddressed => "unaddressed",
        }
    }
}

/// An event and an endpoint.
pub struct ListedEvent {
    /// Which event.
    pub id: EventId,
    /// Its type.
    pub event_type: String,
    /// What it says, as JSON.
    pub data: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// To whom it is told, if that is known yet.
    pub endpoint: Option<i32>,
    /// How far it has come.
    pub state: State,
    /// How many attempts were begun.
    pub attempts: i16,
    /// When the next one may begin.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// What came of the last one.
    pub last_outcome: Option<String>,
}

statement! {
    /// Each state is found by an index of its own, where it has one; the others are most of what there is. What was
    /// found is looked at once more, so that a state is told in one place.
    ListEvents<'a> {
        state: Option<&'a str> => Nullable<Text>,
        limit: i64 => BigInt,
        now: DateTime<Utc> => Timestamptz,
    } -> (Uuid, Text, Text, Timestamptz, Nullable<Integer>, Text, SmallInt, Nullable<Timestamptz>, Nullable<Text>)
    "WITH found AS (
         (SELECT event_id, endpoint_id FROM deliveries
          WHERE $1 = 'failed' AND failed_at IS NOT NULL
          ORDER BY event_id DESC, endpoint_id LIMIT $2)
         UNION ALL
         (SELECT event_id, endpoint_id FROM deliveries JOIN webhook_endpoints endpoint ON endpoint.id = endpoint_id
          WHERE $1 IN ('waiting', 'held') AND delivered_at IS NULL AND failed_at IS NULL
            AND is_live(endpoint, $3) = ($1 = 'waiting')
          ORDER BY event_id DESC, endpoint_id LIMIT $2)
         UNION ALL
         (SELECT id, NULL FROM events
          WHERE $1 = 'waiting' AND shared_at IS NULL
            AND EXISTS (SELECT FROM webhook_endpoints other WHERE is_live(other, $3) AND added_at <= occurred_at)
          ORDER BY id DESC LIMIT $2)
         UNION ALL
         (SELECT events.id, endpoint_id FROM events LEFT JOIN deliveries ON event_id = events.id
          WHERE $1 IS NULL
             OR $1 = 'delivered' AND delivered_at IS NOT NULL
             OR $1 = 'unaddressed' AND event_id IS NULL AND (shared_at IS NOT NULL OR NOT EXISTS (
                 SELECT FROM webhook_endpoints other WHERE is_live(other, $3) AND added_at <= occurred_at))
          ORDER BY events.id DESC, endpoint_id LIMIT $2)
     )
     SELECT events.id, event_type, data::text, occurred_at, found.endpoint_id, state, coalesce(attempts, 0::smallint),
            CASE WHEN state = 'waiting' THEN due_at END, last_outcome
     FROM found JOIN events ON events.id = found.event_id
     LEFT JOIN deliveries ON deliveries.event_id = found.event_id AND deliveries.endpoint_id = found.endpoint_id
     LEFT JOIN webhook_endpoints endpoint ON endpoint.id = found.endpoint_id
     CROSS JOIN LATERAL (
         SELECT CASE
             WHEN delivered_at IS NOT NULL THEN 'delivered'
             WHEN failed_at IS NOT NULL THEN 'failed'
             WHEN deliveries.event_id IS NOT NULL AND is_live(endpoint, $3) THEN 'waiting'
             WHEN deliveries.event_id IS NOT NULL THEN 'held'
             WHEN shared_at IS NULL AND EXISTS (
                 SELECT FROM webhook_endpoints other WHERE is_live(other, $3) AND other.added_at <= occurred_at
             ) THEN 'waiting'
             ELSE 'unaddressed'
         END AS state
     ) come
     ORDER BY events.id DESC, found.endpoint_id LIMIT $2"
}

/// The newest events, at most `limit`, each once for each endpoint; of one `state` only, if one is given.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn list(
    conn: &mut Connection,
    state: Option<State>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<ListedEvent>, StoreError> {
    type Row = (
        uuid::Uuid,
        String,
        String,
        DateTime<Utc>,
        Option<i32>,
        String,
        i16,
        Option<DateTime<Utc>>,
        Option<String>,
    );
    let rows: Vec<Row> = ListEvents { now, state: state.map(State::as_str), limit }.load(conn).await?;
    rows.into_iter()
        .map(
            |(
                id,
                event_type,
                data,
                occurred_at,
                endpoint,
                state,
                attempts,
                next_attempt_at,
                last_outcome,
            )| {
                let state = State::ALL.into_iter().find(|known| known.as_str() == state);
                Ok(ListedEvent {
                    id: EventId(id),
                    event_type,
                    data,
                    occurred_at,
                    endpoint,
                    state: state.ok_or(StoreError::Corrupt("events"))?,
                    attempts,
                    next_attempt_at,
                    last_outcome,
                })
            },
        )
        .collect()
}

/// More than this is not counted.
pub const MOST_COUNTED: i64 = 100_000;

statement! {
    CountWaiting { now: DateTime<Utc> => Timestamptz, most: i64 => BigInt } -> (BigInt,)
    "SELECT count(*) FROM (
         SELECT FROM deliveries JOIN webhook_endpoints endpoint ON endpoint.id = endpoint_id
         WHERE delivered_at IS NULL AND failed_at IS NULL AND is_live(endpoint, $1)
         UNION ALL
         SELECT FROM events
         WHERE shared_at IS NULL AND EXISTS (SELECT FROM webhook_endpoints endpoint WHERE is_live(endpoint, $1))
         LIMIT $2
     ) waiting"
}

/// How many deliveries are still to be made, counted up to [`MOST_COUNTED`].
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn waiting(conn: &mut Connection, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let (waiting,): (i64,) = CountWaiting { now, most: MOST_COUNTED }.get_result(conn).await?;
    Ok(waiting)
}

/// How many rows one statement looks at.
const SLICE: i64 = 1_000;

statement! {
    /// Walks the primary key from the oldest on. What is shared out or retried beside this has another `shared_at` by
    /// the time its lock is had, and stays.
    PurgeSlice {
        from: uuid::Uuid => Uuid,
        oldest_kept: uuid::Uuid => Uuid,
        slice: i64 => BigInt,
        failed_before: DateTime<Utc> => Timestamptz,
        now: DateTime<Utc> => Timestamptz,
        told_before: DateTime<Utc> => Timestamptz,
    } -> (Nullable<Uuid>, BigInt, BigInt)
    "WITH slice AS MATERIALIZED (
         SELECT id FROM events WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3
     ), old AS (
         SELECT id FROM events
         WHERE id IN (SELECT id FROM slice)
           AND CASE
               WHEN shared_at < $4 THEN NOT EXISTS (
                   SELECT FROM deliveries JOIN webhook_endpoints endpoint ON endpoint.id = endpoint_id
                   WHERE event_id = events.id AND delivered_at IS NULL AND failed_at IS NULL
                     AND is_live(endpoint, $5))
               WHEN shared_at < $6 THEN NOT EXISTS (
                   SELECT FROM deliveries WHERE event_id = events.id AND delivered_at IS NULL)
               WHEN shared_at IS NULL AND occurred_at < $6 THEN NOT EXISTS (
                   SELECT FROM webhook_endpoints endpoint WHERE is_live(endpoint, $5))
               ELSE false
           END
         FOR UPDATE SKIP LOCKED
     ), deleted AS (
         DELETE FROM events USING old WHERE events.id = old.id RETURNING 1
     )
     SELECT (SELECT id FROM slice ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM slice),
            (SELECT count(*) FROM deleted)"
}

/// Forgets events that everybody was told of before `told_before`, or that
/// there is nobody to tell; those that some endpoint did not take are kept from
/// `failed_before` on. What is still to be told to somebody stays. Gives their number.
///
/// # Errors
///
/// [`StoreError`] when the database refuses; what was deleted stays deleted.
pub async fn purge(
    conn: &mut Connection,
    told_before: DateTime<Utc>,
    failed_before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let (mut from, mut total) = (uuid::Uuid::nil(), 0);
    // What happened after `told_before` was shared out after it.
    let oldest_kept = EventId::random(told_before).0;
    loop {
        let purge = PurgeSlice { from, oldest_kept, told_before, failed_before, now, slice: SLICE };
        let (last, looked_at, deleted): (Option<uuid::Uuid>, i64, i64) = purge.get_result(conn).await?;
        total += deleted;
        match last {
            Some(last) if looked_at == SLICE => from = last,
            _ => return Ok(total),
        }
    }
}
