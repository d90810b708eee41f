//! `pins`: the second step of those who set one. A login proves or releases it
//! (`logins.rs`), the use of a session keeps it (`sessions.rs`), the end of the
//! account takes it along (`users.rs`).

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    OptionalExtension,
    sql_types::{BigInt, Bool, Integer, Interval, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, statement::statement};
use crate::domain::{Limit, PhoneNumber, PinHash, SessionId, UserId, pin};

/// What decides who may change a PIN, or the number.
pub struct Standing {
    /// Whose session asks.
    pub user: UserId,
    /// The user's number.
    pub phone: PhoneNumber,
    /// When the session began.
    pub logged_in_at: DateTime<Utc>,
    /// The PIN as it is now.
    pub pin: Option<PinHash>,
    /// Whether the login of this session gave that PIN.
    pub proven: bool,
}

statement! {
    FindStanding { session: uuid::Uuid => Uuid, now: DateTime<Utc> => Timestamptz } -> (
        Uuid, Text, Timestamptz, Nullable<Text>, Bool,
    )
    "SELECT users.id, users.phone, sessions.created_at, pins.hash, coalesce(pins.proven_by = sessions.id, false)
     FROM sessions JOIN users ON users.id = sessions.user_id LEFT JOIN pins ON pins.user_id = users.id
     WHERE sessions.id = $1 AND sessions.expires_at > $2 AND users.deleted_at IS NULL"
}

type StandingRow = (uuid::Uuid, String, DateTime<Utc>, Option<String>, bool);

/// How the user of a session that lives at `now` stands with the PIN.
///
/// # Errors
///
/// [`StoreError`]: the caller is not let in.
pub async fn find(
    conn: &mut Connection,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<Standing>, StoreError> {
    let find = FindStanding { session: session.0, now };
    let row: Option<StandingRow> = find.get_result(conn).await.optional()?;
    row.map(|(user, phone, logged_in_at, hash, proven)| {
        let phone = PhoneNumber::from_e164(phone).map_err(|_| StoreError::Corrupt("users"))?;
        Ok(Standing { user: UserId(user), phone, logged_in_at, pin: hash.map(PinHash), proven })
    })
    .transpose()
}

/// What came of wanting a PIN compared. Every case is ordinary.
pub enum Charge {
    /// It may be compared with this PIN of this user, once.
    Charged(UserId, PinHash),
    /// Too many were not right; after this time one more is compared.
    Throttled(TimeDelta),
    /// There is none to compare with.
    NoPin,
}

impl Charge {
    fn of(row: Option<(uuid::Uuid, Option<String>, Option<TimeDelta>)>) -> Self {
        match row {
            Some((user, Some(hash), _)) => Self::Charged(UserId(user), PinHash(hash)),
            Some((_, None, Some(wait))) => Self::Throttled(wait),
            Some((_, None, None)) | None => Self::NoPin,
        }
    }
}

statement! {
    ChargeLogin<'a> {
        at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        every: TimeDelta => Interval,
        burst: i32 => Integer,
        phone: &'a str => Text,
        silent_since: Option<DateTime<Utc>> => Nullable<Timestamptz>,
    } -> (Uuid, Nullable<Text>, Nullable<Interval>)
    "SELECT users.id, charged.hash, charged.wait
     FROM users JOIN pins ON pins.user_id = users.id
     CROSS JOIN LATERAL charge_pin(_at => $1, _user => users.id, _every => $2, _burst => $3) AS charged
     WHERE users.phone = $4 AND ($5 IS NULL OR pins.last_seen_at > $5)"
}

/// Charges one PIN to the meter of the user with this `phone`, in a commit of
/// its own: of parallel tries exactly those are compared that have room.
///
/// A PIN whose owner gave no sign of life after `silent_since` is none. From a
/// trusted device (`is_device`) the same meter has room for a few more.
///
/// # Errors
///
/// [`StoreError`]: nothing may be compared then.
pub async fn charge_login(
    conn: &mut Connection,
    at: Option<DateTime<Utc>>,
    phone: &PhoneNumber,
    silent_since: Option<DateTime<Utc>>,
    is_device: bool,
) -> Result<Charge, StoreError> {
    let Limit { burst, every } = pin::FAILURES;
    let burst = if is_device { burst + pin::DEVICE_BEYOND } else { burst };
    let charge = ChargeLogin { at, every, burst, phone: phone.as_str(), silent_since };
    Ok(Charge::of(charge.get_result(conn).await.optional()?))
}

statement! {
    ChargeUser {
        user: uuid::Uuid => Uuid,
        at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        every: TimeDelta => Interval,
        burst: i32 => Integer,
    } -> (Uuid, Nullable<Text>, Nullable<Interval>)
    "SELECT $1, hash, wait FROM charge_pin(_user => $1, _at => $2, _every => $3, _burst => $4)"
}

/// The same for a user who is logged in.
///
/// # Errors
///
/// [`StoreError`]: nothing may be compared then.
pub async fn charge(
    conn: &mut Connection,
    at: Option<DateTime<Utc>>,
    user: UserId,
) -> Result<Charge, StoreError> {
    let Limit { burst, every } = pin::FAILURES;
    let charge = ChargeUser { at, user: user.0, every, burst };
    Ok(Charge::of(charge.get_result(conn).await.optional()?))
}

statement! {
    /// A meter that is not ahead was not charged lately: it is that of a row made since.
    Forgive {
        every: TimeDelta => Interval,
        user: uuid::Uuid => Uuid,
        at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
    } -> (BigInt,)
    "WITH forgiven AS (
         UPDATE pins SET failures = failures - $1 WHERE user_id = $2 AND failures > coalesce($3, now()) RETURNING 1
     )
     SELECT count(*) FROM forgiven"
}

/// Gives one charge back, of a PIN that was compared and right and changed
/// nothing: what changes something gives it back itself.
///
/// # Errors
///
/// [`StoreError`]: it may stay charged.
pub async fn forgive(
    conn: &mut Connection,
    at: Option<DateTime<Utc>>,
    user: UserId,
) -> Result<(), StoreError> {
    let forgive = Forgive { user: user.0, every: pin::FAILURES.every, at };
    let _: (i64,) = forgive.get_result(conn).await?;
    Ok(())
}

/// A change of the PIN, good only while everything is as it was looked at.
pub struct Change<'a> {
    /// Who asks: a session that must live when it is written.
    pub session: SessionId,
    /// The PIN that is to be there; none: none is to be.
    pub expected: Option<&'a PinHash>,
    /// Whether it was charged for being compared, and was right.
    pub is_proven: bool,
    /// The PIN from now on; none: no more.
    pub new: Option<&'a PinHash>,
    /// The moment of the request.
    pub now: DateTime<Utc>,
}

/// What came of a change. Every case is ordinary.
pub enum ChangeOutcome {
    /// It is as it was to be.
    Changed,
    /// Another change came first; nothing was done.
    Overtaken,
    /// The session or the account ended; nothing was done.
    SessionEnded,
}

statement! {
    /// The user's row first: beside a deletion a PIN is written before it and
    /// goes with it, or not at all. Of several at once each waits for the one
    /// before, and finds another hash than the one it looked at.
    ChangePin<'a> {
        session: uuid::Uuid => Uuid,
        now: DateTime<Utc> => Timestamptz,
        expected: Option<&'a str> => Nullable<Text>,
        new: Option<&'a str> => Nullable<Text>,
        refund: TimeDelta => Interval,
    } -> (BigInt, BigInt)
    "WITH asked AS MATERIALIZED (
         SELECT lock_user_of($1, $2) AS id
     ), asking AS (
         SELECT id FROM asked WHERE id IS NOT NULL
     ), removed AS (
         DELETE FROM pins USING asking WHERE pins.user_id = asking.id AND pins.hash = $3 AND $4::text IS NULL
         RETURNING 1
     ), replaced AS (
         UPDATE pins SET hash = $4, proven_by = NULL, last_seen_at = greatest(last_seen_at, $2),
                         failures = failures - $5
         FROM asking WHERE pins.user_id = asking.id AND pins.hash = $3 AND $4 IS NOT NULL
         RETURNING 1
     ), made AS (
         INSERT INTO pins (user_id, hash, last_seen_at) SELECT id, $4, $2 FROM asking
         WHERE $3 IS NULL AND $4 IS NOT NULL
         ON CONFLICT DO NOTHING RETURNING 1
     )
     SELECT (SELECT count(*) FROM asking),
            (SELECT count(*) FROM removed) + (SELECT count(*) FROM replaced) + (SELECT count(*) FROM made)"
}

/// Sets, replaces or removes a PIN: a compare-and-set on its hash.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn change(conn: &mut Connection, change: &Change<'_>) -> Result<ChangeOutcome, StoreError> {
    let statement = ChangePin {
        session: change.session.0,
        now: change.now,
        expected: change.expected.map(|hash| &*hash.0),
        new: change.new.map(|hash| &*hash.0),
        refund: if change.is_proven { pin::FAILURES.every } else { TimeDelta::zero() },
    };
    let (asking, changed): (i64, i64) = statement.get_result(conn).await?;
    Ok(match (asking, changed) {
        (0, _) => ChangeOutcome::SessionEnded,
        (_, 0) => ChangeOutcome::Overtaken,
        _ => ChangeOutcome::Changed,
    })
}
