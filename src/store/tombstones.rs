//! `tombstones`: numbers that activated an invite code with an account that
//! has them no more. Deleting and registering again, or changing the number and
//! registering with the old one, would else farm activations.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Timestamptz, Uuid},
};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, schema::tombstones, statement::statement};
use crate::domain::{Pseudonym, UserId, referral::TOMBSTONE_LIFE};

statement! {
    /// One that is there and lasts longer stays: nothing shortens it.
    Leave {
        phone: uuid::Uuid => Uuid,
        until: DateTime<Utc> => Timestamptz,
        user: uuid::Uuid => Uuid,
    } -> (BigInt,)
    "WITH left_behind AS (
         INSERT INTO tombstones AS earlier (phone, kept_until)
         SELECT $1, $2 FROM referrals WHERE invitee_id = $3
         ON CONFLICT (phone) DO UPDATE SET kept_until = greatest(earlier.kept_until, excluded.kept_until)
         RETURNING 1
     )
     SELECT count(*) FROM left_behind"
}

/// Leaves one for the number with the pseudonym `phone`, which `user` is about to lose, if
/// that account activated a code. Under the lock of the user's row, so that no
/// activation comes in between.
pub(super) async fn leave(
    conn: &mut Connection,
    phone: Pseudonym,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let leave = Leave { phone: phone.0, until: now + TOMBSTONE_LIFE, user: user.0 };
    let _: (i64,) = leave.get_result(conn).await?;
    Ok(())
}

/// Forgets those kept until before `now`; gives their number.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn purge(conn: &mut Connection, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let ended = tombstones::table.filter(tombstones::kept_until.lt(now));
    Ok(diesel::delete(ended).execute(conn).await?)
}
