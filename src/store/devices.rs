//! `device_guard`: devices that somebody was logged in on. The login writes
//! them (`trust_device`), the end of a session takes them along.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Timestamptz},
};
use diesel_async::RunQueryDsl;

use super::{Connection, SLICE, StoreError, schema::device_guard, statement::statement};
use crate::domain::UserId;

statement! {
    PurgeDevices { now: DateTime<Utc> => Timestamptz, slice: i64 => BigInt } -> (BigInt,)
    "WITH ended AS (
         SELECT device FROM device_guard WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
     ), deleted AS (
         DELETE FROM device_guard USING ended WHERE device_guard.device = ended.device RETURNING 1
     )
     SELECT count(*) FROM deleted"
}

/// Takes the trust from every device of `user`.
pub(super) async fn forget_all(conn: &mut Connection, user: UserId) -> Result<(), StoreError> {
    diesel::delete(device_guard::table.filter(device_guard::user_id.eq(user.0))).execute(conn).await?;
    Ok(())
}

/// Forgets devices whose trust ended before `now`; gives their number.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn purge(conn: &mut Connection, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let mut total = 0;
    loop {
        let (deleted,): (i64,) = PurgeDevices { now, slice: SLICE }.get_result(conn).await?;
        total += deleted;
        if deleted < SLICE {
            return Ok(total);
        }
    }
}
