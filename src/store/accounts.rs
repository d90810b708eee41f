//! `users` as operators find and see them.

use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension,
    sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, statement::statement};
use crate::domain::{InviteCode, PhoneNumber, UserId};

/// By what an account is looked for: what fits any of them is found.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Its number.
    pub phone: Option<PhoneNumber>,
    /// Its invite code.
    pub invite_code: Option<InviteCode>,
    /// The first and the last identifier that it may have.
    pub ids: Option<(UserId, UserId)>,
}

/// An account in a list, a deleted one as well.
pub struct Account {
    /// Which.
    pub id: UserId,
    /// E.164; none once it is deleted.
    pub phone: Option<String>,
    /// Its own code, for ever.
    pub invite_code: String,
    /// How many activated it.
    pub invited_users_count: i32,
    /// The first login.
    pub created_at: DateTime<Utc>,
    /// The last login.
    pub last_login_at: DateTime<Utc>,
    /// When it was deleted, if it was.
    pub deleted_at: Option<DateTime<Utc>>,
}

type Row = (uuid::Uuid, Option<String>, String, i32, DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>);

impl From<Row> for Account {
    fn from(row: Row) -> Self {
        let (id, phone, invite_code, invited_users_count, created_at, last_login_at, deleted_at) = row;
        Self {
            id: UserId(id),
            phone,
            invite_code,
            invited_users_count,
            created_at,
            last_login_at,
            deleted_at,
        }
    }
}

statement! {
    /// Each part has its index; what is null finds nothing.
    FindAccounts<'a> {
        phone: Option<&'a str> => Nullable<Text>,
        code: Option<&'a str> => Nullable<Text>,
        first: Option<uuid::Uuid> => Nullable<Uuid>,
        last: Option<uuid::Uuid> => Nullable<Uuid>,
        limit: i64 => BigInt,
    } -> (Uuid, Nullable<Text>, Text, Integer, Timestamptz, Timestamptz, Nullable<Timestamptz>)
    "SELECT id, phone, invite_code, invited_users_count, created_at, last_login_at, deleted_at
     FROM users WHERE phone = $1 OR invite_code = $2 OR id BETWEEN $3 AND $4
     ORDER BY id LIMIT $5"
}

/// At most `limit` accounts that are `wanted`, the oldest first.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn find(conn: &mut Connection, wanted: &Wanted, limit: i64) -> Result<Vec<Account>, StoreError> {
    let find = FindAccounts {
        phone: wanted.phone.as_ref().map(PhoneNumber::as_str),
        code: wanted.invite_code.as_ref().map(InviteCode::as_str),
        first: wanted.ids.map(|(first, _)| first.0),
        last: wanted.ids.map(|(_, last)| last.0),
        limit,
    };
    let rows: Vec<Row> = find.load(conn).await?;
    Ok(rows.into_iter().map(Account::from).collect())
}

/// What else is known of an account.
pub struct Details {
    /// As given.
    pub email: Option<String>,
    /// As given.
    pub first_name: Option<String>,
    /// As given.
    pub last_name: Option<String>,
    /// The last change of the profile.
    pub updated_at: DateTime<Utc>,
    /// The code that was activated.
    pub activated_invite_code: Option<String>,
    /// Whose code that is.
    pub referrer: Option<UserId>,
    /// E.164; none once that account is deleted.
    pub referrer_phone: Option<String>,
    /// Whether a PIN is asked for at login.
    pub has_pin: bool,
    /// Whether there is a picture.
    pub has_avatar: bool,
    /// How many sessions live.
    pub sessions: i64,
    /// How many devices are trusted.
    pub trusted_devices: i64,
}

statement! {
    FindDetails { now: DateTime<Utc> => Timestamptz, user: uuid::Uuid => Uuid } -> (
        (Nullable<Text>, Nullable<Text>, Nullable<Text>, Timestamptz),
        (Nullable<Text>, Nullable<Uuid>, Nullable<Text>), Bool, Bool, BigInt, BigInt,
    )
    "SELECT users.email, users.first_name, users.last_name, users.updated_at,
            referrals.invite_code, referrer.id, referrer.phone,
            EXISTS (SELECT FROM pins WHERE pins.user_id = users.id),
            EXISTS (SELECT FROM avatars WHERE avatars.user_id = users.id),
            (SELECT count(*) FROM sessions WHERE sessions.user_id = users.id AND sessions.expires_at > $1),
            (SELECT count(*) FROM device_guard WHERE device_guard.user_id = users.id AND device_guard.expires_at > $1)
     FROM users
     LEFT JOIN referrals ON referrals.invitee_id = users.id
     LEFT JOIN users referrer ON referrer.id = referrals.referrer_id
     WHERE users.id = $2"
}

/// What else is known of `user`; none: there is no such account, and never was.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn details(
    conn: &mut Connection,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Option<Details>, StoreError> {
    type Names = (Option<String>, Option<String>, Option<String>, DateTime<Utc>);
    type Referrer = (Option<String>, Option<uuid::Uuid>, Option<String>);
    let find = FindDetails { user: user.0, now };
    let row: Option<(Names, Referrer, bool, bool, i64, i64)> = find.get_result(conn).await.optional()?;
    Ok(row.map(|(names, referrer, has_pin, has_avatar, sessions, trusted_devices)| {
        let (email, first_name, last_name, updated_at) = names;
        let (activated_invite_code, referrer, referrer_phone) = referrer;
        Details {
            email,
            first_name,
            last_name,
            updated_at,
            activated_invite_code,
            referrer: referrer.map(UserId),
            referrer_phone,
            has_pin,
            has_avatar,
            sessions,
            trusted_devices,
        }
    }))
}
