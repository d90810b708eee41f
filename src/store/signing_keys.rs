//! `signing_keys`: the keys behind access tokens, private parts sealed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};

use super::{Connection, StoreError, schema::signing_keys};

/// Serialises the making of the first key over all instances.
const FIRST_KEY_LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('phone-auth signing key'))";

/// One key as it is stored.
#[derive(Queryable, Selectable, Insertable, Clone)]
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
    /// The newest key signs.
    pub created_at: DateTime<Utc>,
}

/// All keys, the newest first; makes the first one with `generate` if there is none.
///
/// Of several instances that start at once one makes the key.
///
/// # Errors
///
/// [`StoreError`], or what `generate` fails with.
pub async fn list_or_create<E>(
    conn: &mut Connection,
    generate: impl FnOnce() -> Result<SigningKeyRow, E> + Send,
) -> Result<Vec<SigningKeyRow>, E>
where
    E: From<StoreError> + From<diesel::result::Error> + Send,
{
    conn.transaction(async |conn| {
        conn.batch_execute(FIRST_KEY_LOCK).await?;
        let keys: Vec<SigningKeyRow> = signing_keys::table
            .select(SigningKeyRow::as_select())
            .order(signing_keys::created_at.desc())
            .load(conn)
            .await?;
        if !keys.is_empty() {
            return Ok(keys);
        }
        let first = generate()?;
        diesel::insert_into(signing_keys::table).values(&first).execute(conn).await?;
        Ok(vec![first])
    })
    .await
}
