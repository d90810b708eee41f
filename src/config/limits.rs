use chrono::TimeDelta;

use super::{Config, ConfigError};
use crate::domain::{
    OtpLength, guess_bound,
    guess_budget::{Ladder, SecurityProfile},
};

/// What bounds guessing and sending.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Limits {
    /// default: codes from four digits; strict: from six, as NIST SP 800-63B-4 and OWASP ASVS 6.5.4 ask for
    #[arg(long, env = "SECURITY_PROFILE", default_value_t, value_name = "default|strict")]
    pub security_profile: SecurityProfile,

    /// The service refuses to start if an attacker who never stops could get into one given phone within a year
    /// with a higher probability
    #[arg(long, env = "MAX_GUESS_PROBABILITY_PER_YEAR", default_value_t = 0.001, value_name = "PROBABILITY")]
    #[arg(value_parser = probability)]
    pub max_guess_probability_per_year: f64,

    /// off: neither codes sent nor codes entered from one address are limited; for load tests, refused in production
    #[arg(long, env = "SEND_LIMITS", default_value_t, value_enum)]
    pub send_limits: OnOff,

    /// How many codes strangers may be sent on a day (UTC), all numbers together; trusted devices have a fifth
    /// beside it
    #[arg(long, env = "SENDS_PER_DAY", default_value_t = 10_000, value_name = "MESSAGES")]
    #[arg(value_parser = clap::value_parser!(i32).range(1..=1_000_000_000))]
    pub sends_per_day: i32,

    /// After how many days without a login and without the use of a session a PIN is no longer asked for, for numbers
    /// change hands; 0: never
    #[arg(long, env = "PIN_RELEASE_DAYS", default_value_t = 7, value_name = "DAYS")]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=3650))]
    pub pin_release_days: u16,
}

impl Limits {
    /// After how long without a sign of life of its owner a PIN is no longer asked for; none: never.
    #[must_use]
    pub fn pin_release(&self) -> Option<TimeDelta> {
        (self.pin_release_days > 0).then(|| TimeDelta::days(self.pin_release_days.into()))
    }
}

/// A switch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OnOff {
    /// As it should be.
    #[default]
    On,
    /// For tests.
    Off,
}

impl OnOff {
    /// Whether it is on.
    #[must_use]
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

impl Config {
    /// What the bounds on guessing follow from.
    #[must_use]
    pub fn premises(&self) -> guess_bound::Premises {
        let limited = self.limits.send_limits.is_on();
        guess_bound::Premises {
            ladder: Ladder::new(self.limits.security_profile, self.otp_length),
            sends_per_day: limited.then_some(self.limits.sends_per_day),
        }
    }

    /// Without limits on sending there is no bound to check: development may
    /// do without one, production may not.
    pub(super) fn check_guess_bound(&self) -> Result<(), ConfigError> {
        let (premises, most) = (self.premises(), self.limits.max_guess_probability_per_year);
        let bound = guess_bound::per_year(&premises);
        if premises.sends_per_day.is_some() && bound > most {
            return Err(ConfigError::GuessBound { bound, most, remedy: self.remedy(most) });
        }
        Ok(())
    }

    /// The shortest codes whose bound is at most `most`.
    fn remedy(&self, most: f64) -> String {
        let keeps = |length: &OtpLength| {
            let ladder = Ladder::new(self.limits.security_profile, *length);
            guess_bound::per_year(&guess_bound::Premises { ladder, ..self.premises() }) <= most
        };
        match (4..=10).filter_map(|digits| OtpLength::try_from(digits).ok()).find(keeps) {
            Some(length) => format!("codes of {length} digits would keep it (OTP_LENGTH={length})"),
            None => "no length of code would keep it".to_owned(),
        }
    }
}

fn probability(text: &str) -> Result<f64, &'static str> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value <= 1.0 => Ok(value),
        _ => Err("must be a number above 0 and not above 1, such as 0.001"),
    }
}
