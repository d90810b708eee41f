//! `avatars`: the picture of a user. A change of it is one of the profile; the end of the account takes it along (`users.rs`).

use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension,
    prelude::*,
    sql_types::{BigInt, Binary, Integer, Nullable, Timestamptz, Uuid},
};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, profiles::ProfileUpdate, schema::avatars, statement::statement};
use crate::domain::{AvatarHash, SessionId};

/// A change of the avatar, by a session that must live when it is written.
pub struct Change<'a> {
    /// Who asks.
    pub session: SessionId,
    /// The picture from now on; none: no more.
    pub new: Option<&'a [u8]>,
    /// The version of the profile that is changed, and no other.
    pub expected_version: Option<i32>,
    /// The moment of the request.
    pub now: DateTime<Utc>,
}

statement! {
    /// The user's row first: beside a deletion of the account a picture is written before it and goes with it, or not
    /// at all. Removing what is not there changes nothing, so the version stays.
    ChangeAvatar<'a> {
        session: uuid::Uuid => Uuid,
        now: DateTime<Utc> => Timestamptz,
        expected_version: Option<i32> => Nullable<Integer>,
        new: Option<&'a [u8]> => Nullable<Binary>,
    } -> (BigInt, BigInt)
    "WITH asked AS MATERIALIZED (
         SELECT lock_user_of($1, $2) AS id
     ), asking AS (
         SELECT users.id FROM asked JOIN users ON users.id = asked.id
         WHERE $3::integer IS NULL OR users.version = $3
         FOR UPDATE OF users
     ), removed AS (
         DELETE FROM avatars USING asking WHERE avatars.user_id = asking.id AND $4::bytea IS NULL
         RETURNING avatars.user_id
     ), made AS (
         INSERT INTO avatars (user_id, content, created_at) SELECT id, $4, $2 FROM asking WHERE $4 IS NOT NULL
         ON CONFLICT (user_id) DO UPDATE SET content = excluded.content, created_at = excluded.created_at
         RETURNING avatars.user_id
     ), changed AS (
         UPDATE users SET version = version + 1, updated_at = $2
         FROM (SELECT user_id FROM removed UNION ALL SELECT user_id FROM made) written
         WHERE users.id = written.user_id
     )
     SELECT (SELECT count(id) FROM asked), (SELECT count(*) FROM asking)"
}

/// Sets, replaces or removes the avatar of the user whose session this is.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn change(conn: &mut Connection, change: &Change<'_>) -> Result<ProfileUpdate, StoreError> {
    let Change { session, new, expected_version, now } = *change;
    let change = ChangeAvatar { session: session.0, now, expected_version, new };
    Ok(ProfileUpdate::of(change.get_result(conn).await?))
}

/// The picture at this address, while any user has it.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn find(conn: &mut Connection, hash: AvatarHash) -> Result<Option<Vec<u8>>, StoreError> {
    let found = avatars::table.filter(avatars::hash.eq(hash.0.as_slice())).select(avatars::content).limit(1);
    Ok(found.first(conn).await.optional()?)
}
