use chrono::TimeDelta;

/// What the referral rules leave to the operator.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Referral {
    /// How inviters and invited see each other's phones: full, or masked as in +7900***0031
    #[arg(long, env = "REFERRAL_PHONES", default_value_t, value_enum)]
    pub referral_phones: Phones,

    /// For how many days after the first login an invite code can be activated; 0: always
    #[arg(long, env = "REFERRAL_WINDOW_DAYS", default_value_t = 0, value_name = "DAYS")]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=3650))]
    pub referral_window_days: u16,
}

/// How a phone is shown to others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Phones {
    /// In E.164.
    #[default]
    Full,
    /// Its beginning and its last four digits.
    Masked,
}

impl Referral {
    /// For how long after the first login an invite code can be activated; none: always.
    #[must_use]
    pub fn window(&self) -> Option<TimeDelta> {
        (self.referral_window_days > 0).then(|| TimeDelta::days(self.referral_window_days.into()))
    }

    /// Whether phones are shown masked.
    #[must_use]
    pub fn is_masked(&self) -> bool {
        self.referral_phones == Phones::Masked
    }
}
