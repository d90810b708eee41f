//! Giving a user another number: what comes after a right code.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    OptionalExtension,
    sql_types::{BigInt, Integer, Interval, Nullable, SmallInt, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::{
    Connection, StoreError,
    challenges::{Meters, Settlement},
    sessions::{self, Scope},
    statement::statement,
    tombstones,
};
use crate::domain::{ChallengeId, PhoneNumber, Pseudonym, SessionId, UserId, send_limits};

/// A right code, and the number it is to give to a user.
pub struct PhoneChange<'a> {
    /// Which challenge is used up.
    pub challenge: ChallengeId,
    /// Whose number changes.
    pub user: UserId,
    /// The session that asks; it stays.
    pub session: SessionId,
    /// The number from now on.
    pub phone: &'a PhoneNumber,
    /// What the challenge is given back.
    pub settlement: Settlement,
    /// Accounts made until then are too old to activate an invite code; none: none is.
    pub window_since: Option<DateTime<Utc>>,
    /// The moment of the request.
    pub now: DateTime<Utc>,
}

/// What came of a right code. Every case is ordinary.
#[derive(Debug, PartialEq, Eq)]
pub enum PhoneChangeOutcome {
    /// The number is the user's; so many other sessions were ended.
    Changed(i64),
    /// Another account has the number. The challenge is used up.
    Taken,
    /// Another request used up the challenge first.
    AlreadyConsumed,
    /// The session or the account ended.
    SessionEnded,
}

/// Uses up the challenge and gives back what it charged, gives the number to
/// the user and ends the other sessions: all of it or nothing.
///
/// `known_as` makes the pseudonym of the number that is left, for its tombstone.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn complete(
    conn: &mut Connection,
    change: &PhoneChange<'_>,
    known_as: impl Fn(&str) -> Pseudonym + Send + Sync,
) -> Result<PhoneChangeOutcome, StoreError> {
    conn.transaction(async |conn| attempt(conn, change, &known_as).await).await
}

async fn attempt(
    conn: &mut Connection,
    change: &PhoneChange<'_>,
    known_as: impl Fn(&str) -> Pseudonym,
) -> Result<PhoneChangeOutcome, StoreError> {
    let (consumed,): (i64,) = consume(change).get_result(conn).await?;
    if consumed == 0 {
        return Ok(PhoneChangeOutcome::AlreadyConsumed);
    }
    let lock = LockUser { session: change.session.0, now: change.now, user: change.user.0 };
    let Some((old,)) = lock.get_result::<(String,)>(conn).await.optional()? else {
        return Ok(PhoneChangeOutcome::SessionEnded);
    };
    let give = GivePhone { phone: change.phone.as_str(), now: change.now, user: change.user.0 };
    let (given,): (i64,) = give.get_result(conn).await?;
    if given == 0 {
        return Ok(PhoneChangeOutcome::Taken);
    }
    if old != change.phone.as_str() {
        tombstones::leave(conn, known_as(&old), change.user, change.window_since, change.now).await?;
    }
    // A statement of its own: a login that held the user's row until now is seen by it.
    let ended = sessions::end(conn, change.session, Scope::Others, change.now).await?;
    count_traffic(conn, change).await?;
    Ok(PhoneChangeOutcome::Changed(ended))
}

statement! {
    /// As a login does: of parallel requests one finds `consumed_at` null.
    Consume<'a> {
        now: DateTime<Utc> => Timestamptz,
        jti: uuid::Uuid => Uuid,
        at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        phone_key: uuid::Uuid => Uuid,
        meter: Option<&'a str> => Nullable<Text>,
        every: TimeDelta => Interval,
        risk_slot: Option<i16> => Nullable<SmallInt>,
        risk_every: TimeDelta => Interval,
        send_every: TimeDelta => Interval,
        most_returned: i32 => Integer,
        block: Option<uuid::Uuid> => Nullable<Uuid>,
        block_every: TimeDelta => Interval,
    } -> (BigInt,)
    "WITH consumed AS (
         UPDATE challenge_use SET consumed_at = $1 WHERE jti = $2 AND consumed_at IS NULL
         RETURNING consumed_at AS now, attempts, upgraded
     ), settled AS (
         SELECT settle_challenge(
             _at => $3, _now => now, _attempts => attempts, _phone => $4, _device => NULL, _meter => $5,
             _every => $6, _risk_slot => $7, _risk_every => $8, _send_every => $9, _most_returned => $10,
             _upgraded => upgraded, _block => $11, _block_every => $12)
         FROM consumed
     )
     SELECT count(*) FROM (SELECT * FROM settled OFFSET 0) AS done"
}

fn consume<'a>(change: &'a PhoneChange<'a>) -> Consume<'a> {
    let settlement = &change.settlement;
    let meters = Meters::of(settlement.rung, settlement.device);
    Consume {
        now: change.now,
        jti: change.challenge.0,
        at: settlement.at,
        phone_key: settlement.phone.0,
        meter: meters.column,
        every: meters.own.every,
        risk_slot: settlement.risk_slot,
        risk_every: meters.deployment.every,
        send_every: meters.send_every,
        most_returned: send_limits::RETURNED_PER_DAY,
        block: settlement.block.map(|block| block.0),
        block_every: send_limits::NUMBER_BLOCK.every,
    }
}

statement! {
    LockUser { session: uuid::Uuid => Uuid, now: DateTime<Utc> => Timestamptz, user: uuid::Uuid => Uuid } -> (Text,)
    "WITH asked AS MATERIALIZED (SELECT lock_user_of($1, $2) AS id)
     SELECT users.phone FROM asked JOIN users ON users.id = asked.id WHERE users.id = $3
     FOR UPDATE OF users"
}

statement! {
    /// Whoever else has a right code for this number, for a login or a change, waited for its row in `phone_guard`
    /// when the challenge was used up: what they did is seen here. Behind that stands `users_phone_key`.
    GivePhone<'a> { phone: &'a str => Text, now: DateTime<Utc> => Timestamptz, user: uuid::Uuid => Uuid } -> (BigInt,)
    "WITH given AS (
         UPDATE users SET phone = $1, updated_at = $2, version = version + 1
         WHERE id = $3 AND NOT EXISTS (SELECT FROM users WHERE phone = $1 AND id <> $3)
         RETURNING 1
     )
     SELECT count(*) FROM given"
}

statement! {
    /// The message led somewhere: its country stays open. Last, as at a login.
    CountTraffic<'a> {
        country: &'a str => Text,
        issued: DateTime<Utc> => Timestamptz,
        phone_key: uuid::Uuid => Uuid,
    } -> (BigInt,)
    "WITH traffic AS (
         INSERT INTO country_traffic AS counted (country, since, slot, logins)
         VALUES ($1, date_bin('5 minutes', $2, 'epoch'), traffic_slot($3), 1)
         ON CONFLICT (since, country, slot) DO UPDATE SET logins = counted.logins + 1
         RETURNING 1
     )
     SELECT count(*) FROM traffic"
}

async fn count_traffic(conn: &mut Connection, change: &PhoneChange<'_>) -> Result<(), StoreError> {
    let settlement = &change.settlement;
    // A test number's counts nowhere.
    if settlement.block.is_some() {
        let (issued, country) = (change.challenge.drawn_at(), &*settlement.country);
        let _: (i64,) =
            CountTraffic { country, issued, phone_key: settlement.phone.0 }.get_result(conn).await?;
    }
    Ok(())
}
