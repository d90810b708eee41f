use chrono::TimeDelta;
use secrecy::SecretString;

use super::{
    LONGEST_ACCESS_SECONDS, LONGEST_CHALLENGE_SECONDS, LONGEST_REFRESH_SECONDS, SigningAlgorithm, TokenError,
    keys::each_secret,
};

/// How tokens are made.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Settings {
    /// Secrets of at least 32 characters, separated by commas: the first is current, the others still open old tokens
    #[arg(long, env = "ROOT_SECRET", hide_env_values = true, value_name = "SECRET[,SECRET…]")]
    pub root_secret: Option<SecretString>,

    /// How long a challenge can be answered, in seconds: at most 600
    #[arg(long, env = "OTP_TTL_SECONDS", default_value_t = 300, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=LONGEST_CHALLENGE_SECONDS))]
    pub otp_ttl_seconds: u32,

    /// How long an access token is good, in seconds: at most 3600
    #[arg(long, env = "ACCESS_TOKEN_TTL_SECONDS", default_value_t = 600, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=LONGEST_ACCESS_SECONDS))]
    pub access_token_ttl_seconds: u32,

    /// How long a session lasts without being used, in seconds: at most a year
    #[arg(long, env = "REFRESH_IDLE_TTL_SECONDS", default_value_t = 2_592_000, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=LONGEST_REFRESH_SECONDS))]
    pub refresh_idle_ttl_seconds: u32,

    /// How long a session lasts at all, in seconds: at most a year
    #[arg(long, env = "REFRESH_ABSOLUTE_TTL_SECONDS", default_value_t = 7_776_000, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=LONGEST_REFRESH_SECONDS))]
    pub refresh_absolute_ttl_seconds: u32,

    /// How new keys sign access tokens
    #[arg(long, env = "SIGNING_ALGORITHM", default_value_t, value_name = "ES256|EdDSA")]
    pub signing_algorithm: SigningAlgorithm,

    /// After how many days a new key takes over signing by itself; 0: never
    #[arg(long, env = "SIGNING_KEY_ROTATION_DAYS", default_value_t = 90, value_name = "DAYS")]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=3650))]
    pub signing_key_rotation_days: u32,
}

impl Settings {
    /// Refuses what [`Tokens::new`](super::Tokens::new) would refuse, before anything else is done.
    ///
    /// # Errors
    ///
    /// [`TokenError::RootSecretTooShort`], which names the setting.
    pub fn check(&self) -> Result<(), TokenError> {
        let mut secrets = self.root_secret.iter().flat_map(each_secret);
        secrets.try_for_each(|secret| secret.map(drop))
    }
}

/// Which signing keys are made, and how often.
#[derive(Debug, Clone, Copy)]
pub struct Rotation {
    /// What a new key signs with.
    pub algorithm: SigningAlgorithm,
    /// After how long a key is followed by another; none: when an operator says so.
    pub every: Option<TimeDelta>,
}

impl Rotation {
    pub(super) fn of(settings: &Settings) -> Self {
        let days = settings.signing_key_rotation_days;
        Self {
            algorithm: settings.signing_algorithm,
            every: (days > 0).then(|| TimeDelta::days(days.into())),
        }
    }
}

/// How long each kind of token is good.
#[derive(Debug, Clone, Copy)]
pub struct Lives {
    /// A challenge.
    pub challenge: TimeDelta,
    /// An access token.
    pub access: TimeDelta,
    /// A refresh token that is not used.
    pub refresh_idle: TimeDelta,
    /// A session, however much it is used.
    pub refresh_absolute: TimeDelta,
}

impl Lives {
    pub(super) fn of(settings: &Settings) -> Self {
        let seconds = |seconds: u32| TimeDelta::seconds(seconds.into());
        Self {
            challenge: seconds(settings.otp_ttl_seconds),
            access: seconds(settings.access_token_ttl_seconds),
            refresh_idle: seconds(settings.refresh_idle_ttl_seconds),
            refresh_absolute: seconds(settings.refresh_absolute_ttl_seconds),
        }
    }
}
