//! The keys of a deployment: between the database, which keeps them sealed,
//! and [`Tokens`], which uses them.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    audit,
    store::{
        Connection, StoreError, guard_keys,
        signing_keys::{self, Retirement, SigningKeyRow},
    },
    token::{
        FOLLOWED_AFTER, KEPT_AFTER, PUBLISHED_BEFORE, PinHasher, PinQueue, Pseudonyms, SealedSigningKey,
        SigningKey, TokenError, Tokens,
    },
};

/// Why the keys could not be had or changed.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cryptography, or a root secret that does not fit.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A row that this service did not write.
    #[error("the public part of signing key {kid} in the database is not JSON")]
    PublicJwk {
        /// Which key.
        kid: String,
        /// Where reading stopped.
        #[source]
        source: serde_json::Error,
    },
}

/// Brings the signing keys of the deployment into `tokens` at a start, and
/// seals them under the current root secret.
///
/// Makes the first key. If the newest one signs by another algorithm than is
/// set now, its successor is published: the one moment at which the setting is
/// looked at for that, so that instances with different settings do not
/// outbid each other.
///
/// # Errors
///
/// [`TokenError::SigningKeyNotOurs`] if a key opens under none of the root
/// secrets: a service that could not verify what others sign does not start.
pub async fn open_signing_keys(
    conn: &mut Connection,
    tokens: &Tokens,
    now: DateTime<Utc>,
) -> Result<(), CustodyError> {
    let algorithm = tokens.rotation().algorithm.as_str();
    let changed = |newest: &SigningKeyRow| newest.signs_from <= now && newest.algorithm != algorithm;
    let is_due = |keys: &[SigningKeyRow]| keys.first().is_none_or(changed) || is_due(tokens, keys, now);
    let (rows, _) = create_if(conn, tokens, PUBLISHED_BEFORE, now, is_due).await?;
    let mut keys = Vec::new();
    for row in &rows {
        let key = tokens.open_signing_key(&sealed(row)?)?;
        if !tokens.is_signing_key_current(&row.sealed_private_key) {
            let fresh = tokens.seal_signing_key(&key)?;
            if signing_keys::reseal(conn, &row.kid, &row.sealed_private_key, &fresh.sealed).await? {
                audit::key_resealed(&row.kid);
            }
        }
        keys.push(key);
    }
    tokens.use_signing_keys(keys);
    Ok(())
}

/// Takes up what other instances and commands changed about the signing keys,
/// and makes a successor for a key that has signed long enough.
///
/// # Errors
///
/// [`CustodyError`]: the keys in use stay, all or those that the error does not
/// speak of.
pub async fn follow_signing_keys(
    conn: &mut Connection,
    tokens: &Tokens,
    now: DateTime<Utc>,
) -> Result<(), CustodyError> {
    let mut rows = signing_keys::list(conn).await?;
    if is_due(tokens, &rows, now) {
        rows = create_if(conn, tokens, PUBLISHED_BEFORE, now, |keys| is_due(tokens, keys, now)).await?.0;
    }
    let stored = rows.iter().map(sealed).collect::<Result<Vec<_>, _>>()?;
    tokens.follow_signing_keys(&stored).into_iter().next().map_or(Ok(()), |error| Err(error.into()))
}

/// Whether by the calendar a successor is to be made.
fn is_due(tokens: &Tokens, newest_first: &[SigningKeyRow], now: DateTime<Utc>) -> bool {
    let every = tokens.rotation().every;
    newest_first.first().zip(every).is_some_and(|(newest, every)| newest.signs_from + every <= now)
}

/// What came of asking for a new signing key. Both are ordinary.
pub enum Rotated {
    /// It was made.
    Published(SigningKeyRow),
    /// One that was made before is waiting for its time.
    Waiting(SigningKeyRow),
}

/// Publishes a new signing key, unless one is waiting already.
///
/// If it is `urgent` it is made in any case and signs as soon as every instance
/// has it: whoever keeps a copy of the JWK set may refuse its first tokens.
///
/// # Errors
///
/// [`CustodyError`]: no key was made.
pub async fn rotate(
    conn: &mut Connection,
    tokens: &Tokens,
    urgent: bool,
    now: DateTime<Utc>,
) -> Result<Rotated, CustodyError> {
    let lead = if urgent { FOLLOWED_AFTER } else { PUBLISHED_BEFORE };
    let is_due =
        |keys: &[SigningKeyRow]| urgent || keys.first().is_none_or(|newest| newest.signs_from <= now);
    let (rows, new) = create_if(conn, tokens, lead, now, is_due).await?;
    let waiting = || rows.into_iter().next().map(Rotated::Waiting);
    new.map(Rotated::Published).or_else(waiting).ok_or_else(|| TokenError::NoSigningKey.into())
}

/// Takes the signing key `kid` away at once: what it signed is refused from then on.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn retire(conn: &mut Connection, kid: &str, now: DateTime<Utc>) -> Result<Retirement, StoreError> {
    // An instance whose clock is behind still signs by the key before.
    let retirement = signing_keys::retire(conn, kid, now, FOLLOWED_AFTER).await?;
    if retirement == Retirement::Retired {
        audit::key_retired(kid);
    }
    Ok(retirement)
}

/// Forgets the signing keys whose last token has ended; gives their number.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn forget_dead(conn: &mut Connection, now: DateTime<Utc>) -> Result<usize, StoreError> {
    signing_keys::purge(conn, now - KEPT_AFTER).await
}

/// Opens the key of the pseudonyms and PINs, drawn by the first instance of
/// the deployment, and seals it under the current root secret.
///
/// # Errors
///
/// [`TokenError::PseudonymKeyNotOurs`] if no root secret opens it.
pub async fn open_guard_key(
    conn: &mut Connection,
    tokens: &Tokens,
    now: DateTime<Utc>,
) -> Result<(Pseudonyms, PinHasher), CustodyError> {
    let sealed = guard_keys::find_or_create(conn, &tokens.draw_pseudonym_key()?, now).await?;
    if let Some(fresh) = tokens.reseal_pseudonym_key(&sealed)?
        && guard_keys::reseal(conn, &sealed, &fresh).await?
    {
        audit::key_resealed("guard_keys");
    }
    Ok((tokens.open_pseudonyms(&sealed)?, tokens.open_pin_hasher(&sealed, PinQueue::default())?))
}

/// Lists the keys, one more made if `is_due`: the first signs at once, others
/// after `lead`.
async fn create_if(
    conn: &mut Connection,
    tokens: &Tokens,
    lead: TimeDelta,
    now: DateTime<Utc>,
    is_due: impl Fn(&[SigningKeyRow]) -> bool + Send,
) -> Result<(Vec<SigningKeyRow>, Option<SigningKeyRow>), CustodyError> {
    let generate = |keys: &[SigningKeyRow]| {
        let signs_from = if keys.is_empty() { now } else { now + lead };
        let new = tokens.seal_signing_key(&SigningKey::generate(tokens.rotation().algorithm, signs_from)?)?;
        Ok::<_, CustodyError>(SigningKeyRow {
            kid: new.kid,
            algorithm: new.algorithm.as_str().to_owned(),
            public_jwk: new.public_jwk.to_string(),
            sealed_private_key: new.sealed,
            created_at: now,
            signs_from,
        })
    };
    let (rows, new) = signing_keys::list_and_create(conn, is_due, generate).await?;
    if let Some(new) = &new {
        audit::key_published(&new.kid, &new.algorithm, new.signs_from);
    }
    Ok((rows, new))
}

fn sealed(row: &SigningKeyRow) -> Result<SealedSigningKey, CustodyError> {
    let not_json = |source| CustodyError::PublicJwk { kid: row.kid.clone(), source };
    Ok(SealedSigningKey {
        kid: row.kid.clone(),
        algorithm: row.algorithm.parse()?,
        public_jwk: serde_json::from_str(&row.public_jwk).map_err(not_json)?,
        sealed: row.sealed_private_key.clone(),
        signs_from: row.signs_from,
    })
}
