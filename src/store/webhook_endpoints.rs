//! `webhook_endpoints`: who is told of events.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, statement::statement};

/// An endpoint as a running instance knows it.
pub struct Registered {
    /// By which it is known here.
    pub id: i32,
    /// The address it was registered with.
    pub url: String,
    /// It answered 410: it is told nothing.
    pub is_ended: bool,
}

statement! {
    /// Leans on `webhook_endpoints_url_key`: of instances that start at once one adds the row. In one order, so that
    /// they wait for each other at most.
    Register {
        now: DateTime<Utc> => Timestamptz,
        urls: Vec<String> => Array<Text>,
    } -> (Integer, Text, Bool)
    "INSERT INTO webhook_endpoints AS known (url, added_at, named_at)
     SELECT url, $1, $1 FROM unnest($2) AS url ORDER BY url
     ON CONFLICT (url) DO UPDATE SET named_at = greatest(known.named_at, excluded.named_at)
     RETURNING id, url, ended_at IS NOT NULL"
}

/// Notes that this instance names the endpoints at `urls`, new ones and known ones.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn register(
    conn: &mut Connection,
    urls: Vec<String>,
    now: DateTime<Utc>,
) -> Result<Vec<Registered>, StoreError> {
    let rows: Vec<(i32, String, bool)> = Register { now, urls }.load(conn).await?;
    Ok(rows.into_iter().map(|(id, url, is_ended)| Registered { id, url, is_ended }).collect())
}

statement! {
    /// Who is being named by another instance need not be named by this one.
    Name {
        now: DateTime<Utc> => Timestamptz,
        ids: Vec<i32> => Array<Integer>,
    } -> (BigInt,)
    "WITH named AS (
         UPDATE webhook_endpoints SET named_at = $1
         WHERE id IN (
             SELECT id FROM webhook_endpoints WHERE id = ANY ($2) AND named_at < $1 - interval '1 minute'
             FOR NO KEY UPDATE SKIP LOCKED
         )
         RETURNING 1
     )
     SELECT count(*) FROM named"
}

/// Notes that a running instance still names these endpoints; written once a minute.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn name(conn: &mut Connection, ids: Vec<i32>, now: DateTime<Utc>) -> Result<(), StoreError> {
    let _: (i64,) = Name { now, ids }.get_result(conn).await?;
    Ok(())
}

/// An endpoint as operators see it.
pub struct ListedEndpoint {
    /// By which it is known here.
    pub id: i32,
    /// Its address, which may have a secret in its path.
    pub url: String,
    /// When it was first named.
    pub added_at: DateTime<Utc>,
    /// When it answered 410, if it did and was not started again.
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether a running instance names it.
    pub is_named: bool,
    /// How many events are on the way to it.
    pub waiting: i64,
    /// How many are not, because it did not take them.
    pub failed: i64,
}

statement! {
    ListEndpoints { now: DateTime<Utc> => Timestamptz }
        -> (Integer, Text, Timestamptz, Nullable<Timestamptz>, Bool, BigInt, BigInt)
    "SELECT id, url, added_at, ended_at, named_at > $1 - interval '1 hour',
            (SELECT count(*) FROM deliveries
             WHERE endpoint_id = id AND delivered_at IS NULL AND failed_at IS NULL),
            (SELECT count(*) FROM deliveries WHERE endpoint_id = id AND failed_at IS NOT NULL)
     FROM webhook_endpoints ORDER BY id"
}

/// All endpoints that were ever named and are not forgotten.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn list(conn: &mut Connection, now: DateTime<Utc>) -> Result<Vec<ListedEndpoint>, StoreError> {
    type Row = (i32, String, DateTime<Utc>, Option<DateTime<Utc>>, bool, i64, i64);
    let rows: Vec<Row> = ListEndpoints { now }.load(conn).await?;
    let endpoints = rows.into_iter().map(|(id, url, added_at, ended_at, is_named, waiting, failed)| {
        ListedEndpoint { id, url, added_at, ended_at, is_named, waiting, failed }
    });
    Ok(endpoints.collect())
}

statement! {
    Restart { id: i32 => Integer } -> (BigInt,)
    "WITH restarted AS (
         UPDATE webhook_endpoints SET ended_at = NULL, ended_because = NULL WHERE id = $1 RETURNING 1
     )
     SELECT count(*) FROM restarted"
}

/// Lets the endpoint be told again, if it ended; tells whether there is such a one.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn restart(conn: &mut Connection, id: i32) -> Result<bool, StoreError> {
    let (restarted,): (i64,) = Restart { id }.get_result(conn).await?;
    Ok(restarted > 0)
}

statement! {
    PurgeEndpoints { unnamed_since: DateTime<Utc> => Timestamptz } -> (BigInt,)
    "WITH deleted AS (
         DELETE FROM webhook_endpoints
         WHERE named_at < $1 AND NOT EXISTS (SELECT FROM deliveries WHERE endpoint_id = id)
         RETURNING 1
     )
     SELECT count(*) FROM deleted"
}

/// Forgets endpoints that nobody has named since `unnamed_since` and that no
/// event refers to; gives their number.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn purge(conn: &mut Connection, unnamed_since: DateTime<Utc>) -> Result<i64, StoreError> {
    let (deleted,): (i64,) = PurgeEndpoints { unnamed_since }.get_result(conn).await?;
    Ok(deleted)
}
