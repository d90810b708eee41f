//! `rate_limit`: taking one of a limit that stands alone. Those that decide
//! together about a code, or about entering one, are in `sends.rs` and `challenges.rs`.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{BigInt, Integer, Interval, Nullable, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, statement::statement};
use crate::domain::{Limit, Pseudonym};

statement! {
    Take {
        key: uuid::Uuid => Uuid,
        at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        every: TimeDelta => Interval,
        burst: i32 => Integer,
    } -> (BigInt, Nullable<Interval>)
    "WITH taken AS (
         INSERT INTO rate_limit AS limits (key, tat) VALUES ($1, coalesce($2, now()) + $3)
         ON CONFLICT (key) DO UPDATE SET tat = greatest(limits.tat, coalesce($2, now())) + $3
         WHERE gcra_wait(limits.tat, coalesce($2, now()), $3, $4) <= interval '0'
         RETURNING 1
     )
     SELECT (SELECT count(*) FROM taken),
            (SELECT gcra_wait(tat, coalesce($2, now()), $3, $4) FROM rate_limit WHERE key = $1)"
}

/// Takes one of `limit` for whoever is known by `key`; if there is none left,
/// gives how long until there is. Of those who come at once exactly as many
/// get one as there were. `at` none: the time of the database.
///
/// # Errors
///
/// [`StoreError`]: none was taken.
pub async fn take(
    conn: &mut Connection,
    at: Option<DateTime<Utc>>,
    key: Pseudonym,
    limit: Limit,
) -> Result<Option<TimeDelta>, StoreError> {
    let Limit { burst, every } = limit;
    let (taken, wait): (i64, Option<TimeDelta>) =
        Take { key: key.0, at, every, burst }.get_result(conn).await?;
    // Of those who come at once the last may see how it was before them.
    Ok((taken == 0).then(|| wait.unwrap_or_default().max(TimeDelta::seconds(1))))
}

statement! {
    GiveBack { every: TimeDelta => Interval, key: uuid::Uuid => Uuid } -> (BigInt,)
    "WITH given AS (UPDATE rate_limit SET tat = tat - $1 WHERE key = $2 RETURNING 1)
     SELECT count(*) FROM given"
}

/// Gives one of `limit` back that was taken for nothing.
///
/// # Errors
///
/// [`StoreError`]: it may stay taken.
pub async fn give_back(conn: &mut Connection, key: Pseudonym, limit: Limit) -> Result<(), StoreError> {
    let _: (i64,) = GiveBack { key: key.0, every: limit.every }.get_result(conn).await?;
    Ok(())
}
