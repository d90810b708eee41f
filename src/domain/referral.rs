//! The numbers of the referral rules.

use chrono::TimeDelta;

use super::Limit;

/// For how long a number whose account activated an invite code, and then was
/// deleted or changed its number, activates no other.
pub const TOMBSTONE_LIFE: TimeDelta = TimeDelta::days(180);
/// Invite codes that nobody has, entered for one number: twenty, and then one per 72 minutes, which is twenty a day.
pub const UNKNOWN_CODES: Limit = Limit::new(20, TimeDelta::minutes(72));
