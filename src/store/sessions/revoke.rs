use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension,
    prelude::*,
    sql_types::{Array, Uuid},
};
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::super::{Connection, StoreError, schema::sessions, statement::statement, users};
use crate::domain::{SessionId, UserId};

/// The user of a session that lives at `now`. Notes no use: an operator asks.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn user_of(
    conn: &mut Connection,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<UserId>, StoreError> {
    let live = sessions::table.find(session.0).filter(sessions::expires_at.gt(now));
    let user: Option<uuid::Uuid> = live.select(sessions::user_id).first(conn).await.optional()?;
    Ok(user.map(UserId))
}

statement! {
    /// As a logout from everywhere does: devices first, as a login locks them.
    RevokeAll { user: uuid::Uuid => Uuid } -> (Array<Uuid>,)
    "WITH forgotten AS (
         DELETE FROM device_guard WHERE user_id = $1 RETURNING 1
     ), ended AS (
         DELETE FROM sessions WHERE user_id = $1 AND (SELECT count(*) FROM forgotten) >= 0 RETURNING id
     )
     SELECT coalesce(array_agg(id), '{}') FROM ended"
}

/// Ends all sessions of `user` and the trust in their devices, as asked by an
/// operator; gives which.
///
/// # Errors
///
/// [`StoreError`]: nothing was ended.
pub async fn revoke_all(conn: &mut Connection, user: UserId) -> Result<Vec<SessionId>, StoreError> {
    conn.transaction(async |conn| {
        // A statement of its own: a login that held the row until now is seen below.
        if !users::lock(conn, user).await? {
            return Ok(Vec::new());
        }
        let (ended,): (Vec<uuid::Uuid>,) = RevokeAll { user: user.0 }.get_result(conn).await?;
        Ok(ended.into_iter().map(SessionId).collect())
    })
    .await
}
