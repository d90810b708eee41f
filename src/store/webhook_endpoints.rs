//! `webhook_endpoints`: who is told of events.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, statement::statement};

/// An endpoint as a running instance knows it.
pub struct Registered {
    /// By which it is known here.
    pub id: i32,
    /// It answered 410: it is told nothing.
    pub is_ended: bool,
}

statement! {
    /// Leans on `webhook_endpoints_url_key`: of instances that start at once one adds the row. A known one takes no
    /// number from the sequence.
    Register<'a> {
        now: DateTime<Utc> => Timestamptz,
        url: &'a str => Text,
    } -> (Integer, Bool)
    "WITH named AS (
         UPDATE webhook_endpoints SET named_at = greatest(named_at, $1) WHERE url = $2
         RETURNING id, ended_at IS NOT NULL AS is_ended
     ), added AS (
         INSERT INTO webhook_endpoints AS known (url, added_at, named_at)
         SELECT $2, $1, $1 WHERE NOT EXISTS (SELECT FROM named)
         ON CONFLICT (url) DO UPDATE SET named_at = greatest(known.named_at, excluded.named_at)
         RETURNING id, ended_at IS NOT NULL AS is_ended
     )
     SELECT id, is_ended FROM named UNION ALL SELECT id, is_ended FROM added"
}

/// Notes that this instance names the endpoint at `url`, a new one or a known one.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn register(
    conn: &mut Connection,
    url: &str,
    now: DateTime<Utc>,
) -> Result<Registered, StoreError> {
    let (id, is_ended): (i32, bool) = Register { now, url }.get_result(conn).await?;
    Ok(Registered { id, is_ended })
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
    /// How many events are on the way to it, or are held while it is not live.
    pub undelivered: i64,
    /// How many are not, because it did not take them.
    pub failed: i64,
}

statement! {
    ListEndpoints { now: DateTime<Utc> => Timestamptz }
        -> (Integer, Text, Timestamptz, Nullable<Timestamptz>, Bool, BigInt, BigInt)
    "SELECT id, url, added_at, ended_at, is_named(endpoint, $1),
            (SELECT count(*) FROM deliveries
             WHERE endpoint_id = id AND delivered_at IS NULL AND failed_at IS NULL),
            (SELECT count(*) FROM deliveries WHERE endpoint_id = id AND failed_at IS NOT NULL)
     FROM webhook_endpoints endpoint ORDER BY id"
}

/// All endpoints that were ever named and are not forgotten.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn list(conn: &mut Connection, now: DateTime<Utc>) -> Result<Vec<ListedEndpoint>, StoreError> {
    type Row = (i32, String, DateTime<Utc>, Option<DateTime<Utc>>, bool, i64, i64);
    let rows: Vec<Row> = ListEndpoints { now }.load(conn).await?;
    let endpoints = rows.into_iter().map(|(id, url, added_at, ended_at, is_named, undelivered, failed)| {
        ListedEndpoint { id, url, added_at, ended_at, is_named, undelivered, failed }
    });
    Ok(endpoints.collect())
}

/// What came of starting an endpoint again. Every case is ordinary; none is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restarted {
    /// It is told of events.
    Live,
    /// It would be, if an instance named it; nothing was changed.
    Unnamed,
    /// There is no such endpoint.
    Unknown,
}

statement! {
    Restart { id: i32 => Integer, now: DateTime<Utc> => Timestamptz } -> (BigInt, BigInt)
    "WITH restarted AS (
         UPDATE webhook_endpoints endpoint SET ended_at = NULL, ended_because = NULL
         WHERE id = $1 AND is_named(endpoint, $2)
         RETURNING 1
     )
     SELECT (SELECT count(*) FROM restarted), (SELECT count(*) FROM webhook_endpoints WHERE id = $1)"
}

/// Lets the endpoint be told again, if it ended.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn restart(conn: &mut Connection, id: i32, now: DateTime<Utc>) -> Result<Restarted, StoreError> {
    let (restarted, known): (i64, i64) = Restart { id, now }.get_result(conn).await?;
    Ok(match (restarted, known) {
        (1.., _) => Restarted::Live,
        (_, 1..) => Restarted::Unnamed,
        _ => Restarted::Unknown,
    })
}

/// An endpoint that nobody names any more, and what it was not told of.
pub struct LeftBehind {
    /// By which it is known here.
    pub id: i32,
    /// Its address, which may have a secret in its path.
    pub url: String,
}

statement! {
    ListLeftBehind { now: DateTime<Utc> => Timestamptz } -> (Integer, Text)
    "SELECT id, url FROM webhook_endpoints endpoint
     WHERE NOT is_named(endpoint, $1) AND ended_at IS NULL AND EXISTS (
         SELECT FROM deliveries WHERE endpoint_id = id AND delivered_at IS NULL AND failed_at IS NULL)
     ORDER BY id"
}

/// The endpoints that nobody names any more and that something waits for.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn left_behind(conn: &mut Connection, now: DateTime<Utc>) -> Result<Vec<LeftBehind>, StoreError> {
    let rows: Vec<(i32, String)> = ListLeftBehind { now }.load(conn).await?;
    Ok(rows.into_iter().map(|(id, url)| LeftBehind { id, url }).collect())
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
