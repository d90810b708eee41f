//! Everything that is held about a user and that the profile does not show: for the export of the account. A column
//! that comes to a table and refers to a user belongs here, or on the list of exceptions in `tests/api/profile/export.rs`.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    OptionalExtension,
    prelude::*,
    sql_types::{Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    Connection, StoreError,
    schema::{avatars, device_guard, phone_guard, pins, referrals, sessions, tombstones, users},
    statement::statement,
};
use crate::domain::{Pseudonym, UserId};

/// When something was done, as the database keeps it.
type Moments = Vec<Option<DateTime<Utc>>>;

/// What is held about a user besides the profile.
pub struct Held {
    /// The last login.
    pub last_login_at: DateTime<Utc>,
    /// Logins that were not ended, newest first, those that have run out included.
    pub sessions: Vec<Session>,
    /// Devices that are trusted, or were until they are forgotten.
    pub devices: Vec<Device>,
    /// The PIN, but not what it is.
    pub pin: Option<Pin>,
    /// The picture.
    pub avatar: Option<Avatar>,
    /// The invite code that was activated.
    pub activation: Option<Activation>,
    /// What is counted for the number.
    pub number: Option<Number>,
    /// Whether an account that had the number before activated a code, else it was too old to. Until when that is
    /// remembered would tell when somebody else left.
    pub earlier_account_activated: Option<bool>,
    /// Types and moments of the events that tell of the user, newest first.
    pub events: Vec<(String, DateTime<Utc>)>,
}

/// A row of `sessions`.
#[derive(Queryable)]
pub struct Session {
    pub id: Uuid,
    pub device_name: Option<String>,
    pub user_agent: Option<String>,
    pub network: String,
    pub created_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    pub rotated_at: DateTime<Utc>,
    pub replayed_at: Moments,
    pub expires_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
}

/// A row of `device_guard`.
#[derive(Queryable)]
pub struct Device {
    pub device: Uuid,
    pub session_id: Uuid,
    pub failures: DateTime<Utc>,
    pub sends: DateTime<Utc>,
    pub last_own_send_at: Option<DateTime<Utc>>,
    pub returned: Moments,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// A row of `pins`, without the hash.
#[derive(Queryable)]
pub struct Pin {
    pub failures: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub proven_by: Option<Uuid>,
}

/// A row of `avatars`.
#[derive(Queryable)]
pub struct Avatar {
    pub content: Vec<u8>,
    pub created_at: DateTime<Utc>,
}

/// A row of `referrals`.
#[derive(Queryable)]
pub struct Activation {
    pub invite_code: String,
    pub invited_at: DateTime<Utc>,
}

/// A row of `phone_guard`.
#[derive(Queryable)]
pub struct Number {
    pub f4: DateTime<Utc>,
    pub f6: DateTime<Utc>,
    pub sends: DateTime<Utc>,
    pub last_sent_at: Option<DateTime<Utc>>,
    pub returned: Moments,
    pub voided_before: Option<DateTime<Utc>>,
}

statement! {
    /// Walks `events_of_user`.
    FindEvents { user: String => Text } -> (Text, Timestamptz)
    "SELECT event_type, occurred_at FROM events WHERE data ->> 'user_id' = $1 ORDER BY id DESC"
}

/// Reads it. What happened to the number before `since`, when the account was made, happened to somebody else. The
/// number is known as `number` where it is counted, and as `former` where it is remembered that it
/// activated a code.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn find(
    conn: &mut Connection,
    user: UserId,
    number: Pseudonym,
    former: Pseudonym,
    since: DateTime<Utc>,
) -> Result<Held, StoreError> {
    Ok(Held {
        last_login_at: users::table.find(user.0).select(users::last_login_at).first(conn).await?,
        sessions: sessions(conn, user).await?,
        devices: devices(conn, user).await?,
        pin: pins::table
            .find(user.0)
            .select((pins::failures, pins::last_seen_at, pins::proven_by))
            .first(conn)
            .await
            .optional()?,
        avatar: avatars::table
            .find(user.0)
            .select((avatars::content, avatars::created_at))
            .first(conn)
            .await
            .optional()?,
        activation: referrals::table
            .find(user.0)
            .select((referrals::invite_code, referrals::invited_at))
            .first(conn)
            .await
            .optional()?,
        number: find_number(conn, number, since).await?,
        events: FindEvents { user: user.0.to_string() }.load(conn).await?,
        earlier_account_activated: tombstones::table
            .find(former.0)
            .select(tombstones::has_activated)
            .first(conn)
            .await
            .optional()?,
    })
}

async fn sessions(conn: &mut Connection, user: UserId) -> Result<Vec<Session>, StoreError> {
    let of_user = sessions::table.filter(sessions::user_id.eq(user.0)).select((
        sessions::id,
        sessions::device_name,
        sessions::user_agent,
        sessions::network,
        sessions::created_at,
        sessions::last_used_at,
        sessions::rotated_at,
        sessions::replayed_at,
        sessions::expires_at,
        sessions::ends_at,
    ));
    Ok(of_user.order((sessions::created_at.desc(), sessions::id.desc())).load(conn).await?)
}

async fn devices(conn: &mut Connection, user: UserId) -> Result<Vec<Device>, StoreError> {
    let of_user = device_guard::table.filter(device_guard::user_id.eq(user.0)).select((
        device_guard::device,
        device_guard::session_id,
        device_guard::failures,
        device_guard::sends,
        device_guard::last_own_send_at,
        device_guard::returned,
        device_guard::created_at,
        device_guard::expires_at,
    ));
    Ok(of_user.order((device_guard::created_at.desc(), device_guard::device.desc())).load(conn).await?)
}

async fn find_number(
    conn: &mut Connection,
    number: Pseudonym,
    since: DateTime<Utc>,
) -> Result<Option<Number>, StoreError> {
    let known = phone_guard::table.find(number.0).select((
        phone_guard::f4,
        phone_guard::f6,
        phone_guard::sends,
        phone_guard::last_sent_at,
        phone_guard::returned,
        phone_guard::voided_before.nullable(),
    ));
    let found: Option<Number> = known.first(conn).await.optional()?;
    // To the millisecond, as a login is noted there.
    let since = since - TimeDelta::milliseconds(1);
    Ok(found.map(|row| Number {
        last_sent_at: row.last_sent_at.filter(|moment| *moment > since),
        returned: row
            .returned
            .into_iter()
            .filter(|moment| moment.is_some_and(|moment| moment > since))
            .collect(),
        voided_before: row.voided_before.filter(|moment| *moment > since),
        ..row
    }))
}
