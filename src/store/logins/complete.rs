use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    OptionalExtension,
    result::{DatabaseErrorKind, Error::DatabaseError},
    sql_types::{Bool, Integer, Interval, Nullable, SmallInt, Text, Timestamptz, Uuid},
};
use diesel_async::RunQueryDsl;

use super::{InviteOutcome, LoggedIn, Login, LoginOutcome};
use crate::{
    domain::{InviteCode, SessionId, UserId, guess_budget, pin, referral, send_limits, session_limits},
    store::{
        Connection, StoreError,
        challenges::{self, Meters, return_attempt},
        sessions::{self, Scope},
        statement::statement,
    },
};

statement! {
    /// Leans on the row lock of `challenge_use` (of parallel logins one finds
    /// `consumed_at` null), on `users_phone_key` (one account per phone) and
    /// on the lock of the referrer's row (a deleted account invites nobody).
    /// The order is that of the locks: challenge, guards, user, PIN, device, session, country.
    ///
    /// A PIN stands in the way as it was when the statement began, and once more under the lock of the user's row: a
    /// change of number may have brought an account, with its PIN, to this number meanwhile.
    CompleteLogin<'a> {
        now: DateTime<Utc> => Timestamptz,
        jti: uuid::Uuid => Uuid,
        phone: &'a str => Text,
        silent_since: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        proven: Option<&'a str> => Nullable<Text>,
        at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        phone_key: uuid::Uuid => Uuid,
        lane: Option<uuid::Uuid> => Nullable<Uuid>,
        meter: Option<&'a str> => Nullable<Text>,
        every: TimeDelta => Interval,
        risk_slot: Option<i16> => Nullable<SmallInt>,
        risk_every: TimeDelta => Interval,
        send_every: TimeDelta => Interval,
        most_returned: i32 => Integer,
        block: Option<uuid::Uuid> => Nullable<Uuid>,
        block_every: TimeDelta => Interval,
        new_user: uuid::Uuid => Uuid,
        own_code: &'a str => Text,
        invite_code: Option<&'a str> => Nullable<Text>,
        former: uuid::Uuid => Uuid,
        meter_of_codes: uuid::Uuid => Uuid,
        codes_every: TimeDelta => Interval,
        codes_burst: i32 => Integer,
        session: uuid::Uuid => Uuid,
        device_name: Option<&'a str> => Nullable<Text>,
        user_agent: Option<&'a str> => Nullable<Text>,
        network: &'a str => Text,
        expires_at: DateTime<Utc> => Timestamptz,
        ends_at: DateTime<Utc> => Timestamptz,
        pin_every: TimeDelta => Interval,
        device: uuid::Uuid => Uuid,
        trusted_until: DateTime<Utc> => Timestamptz,
        most_devices: i32 => Integer,
        country: &'a str => Text,
        issued: DateTime<Utc> => Timestamptz,
        most_sessions: i32 => Integer,
    } -> (Uuid, Bool, Nullable<Text>, Bool, Integer)
    "WITH consumed AS (
         UPDATE challenge_use SET consumed_at = $1 WHERE jti = $2 AND consumed_at IS NULL AND NOT EXISTS (
             SELECT FROM users JOIN pins ON pins.user_id = users.id
             WHERE users.phone = $3 AND ($4 IS NULL OR pins.last_seen_at > $4) AND pins.hash IS DISTINCT FROM $5
         )
         RETURNING consumed_at AS now, attempts, upgraded
     ), settled AS (
         SELECT now, attempts, upgraded, settle_challenge(
             _at => $6, _now => now, _attempts => attempts, _phone => $7, _device => $8, _meter => $9,
             _every => $10, _risk_slot => $11, _risk_every => $12, _send_every => $13, _most_returned => $14,
             _upgraded => upgraded, _block => $15, _block_every => $16)
         FROM consumed
     ), account AS (
         INSERT INTO users (id, phone, invite_code, created_at, updated_at, last_login_at)
         SELECT $17, $3, $18, now, now, now FROM settled
         ON CONFLICT (phone) DO UPDATE SET last_login_at = excluded.last_login_at
         RETURNING id, last_login_at AS now
     ), checked AS (
         SELECT refuse_past_pin(_user => id, _silent_since => $4, _proven => $5) FROM account OFFSET 0
     ), newcomer AS (
         SELECT look_for_inviter(_at => $6, _now => now, _user => id, _code => $19, _former => $20, _meter => $21,
                                 _every => $22, _burst => $23) AS outcome
         FROM account WHERE id = $17 AND $19 IS NOT NULL
     ), referrer AS (
         SELECT users.id FROM users, newcomer
         WHERE users.invite_code = $19 AND users.deleted_at IS NULL AND newcomer.outcome IS NULL
         FOR NO KEY UPDATE OF users
     ), invited AS (
         INSERT INTO referrals (invitee_id, referrer_id, invite_code, invited_at)
         SELECT account.id, referrer.id, $19, now FROM account, referrer
         RETURNING referrer_id
     ), counted AS (
         UPDATE users SET invited_users_count = invited_users_count + 1
         FROM invited WHERE users.id = invited.referrer_id
     ), session AS (
         INSERT INTO sessions (id, user_id, device_name, user_agent, network, expires_at, ends_at,
                               created_at, last_used_at, rotated_at)
         SELECT $24, id, $25, $26, $27, $28, $29, now, now, now FROM account
     ), proven AS (
         UPDATE pins SET failures = failures - $30, proven_by = $24, last_seen_at = greatest(last_seen_at, now)
         FROM account WHERE pins.user_id = account.id AND pins.hash = $5
         RETURNING 1
     ), released AS (
         DELETE FROM pins USING account
         WHERE pins.user_id = account.id AND pins.last_seen_at <= $4 AND pins.hash IS DISTINCT FROM $5
         RETURNING 1
     ), trusted AS (
         SELECT account.id, trust_device(
             _at => $6, _device => $31, _user => account.id, _session => $24, _now => account.now,
             _expires_at => $32, _most => $33, _is_lane => $8 IS NOT NULL, _attempts => attempts,
             _every => $10, _upgraded => upgraded, _send_every => $13, _most_returned => $14)
         FROM account, settled
         WHERE (SELECT count(*) FROM checked) + (SELECT count(*) FROM proven) + (SELECT count(*) FROM released) >= 0
     ), traffic AS (
         INSERT INTO country_traffic AS counted (country, since, slot, logins)
         SELECT $34, date_bin('5 minutes', $35, 'epoch'), traffic_slot($7), 1 FROM trusted
         WHERE $15 IS NOT NULL AND $8 IS NULL
         ON CONFLICT (since, country, slot) DO UPDATE SET logins = counted.logins + 1
     ), bounded AS (
         SELECT id, bound_sessions(_user => id, _session => $24, _now => $1, _most => $36) AS ended FROM trusted
     )
     SELECT id, EXISTS (SELECT FROM invited), (SELECT outcome FROM newcomer),
            EXISTS (SELECT FROM released), ended FROM bounded"
}

type LoginRow = (uuid::Uuid, bool, Option<String>, bool, i32);

/// How often an invite code is drawn again when it is taken. With half of all
/// codes in use, this many clashes in a row happen once in four billion.
const DRAWS: u32 = 32;

/// Uses up the challenge and gives back what it charged, finds or makes the
/// user, activates the invite code of a first login, opens the session, trusts
/// the device and ends the sessions that are too many: all of it or nothing. A
/// PIN that is neither proven nor released stands in the way.
///
/// # Errors
///
/// [`StoreError`]: nothing was changed.
pub async fn complete(conn: &mut Connection, login: &Login<'_>) -> Result<LoginOutcome, StoreError> {
    let new_user = UserId::random(login.now);
    let session = SessionId::random(login.now);
    let settlement = &login.settlement;
    let meters = Meters::of(settlement.rung, settlement.device);
    let mut draws = DRAWS;
    loop {
        let own_code = InviteCode::random();
        let statement = CompleteLogin {
            now: login.now,
            jti: login.challenge.0,
            new_user: new_user.0,
            phone: login.phone.as_str(),
            silent_since: login.silent_since,
            proven: login.proven.as_ref().map(|hash| &*hash.0),
            pin_every: pin::FAILURES.every,
            own_code: own_code.as_str(),
            invite_code: login.invite_code.map(InviteCode::as_str),
            session: session.0,
            device_name: login.device_name,
            user_agent: login.user_agent,
            network: login.network,
            expires_at: login.expires_at,
            ends_at: login.ends_at,
            at: settlement.at,
            issued: login.challenge.drawn_at(),
            phone_key: settlement.phone.0,
            lane: settlement.device.map(|device| device.0),
            meter: meters.column,
            every: meters.own.every,
            risk_slot: settlement.risk_slot,
            risk_every: meters.deployment.every,
            send_every: meters.send_every,
            most_returned: send_limits::RETURNED_PER_DAY,
            block: settlement.block.map(|block| block.0),
            block_every: send_limits::NUMBER_BLOCK.every,
            country: &settlement.country,
            device: login.device.0,
            trusted_until: login.now + TimeDelta::days(guess_budget::DEVICE_DAYS),
            most_devices: guess_budget::DEVICES_PER_USER,
            most_sessions: session_limits::SESSIONS_PER_USER,
            former: login.known_as.former.0,
            meter_of_codes: login.known_as.meter.0,
            codes_every: referral::UNKNOWN_CODES.every,
            codes_burst: referral::UNKNOWN_CODES.burst,
        };
        let row: Result<Option<LoginRow>, _> = statement.get_result(conn).await.optional();
        draws -= 1;
        return match row {
            Ok(Some((user, is_invited, against, pin_released, sessions_ended))) => {
                if pin_released {
                    // The number has changed hands: who had it before is not logged in any more.
                    sessions::end(conn, session, Scope::Others, login.now).await?;
                }
                Ok(LoginOutcome::LoggedIn(LoggedIn {
                    user: UserId(user),
                    session,
                    is_new_user: user == new_user.0,
                    invite: InviteOutcome::of(is_invited, against.as_deref())?,
                    sessions_ended,
                    pin_released,
                }))
            }
            Ok(None) => refusal(conn, login).await,
            Err(DatabaseError(DatabaseErrorKind::UniqueViolation, violation))
                if draws > 0 && violation.constraint_name() == Some("users_invite_code_key") =>
            {
                continue;
            }
            // A PIN came meanwhile: at its next beginning the login sees it.
            Err(DatabaseError(DatabaseErrorKind::SerializationFailure, _)) if draws > 0 => continue,
            Err(error) => Err(error.into()),
        };
    }
}

/// Why nothing was completed: a challenge that is not consumed was refused for
/// a PIN. Its attempt is given back, if it was not before.
async fn refusal(conn: &mut Connection, login: &Login<'_>) -> Result<LoginOutcome, StoreError> {
    let is_unused = if login.is_returned {
        challenges::is_unused(conn, login.challenge).await?
    } else {
        return_attempt(conn, login.challenge, &login.settlement).await?
    };
    Ok(if is_unused { LoginOutcome::PinInTheWay } else { LoginOutcome::AlreadyConsumed })
}
