//! What happened to accounts, sessions and keys: one line each, for whoever
//! has to find out later who did what.
//!
//! Target `audit`, and the field `event` names what happened; the fields are
//! stable and documented in `docs/LOGGING.md`. There is no phone number, code,
//! token, PIN or full address in them: identifiers lead to the rest.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::domain::{DeviceId, SessionId, UserId};

/// Who did what an operator can do as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The owner of the account.
    Owner,
    /// An operator, by a command.
    Operator,
}

impl By {
    fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Operator => "operator",
        }
    }

    /// As `session` is that of the owner.
    fn of(session: Option<SessionId>) -> &'static str {
        session.map_or(Self::Operator, |_| Self::Owner).as_str()
    }
}

/// A login, and with it a session; how many older ones went because the user had too many.
pub fn login(user: UserId, session: SessionId, network: &str, is_new_user: bool, sessions_ended: i32) {
    tracing::info!(
        target: "audit", event = "login", user.id = %user, session.id = %session, network, is_new_user,
        sessions_ended, "somebody logged in"
    );
}

/// A login on a device that was not trusted before, and is now.
pub fn new_device(user: UserId, session: SessionId, device: DeviceId) {
    tracing::info!(
        target: "audit", event = "new-device", user.id = %user, session.id = %session, device.id = %device.0,
        "a login came from a device that was not trusted before"
    );
}

/// A refresh token of ours whose session has ended or run out. What is no token
/// of ours is not told: anybody can send that, as often as they like.
pub fn refresh_refused(session: SessionId, network: &str) {
    tracing::info!(
        target: "audit", event = "refresh-refused", session.id = %session, network,
        "a refresh token was refused"
    );
}

/// An older refresh token of a session; the session is ended.
pub fn refresh_reused(user: UserId, session: SessionId, network: &str) {
    tracing::warn!(
        target: "audit", event = "refresh-reused", user.id = %user, session.id = %session, network,
        "a used refresh token was shown; two parties may hold tokens of one login, so the session is ended"
    );
}

/// A logout by `session` that ended so many `sessions`; `scope` is `this`,
/// `others` or `all`.
pub fn logout(user: UserId, session: SessionId, scope: &str, sessions: i64) {
    tracing::info!(
        target: "audit", event = "logout", user.id = %user, session.id = %session, scope, sessions,
        "somebody logged out"
    );
}

/// The session `ended` was ended from the list, by `session`; none: by an operator.
pub fn session_ended(user: UserId, session: Option<SessionId>, ended: SessionId) {
    tracing::info!(
        target: "audit", event = "session-ended", user.id = %user,
        session.id = session.map(tracing::field::display), ended.id = %ended, by = By::of(session),
        "a session was ended"
    );
}

/// A PIN was set, in place of another or not.
pub fn pin_set(user: UserId, session: SessionId, replaced: bool) {
    tracing::info!(
        target: "audit", event = "pin-set", user.id = %user, session.id = %session, replaced, "a PIN was set"
    );
}

/// The PIN was removed by its owner.
pub fn pin_removed(user: UserId, session: SessionId) {
    tracing::info!(
        target: "audit", event = "pin-removed", user.id = %user, session.id = %session, "a PIN was removed"
    );
}

/// A wrong PIN: by a session that was to change it, or at a login whose code
/// was right and that has no session yet.
pub fn pin_refused(user: UserId, session: Option<SessionId>, network: &str) {
    tracing::warn!(
        target: "audit", event = "pin-refused", user.id = %user,
        session.id = session.map(tracing::field::display), network, "a wrong PIN was given"
    );
}

/// A login went without the PIN, for its owner gave no sign of life; it is removed.
pub fn pin_released(user: UserId, session: SessionId) {
    tracing::warn!(
        target: "audit", event = "pin-released", user.id = %user, session.id = %session,
        "a PIN was not asked for, because its owner gave no sign of life, and is removed"
    );
}

/// The user has another number; so many other `sessions_ended`. Which number is nobody's business here.
pub fn phone_changed(user: UserId, session: SessionId, network: &str, sessions_ended: i64) {
    tracing::info!(
        target: "audit", event = "phone-changed", user.id = %user, session.id = %session, network, sessions_ended,
        "somebody changed their phone number"
    );
}

/// Everything that is held about the user was given to a session; none: to an operator.
pub fn account_exported(user: UserId, session: Option<SessionId>) {
    tracing::info!(
        target: "audit", event = "account-exported", user.id = %user,
        session.id = session.map(tracing::field::display), by = By::of(session), "an account was exported"
    );
}

/// The account is gone.
pub fn account_deleted(user: UserId, by: By) {
    tracing::info!(
        target: "audit", event = "account-deleted", user.id = %user, by = by.as_str(), "an account was deleted"
    );
}

/// A new signing key, published now.
pub fn key_published(kid: &str, algorithm: &str, signs_from: DateTime<Utc>) {
    let signs_from = signs_from.to_rfc3339_opts(SecondsFormat::Secs, true);
    tracing::info!(
        target: "audit", event = "key-published", kid, algorithm, signs_from,
        "a signing key was made and published"
    );
}

/// A signing key was taken away by an operator, before its time.
pub fn key_retired(kid: &str) {
    tracing::warn!(
        target: "audit", event = "key-retired", kid,
        "a signing key was retired; what it signed is refused"
    );
}

/// A key was sealed anew under the current root secret.
pub fn key_resealed(kid: &str) {
    tracing::info!(
        target: "audit", event = "key-resealed", kid,
        "a key was sealed anew under the current root secret"
    );
}
