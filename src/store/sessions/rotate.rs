//! A refresh: one live token for each session.

use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension,
    sql_types::{Integer, Nullable, SmallInt, Text, Timestamptz, Uuid},
};
use diesel_async::RunQueryDsl;

use super::super::{Connection, StoreError, statement::statement};
use crate::domain::{SessionId, UserId};

/// A refresh: the token shown, and how long the next one lives.
pub struct Rotation<'a> {
    /// Whose session.
    pub session: SessionId,
    /// The generation of the token that was shown.
    pub generation: i32,
    /// The client's network.
    pub network: &'a str,
    /// The moment of the refresh.
    pub now: DateTime<Utc>,
    /// What the grace takes for now; none: the time of the database, when it is
    /// carried out. That may be long after `now`: a client that was put off
    /// meanwhile has its 30 seconds from then.
    pub at: Option<DateTime<Utc>>,
    /// The new end by idleness, if the absolute end is not earlier.
    pub expires_at: DateTime<Utc>,
    /// How often in 24 hours the predecessor is honoured.
    pub replays: i16,
}

/// What came of a refresh. Every case is ordinary.
#[derive(Debug, PartialEq, Eq)]
pub enum RotationOutcome {
    /// The token was the live one, or its predecessor within the grace; this is the live one now.
    Live {
        /// Whose session it is.
        user: UserId,
        /// The generation of the live token.
        generation: i32,
        /// When it ends.
        expires_at: DateTime<Utc>,
    },
    /// The token was used before: the session of this user is ended.
    Reused(UserId),
    /// There is no such session any more.
    Ended,
}

statement! {
    /// Compare-and-set on the generation: of parallel refreshes one advances it. Its owner is alive: the PIN stays.
    Advance<'a> {
        now: DateTime<Utc> => Timestamptz,
        network: &'a str => Text,
        expires_at: DateTime<Utc> => Timestamptz,
        at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        session: uuid::Uuid => Uuid,
        generation: i32 => Integer,
    } -> (Uuid, Integer, Timestamptz)
    "WITH advanced AS (
         UPDATE sessions
         SET generation = generation + 1, last_used_at = $1, network = $2, expires_at = least($3, ends_at),
             rotated_at = coalesce($4, clock_timestamp())
         WHERE id = $5 AND generation = $6 AND expires_at > $1
         RETURNING user_id, generation, expires_at
     )
     SELECT user_id, generation, expires_at FROM advanced CROSS JOIN LATERAL note_life(user_id, $1)"
}

/// Advances the session if `rotation` shows the live token; forgives the
/// predecessor shortly after from the same network; ends the session for any
/// older token, for then two parties hold tokens of one login.
///
/// Each of the three steps is one conditional statement, so the session is
/// advanced by one caller and can be ended by any.
///
/// # Errors
///
/// [`StoreError`]: no token may be issued.
pub async fn rotate(conn: &mut Connection, rotation: &Rotation<'_>) -> Result<RotationOutcome, StoreError> {
    let advance = Advance {
        now: rotation.now,
        network: rotation.network,
        expires_at: rotation.expires_at,
        at: rotation.at,
        session: rotation.session.0,
        generation: rotation.generation,
    };
    let mut live: Option<(uuid::Uuid, i32, DateTime<Utc>)> = advance.get_result(conn).await.optional()?;
    if live.is_none() {
        let forgive = Forgive {
            at: rotation.at,
            session: rotation.session.0,
            generation: rotation.generation,
            now: rotation.now,
            network: rotation.network,
            replays: rotation.replays,
        };
        live = forgive.get_result(conn).await.optional()?;
    }
    if let Some((user, generation, expires_at)) = live {
        return Ok(RotationOutcome::Live { user: UserId(user), generation, expires_at });
    }
    let end = EndOlder { session: rotation.session.0, generation: rotation.generation, now: rotation.now };
    let ended: Option<(uuid::Uuid,)> = end.get_result(conn).await.optional()?;
    Ok(ended.map_or(RotationOutcome::Ended, |(user,)| RotationOutcome::Reused(UserId(user))))
}

statement! {
    /// A newer token than the one shown exists. The device goes with the session, unless that has run out already.
    /// The event is written where the session ends, so that there is one for each and none without.
    EndOlder {
        session: uuid::Uuid => Uuid,
        generation: i32 => Integer,
        now: DateTime<Utc> => Timestamptz,
    } -> (Uuid,)
    "WITH forgotten AS (
         DELETE FROM device_guard USING sessions
         WHERE sessions.id = $1 AND sessions.generation > $2 AND sessions.expires_at > $3
           AND device_guard.user_id = sessions.user_id AND device_guard.session_id = sessions.id
         RETURNING 1
     ), ended AS (
         DELETE FROM sessions
         WHERE id = $1 AND generation > $2 AND expires_at > $3 AND (SELECT count(*) FROM forgotten) >= 0
         RETURNING user_id
     ), told AS (
         INSERT INTO events (id, event_type, data, occurred_at)
         SELECT event_id($3), 'session.reuse-detected', jsonb_build_object('user_id', user_id, 'session_id', $1), $3
         FROM ended
     )
     SELECT user_id FROM ended"
}

statement! {
    /// The grace for the predecessor: 30 seconds, the same network, some times in 24 hours.
    Forgive<'a> {
        at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        session: uuid::Uuid => Uuid,
        generation: i32 => Integer,
        now: DateTime<Utc> => Timestamptz,
        network: &'a str => Text,
        replays: i16 => SmallInt,
    } -> (Uuid, Integer, Timestamptz)
    "WITH clock AS MATERIALIZED (SELECT coalesce($1, clock_timestamp()) AS now)
     UPDATE sessions
     SET replayed_at = ARRAY (SELECT moment FROM unnest(replayed_at) AS moment
                              WHERE moment > clock.now - interval '24 hours') || clock.now
     FROM clock
     WHERE id = $2 AND generation = $3 + 1 AND expires_at > $4 AND network = $5
       AND rotated_at > clock.now - interval '30 seconds'
       AND (SELECT count(*) FROM unnest(replayed_at) AS moment WHERE moment > clock.now - interval '24 hours') < $6
     RETURNING user_id, generation, expires_at"
}
