//! `guard_keys`: the key of the pseudonyms, sealed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::{Connection, StoreError, schema::guard_keys};

/// The sealed key; of several instances that start at once with a `draft` of
/// their own, all get the same.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn find_or_create(
    conn: &mut Connection,
    draft: &str,
    now: DateTime<Utc>,
) -> Result<String, StoreError> {
    conn.transaction(async |conn| {
        diesel::insert_into(guard_keys::table)
            .values((guard_keys::sealed_key.eq(draft), guard_keys::created_at.eq(now)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
        Ok(guard_keys::table.select(guard_keys::sealed_key).first(conn).await?)
    })
    .await
}

/// The sealed key, if an instance has drawn it.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn find(conn: &mut Connection) -> Result<Option<String>, StoreError> {
    Ok(guard_keys::table.select(guard_keys::sealed_key).first(conn).await.optional()?)
}

/// Puts `new` in place of the sealed key `old`; tells whether it did, for
/// another instance may have been faster.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn reseal(conn: &mut Connection, old: &str, new: &str) -> Result<bool, StoreError> {
    let stored = guard_keys::table.filter(guard_keys::sealed_key.eq(old));
    Ok(diesel::update(stored).set(guard_keys::sealed_key.eq(new)).execute(conn).await? == 1)
}
