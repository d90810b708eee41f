use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::export_document::ExportedInvited;
use crate::{domain::SessionId, http::profile::Profile, store::exports};

/// Everything that is held about a user, always in this order
#[derive(Serialize, ToSchema)]
pub(super) struct Export {
    /// The profile as `GET /api/v1/profile` shows it.
    profile: Profile,
    /// The last login with a code.
    #[schema(example = "2026-11-22T19:30:00Z")]
    last_login_at: DateTime<Utc>,
    /// Every login that was not ended, newest first, also those that have run out and are not forgotten yet.
    sessions: Vec<ExportedSession>,
    /// The devices that are trusted since somebody was logged in on them, newest first.
    trusted_devices: Vec<ExportedDevice>,
    /// That there is a PIN; null if there is none. What it is nobody knows, not even as a hash that is told.
    #[schema(required = true)]
    pin: Option<ExportedPin>,
    /// The picture; null if there is none.
    #[schema(required = true)]
    avatar: Option<ExportedAvatar>,
    /// The invite code that the user activated; null if none. Its owner is `invited_by_phone` of the profile.
    #[schema(required = true)]
    activation: Option<ExportedActivation>,
    /// What is counted for the number, so that nobody guesses codes or has the person flooded with messages. It is
    /// stored under a pseudonym of the number, and only the service can tell that it is this one's.
    number: ExportedNumber,
    /// What happened to the account in the last days, as the systems of the operator are told of it, newest first.
    events: Vec<ExportedEvent>,
    /// Everybody who activated the user's invite code, newest first.
    #[schema(example = json!([
        {"phone": "+79990000044", "invited_at": "2026-11-23T18:40:00Z"},
        {"phone": "+79990000042", "invited_at": "2026-11-22T10:05:00Z"},
    ]))]
    invited: Vec<ExportedInvited>,
}

/// Something that happened to the account
#[derive(Serialize, ToSchema)]
struct ExportedEvent {
    /// What.
    #[serde(rename = "type")]
    #[schema(example = "user.created")]
    event_type: String,
    /// When.
    #[schema(example = "2026-11-21T08:15:00Z")]
    at: DateTime<Utc>,
}

/// A login
#[derive(Serialize, ToSchema)]
struct ExportedSession {
    /// Which.
    #[schema(example = "01a1fd2c-47a0-7c31-8a52-6f0e9b1d4c73")]
    id: Uuid,
    /// What the client called its device.
    #[schema(example = "Ada's phone", required = true)]
    device_name: Option<String>,
    /// The `User-Agent` of the login, at most 200 characters.
    #[schema(example = "AuthApp/3.2 (Android 17)", required = true)]
    user_agent: Option<String>,
    /// The network of the login or the last refresh: an IPv4 /24 or an IPv6 /48, in CIDR notation.
    #[schema(example = "203.0.113.0/24")]
    ip_prefix: String,
    /// The login.
    #[schema(example = "2026-11-21T08:15:00Z")]
    created_at: DateTime<Utc>,
    /// The last request, written at most once a minute.
    #[schema(example = "2026-11-24T17:05:12Z")]
    last_used_at: DateTime<Utc>,
    /// Whether this is the session that asks.
    #[schema(example = true)]
    current: bool,
    /// When the tokens were renewed last.
    #[schema(example = "2026-11-24T17:01:40Z")]
    refreshed_at: DateTime<Utc>,
    /// When tokens that had been renewed already were shown once more and honoured, in the last 24 hours of that.
    #[schema(example = json!(["2026-11-24T17:01:43Z"]))]
    replayed_at: Vec<DateTime<Utc>>,
    /// When it ends if it is not used.
    #[schema(example = "2026-12-24T17:01:40Z")]
    expires_at: DateTime<Utc>,
    /// When it ends in any case.
    #[schema(example = "2027-02-19T08:15:00Z")]
    ends_at: DateTime<Utc>,
}

/// A device that somebody was logged in on
#[derive(Serialize, ToSchema)]
struct ExportedDevice {
    /// Which.
    #[schema(example = "01a1fd2c-47a0-7e94-a6c1-0d7b5f3e8829")]
    id: Uuid,
    /// The last login on it.
    #[schema(example = "01a1fd2c-47a0-7c31-8a52-6f0e9b1d4c73")]
    session_id: Uuid,
    /// When it became trusted.
    #[schema(example = "2026-11-21T08:15:00Z")]
    created_at: DateTime<Utc>,
    /// Until when it is.
    #[schema(example = "2027-05-20T08:15:00Z")]
    trusted_until: DateTime<Utc>,
    /// When the wrong codes that were entered on it are all forgotten; null if there are none to forget.
    #[schema(example = json!(null), required = true)]
    wrong_codes_forgotten_at: Option<DateTime<Utc>>,
    /// When the codes that it asked for are all forgotten; null if there never were any.
    #[schema(example = json!(null), required = true)]
    codes_sent_forgotten_at: Option<DateTime<Utc>>,
    /// The last code that it was sent whatever others did.
    #[schema(example = "2026-11-21T08:14:40Z", required = true)]
    last_code_sent_at: Option<DateTime<Utc>>,
    /// When a login gave a code back that had been counted, lately.
    #[schema(example = json!(["2026-11-21T08:15:00Z"]))]
    codes_given_back_at: Vec<DateTime<Utc>>,
}

/// That there is a PIN
#[derive(Serialize, ToSchema)]
struct ExportedPin {
    /// The last login, or use of a session, to the hour: the PIN is asked for while this is not too long ago.
    #[schema(example = "2026-11-24T17:01:40Z")]
    last_sign_of_life_at: DateTime<Utc>,
    /// When the wrong PINs that were given are all forgotten; null if there never were any.
    #[schema(example = json!(null), required = true)]
    wrong_pins_forgotten_at: Option<DateTime<Utc>>,
    /// The session whose login gave the PIN last.
    #[schema(example = "01a204bc-9ec0-7b18-b3d4-51a7e2c9f086", required = true)]
    given_by_session: Option<Uuid>,
}

/// The picture itself
#[derive(Serialize, ToSchema)]
struct ExportedAvatar {
    /// What it is.
    #[schema(example = "image/jpeg")]
    media_type: &'static str,
    /// When it was set.
    #[schema(example = "2026-11-21T08:30:00Z")]
    created_at: DateTime<Utc>,
    /// The file, in base64 (RFC 4648, section 4).
    #[schema(example = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQ=")]
    content: String,
}

/// The invite code that was activated
#[derive(Serialize, ToSchema)]
struct ExportedActivation {
    /// The code.
    #[schema(example = "H3NP8X")]
    invite_code: String,
    /// When it was activated.
    #[schema(example = "2026-11-21T08:15:00Z")]
    activated_at: DateTime<Utc>,
}

/// What is counted for the number since the account was made; null is what never happened, or is forgotten
#[derive(Default, Serialize, ToSchema)]
struct ExportedNumber {
    /// When the codes of four and five digits that somebody entered wrongly for this number are all forgotten.
    #[schema(example = json!(null), required = true)]
    wrong_short_codes_forgotten_at: Option<DateTime<Utc>>,
    /// The same for codes of six and seven digits.
    #[schema(example = json!(null), required = true)]
    wrong_longer_codes_forgotten_at: Option<DateTime<Utc>>,
    /// When the codes that were sent to this number are all forgotten.
    #[schema(example = "2026-11-25T03:30:00Z", required = true)]
    codes_sent_forgotten_at: Option<DateTime<Utc>>,
    /// The last code that was sent and did not lead to a login.
    #[schema(example = json!(null), required = true)]
    last_code_sent_at: Option<DateTime<Utc>>,
    /// When a login gave a code back that had been counted, lately.
    #[schema(example = json!(["2026-11-21T08:15:00Z"]))]
    codes_given_back_at: Vec<DateTime<Utc>>,
    /// The last login: codes sent before it open nothing.
    #[schema(example = "2026-11-22T19:30:00Z", required = true)]
    older_codes_void_since: Option<DateTime<Utc>>,
    /// That no invite code can be activated with this number for a while: true, because an account that had it before
    /// activated one; false, because that account was too old to; null: one can.
    #[schema(example = json!(null), required = true)]
    earlier_account_activated: Option<bool>,
}

/// A meter that is not ahead of now remembers nothing: what was charged and given back leaves it so, too.
fn remembered(meter: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (meter > now).then_some(meter)
}

impl Export {
    /// All but those who were invited, who are written one page after the other.
    pub(super) fn of(
        profile: Profile,
        held: exports::Held,
        asking: Option<SessionId>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            profile,
            last_login_at: held.last_login_at,
            sessions: held.sessions.into_iter().map(|session| ExportedSession::of(session, asking)).collect(),
            trusted_devices: held.devices.into_iter().map(|row| ExportedDevice::of(row, now)).collect(),
            pin: held.pin.map(|row| ExportedPin::of(&row, now)),
            avatar: held.avatar.map(ExportedAvatar::from),
            activation: held.activation.map(ExportedActivation::from),
            number: ExportedNumber {
                earlier_account_activated: held.earlier_account_activated,
                ..held.number.map(|row| ExportedNumber::of(row, now)).unwrap_or_default()
            },
            events: held
                .events
                .into_iter()
                .map(|(event_type, at)| ExportedEvent { event_type, at })
                .collect(),
            invited: Vec::new(),
        }
    }
}

impl ExportedSession {
    fn of(row: exports::Session, asking: Option<SessionId>) -> Self {
        Self {
            current: asking.is_some_and(|asking| asking.0 == row.id),
            id: row.id,
            device_name: row.device_name,
            user_agent: row.user_agent,
            ip_prefix: row.network,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            refreshed_at: row.rotated_at,
            replayed_at: row.replayed_at.into_iter().flatten().collect(),
            expires_at: row.expires_at,
            ends_at: row.ends_at,
        }
    }
}

impl ExportedDevice {
    fn of(row: exports::Device, now: DateTime<Utc>) -> Self {
        Self {
            id: row.device,
            session_id: row.session_id,
            created_at: row.created_at,
            trusted_until: row.expires_at,
            wrong_codes_forgotten_at: remembered(row.failures, now),
            codes_sent_forgotten_at: remembered(row.sends, now),
            last_code_sent_at: row.last_own_send_at,
            codes_given_back_at: row.returned.into_iter().flatten().collect(),
        }
    }
}

impl ExportedPin {
    fn of(row: &exports::Pin, now: DateTime<Utc>) -> Self {
        Self {
            last_sign_of_life_at: row.last_seen_at,
            wrong_pins_forgotten_at: remembered(row.failures, now),
            given_by_session: row.proven_by,
        }
    }
}

impl From<exports::Avatar> for ExportedAvatar {
    fn from(row: exports::Avatar) -> Self {
        Self {
            media_type: "image/jpeg",
            created_at: row.created_at,
            content: BASE64_STANDARD.encode(row.content),
        }
    }
}

impl From<exports::Activation> for ExportedActivation {
    fn from(row: exports::Activation) -> Self {
        Self { invite_code: row.invite_code, activated_at: row.invited_at }
    }
}

impl ExportedNumber {
    fn of(row: exports::Number, now: DateTime<Utc>) -> Self {
        Self {
            wrong_short_codes_forgotten_at: remembered(row.f4, now),
            wrong_longer_codes_forgotten_at: remembered(row.f6, now),
            codes_sent_forgotten_at: remembered(row.sends, now),
            last_code_sent_at: row.last_sent_at,
            codes_given_back_at: row.returned.into_iter().flatten().collect(),
            older_codes_void_since: row.voided_before,
            earlier_account_activated: None,
        }
    }
}
