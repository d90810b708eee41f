//! `phone_guard`, `risk`, `rate_limit`, `country_traffic`, `sends_per_day`: what they
//! amount to, and forgetting what no longer counts. `sends.rs` and
//! `challenges.rs` write them.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{BigInt, Double, Integer, Interval, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{Connection, StoreError, statement::statement};
use crate::domain::guess_budget::{DEPLOYMENT_MEDIUM, DEPLOYMENT_SHORT, slot_of};

/// How much of its budgets the deployment has used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Used {
    /// Guesses by strangers at codes of four and five digits that have not leaked away.
    pub short: f64,
    /// The same for six and seven digits.
    pub medium: f64,
    /// Codes sent to strangers today.
    pub sends: i32,
}

statement! {
    FindUsed {
        at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        short: TimeDelta => Interval,
        medium: TimeDelta => Interval,
    } -> (Double, Double, Integer)
    "SELECT (extract(epoch FROM sum(greatest(g4 - coalesce($1, now()), interval '0')))
                 / extract(epoch FROM $2))::float8,
            (extract(epoch FROM sum(greatest(g6 - coalesce($1, now()), interval '0')))
                 / extract(epoch FROM $3))::float8,
            coalesce((SELECT strangers FROM sends_per_day
                      WHERE day = (coalesce($1, now()) AT TIME ZONE 'UTC')::date), 0)
     FROM risk"
}

/// How much of its budgets the deployment has used.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn used(conn: &mut Connection, at: Option<DateTime<Utc>>) -> Result<Used, StoreError> {
    let find =
        FindUsed { at, short: slot_of(DEPLOYMENT_SHORT).every, medium: slot_of(DEPLOYMENT_MEDIUM).every };
    let (short, medium, sends): (f64, f64, i32) = find.get_result(conn).await?;
    Ok(Used { short, medium, sends })
}

/// How many rows one statement looks at.
const SLICE: i32 = 5_000;
/// How many slices one round looks at, at the most.
const SLICES: u32 = 100;

statement! {
    /// What is being used is left alone, so this waits for nobody.
    PurgePhones {
        from: Uuid => SqlUuid,
        slice: i32 => Integer,
        at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
    } -> (BigInt,)
    "WITH slice AS (
         (SELECT phone FROM phone_guard WHERE phone >= $1 ORDER BY phone LIMIT $2)
         UNION ALL (SELECT phone FROM phone_guard WHERE phone < $1 ORDER BY phone LIMIT $2) LIMIT $2
     ), empty AS (
         SELECT phone FROM phone_guard
         WHERE phone = ANY (ARRAY (SELECT phone FROM slice))
           AND greatest(f4, f6, sends) < coalesce($3, now())
           AND voided_before < coalesce($3, now()) - interval '24 hours'
           AND returned_lately(returned, coalesce($3, now())) = '{}'
         FOR UPDATE SKIP LOCKED
     ), deleted AS (
         DELETE FROM phone_guard USING empty WHERE phone_guard.phone = empty.phone RETURNING 1
     )
     SELECT count(*) FROM deleted"
}

statement! {
    /// What is being used is left alone, so this waits for nobody.
    PurgeLimits {
        from: Uuid => SqlUuid,
        slice: i32 => Integer,
        at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
    } -> (BigInt,)
    "WITH slice AS (
         (SELECT key FROM rate_limit WHERE key >= $1 ORDER BY key LIMIT $2)
         UNION ALL (SELECT key FROM rate_limit WHERE key < $1 ORDER BY key LIMIT $2) LIMIT $2
     ), empty AS (
         SELECT key FROM rate_limit
         WHERE key = ANY (ARRAY (SELECT key FROM slice)) AND tat < coalesce($3, now())
         FOR UPDATE SKIP LOCKED
     ), deleted AS (
         DELETE FROM rate_limit USING empty WHERE rate_limit.key = empty.key RETURNING 1
     )
     SELECT count(*) FROM deleted"
}

statement! {
    PurgeDays { at: Option<DateTime<Utc>> => Nullable<Timestamptz> } -> (BigInt,)
    "WITH traffic AS (
         DELETE FROM country_traffic WHERE since < coalesce($1, now()) - interval '24 hours'
     ), days AS (
         DELETE FROM sends_per_day WHERE day < (coalesce($1, now()) AT TIME ZONE 'UTC')::date - 7 RETURNING 1
     )
     SELECT count(*) FROM days"
}

/// Forgets meters and limits that are as if they had never been touched; gives their number.
///
/// The keys are digests and say nothing of age, and an index on the times
/// would be written at each login. So a stretch of the keys is looked at that begins
/// anywhere and goes around, and as long as much of it was to be forgotten, another.
///
/// # Errors
///
/// [`StoreError`] when the database refuses; what was deleted stays deleted.
pub async fn purge(conn: &mut Connection, at: Option<DateTime<Utc>>) -> Result<i64, StoreError> {
    let mut total = 0;
    for _ in 0..SLICES {
        let from = Uuid::new_v4();
        let (phones,): (i64,) = PurgePhones { from, slice: SLICE, at }.get_result(conn).await?;
        let (limits,): (i64,) = PurgeLimits { from, slice: SLICE, at }.get_result(conn).await?;
        total += phones + limits;
        if (phones + limits) * 10 < SLICE.into() {
            break;
        }
    }
    let _: (i64,) = PurgeDays { at }.get_result(conn).await?;
    Ok(total)
}
