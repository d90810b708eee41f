//! Beginning attempts anew, because an operator says so.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, statement::statement};
use crate::domain::EventId;

/// What is to be retried.
#[derive(Debug, Clone, Copy, Default)]
pub struct Retry {
    /// Of this event only.
    pub event: Option<EventId>,
    /// To this endpoint only.
    pub endpoint: Option<i32>,
    /// Not what waits for its next attempt.
    pub only_failed: bool,
}

/// How many rows one statement changes, at most.
const SLICE: i64 = 1_000;

statement! {
    /// What has an attempt under way is left alone: it is due within the lease. First the event is locked, which is
    /// then kept as if it were new, then its delivery: as purging does. Who comes second, behind another operator or
    /// the note of an attempt, looks anew.
    RetrySlice {
        event: Option<uuid::Uuid> => Nullable<Uuid>,
        endpoint: Option<i32> => Nullable<Integer>,
        slice: i64 => BigInt,
        only_failed: bool => Bool,
        beyond_leases: DateTime<Utc> => Timestamptz,
        now: DateTime<Utc> => Timestamptz,
    } -> (BigInt, BigInt)
    "WITH candidates AS (
         (SELECT event_id, endpoint_id FROM deliveries JOIN webhook_endpoints endpoint ON endpoint.id = endpoint_id
          WHERE failed_at IS NOT NULL AND ($1 IS NULL OR event_id = $1) AND ($2 IS NULL OR endpoint_id = $2)
            AND is_live(endpoint, $6)
          LIMIT $3)
         UNION ALL
         (SELECT event_id, endpoint_id FROM deliveries JOIN webhook_endpoints endpoint ON endpoint.id = endpoint_id
          WHERE NOT $4 AND delivered_at IS NULL AND failed_at IS NULL AND due_at > $5
            AND ($1 IS NULL OR event_id = $1) AND ($2 IS NULL OR endpoint_id = $2) AND is_live(endpoint, $6)
          LIMIT $3)
     ), chosen AS MATERIALIZED (
         SELECT event_id, endpoint_id FROM candidates LIMIT $3
     ), kept AS (
         UPDATE events SET shared_at = $6 WHERE id IN (SELECT event_id FROM chosen) RETURNING id
     ), retried AS (
         UPDATE deliveries SET attempts = 0, due_at = $6, failed_at = NULL
         FROM kept JOIN chosen ON chosen.event_id = kept.id
         WHERE deliveries.event_id = kept.id AND deliveries.endpoint_id = chosen.endpoint_id
           AND delivered_at IS NULL AND (failed_at IS NOT NULL OR (NOT $4 AND due_at > $5))
         RETURNING 1
     )
     SELECT (SELECT count(*) FROM chosen), (SELECT count(*) FROM retried)"
}

/// Begins the attempts of undelivered events anew, the first at once; gives
/// their number. No attempt that is under way now is so after `beyond_leases`.
///
/// # Errors
///
/// [`StoreError`]; what was begun anew stays so.
pub async fn retry(
    conn: &mut Connection,
    what: Retry,
    now: DateTime<Utc>,
    beyond_leases: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let mut total = 0;
    loop {
        let retry = RetrySlice {
            now,
            event: what.event.map(|event| event.0),
            endpoint: what.endpoint,
            only_failed: what.only_failed,
            beyond_leases,
            slice: SLICE,
        };
        let (chosen, retried): (i64, i64) = retry.get_result(conn).await?;
        total += retried;
        // What was chosen and not retried somebody else has changed, and it is not chosen again.
        if chosen < SLICE {
            return Ok(total);
        }
    }
}

statement! {
    CountStuck { now: DateTime<Utc> => Timestamptz, event: Option<uuid::Uuid> => Nullable<Uuid> } -> (BigInt,)
    "SELECT count(*) FROM deliveries JOIN webhook_endpoints endpoint ON endpoint.id = endpoint_id
     WHERE failed_at IS NOT NULL AND NOT is_live(endpoint, $1) AND ($2 IS NULL OR event_id = $2)"
}

/// How many deliveries have failed, of `event` if one is given, that [`retry`]
/// leaves alone: their endpoints have ended, or nobody names them.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn stuck(
    conn: &mut Connection,
    event: Option<EventId>,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let (stuck,): (i64,) = CountStuck { now, event: event.map(|event| event.0) }.get_result(conn).await?;
    Ok(stuck)
}
