//! The numbers that bound guessing, and the length of code that follows from
//! what was guessed so far. They are promises, not settings; `docs/SECURITY.md`
//! explains them, `guess_bound.rs` computes what they amount to.

use std::{fmt, str::FromStr};

use chrono::TimeDelta;

use super::{Limit, OtpLength};

/// Codes of four and five digits tried on one phone by strangers.
pub const PHONE_SHORT: Limit = Limit::new(3, TimeDelta::days(120));
/// Codes of six and seven digits tried on one phone by strangers.
pub const PHONE_MEDIUM: Limit = Limit::new(20, TimeDelta::days(3));
/// Codes tried in the lane of one trusted device.
pub const DEVICE: Limit = Limit::new(5, TimeDelta::days(30));
/// Codes of four and five digits tried by strangers in the whole deployment: ten a day.
pub const DEPLOYMENT_SHORT: Limit = Limit::new(100, TimeDelta::minutes(144));
/// Codes of six and seven digits tried by strangers in the whole deployment: a thousand a day.
pub const DEPLOYMENT_MEDIUM: Limit = Limit::new(10_000, TimeDelta::milliseconds(86_400));
/// Over how many rows a limit of the deployment is spread; the burst is divided without a rest.
pub const SLOTS: i32 = 20;

/// How long a device stays trusted after its last login, in days.
pub const DEVICE_DAYS: i64 = 180;
/// How many devices of one user are trusted; a further one takes the place of the one unused the longest.
pub const DEVICES_PER_USER: i32 = 10;

/// How many codes may be tried on one challenge: 3, or 2 from eight digits on.
#[must_use]
pub const fn attempts_per_challenge(length: OtpLength) -> i16 {
    match Rung::of(length) {
        Rung::Short | Rung::Medium => 3,
        Rung::Long => 2,
    }
}

/// The part of a limit of the deployment that one slot holds.
#[must_use]
pub fn slot_of(whole: Limit) -> Limit {
    Limit::new(whole.burst / SLOTS, whole.every * SLOTS)
}

/// Which numbers are in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecurityProfile {
    /// Four digits for a number that nobody guesses at.
    #[default]
    Default,
    /// Six digits at the least, as NIST SP 800-63B-4 and OWASP ASVS 5.0 (6.5.4) ask for.
    Strict,
}

impl SecurityProfile {
    /// Its name in settings and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Strict => "strict",
        }
    }

    /// How often in 24 hours the predecessor of a refresh token is honoured.
    #[must_use]
    pub const fn refresh_replays(self) -> i16 {
        match self {
            Self::Default => 3,
            Self::Strict => 1,
        }
    }
}

/// Neither of the profiles.
#[derive(Debug, thiserror::Error)]
#[error("must be default or strict")]
pub struct SecurityProfileError;

impl FromStr for SecurityProfile {
    type Err = SecurityProfileError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "default" => Ok(Self::Default),
            "strict" => Ok(Self::Strict),
            _ => Err(SecurityProfileError),
        }
    }
}

impl fmt::Display for SecurityProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How hard a code is to guess, in three steps. Each of the first two has
/// meters of its own; the last is bounded by the number of codes sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// Four or five digits.
    Short,
    /// Six or seven digits.
    Medium,
    /// Eight digits or more.
    Long,
}

impl Rung {
    /// The rung of a code of `length`.
    #[must_use]
    pub const fn of(length: OtpLength) -> Self {
        match length.digits() {
            ..6 => Self::Short,
            6 | 7 => Self::Medium,
            8.. => Self::Long,
        }
    }
}

/// What was guessed so far by strangers: how far each meter lies ahead of now.
#[derive(Clone, Copy, Debug)]
pub struct Levels {
    /// Of the phone, for short codes.
    pub phone_short: TimeDelta,
    /// Of the phone, for codes of medium length.
    pub phone_medium: TimeDelta,
    /// Of the emptiest slot of the deployment, for short codes.
    pub deployment_short: TimeDelta,
    /// Of the emptiest slot of the deployment, for codes of medium length.
    pub deployment_medium: TimeDelta,
}

/// From which length codes grow when somebody guesses.
#[derive(Clone, Copy, Debug)]
pub struct Ladder {
    shortest: OtpLength,
}

impl Ladder {
    /// The ladder of a `profile` for an operator who asked for codes of `length`.
    #[must_use]
    pub fn new(profile: SecurityProfile, length: OtpLength) -> Self {
        Self {
            shortest: match profile {
                SecurityProfile::Default => length,
                SecurityProfile::Strict => length.max(OtpLength::SIX),
            },
        }
    }

    /// The length for a phone that nobody guessed at, and for trusted devices.
    #[must_use]
    pub fn shortest(self) -> OtpLength {
        self.shortest
    }

    /// The length of the longest code that is ever sent.
    #[must_use]
    pub fn longest(self) -> OtpLength {
        self.length_on(Rung::Long).unwrap_or(self.shortest)
    }

    /// The length on a rung of this ladder; none when the ladder begins above it.
    #[must_use]
    pub fn length_on(self, rung: Rung) -> Option<OtpLength> {
        let first = Rung::of(self.shortest);
        match rung {
            rung if rung < first => None,
            rung if rung == first => Some(self.shortest),
            Rung::Short => None,
            Rung::Medium => Some(OtpLength::SIX),
            Rung::Long => Some(OtpLength::EIGHT),
        }
    }

    /// The length of the next code for a stranger.
    #[must_use]
    pub fn for_stranger(self, levels: &Levels) -> OtpLength {
        let short = PHONE_SHORT.has_room(levels.phone_short)
            && slot_of(DEPLOYMENT_SHORT).has_room(levels.deployment_short);
        let medium = PHONE_MEDIUM.has_room(levels.phone_medium)
            && slot_of(DEPLOYMENT_MEDIUM).has_room(levels.deployment_medium);
        let mut open = [(Rung::Short, short), (Rung::Medium, medium), (Rung::Long, true)].into_iter();
        let first = open.find_map(|(rung, has_room)| self.length_on(rung).filter(|_| has_room));
        first.unwrap_or(self.shortest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder(profile: SecurityProfile, digits: u8) -> Ladder {
        Ladder::new(profile, digits.try_into().unwrap())
    }

    /// So many codes were tried on the phone, and nowhere else.
    fn tried(short: i32, medium: i32) -> Levels {
        Levels {
            phone_short: PHONE_SHORT.every * short,
            phone_medium: PHONE_MEDIUM.every * medium,
            deployment_short: TimeDelta::zero(),
            deployment_medium: TimeDelta::zero(),
        }
    }

    #[test]
    fn codes_grow_from_four_digits_over_six_to_eight() {
        let ladder = ladder(SecurityProfile::Default, 4);
        for (short, medium, digits) in [(0, 0, 4), (2, 19, 4), (2, 20, 4), (3, 0, 6), (3, 19, 6), (3, 20, 8)]
        {
            assert_eq!(ladder.for_stranger(&tried(short, medium)).digits(), digits, "{short} and {medium}");
        }
    }

    #[test]
    fn no_code_is_shorter_than_the_operator_or_the_profile_says() {
        for (profile, length, digits) in [
            (SecurityProfile::Default, 5, [5, 6, 8]),
            (SecurityProfile::Default, 6, [6, 6, 8]),
            (SecurityProfile::Default, 7, [7, 7, 8]),
            (SecurityProfile::Default, 8, [8, 8, 8]),
            (SecurityProfile::Default, 10, [10, 10, 10]),
            (SecurityProfile::Strict, 4, [6, 6, 8]),
            (SecurityProfile::Strict, 7, [7, 7, 8]),
        ] {
            let ladder = ladder(profile, length);
            let levels = [tried(0, 0), tried(3, 0), tried(3, 20)];
            assert_eq!(
                levels.map(|levels| ladder.for_stranger(&levels).digits()),
                digits,
                "{length} {profile}"
            );
        }
    }

    #[test]
    fn guesses_anywhere_lengthen_the_codes_of_everybody() {
        let ladder = ladder(SecurityProfile::Default, 4);
        let full = |whole: Limit| whole.every * whole.burst;
        let mut levels = tried(0, 0);
        levels.deployment_short = full(DEPLOYMENT_SHORT);
        assert_eq!(ladder.for_stranger(&levels).digits(), 6);
        levels.deployment_medium = full(DEPLOYMENT_MEDIUM);
        assert_eq!(ladder.for_stranger(&levels).digits(), 8);
    }

    #[test]
    fn the_slots_together_hold_the_budget_of_the_deployment() {
        for whole in [DEPLOYMENT_SHORT, DEPLOYMENT_MEDIUM] {
            let slot = slot_of(whole);
            assert_eq!(slot.burst * SLOTS, whole.burst);
            assert_eq!(slot.every, whole.every * SLOTS);
        }
        assert_eq!(TimeDelta::days(1).num_milliseconds() / DEPLOYMENT_SHORT.every.num_milliseconds(), 10);
        assert_eq!(TimeDelta::days(1).num_milliseconds() / DEPLOYMENT_MEDIUM.every.num_milliseconds(), 1000);
    }
}
