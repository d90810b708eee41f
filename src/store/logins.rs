//! Completing a login: the one statement behind a right code.

use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension,
    result::{DatabaseErrorKind, Error::DatabaseError},
    sql_types::{Bool, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, statement::statement};
use crate::domain::{ChallengeId, InviteCode, PhoneNumber, SessionId, UserId};

/// A right code, and the session it is to open.
pub struct Login<'a> {
    /// Which challenge is used up.
    pub challenge: ChallengeId,
    /// Whose phone it was.
    pub phone: &'a PhoneNumber,
    /// The code entered at the phone step: activated if this login is the first.
    pub invite_code: Option<&'a InviteCode>,
    /// What the client calls its device.
    pub device_name: Option<&'a str>,
    /// The `User-Agent` of the request.
    pub user_agent: Option<&'a str>,
    /// The client's network.
    pub network: &'a str,
    /// The moment of the login.
    pub now: DateTime<Utc>,
    /// The session's end by idleness.
    pub expires_at: DateTime<Utc>,
    /// The session's absolute end.
    pub ends_at: DateTime<Utc>,
}

/// What came of a right code. Every case is ordinary.
pub enum LoginOutcome {
    /// The challenge was consumed by this login.
    LoggedIn(LoggedIn),
    /// Another request consumed the challenge first.
    AlreadyConsumed,
}

/// A login that happened.
pub struct LoggedIn {
    /// Found, or made.
    pub user: UserId,
    /// Opened.
    pub session: SessionId,
    /// Whether the account was made by this login.
    pub is_new_user: bool,
    /// Whether the invite code was activated.
    pub invite_activated: bool,
}

statement! {
    /// Leans on the row lock of `challenge_use` (of parallel logins one finds
    /// `consumed_at` null), on `users_phone_key` (one account per phone) and
    /// on the lock of the referrer's row (a deleted account invites nobody).
    CompleteLogin<'a> {
        now: DateTime<Utc> => Timestamptz,
        jti: uuid::Uuid => Uuid,
        new_user: uuid::Uuid => Uuid,
        phone: &'a str => Text,
        own_code: &'a str => Text,
        invite_code: Option<&'a str> => Nullable<Text>,
        session: uuid::Uuid => Uuid,
        device_name: Option<&'a str> => Nullable<Text>,
        user_agent: Option<&'a str> => Nullable<Text>,
        network: &'a str => Text,
        expires_at: DateTime<Utc> => Timestamptz,
        ends_at: DateTime<Utc> => Timestamptz,
    } -> (Uuid, Bool)
    "WITH consumed AS (
         UPDATE challenge_use SET consumed_at = $1 WHERE jti = $2 AND consumed_at IS NULL RETURNING consumed_at AS now
     ), account AS (
         INSERT INTO users (id, phone, invite_code, created_at, updated_at, last_login_at)
         SELECT $3, $4, $5, now, now, now FROM consumed
         ON CONFLICT (phone) DO UPDATE SET last_login_at = excluded.last_login_at
         RETURNING id, last_login_at AS now
     ), referrer AS (
         SELECT users.id FROM users, account
         WHERE users.invite_code = $6 AND users.deleted_at IS NULL AND account.id = $3
         FOR NO KEY UPDATE OF users
     ), invited AS (
         INSERT INTO referrals (invitee_id, referrer_id, invite_code, invited_at)
         SELECT account.id, referrer.id, $6, now FROM account, referrer
         RETURNING referrer_id
     ), counted AS (
         UPDATE users SET invited_users_count = invited_users_count + 1
         FROM invited WHERE users.id = invited.referrer_id
     ), session AS (
         INSERT INTO sessions (id, user_id, device_name, user_agent, network, expires_at, ends_at,
                               created_at, last_used_at, rotated_at)
         SELECT $7, id, $8, $9, $10, $11, $12, now, now, now FROM account
     )
     SELECT id, EXISTS (SELECT FROM invited) FROM account"
}

/// How often an invite code is drawn again when it is taken. With half of all
/// codes in use, this many clashes in a row happen once in four billion.
const DRAWS: u32 = 32;

/// Uses up the challenge, finds or makes the user, activates the invite code
/// of a first login and opens the session: all of it or nothing.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn complete(conn: &mut Connection, login: &Login<'_>) -> Result<LoginOutcome, StoreError> {
    let new_user = UserId::random(login.now);
    let session = SessionId::random(login.now);
    let mut draws = DRAWS;
    loop {
        let own_code = InviteCode::random();
        let statement = CompleteLogin {
            now: login.now,
            jti: login.challenge.0,
            new_user: new_user.0,
            phone: login.phone.as_str(),
            own_code: own_code.as_str(),
            invite_code: login.invite_code.map(InviteCode::as_str),
            session: session.0,
            device_name: login.device_name,
            user_agent: login.user_agent,
            network: login.network,
            expires_at: login.expires_at,
            ends_at: login.ends_at,
        };
        let row: Result<Option<(uuid::Uuid, bool)>, _> = statement.get_result(conn).await.optional();
        draws -= 1;
        return match row {
            Ok(Some((user, invite_activated))) => Ok(LoginOutcome::LoggedIn(LoggedIn {
                user: UserId(user),
                session,
                is_new_user: user == new_user.0,
                invite_activated,
            })),
            Ok(None) => Ok(LoginOutcome::AlreadyConsumed),
            Err(DatabaseError(DatabaseErrorKind::UniqueViolation, violation))
                if draws > 0 && violation.constraint_name() == Some("users_invite_code_key") =>
            {
                continue;
            }
            Err(error) => Err(error.into()),
        };
    }
}
