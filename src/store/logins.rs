//! Completing a login: the one statement behind a right code.

mod complete;

use chrono::{DateTime, Utc};

pub use self::complete::complete;
use super::{StoreError, challenges::Settlement, referrals::KnownAs};
use crate::domain::{ChallengeId, DeviceId, InviteCode, PhoneNumber, PinHash, SessionId, UserId};

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
    /// What the challenge is given back.
    pub settlement: Settlement,
    /// The device to be trusted from now on.
    pub device: DeviceId,
    /// The PIN that was given and is right.
    pub proven: Option<PinHash>,
    /// Whether the attempt was given back before, to wait for nothing that is charged.
    pub is_returned: bool,
    /// A PIN whose owner gave no sign of life after this is released; none: no PIN is.
    pub silent_since: Option<DateTime<Utc>>,
    /// What the number is known by where its invite codes are decided.
    pub known_as: KnownAs,
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
    /// A PIN stands in the way, and it is not the one that was proven. The
    /// attempt was given back: the challenge is as good as it was.
    PinInTheWay,
}

/// A login that happened.
pub struct LoggedIn {
    /// Found, or made.
    pub user: UserId,
    /// Opened.
    pub session: SessionId,
    /// Whether the account was made by this login.
    pub is_new_user: bool,
    /// What came of the invite code of a first login.
    pub invite: InviteOutcome,
    /// Whether the account had a PIN that was not asked for, and has none now; the other sessions are ended then.
    pub pin_released: bool,
    /// How many sessions this one took the place of, because the user had too many.
    pub sessions_ended: i32,
}

/// What came of the invite code given at the phone step. Every case is ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteOutcome {
    /// It is activated.
    Activated,
    /// Nobody has it, or none was given.
    Unknown,
    /// An account that had the number before activated one.
    AlreadyActivated,
    /// An account that had the number before was too old to.
    WindowClosed,
    /// Too many that nobody has were entered for this number; it was not looked for.
    Throttled,
}

impl InviteOutcome {
    fn of(is_invited: bool, against: Option<&str>) -> Result<Self, StoreError> {
        match (is_invited, against) {
            (true, _) => Ok(Self::Activated),
            // None: its owner's account was deleted at this very moment.
            (false, Some("unknown") | None) => Ok(Self::Unknown),
            (false, Some("earlier")) => Ok(Self::AlreadyActivated),
            (false, Some("closed")) => Ok(Self::WindowClosed),
            (false, Some("throttled")) => Ok(Self::Throttled),
            (false, Some(_)) => Err(StoreError::Corrupt("look_for_inviter")),
        }
    }
}
