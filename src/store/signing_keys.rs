//! `signing_keys`: the keys behind access tokens, private parts sealed.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};

use super::{Connection, StoreError, schema::signing_keys};

/// One instance or command at a time makes or takes away a key.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('phone-auth signing key'))";

/// One key as it is stored.
#[derive(Queryable, Selectable, Insertable, Clone, Debug)]
#[diesel(table_name = signing_keys)]
pub struct SigningKeyRow {
    /// Which key: `kid` (RFC 7515, section 4.1.4).
    pub kid: String,
    /// `alg` (RFC 7518, section 3.1).
    pub algorithm: String,
    /// The public key as a JWK (RFC 7517).
    pub public_jwk: String,
    /// The private key, sealed under the root secret.
    pub sealed_private_key: String,
    /// When it was made and published.
    pub created_at: DateTime<Utc>,
    /// From when on it signs: of those whose time has come, the newest does.
    pub signs_from: DateTime<Utc>,
}

/// All keys, the one that signs last first.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn list(conn: &mut Connection) -> Result<Vec<SigningKeyRow>, StoreError> {
    Ok(load(conn).await?)
}

async fn load(conn: &mut Connection) -> QueryResult<Vec<SigningKeyRow>> {
    // By `kid` where times are equal, byte by byte as the instances compare it.
    let kid = diesel::dsl::sql::<diesel::sql_types::Text>("kid COLLATE \"C\"");
    signing_keys::table
        .select(SigningKeyRow::as_select())
        .order((signing_keys::signs_from.desc(), kid.desc()))
        .load(conn)
        .await
}

/// All keys, after one more was made with `generate` if `is_due` says so of
/// those there are; and that one.
///
/// Of several instances that find a key due at once, one makes it: the lock is
/// taken before the keys are looked at.
///
/// # Errors
///
/// [`StoreError`], or what `generate` fails with: no key was made.
pub async fn list_and_create<E>(
    conn: &mut Connection,
    is_due: impl FnOnce(&[SigningKeyRow]) -> bool + Send,
    generate: impl FnOnce(&[SigningKeyRow]) -> Result<SigningKeyRow, E> + Send,
) -> Result<(Vec<SigningKeyRow>, Option<SigningKeyRow>), E>
where
    E: From<StoreError> + Send,
{
    let done: Result<_, Failed<E>> = conn
        .transaction(async |conn| {
            conn.batch_execute(LOCK).await?;
            let keys = load(conn).await?;
            if !is_due(&keys) {
                return Ok((keys, None));
            }
            let new = generate(&keys).map_err(Failed::Generate)?;
            diesel::insert_into(signing_keys::table).values(&new).execute(conn).await?;
            Ok((load(conn).await?, Some(new)))
        })
        .await;
    done.map_err(|failed| match failed {
        Failed::Generate(error) => error,
        Failed::Store(error) => StoreError::from(error).into(),
    })
}

/// Why a transaction that makes a key ended.
enum Failed<E> {
    Generate(E),
    Store(diesel::result::Error),
}

impl<E> From<diesel::result::Error> for Failed<E> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error)
    }
}

/// What came of taking a key away. Every case is ordinary.
#[derive(Debug, PartialEq, Eq)]
pub enum Retirement {
    /// It is gone, and what it signed is refused.
    Retired,
    /// It signs, or is about to be the only one: nothing was changed.
    Signing,
    /// There is no such key.
    Unknown,
}

/// Takes the key `kid` away, unless it signs or is about to: one that `opens`
/// and has signed longer than `settled` must be there to take its place on
/// every instance.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn retire(
    conn: &mut Connection,
    kid: &str,
    opens: impl Fn(&SigningKeyRow) -> bool + Send + Sync,
    now: DateTime<Utc>,
    settled: TimeDelta,
) -> Result<Retirement, StoreError> {
    let done: QueryResult<Retirement> = conn
        .transaction(async |conn| {
            conn.batch_execute(LOCK).await?;
            let keys = load(conn).await?;
            let Some(at) = keys.iter().position(|key| key.kid == kid) else {
                return Ok(Retirement::Unknown);
            };
            // Newest first: those before it sign after it.
            let has_successor =
                keys[..at].iter().any(|newer| newer.signs_from + settled <= now && opens(newer));
            let waits = keys[at].signs_from > now + settled
                && keys[at + 1..].iter().any(|older| older.signs_from <= now && opens(older));
            // What nobody here can open signs nothing, wherever it stands.
            let is_useless = !opens(&keys[at]) && keys.iter().any(&opens);
            if !has_successor && !waits && !is_useless {
                return Ok(Retirement::Signing);
            }
            diesel::delete(signing_keys::table.find(kid)).execute(conn).await?;
            Ok(Retirement::Retired)
        })
        .await;
    Ok(done?)
}

/// Puts `new` in place of `old`, the sealed private key of `kid`; tells
/// whether it did, for another instance may have been faster.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn reseal(conn: &mut Connection, kid: &str, old: &str, new: &str) -> Result<bool, StoreError> {
    let stored = signing_keys::table.find(kid).filter(signing_keys::sealed_private_key.eq(old));
    let updated = diesel::update(stored).set(signing_keys::sealed_private_key.eq(new)).execute(conn).await?;
    Ok(updated == 1)
}

/// Forgets keys that signed before `successor_signs_from`; gives their number.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn purge(conn: &mut Connection, successor_signs_from: DateTime<Utc>) -> Result<usize, StoreError> {
    let older = signing_keys::table.filter(signing_keys::signs_from.lt(successor_signs_from));
    Ok(diesel::delete(older).execute(conn).await?)
}
