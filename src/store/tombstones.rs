//! `tombstones`: numbers that activated an invite code, or grew too old to, with
//! an account that has them no more. Deleting and registering again, or changing
//! the number and registering with the old one, would else farm activations.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Nullable, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use super::{Connection, SLICE, StoreError, statement::statement};
use crate::domain::{Pseudonym, UserId, referral::TOMBSTONE_LIFE};

statement! {
    /// One that is there and says more, or lasts longer, stays so: nothing takes from it.
    Leave {
        phone: uuid::Uuid => Uuid,
        until: DateTime<Utc> => Timestamptz,
        user: uuid::Uuid => Uuid,
        window_since: Option<DateTime<Utc>> => Nullable<Timestamptz>,
    } -> (BigInt,)
    "WITH left_behind AS (
         INSERT INTO tombstones AS earlier (phone, has_activated, kept_until)
         SELECT $1, referrals.invitee_id IS NOT NULL, $2
         FROM users LEFT JOIN referrals ON referrals.invitee_id = users.id
         WHERE users.id = $3 AND (referrals.invitee_id IS NOT NULL OR users.created_at <= $4)
         ON CONFLICT (phone) DO UPDATE SET
             has_activated = earlier.has_activated OR excluded.has_activated,
             kept_until = greatest(earlier.kept_until, excluded.kept_until)
         RETURNING 1
     )
     SELECT count(*) FROM left_behind"
}

statement! {
    PurgeTombstones { now: DateTime<Utc> => Timestamptz, slice: i64 => BigInt } -> (BigInt,)
    "WITH ended AS (
         SELECT phone FROM tombstones WHERE kept_until < $1 ORDER BY kept_until LIMIT $2 FOR UPDATE SKIP LOCKED
     ), deleted AS (
         DELETE FROM tombstones USING ended WHERE tombstones.phone = ended.phone RETURNING 1
     )
     SELECT count(*) FROM deleted"
}

/// Leaves one for the number with the pseudonym `phone`, which `user` is about
/// to lose, if that account activated a code or, made before `window_since`, is
/// too old to. Under the lock of the user's row, so that no activation comes in between.
pub(super) async fn leave(
    conn: &mut Connection,
    phone: Pseudonym,
    user: UserId,
    window_since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let leave = Leave { phone: phone.0, until: now + TOMBSTONE_LIFE, user: user.0, window_since };
    let _: (i64,) = leave.get_result(conn).await?;
    Ok(())
}

/// Forgets those kept until before `now`; gives their number.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn purge(conn: &mut Connection, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let mut total = 0;
    loop {
        let (deleted,): (i64,) = PurgeTombstones { now, slice: SLICE }.get_result(conn).await?;
        total += deleted;
        if deleted < SLICE {
            return Ok(total);
        }
    }
}
