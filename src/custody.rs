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
        FOLLOWED_AFTER, KEPT_AFTER, PUBLISHED_BEFORE, PinHasher, Pseudonyms, SealedSigningKey, SigningKey,
        TokenError, Tokens,
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
    /// No instance has drawn it yet.
    #[error("there is no key in guard_keys yet: start the service once")]
    NoGuardKey,
    /// A row that this version did not write.
    #[error("signing key {kid} in the database cannot be read: {what}")]
    Unreadable {
        /// Which key.
        kid: String,
        /// What of it.
        what: &'static str,
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
/// secrets: nothing was changed. A service that could not verify what others
/// sign does not start.
pub async fn open_signing_keys(
    conn: &mut Connection,
    tokens: &Tokens,
    now: DateTime<Utc>,
) -> Result<(), CustodyError> {
    for row in signing_keys::list(conn).await? {
        let key = open(tokens, &row)?;
        if !tokens.is_signing_key_current(&row.sealed_private_key) {
            let fresh = tokens.seal_signing_key(&key)?;
            if signing_keys::reseal(conn, &row.kid, &row.sealed_private_key, &fresh.sealed).await? {
                audit::key_resealed(&row.kid);
            }
        }
    }
    let algorithm = tokens.rotation().algorithm.as_str();
    let is_due = |keys: &[SigningKeyRow]| {
        keys.first().is_none_or(|newest| newest.algorithm != algorithm) || is_due(tokens, keys, now)
    };
    let (rows, _) = create_if(conn, tokens, PUBLISHED_BEFORE, now, is_due).await?;
    tokens.use_signing_keys(rows.iter().map(|row| open(tokens, row)).collect::<Result<_, _>>()?);
    Ok(())
}

/// Takes up what other instances and commands changed about the signing keys,
/// and makes a successor for a key that has signed long enough.
///
/// # Errors
///
/// [`CustodyError`] of the first key that could not be taken up; the others were.
pub async fn follow_signing_keys(
    conn: &mut Connection,
    tokens: &Tokens,
    now: DateTime<Utc>,
) -> Result<(), CustodyError> {
    let mut rows = signing_keys::list(conn).await?;
    if rows.is_empty() || is_due(tokens, &rows, now) {
        let is_due = |keys: &[SigningKeyRow]| keys.is_empty() || is_due(tokens, keys, now);
        rows = create_if(conn, tokens, PUBLISHED_BEFORE, now, is_due).await?.0;
    }
    let (stored, unreadable): (Vec<_>, Vec<_>) = rows.iter().map(sealed).partition(Result::is_ok);
    let stored: Vec<_> = stored.into_iter().flatten().collect();
    let unopened = tokens.follow_signing_keys(&stored).into_iter().next().map(CustodyError::from);
    unreadable.into_iter().find_map(Result::err).or(unopened).map_or(Ok(()), Err)
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
/// [`TokenError::SigningKeyNotOurs`] unless the root secrets open the keys
/// there are: nobody could use one that is sealed under another. No key was made.
pub async fn rotate(
    conn: &mut Connection,
    tokens: &Tokens,
    urgent: bool,
    now: DateTime<Utc>,
) -> Result<Rotated, CustodyError> {
    for row in signing_keys::list(conn).await? {
        open(tokens, &row)?;
    }
    let lead = if urgent { FOLLOWED_AFTER } else { PUBLISHED_BEFORE };
    let is_due =
        |keys: &[SigningKeyRow]| urgent || keys.first().is_none_or(|newest| newest.signs_from <= now);
    let (rows, new) = create_if(conn, tokens, lead, now, is_due).await?;
    let waiting = || rows.into_iter().next().map(Rotated::Waiting);
    new.map(Rotated::Published).or_else(waiting).ok_or_else(|| TokenError::NoSigningKey.into())
}

/// Takes the signing key `kid` away at once: what it signed is refused from then on.
///
/// Only a key that the root secrets open can take its place.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn retire(
    conn: &mut Connection,
    tokens: &Tokens,
    kid: &str,
    now: DateTime<Utc>,
) -> Result<Retirement, StoreError> {
    let opens = |row: &SigningKeyRow| open(tokens, row).is_ok();
    // An instance whose clock is behind still signs by the key before.
    let retirement = signing_keys::retire(conn, kid, opens, now, FOLLOWED_AFTER).await?;
    if retirement == Retirement::Retired {
        audit::key_retired(kid);
    }
    Ok(retirement)
}

/// Forgets the signing keys whose last token has ended, for one that is in use
/// has long taken their place; gives their number.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn forget_dead(
    conn: &mut Connection,
    tokens: &Tokens,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let rows = signing_keys::list(conn).await?;
    let settled = rows.iter().find(|row| row.signs_from < now - KEPT_AFTER && open(tokens, row).is_ok());
    match settled {
        Some(successor) => signing_keys::purge(conn, successor.signs_from).await,
        None => Ok(0),
    }
}

/// Which root secret a stored key is sealed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootSecret {
    /// The first in the list: the others may go.
    Current,
    /// Another in the list.
    Older,
    /// None in the list, or it was altered: nobody here can use it.
    Unknown,
}

/// Which root secret the key of `row` is sealed under.
#[must_use]
pub fn root_secret_of(tokens: &Tokens, row: &SigningKeyRow) -> RootSecret {
    if open(tokens, row).is_err() {
        RootSecret::Unknown
    } else if tokens.is_signing_key_current(&row.sealed_private_key) {
        RootSecret::Current
    } else {
        RootSecret::Older
    }
}

fn open(tokens: &Tokens, row: &SigningKeyRow) -> Result<SigningKey, CustodyError> {
    Ok(tokens.open_signing_key(&sealed(row)?)?)
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
    Ok((tokens.open_pseudonyms(&sealed)?, tokens.open_pin_hasher(&sealed, PinHasher::queue())?))
}

/// The pseudonyms of the deployment, for a command: nothing is made and nothing sealed anew.
///
/// # Errors
///
/// [`CustodyError::NoGuardKey`], or [`TokenError::PseudonymKeyNotOurs`] if no root secret opens it.
pub async fn present_pseudonyms(conn: &mut Connection, tokens: &Tokens) -> Result<Pseudonyms, CustodyError> {
    let sealed = guard_keys::find(conn).await?.ok_or(CustodyError::NoGuardKey)?;
    Ok(tokens.open_pseudonyms(&sealed)?)
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
    let unreadable = |what| CustodyError::Unreadable { kid: row.kid.clone(), what };
    Ok(SealedSigningKey {
        kid: row.kid.clone(),
        algorithm: row.algorithm.parse().map_err(|_| unreadable("its algorithm is not known"))?,
        public_jwk: serde_json::from_str(&row.public_jwk)
            .map_err(|_| unreadable("its public part is no JSON"))?,
        sealed: row.sealed_private_key.clone(),
        signs_from: row.signs_from,
    })
}
