//! `users`: one row per account, kept without anything personal once deleted.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::{
    Connection, StoreError, devices,
    schema::{avatars, pins, referrals, sessions as sessions_table, users},
    sessions, tombstones,
};
use crate::domain::{Pseudonym, SessionId, UserId};

/// What came of a deletion. Every case is ordinary.
pub enum Deletion {
    /// The account is gone, now or before.
    Deleted,
    /// The profile is not at the expected version: nothing was changed.
    VersionChanged,
    /// The session that asked, or the account, ended before: nothing was changed.
    SessionEnded,
}

/// Who asks for a deletion.
#[derive(Debug, Clone, Copy)]
pub enum Asking {
    /// The owner, by a session that must live when the account is deleted.
    Owner(SessionId),
    /// An operator, for the account of this user.
    Operator(UserId),
}

/// An account to be deleted.
pub struct Deleting {
    /// Who asks.
    pub asking: Asking,
    /// The version of the profile that is deleted, and no other.
    pub expected_version: Option<i32>,
    /// Accounts made until then are too old to activate an invite code; none: none is.
    pub window_since: Option<DateTime<Utc>>,
    /// The moment of the request.
    pub now: DateTime<Utc>,
}

/// Deletes the account: its personal data, its avatar, its PIN, its sessions and devices, its place among
/// those its referrer invited. The invite code stays taken for ever, and if the account activated
/// one, or is too old to, its number keeps a tombstone, for which `known_as` makes its pseudonym.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn delete(
    conn: &mut Connection,
    deleting: &Deleting,
    known_as: impl Fn(&str) -> Pseudonym + Send + Sync,
) -> Result<Deletion, StoreError> {
    let Deleting { asking, expected_version, window_since, now } = *deleting;
    conn.transaction(async |conn| {
        // First the row: a login that runs beside this one either has its
        // session deleted below, or finds the number free and makes a new account.
        let locked = match asking {
            Asking::Owner(session) => sessions::lock_user(conn, session, now).await?,
            Asking::Operator(user) => lock(conn, user).await?.then_some(user),
        };
        let Some(user) = locked else {
            return Ok(Deletion::SessionEnded);
        };
        let live = users::table.find(user.0).filter(users::deleted_at.is_null());
        let phone: Option<String> = live.select(users::phone).get_result(conn).await?;
        let erased = (
            users::phone.eq(None::<String>),
            users::email.eq(None::<String>),
            users::first_name.eq(None::<String>),
            users::last_name.eq(None::<String>),
            users::deleted_at.eq(Some(now)),
        );
        match expected_version {
            Some(version) => {
                let expected = live.filter(users::version.eq(version));
                if diesel::update(expected).set(erased).execute(conn).await? == 0 {
                    return Ok(Deletion::VersionChanged);
                }
            }
            None => {
                diesel::update(live).set(erased).execute(conn).await?;
            }
        }
        if let Some(phone) = phone {
            tombstones::leave(conn, known_as(&phone), user, window_since, now).await?;
        }
        // In the order in which a logout and a login lock them.
        diesel::delete(pins::table.find(user.0)).execute(conn).await?;
        devices::forget_all(conn, user).await?;
        diesel::delete(sessions_table::table.filter(sessions_table::user_id.eq(user.0)))
            .execute(conn)
            .await?;
        diesel::delete(avatars::table.find(user.0)).execute(conn).await?;
        let referrer: Option<uuid::Uuid> = diesel::delete(referrals::table.find(user.0))
            .returning(referrals::referrer_id)
            .get_result(conn)
            .await
            .optional()?;
        if let Some(referrer) = referrer {
            diesel::update(users::table.find(referrer))
                .set(users::invited_users_count.eq(users::invited_users_count - 1))
                .execute(conn)
                .await?;
        }
        Ok(Deletion::Deleted)
    })
    .await
}

/// Locks the row of an account for the rest of the transaction; tells whether it lives once the lock is had.
pub(super) async fn lock(conn: &mut Connection, user: UserId) -> Result<bool, StoreError> {
    let live = users::table.find(user.0).filter(users::deleted_at.is_null());
    let locked: Option<uuid::Uuid> = live.select(users::id).for_update().first(conn).await.optional()?;
    Ok(locked.is_some())
}
