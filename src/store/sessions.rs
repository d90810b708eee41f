//! `sessions`: one row per login; ending a session deletes it.

mod revoke;
mod rotate;

use chrono::{DateTime, Duration, Utc};
use diesel::{
    OptionalExtension,
    prelude::*,
    sql_types::{BigInt, Interval, Nullable, Timestamptz, Uuid},
};
use diesel_async::RunQueryDsl;

pub use self::{
    revoke::{revoke_all, user_of},
    rotate::{Rotation, RotationOutcome, rotate},
};

use super::{Connection, SLICE, StoreError, schema::sessions, statement::statement};
use crate::domain::{SessionId, UserId};

statement! {
    FindUser { session: uuid::Uuid => Uuid, now: DateTime<Utc> => Timestamptz } -> (Uuid, Timestamptz)
    "SELECT users.id, sessions.last_used_at
     FROM sessions JOIN users ON users.id = sessions.user_id
     WHERE sessions.id = $1 AND sessions.expires_at > $2 AND users.deleted_at IS NULL"
}

/// The user of a session that lives at `now`: the check behind every
/// authenticated request. Notes the use.
///
/// # Errors
///
/// [`StoreError`]: the caller is not let in.
pub async fn find_user(
    conn: &mut Connection,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<UserId>, StoreError> {
    let row: Option<(uuid::Uuid, DateTime<Utc>)> =
        FindUser { session: session.0, now }.get_result(conn).await.optional()?;
    let Some((user, last_used_at)) = row else { return Ok(None) };
    note_use(conn, session, last_used_at, now).await?;
    Ok(Some(UserId(user)))
}

statement! {
    LockUser { session: uuid::Uuid => Uuid, now: DateTime<Utc> => Timestamptz } -> (Nullable<Uuid>,)
    "SELECT lock_user_of($1, $2)"
}

/// Locks the row of the user of a session for the rest of the transaction;
/// none: the session or the account has ended, perhaps while the lock was waited for.
pub(super) async fn lock_user(
    conn: &mut Connection,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<UserId>, StoreError> {
    let (user,): (Option<uuid::Uuid>,) = LockUser { session: session.0, now }.get_result(conn).await?;
    Ok(user.map(UserId))
}

/// How long a use is not written after one that was.
const USE_IS_NOTED_EVERY: Duration = Duration::minutes(1);

statement! {
    /// Of those who come at once one writes; nobody waits for a refresh or a logout. The owner is alive: the PIN stays.
    NoteUse { now: DateTime<Utc> => Timestamptz, every: Duration => Interval, session: uuid::Uuid => Uuid } -> (BigInt,)
    "WITH noted AS (
         UPDATE sessions SET last_used_at = $1 WHERE id = (
             SELECT id FROM sessions WHERE last_used_at < $1 - $2 AND id = $3 FOR NO KEY UPDATE SKIP LOCKED
         ) RETURNING user_id
     )
     SELECT count(*) FROM noted CROSS JOIN LATERAL note_life(user_id, $1)"
}

/// Notes that a session was used at `now`, at most once a minute: most
/// requests write nothing, as `last_used_at`, just read, tells.
pub(super) async fn note_use(
    conn: &mut Connection,
    session: SessionId,
    last_used_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if last_used_at < now - USE_IS_NOTED_EVERY {
        let note = NoteUse { now, every: USE_IS_NOTED_EVERY, session: session.0 };
        let _: (i64,) = note.get_result(conn).await?;
    }
    Ok(())
}

/// A session as its user sees it.
#[derive(Queryable)]
pub struct Session {
    /// Which.
    pub id: uuid::Uuid,
    /// What the client called its device.
    pub device_name: Option<String>,
    /// The `User-Agent` of the login.
    pub user_agent: Option<String>,
    /// Where the login or the last refresh came from: an IPv4 /24 or an IPv6 /48, in CIDR notation.
    pub network: String,
    /// The login.
    pub created_at: DateTime<Utc>,
    /// The last request, to the minute.
    pub last_used_at: DateTime<Utc>,
}

/// The sessions of `user` that live at `now`, the newest login first; there
/// are at most [`SESSIONS_PER_USER`](crate::domain::session_limits::SESSIONS_PER_USER).
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn list(
    conn: &mut Connection,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<Session>, StoreError> {
    let live = sessions::table.filter(sessions::user_id.eq(user.0)).filter(sessions::expires_at.gt(now));
    let shown = live.select((
        sessions::id,
        sessions::device_name,
        sessions::user_agent,
        sessions::network,
        sessions::created_at,
        sessions::last_used_at,
    ));
    Ok(shown.order((sessions::created_at.desc(), sessions::id.desc())).load(conn).await?)
}

/// Which sessions of a user a logout ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The one that asks.
    This,
    /// All but the one that asks.
    Others,
    /// All.
    All,
}

/// Ends the sessions in `scope`, as asked by `session`, and the trust in their
/// devices; gives the number of sessions.
///
/// A session that has ended already ends nothing more, and that is no error:
/// the result is what was asked for.
///
/// # Errors
///
/// [`StoreError`]: nothing was ended.
pub async fn end(
    conn: &mut Connection,
    session: SessionId,
    scope: Scope,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let session = session.0;
    let (ended,): (i64,) = match scope {
        Scope::This => EndThis { session }.get_result(conn).await?,
        Scope::Others => EndAll { session, now, spared: Some(session) }.get_result(conn).await?,
        Scope::All => EndAll { session, now, spared: None }.get_result(conn).await?,
    };
    Ok(ended)
}

// Devices first, as a login locks them: what waits for nothing is written so that it comes first.
statement! {
    EndThis { session: uuid::Uuid => Uuid } -> (BigInt,)
    "WITH forgotten AS (
         DELETE FROM device_guard USING sessions
         WHERE sessions.id = $1 AND device_guard.user_id = sessions.user_id AND device_guard.session_id = $1
         RETURNING 1
     ), ended AS (
         DELETE FROM sessions WHERE id = $1 AND (SELECT count(*) FROM forgotten) >= 0 RETURNING 1
     )
     SELECT count(*) FROM ended"
}

statement! {
    /// All sessions of the user but the one that is `spared`. Under the lock of the user's row: two who end the same
    /// ones would meet them in any order.
    EndAll {
        session: uuid::Uuid => Uuid,
        now: DateTime<Utc> => Timestamptz,
        spared: Option<uuid::Uuid> => Nullable<Uuid>,
    } -> (BigInt,)
    "WITH asking AS MATERIALIZED (
         SELECT lock_user_of($1, $2) AS user_id
     ), forgotten AS (
         DELETE FROM device_guard USING asking
         WHERE device_guard.user_id = asking.user_id AND device_guard.session_id IS DISTINCT FROM $3
         RETURNING 1
     ), ended AS (
         DELETE FROM sessions USING asking
         WHERE sessions.user_id = asking.user_id AND sessions.id IS DISTINCT FROM $3
           AND (SELECT count(*) FROM forgotten) >= 0
         RETURNING 1
     )
     SELECT count(*) FROM ended"
}

/// What came of ending another session. Every case is ordinary.
pub enum Ending {
    /// It is ended.
    Ended,
    /// There is none of this user to end.
    NoSuchSession,
    /// The session that asked has ended itself.
    SessionEnded,
}

/// Ends the session `other` of the same user, as asked by `session`, and the
/// trust in its device.
///
/// Both must live at `now`, which is a part of the statement: what has ended
/// ends nothing, and nothing is ended twice.
///
/// # Errors
///
/// [`StoreError`]: nothing was ended.
pub async fn end_one(
    conn: &mut Connection,
    session: SessionId,
    other: SessionId,
    now: DateTime<Utc>,
) -> Result<Ending, StoreError> {
    let (asking, ended): (i64, i64) =
        EndOne { session: session.0, now, other: other.0 }.get_result(conn).await?;
    Ok(match (asking, ended) {
        (0, _) => Ending::SessionEnded,
        (_, 0) => Ending::NoSuchSession,
        _ => Ending::Ended,
    })
}

statement! {
    EndOne {
        session: uuid::Uuid => Uuid,
        now: DateTime<Utc> => Timestamptz,
        other: uuid::Uuid => Uuid,
    } -> (BigInt, BigInt)
    "WITH asking AS MATERIALIZED (
         SELECT lock_user_of($1, $2) AS user_id
     ), asked AS (
         SELECT other.id, other.user_id FROM asking JOIN sessions other ON other.user_id = asking.user_id
         WHERE other.id = $3 AND other.expires_at > $2
     ), forgotten AS (
         DELETE FROM device_guard USING asked
         WHERE device_guard.user_id = asked.user_id AND device_guard.session_id = asked.id
         RETURNING 1
     ), ended AS (
         DELETE FROM sessions USING asked WHERE sessions.id = asked.id AND (SELECT count(*) FROM forgotten) >= 0
         RETURNING 1
     )
     SELECT (SELECT count(user_id) FROM asking), (SELECT count(*) FROM ended)"
}

statement! {
    /// Identifiers are in the order of login: this walks the primary key.
    PurgeSessions {
        opened_before: uuid::Uuid => Uuid,
        now: DateTime<Utc> => Timestamptz,
        slice: i64 => BigInt,
    } -> (BigInt,)
    "WITH ended AS (
         SELECT id FROM sessions WHERE id < $1 AND ends_at < $2 ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
     ), deleted AS (
         DELETE FROM sessions USING ended WHERE sessions.id = ended.id RETURNING 1
     )
     SELECT count(*) FROM deleted"
}

/// Forgets sessions whose absolute end, `absolute_life` after the login, is
/// before `now`; gives their number.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn purge(
    conn: &mut Connection,
    now: DateTime<Utc>,
    absolute_life: Duration,
) -> Result<i64, StoreError> {
    let opened_before = SessionId::random(now - absolute_life).0;
    let mut total = 0;
    loop {
        let (deleted,): (i64,) = PurgeSessions { opened_before, now, slice: SLICE }.get_result(conn).await?;
        total += deleted;
        if deleted < SLICE {
            return Ok(total);
        }
    }
}
