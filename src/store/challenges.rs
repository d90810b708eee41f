//! `challenge_use`: what was tried on a challenge, and what a try is charged to.

use chrono::{DateTime, Duration, TimeDelta, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Bool, Integer, Interval, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{Connection, SLICE, StoreError, schema::challenge_use, statement::statement};
use crate::domain::{
    ChallengeId, DeviceId, Limit, Pseudonym,
    guess_budget::{self, Rung, slot_of},
    send_limits,
};

/// A code somebody wants compared.
pub struct Attempt {
    /// What the counters take for now; none: the time of the database.
    pub at: Option<DateTime<Utc>>,
    /// On which challenge.
    pub challenge: ChallengeId,
    /// When the challenge ends.
    pub expires_at: DateTime<Utc>,
    /// How many attempts it has.
    pub allowed: i16,
    /// The pseudonym of its phone.
    pub phone: Pseudonym,
    /// In which lane it was made.
    pub device: Option<DeviceId>,
    /// Which meters count it; none for test numbers.
    pub rung: Option<Rung>,
    /// The pseudonym of the client's address; none: not limited.
    pub address: Option<Pseudonym>,
}

/// What came of claiming an attempt. Every case is ordinary.
#[derive(Debug, PartialEq, Eq)]
pub enum Claim {
    /// The code may be compared.
    Claimed(Claimed),
    /// The challenge is used up, or void.
    Refused,
    /// The code has become too short for its phone; the send was given back.
    Upgraded,
    /// The address entered too many codes; after this time one more is compared.
    Throttled(TimeDelta),
}

/// An attempt that was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// How many attempts the challenge has left after this one.
    pub attempts_left: i16,
    /// Where the deployment's meter was charged.
    pub risk_slot: Option<i16>,
}

statement! {
    ClaimAttempt<'a> {
        at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        jti: Uuid => SqlUuid,
        issued: DateTime<Utc> => Timestamptz,
        expires_at: DateTime<Utc> => Timestamptz,
        allowed: i16 => SmallInt,
        phone: Uuid => SqlUuid,
        device: Option<Uuid> => Nullable<SqlUuid>,
        meter: Option<&'a str> => Nullable<Text>,
        every: TimeDelta => Interval,
        burst: i32 => Integer,
        risk_every: TimeDelta => Interval,
        risk_burst: i32 => Integer,
        network: Option<Uuid> => Nullable<SqlUuid>,
        network_every: TimeDelta => Interval,
        network_burst: i32 => Integer,
        send_every: TimeDelta => Interval,
        most_returned: i32 => Integer,
    } -> (Text, Nullable<SmallInt>, Nullable<SmallInt>, Nullable<Interval>)
    "SELECT outcome, attempts, risk_slot, wait FROM claim_attempt(
         _at => $1, _jti => $2, _issued => $3, _expires_at => $4, _allowed => $5, _phone => $6, _device => $7,
         _meter => $8, _every => $9, _burst => $10, _risk_every => $11, _risk_burst => $12, _network => $13,
         _network_every => $14, _network_burst => $15, _send_every => $16, _most_returned => $17)"
}

/// Claims an attempt and charges every meter that counts it, in a commit of
/// its own: of parallel attempts exactly those get through that have room.
///
/// # Errors
///
/// [`StoreError`]: nothing may be compared then.
pub async fn claim_attempt(conn: &mut Connection, attempt: &Attempt) -> Result<Claim, StoreError> {
    let meters = Meters::of(attempt.rung, attempt.device);
    let statement = ClaimAttempt {
        at: attempt.at,
        jti: attempt.challenge.0,
        issued: attempt.challenge.drawn_at(),
        expires_at: attempt.expires_at,
        allowed: attempt.allowed,
        phone: attempt.phone.0,
        device: attempt.device.map(|device| device.0),
        meter: meters.column,
        every: meters.own.every,
        burst: meters.own.burst,
        risk_every: meters.deployment.every,
        risk_burst: meters.deployment.burst,
        network: attempt.address.map(|address| address.0),
        network_every: send_limits::VERIFY_PER_ADDRESS.every,
        network_burst: send_limits::VERIFY_PER_ADDRESS.burst,
        send_every: meters.send_every,
        most_returned: send_limits::RETURNED_PER_DAY,
    };
    let row: (String, Option<i16>, Option<i16>, Option<TimeDelta>) = statement.get_result(conn).await?;
    let (outcome, attempts, risk_slot, wait) = row;
    match (outcome.as_str(), attempts, wait) {
        ("claimed", Some(attempts), _) => {
            Ok(Claim::Claimed(Claimed { attempts_left: attempt.allowed - attempts, risk_slot }))
        }
        ("refused", ..) => Ok(Claim::Refused),
        ("upgraded", ..) => Ok(Claim::Upgraded),
        ("throttled", _, Some(wait)) => Ok(Claim::Throttled(wait)),
        _ => Err(StoreError::Corrupt("claim_attempt")),
    }
}

/// What the challenge of a right code charged, and gets back.
pub struct Settlement {
    /// What the counters take for now; none: the time of the database.
    pub at: Option<DateTime<Utc>>,
    /// The pseudonym of the phone.
    pub phone: Pseudonym,
    /// The device in whose lane the challenge was made.
    pub device: Option<DeviceId>,
    /// Which meters counted its attempts; none for test numbers.
    pub rung: Option<Rung>,
    /// Where the deployment's meter was charged.
    pub risk_slot: Option<i16>,
    /// The pseudonym of the number's block; none for a test number, which counts nowhere.
    pub block: Option<Pseudonym>,
    /// The country of the number: ISO 3166-1 alpha-2.
    pub country: String,
}

statement! {
    ReturnAttempt<'a> {
        jti: Uuid => SqlUuid,
        phone: Uuid => SqlUuid,
        device: Option<Uuid> => Nullable<SqlUuid>,
        meter: Option<&'a str> => Nullable<Text>,
        every: TimeDelta => Interval,
        risk_slot: Option<i16> => Nullable<SmallInt>,
        risk_every: TimeDelta => Interval,
    } -> (Bool,)
    "SELECT return_attempt(_jti => $1, _phone => $2, _device => $3, _meter => $4, _every => $5,
                           _risk_slot => $6, _risk_every => $7)"
}

/// After a right code that is no login yet: gives back the attempt it was
/// claimed by, once, with what it was charged to. False: the challenge is consumed.
///
/// # Errors
///
/// [`StoreError`]: the attempt may stay charged.
pub async fn return_attempt(
    conn: &mut Connection,
    challenge: ChallengeId,
    charged: &Settlement,
) -> Result<bool, StoreError> {
    let meters = Meters::of(charged.rung, charged.device);
    let statement = ReturnAttempt {
        jti: challenge.0,
        phone: charged.phone.0,
        device: charged.device.map(|device| device.0),
        meter: meters.column,
        every: meters.own.every,
        risk_slot: charged.risk_slot,
        risk_every: meters.deployment.every,
    };
    let (returned,): (bool,) = statement.get_result(conn).await?;
    Ok(returned)
}

/// Whether a challenge that was tried opened no session yet.
pub(super) async fn is_unused(conn: &mut Connection, challenge: ChallengeId) -> Result<bool, StoreError> {
    let unused = challenge_use::table.find(challenge.0).filter(challenge_use::consumed_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(unused)).get_result(conn).await?)
}

/// Which meters count the tries on a challenge.
pub(super) struct Meters {
    /// The column of the phone's and the deployment's meter, in `phone_guard`
    /// the one it names; none when nothing is counted.
    pub column: Option<&'static str>,
    /// The phone's, or the device's.
    pub own: Limit,
    /// One slot of the deployment's.
    pub deployment: Limit,
    /// What one send weighs in its lane.
    pub send_every: TimeDelta,
}

impl Meters {
    /// Those of a challenge on `rung`, in the lane of `device`.
    ///
    /// Long codes of strangers have none: the number of codes sent bounds them.
    pub fn of(rung: Option<Rung>, device: Option<DeviceId>) -> Self {
        let (column, own, whole) = match rung {
            Some(Rung::Short) => (Some("f4"), guess_budget::PHONE_SHORT, guess_budget::DEPLOYMENT_SHORT),
            Some(Rung::Medium) => (Some("f6"), guess_budget::PHONE_MEDIUM, guess_budget::DEPLOYMENT_MEDIUM),
            Some(Rung::Long) | None => (None, guess_budget::PHONE_MEDIUM, guess_budget::DEPLOYMENT_MEDIUM),
        };
        if device.is_some() {
            return Self {
                column: rung.map(|_| "failures"),
                own: guess_budget::DEVICE,
                deployment: slot_of(whole),
                send_every: send_limits::DEVICE.every,
            };
        }
        Self { column, own, deployment: slot_of(whole), send_every: send_limits::STRANGER.every }
    }
}

statement! {
    PurgeChallenges {
        made_before: Uuid => SqlUuid,
        cutoff: DateTime<Utc> => Timestamptz,
        slice: i64 => BigInt,
    } -> (BigInt,)
    "WITH expired AS (
         SELECT jti FROM challenge_use WHERE jti < $1 AND expires_at < $2 ORDER BY jti LIMIT $3
         FOR UPDATE SKIP LOCKED
     ), deleted AS (
         DELETE FROM challenge_use USING expired WHERE challenge_use.jti = expired.jti RETURNING 1
     )
     SELECT count(*) FROM deleted"
}

/// Forgets challenges that expired more than an hour before `now`; gives their number.
///
/// The hour covers any difference between the clocks of two instances: what
/// is purged must be refused as expired everywhere.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn purge(conn: &mut Connection, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let cutoff = now - Duration::hours(1);
    // A challenge lives ten minutes at most, so the oldest identifiers are the expired ones.
    let made_before = ChallengeId::random(cutoff).0;
    let mut total = 0;
    loop {
        let (deleted,): (i64,) =
            PurgeChallenges { made_before, cutoff, slice: SLICE }.get_result(conn).await?;
        total += deleted;
        if deleted < SLICE {
            return Ok(total);
        }
    }
}
