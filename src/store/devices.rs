//! `device_guard`: devices that somebody was logged in on. The login writes
//! them (`trust_device`), the end of a session takes them along.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, schema::device_guard};
use crate::domain::UserId;

/// Takes the trust from every device of `user`.
pub(super) async fn forget_all(conn: &mut Connection, user: UserId) -> Result<(), StoreError> {
    diesel::delete(device_guard::table.filter(device_guard::user_id.eq(user.0))).execute(conn).await?;
    Ok(())
}

/// Forgets devices whose trust ended before `now`; gives their number.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn purge(conn: &mut Connection, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let ended = device_guard::table.filter(device_guard::expires_at.lt(now));
    Ok(diesel::delete(ended).execute(conn).await?)
}
