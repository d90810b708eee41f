use crate::domain::guess_budget::SecurityProfile;

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

fn probability(text: &str) -> Result<f64, &'static str> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value <= 1.0 => Ok(value),
        _ => Err("must be a number above 0 and not above 1, such as 0.001"),
    }
}
