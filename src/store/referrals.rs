//! `referrals`: who activated whose invite code.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    OptionalExtension,
    sql_types::{BigInt, Integer, Interval, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, statement::statement};
use crate::domain::{InviteCode, Limit, Pseudonym, SessionId, UserId, referral};

/// What came of entering a code. Every case is ordinary; none is an error.
#[derive(Debug, PartialEq, Eq)]
pub enum Activation {
    /// The code is activated: now, or by the same request before.
    Activated,
    /// Another code was activated before. None: by an account that had the
    /// user's number before; which one is not known any more.
    AlreadyActivated(Option<InviteCode>),
    /// The code is the user's own.
    OwnCode,
    /// The code's owner was invited, directly or through others, by the user.
    Cycle,
    /// The account is too old to activate a code.
    WindowClosed,
    /// Nobody has this code.
    UnknownCode,
    /// Too many codes that nobody has were entered; after this time one more is looked for.
    Throttled(TimeDelta),
    /// The session or the account ended.
    SessionEnded,
}

/// A code somebody enters.
pub struct Entry<'a> {
    /// By which session.
    pub session: SessionId,
    /// Whose session it is.
    pub user: UserId,
    /// The code.
    pub code: &'a InviteCode,
    /// Accounts made until then activate none; none: all may.
    pub window_since: Option<DateTime<Utc>>,
    /// What the counters take for now; none: the time of the database.
    pub at: Option<DateTime<Utc>>,
    /// The moment of the request.
    pub now: DateTime<Utc>,
}

/// What a number is known by where it must not stand itself.
pub struct KnownAs {
    /// In the tombstones.
    pub former: Pseudonym,
    /// In the limit on unknown codes: by the number and not by the user, so that
    /// registering anew gives no more of them.
    pub meter: Pseudonym,
}

statement! {
    FindPhone { session: uuid::Uuid => Uuid, now: DateTime<Utc> => Timestamptz, user: uuid::Uuid => Uuid } -> (Text,)
    "SELECT users.phone FROM sessions JOIN users ON users.id = sessions.user_id
     WHERE sessions.id = $1 AND sessions.expires_at > $2 AND users.id = $3 AND users.deleted_at IS NULL"
}

statement! {
    /// "Only one code, only once" is the primary key of `referrals`; everything else is decided by the function under
    /// its locks.
    Activate<'a> {
        at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        now: DateTime<Utc> => Timestamptz,
        session: uuid::Uuid => Uuid,
        user: uuid::Uuid => Uuid,
        number: &'a str => Text,
        former: uuid::Uuid => Uuid,
        code: &'a str => Text,
        window_since: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        meter: uuid::Uuid => Uuid,
        every: TimeDelta => Interval,
        burst: i32 => Integer,
    } -> (Text, Nullable<Text>, Nullable<Interval>)
    "SELECT outcome, earlier, wait FROM activate_invite(
         _at => $1, _now => $2, _session => $3, _user => $4, _number => $5, _former => $6, _code => $7,
         _window_since => $8, _meter => $9, _every => $10, _burst => $11)"
}

/// How often session and number are looked at again that changed meanwhile.
const LOOKS: u32 = 3;

/// Enters a code for the user of a session, once and for all.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn activate(
    conn: &mut Connection,
    entry: &Entry<'_>,
    known_as: impl Fn(&str) -> KnownAs,
) -> Result<Activation, StoreError> {
    for _ in 0..LOOKS {
        let find = FindPhone { session: entry.session.0, now: entry.now, user: entry.user.0 };
        let Some((number,)) = find.get_result::<(String,)>(conn).await.optional()? else { break };
        let KnownAs { former, meter } = known_as(&number);
        let Limit { every, burst } = referral::UNKNOWN_CODES;
        let activate = Activate {
            at: entry.at,
            now: entry.now,
            session: entry.session.0,
            user: entry.user.0,
            number: &number,
            former: former.0,
            code: entry.code.as_str(),
            window_since: entry.window_since,
            meter: meter.0,
            every,
            burst,
        };
        let (outcome, earlier, wait): (String, Option<String>, Option<TimeDelta>) =
            activate.get_result(conn).await?;
        let earlier = earlier.map(|code| code.parse().map_err(|_| StoreError::Corrupt("referrals")));
        return Ok(match (outcome.as_str(), wait) {
            ("activated", _) => Activation::Activated,
            ("own", _) => Activation::OwnCode,
            ("earlier", _) => Activation::AlreadyActivated(earlier.transpose()?),
            ("closed", _) => Activation::WindowClosed,
            ("unknown", _) => Activation::UnknownCode,
            ("cycle", _) => Activation::Cycle,
            ("throttled", Some(wait)) => Activation::Throttled(wait),
            ("overtaken", _) => continue,
            _ => return Err(StoreError::Corrupt("activate_invite")),
        });
    }
    Ok(Activation::SessionEnded)
}

/// A place in the list of invited users, which runs from the newest to the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// When this user activated the code.
    pub invited_at: DateTime<Utc>,
    /// Which user: tells apart those of one moment.
    pub invitee: UserId,
}

impl Position {
    /// Before the newest.
    pub const START: Self = Self { invited_at: DateTime::<Utc>::MAX_UTC, invitee: UserId(uuid::Uuid::max()) };
}

/// One who activated the user's code.
pub struct Invited {
    /// Who: E.164.
    pub phone: String,
    /// Where in the list.
    pub position: Position,
}

statement! {
    /// Walks `referrals_by_referrer` from the position: as fast on the last page as on the first.
    ListInvited {
        referrer: uuid::Uuid => Uuid,
        invited_at: DateTime<Utc> => Timestamptz,
        invitee: uuid::Uuid => Uuid,
        limit: i64 => BigInt,
    } -> (Text, Timestamptz, Uuid)
    "SELECT users.phone, referrals.invited_at, referrals.invitee_id
     FROM referrals JOIN users ON users.id = referrals.invitee_id
     WHERE referrals.referrer_id = $1 AND (referrals.invited_at, referrals.invitee_id) < ($2, $3)
     ORDER BY referrals.invited_at DESC, referrals.invitee_id DESC
     LIMIT $4"
}

/// At most `limit` of those who activated the code of `user`, from after
/// `position` on, newest first.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn list_invited(
    conn: &mut Connection,
    user: UserId,
    position: Position,
    limit: usize,
) -> Result<Vec<Invited>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let list =
        ListInvited { referrer: user.0, invited_at: position.invited_at, invitee: position.invitee.0, limit };
    let rows: Vec<(String, DateTime<Utc>, uuid::Uuid)> = list.load(conn).await?;
    let invited = rows.into_iter().map(|(phone, invited_at, invitee)| Invited {
        phone,
        position: Position { invited_at, invitee: UserId(invitee) },
    });
    Ok(invited.collect())
}

/// One who activated the code of somebody, as operators see it.
pub struct Branch {
    /// Which user.
    pub user: UserId,
    /// E.164.
    pub phone: Option<String>,
    /// The code with which this user invites others.
    pub invite_code: String,
    /// How many activated it.
    pub invited_users_count: i32,
    /// Where in the list.
    pub position: Position,
}

statement! {
    /// Walks `referrals_by_referrer`, as the user's own list does.
    ListBranches {
        referrer: uuid::Uuid => Uuid,
        invited_at: DateTime<Utc> => Timestamptz,
        invitee: uuid::Uuid => Uuid,
        limit: i64 => BigInt,
    } -> (Uuid, Nullable<Text>, Text, Integer, Timestamptz)
    "SELECT users.id, users.phone, users.invite_code, users.invited_users_count, referrals.invited_at
     FROM referrals JOIN users ON users.id = referrals.invitee_id
     WHERE referrals.referrer_id = $1 AND (referrals.invited_at, referrals.invitee_id) < ($2, $3)
     ORDER BY referrals.invited_at DESC, referrals.invitee_id DESC
     LIMIT $4"
}

/// At most `limit` of those who activated the code of `user`, from after
/// `position` on, newest first.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn list_branches(
    conn: &mut Connection,
    user: UserId,
    position: Position,
    limit: i64,
) -> Result<Vec<Branch>, StoreError> {
    type Row = (uuid::Uuid, Option<String>, String, i32, DateTime<Utc>);
    let list = ListBranches {
        referrer: user.0,
        invited_at: position.invited_at,
        invitee: position.invitee.0,
        limit,
    };
    let rows: Vec<Row> = list.load(conn).await?;
    let branches = rows.into_iter().map(|(id, phone, invite_code, invited_users_count, invited_at)| Branch {
        user: UserId(id),
        phone,
        invite_code,
        invited_users_count,
        position: Position { invited_at, invitee: UserId(id) },
    });
    Ok(branches.collect())
}
