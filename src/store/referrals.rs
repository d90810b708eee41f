//! `referrals`: who activated whose invite code.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};

use super::{Connection, StoreError, statement::statement};
use crate::domain::{InviteCode, PhoneNumber, UserId};

/// What came of entering a code. Every case is ordinary; none is an error.
#[derive(Debug, PartialEq, Eq)]
pub enum Activation {
    /// The code is activated: now, or by the same request before.
    Activated,
    /// Another code was activated before.
    AlreadyActivated(InviteCode),
    /// The code is the user's own.
    OwnCode,
    /// The code's owner was invited, directly or through others, by the user.
    Cycle,
    /// Nobody has this code.
    UnknownCode,
}

statement! {
    /// "Only one code, only once" is the primary key of `referrals`. The walk
    /// up the tree sees every earlier activation, for `lock_tree` lets one
    /// transaction at a time grow it.
    Activate<'a> {
        invite_code: &'a str => Text,
        invitee: uuid::Uuid => Uuid,
        now: DateTime<Utc> => Timestamptz,
    } -> (Nullable<Uuid>, Bool, Nullable<Text>)
    "WITH RECURSIVE referrer AS (
         SELECT id FROM users WHERE invite_code = $1 AND deleted_at IS NULL
     ), ancestors AS (
         SELECT id FROM referrer
         UNION
         SELECT referrals.referrer_id FROM referrals JOIN ancestors ON referrals.invitee_id = ancestors.id
     ), invited AS (
         INSERT INTO referrals (invitee_id, referrer_id, invite_code, invited_at)
         SELECT $2, id, $1, $3 FROM referrer WHERE $2 NOT IN (SELECT id FROM ancestors)
         ON CONFLICT (invitee_id) DO NOTHING
         RETURNING referrer_id
     ), counted AS (
         UPDATE users SET invited_users_count = invited_users_count + 1
         FROM invited WHERE users.id = invited.referrer_id
     )
     SELECT (SELECT id FROM referrer), EXISTS (SELECT FROM invited),
            (SELECT invite_code FROM referrals WHERE invitee_id = $2)"
}

/// Enters `code` for `user`, once and for all.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn activate(
    conn: &mut Connection,
    user: UserId,
    code: &InviteCode,
    now: DateTime<Utc>,
) -> Result<Activation, StoreError> {
    let activate = Activate { invite_code: code.as_str(), invitee: user.0, now };
    let (referrer, invited, earlier): (Option<uuid::Uuid>, bool, Option<String>) = conn
        .transaction(async |conn| {
            lock_tree(conn).await?;
            Ok::<_, StoreError>(activate.get_result(conn).await?)
        })
        .await?;
    let earlier = earlier
        .map(|code| code.parse::<InviteCode>().map_err(|_| StoreError::Corrupt("referrals")))
        .transpose()?;
    Ok(match (referrer, earlier) {
        (_, Some(earlier)) if earlier == *code => Activation::Activated,
        (None, _) => Activation::UnknownCode,
        (Some(referrer), _) if referrer == user.0 => Activation::OwnCode,
        (Some(_), Some(earlier)) => Activation::AlreadyActivated(earlier),
        (Some(_), None) if invited => Activation::Activated,
        (Some(_), None) => Activation::Cycle,
    })
}

/// Lets one transaction at a time change who invited whom, until it ends.
///
/// Two activations that together would close a cycle see each other only if
/// one waits for the other. A first login needs no lock: nobody can have been
/// invited by an account that is being made.
pub(super) async fn lock_tree(conn: &mut Connection) -> Result<(), StoreError> {
    Ok(conn.batch_execute("SELECT pg_advisory_xact_lock(hashtext('phone-auth referral tree'))").await?)
}

/// A place in the list of invited users, which runs from the newest to the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// When this user activated the code.
    pub invited_at: DateTime<Utc>,
    /// Which user: tells apart those of one moment.
    pub invitee: UserId,
}

impl Position {
    /// Before the newest.
    pub const START: Self = Self { invited_at: DateTime::<Utc>::MAX_UTC, invitee: UserId(uuid::Uuid::max()) };
}

/// One who activated the user's code.
pub struct Invited {
    /// Who.
    pub phone: PhoneNumber,
    /// Where in the list.
    pub position: Position,
}

statement! {
    /// Walks `referrals_by_referrer` from the position: as fast on the last page as on the first.
    ListInvited {
        referrer: uuid::Uuid => Uuid,
        invited_at: DateTime<Utc> => Timestamptz,
        invitee: uuid::Uuid => Uuid,
        limit: i64 => BigInt,
    } -> (Text, Timestamptz, Uuid)
    "SELECT users.phone, referrals.invited_at, referrals.invitee_id
     FROM referrals JOIN users ON users.id = referrals.invitee_id
     WHERE referrals.referrer_id = $1 AND (referrals.invited_at, referrals.invitee_id) < ($2, $3)
     ORDER BY referrals.invited_at DESC, referrals.invitee_id DESC
     LIMIT $4"
}

/// At most `limit` of those who activated the code of `user`, from after
/// `position` on, newest first.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn list_invited(
    conn: &mut Connection,
    user: UserId,
    position: Position,
    limit: usize,
) -> Result<Vec<Invited>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let list =
        ListInvited { referrer: user.0, invited_at: position.invited_at, invitee: position.invitee.0, limit };
    let rows: Vec<(String, DateTime<Utc>, uuid::Uuid)> = list.load(conn).await?;
    rows.into_iter()
        .map(|(phone, invited_at, invitee)| {
            let phone = PhoneNumber::from_e164(phone).map_err(|_| StoreError::Corrupt("users"))?;
            Ok(Invited { phone, position: Position { invited_at, invitee: UserId(invitee) } })
        })
        .collect()
}
