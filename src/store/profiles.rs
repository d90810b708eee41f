//! The profile: what a user sees of the own account, read in one statement.

use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension,
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, referrals::Position, sessions, statement::statement};
use crate::domain::{AvatarHash, Email, PersonName, SessionId, UserId};

/// Everything the profile shows.
#[derive(Queryable)]
pub struct Profile {
    /// Which user.
    pub id: uuid::Uuid,
    /// E.164.
    pub phone: String,
    /// As given.
    pub email: Option<String>,
    /// As given.
    pub first_name: Option<String>,
    /// As given.
    pub last_name: Option<String>,
    /// The user's own code.
    pub invite_code: String,
    /// How many activated it.
    pub invited_users_count: i32,
    /// Grows with each change of the members that can be written.
    pub version: i32,
    /// The first login.
    pub created_at: DateTime<Utc>,
    /// The last change by the user.
    pub updated_at: DateTime<Utc>,
    /// The code the user activated.
    pub activated_invite_code: Option<String>,
    /// E.164; absent once the referrer's account is deleted.
    pub invited_by_phone: Option<String>,
    /// The newest of those who activated the user's code, E.164, newest first.
    pub invited_users: Vec<String>,
    /// When the last of them was invited, and who it is; when the session was used last.
    beside: (Option<DateTime<Utc>>, Option<uuid::Uuid>, DateTime<Utc>),
    /// Whether a PIN is asked for at login.
    pub has_pin: bool,
    avatar: Option<Vec<u8>>,
}

impl Profile {
    /// The address of the picture, if there is one.
    #[must_use]
    pub fn avatar(&self) -> Option<AvatarHash> {
        // The database makes it of the content.
        self.avatar.clone()?.try_into().ok()
    }

    /// Where the page after [`Profile::invited_users`] starts, if there is one.
    #[must_use]
    pub fn next_invited(&self) -> Option<Position> {
        let shown = i32::try_from(self.invited_users.len()).unwrap_or(i32::MAX);
        let last = self.beside.0.zip(self.beside.1)?;
        (self.invited_users_count > shown).then_some(Position { invited_at: last.0, invitee: UserId(last.1) })
    }
}

/// The profile in one statement: user, referrer and the newest page of the invited together.
macro_rules! profile {
    ($last_used:literal, $from:literal, $found:literal) => {
        concat!(
            "SELECT users.id, users.phone, users.email, users.first_name, users.last_name, users.invite_code,
                    users.invited_users_count, users.version, users.created_at, users.updated_at,
                    referrals.invite_code, referrer.phone, page.phones, page.last_at, page.last_id,
                    ",
            $last_used,
            ", EXISTS (SELECT FROM pins WHERE pins.user_id = users.id),
                    (SELECT hash FROM avatars WHERE avatars.user_id = users.id)
             FROM ",
            $from,
            "
             LEFT JOIN referrals ON referrals.invitee_id = users.id
             LEFT JOIN users referrer ON referrer.id = referrals.referrer_id
             CROSS JOIN LATERAL (
                 SELECT coalesce(array_agg(phone ORDER BY invited_at DESC, invitee_id DESC), '{}') AS phones,
                        (array_agg(invited_at ORDER BY invited_at, invitee_id))[1] AS last_at,
                        (array_agg(invitee_id ORDER BY invited_at, invitee_id))[1] AS last_id
                 FROM (SELECT invited.invited_at, invited.invitee_id, invitee.phone
                       FROM referrals invited JOIN users invitee ON invitee.id = invited.invitee_id
                       WHERE invited.referrer_id = users.id
                       ORDER BY invited.invited_at DESC, invited.invitee_id DESC LIMIT 20) newest
             ) page
             WHERE ",
            $found
        )
    };
}

statement! {
    /// The join with `sessions` is the check that the caller may read this.
    FindProfile { session: uuid::Uuid => Uuid, now: DateTime<Utc> => Timestamptz } -> (
        Uuid, Text, Nullable<Text>, Nullable<Text>, Nullable<Text>, Text, Integer, Integer, Timestamptz,
        Timestamptz, Nullable<Text>, Nullable<Text>, Array<Text>,
        (Nullable<Timestamptz>, Nullable<Uuid>, Timestamptz), Bool, Nullable<Binary>,
    )
    profile!(
        "sessions.last_used_at",
        "sessions JOIN users ON users.id = sessions.user_id",
        "sessions.id = $1 AND sessions.expires_at > $2 AND users.deleted_at IS NULL"
    )
}

statement! {
    /// The same for an operator, who has no session.
    FindProfileOf { user: uuid::Uuid => Uuid } -> (
        Uuid, Text, Nullable<Text>, Nullable<Text>, Nullable<Text>, Text, Integer, Integer, Timestamptz,
        Timestamptz, Nullable<Text>, Nullable<Text>, Array<Text>,
        (Nullable<Timestamptz>, Nullable<Uuid>, Timestamptz), Bool, Nullable<Binary>,
    )
    profile!("users.last_login_at", "users", "users.id = $1 AND users.deleted_at IS NULL")
}

/// The profile of the user whose session this is, if it lives at `now`. Notes the use.
///
/// # Errors
///
/// [`StoreError`]: the caller is not let in.
pub async fn find_by_session(
    conn: &mut Connection,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<Profile>, StoreError> {
    let found: Option<Profile> = FindProfile { session: session.0, now }.get_result(conn).await.optional()?;
    if let Some(profile) = &found {
        sessions::note_use(conn, session, profile.beside.2, now).await?;
    }
    Ok(found)
}

/// The profile of `user`, for an operator. Notes no use.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn find(conn: &mut Connection, user: UserId) -> Result<Option<Profile>, StoreError> {
    Ok(FindProfileOf { user: user.0 }.get_result(conn).await.optional()?)
}

/// New values of the members a user may write: `None` leaves a member as it
/// is, `Some(None)` clears it.
#[derive(Default)]
pub struct ProfileChanges {
    /// See [`Email`].
    pub email: Option<Option<Email>>,
    /// See [`PersonName`].
    pub first_name: Option<Option<PersonName>>,
    /// See [`PersonName`].
    pub last_name: Option<Option<PersonName>>,
}

/// What came of a change. Every case is ordinary.
#[derive(Debug, PartialEq, Eq)]
pub enum ProfileUpdate {
    /// The members have their new values.
    Updated,
    /// The profile is not at the expected version: nothing was changed.
    VersionChanged,
    /// The session or the account ended.
    Gone,
}

impl ProfileUpdate {
    /// By how many live sessions asked, and how many profiles were as expected.
    pub(super) fn of((asking, as_expected): (i64, i64)) -> Self {
        match (asking, as_expected) {
            (0, _) => Self::Gone,
            (_, 0) => Self::VersionChanged,
            _ => Self::Updated,
        }
    }
}

statement! {
    /// A member that is not named keeps the value it has under the lock, not the one it had when the statement began.
    UpdateProfile<'a> {
        session: uuid::Uuid => Uuid,
        now: DateTime<Utc> => Timestamptz,
        names_email: bool => Bool,
        email: Option<&'a str> => Nullable<Text>,
        names_first: bool => Bool,
        first_name: Option<&'a str> => Nullable<Text>,
        names_last: bool => Bool,
        last_name: Option<&'a str> => Nullable<Text>,
        expected_version: Option<i32> => Nullable<Integer>,
    } -> (BigInt, BigInt)
    "WITH asked AS MATERIALIZED (
         SELECT lock_user_of($1, $2) AS id
     ), updated AS (
         UPDATE users SET
             updated_at = $2,
             email = CASE WHEN $3 THEN $4 ELSE email END,
             first_name = CASE WHEN $5 THEN $6 ELSE first_name END,
             last_name = CASE WHEN $7 THEN $8 ELSE last_name END,
             version = version + 1
         FROM asked WHERE users.id = asked.id AND ($9::integer IS NULL OR users.version = $9)
         RETURNING 1
     )
     SELECT (SELECT count(id) FROM asked), (SELECT count(*) FROM updated)"
}

/// Writes the members named in `changes`, and no others, so that two clients
/// that change different members at once both succeed.
///
/// With `expected_version` only that version is changed; a session that has
/// ended changes none.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn update(
    conn: &mut Connection,
    session: SessionId,
    changes: &ProfileChanges,
    expected_version: Option<i32>,
    now: DateTime<Utc>,
) -> Result<ProfileUpdate, StoreError> {
    let ProfileChanges { email, first_name, last_name } = changes;
    let update = UpdateProfile {
        session: session.0,
        now,
        names_email: email.is_some(),
        email: email.as_ref().and_then(|email| email.as_ref().map(Email::as_str)),
        names_first: first_name.is_some(),
        first_name: first_name.as_ref().and_then(|name| name.as_ref().map(PersonName::as_str)),
        names_last: last_name.is_some(),
        last_name: last_name.as_ref().and_then(|name| name.as_ref().map(PersonName::as_str)),
        expected_version,
    };
    Ok(ProfileUpdate::of(update.get_result(conn).await?))
}
