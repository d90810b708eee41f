//! `challenge_use`: what was tried on a challenge.

use chrono::{DateTime, Duration, Utc};
use diesel::{
    OptionalExtension,
    prelude::*,
    sql_types::{SmallInt, Timestamptz, Uuid},
};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, schema::challenge_use, statement::statement};
use crate::domain::ChallengeId;

statement! {
    /// The row is made by the first attempt and locked by each later one, so
    /// of parallel attempts exactly `allowed` get through.
    ClaimAttempt { jti: uuid::Uuid => Uuid, expires_at: DateTime<Utc> => Timestamptz, allowed: i16 => SmallInt }
        -> (SmallInt)
    "INSERT INTO challenge_use (jti, attempts, expires_at)
     VALUES ($1, 1, $2)
     ON CONFLICT (jti) DO UPDATE SET attempts = challenge_use.attempts + 1
     WHERE challenge_use.attempts < $3 AND challenge_use.consumed_at IS NULL
     RETURNING attempts"
}

/// Claims one of the `allowed` attempts on a challenge, in a commit of its own.
///
/// Gives the number of attempts left after this one, or `None` when all were
/// used or the challenge was consumed: then nothing may be compared.
///
/// # Errors
///
/// [`StoreError`]: nothing may be compared then either.
pub async fn claim_attempt(
    conn: &mut Connection,
    challenge: ChallengeId,
    expires_at: DateTime<Utc>,
    allowed: i16,
) -> Result<Option<i16>, StoreError> {
    let claim = ClaimAttempt { jti: challenge.0, expires_at, allowed };
    let used: Option<(i16,)> = claim.get_result(conn).await.optional()?;
    Ok(used.map(|(attempts,)| allowed - attempts))
}

/// Forgets challenges that expired more than an hour before `now`; gives their number.
///
/// The hour covers any difference between the clocks of two instances: what
/// is purged must be refused as expired everywhere.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn purge(conn: &mut Connection, now: DateTime<Utc>) -> Result<usize, StoreError> {
    let cutoff = now - Duration::hours(1);
    // A challenge lives ten minutes at most, so the oldest identifiers are the expired ones.
    let expired = challenge_use::table
        .filter(challenge_use::jti.lt(ChallengeId::random(cutoff).0))
        .filter(challenge_use::expires_at.lt(cutoff));
    Ok(diesel::delete(expired).execute(conn).await?)
}
