use std::{io, path::PathBuf};

use crate::{domain::TestPhonesError, sms, telemetry, token, webhooks};

/// A setting that is missing or does not fit; the message names it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Production needs it.
    #[error("{0} must be set in production")]
    Missing(&'static str),
    /// The one for development is in the repository.
    #[error(
        "ROOT_SECRET is the one of compose.yaml, which everybody can read: whoever does can log in as anybody; make one by: openssl rand -base64 32"
    )]
    PublicRootSecret,
    /// A command has nothing to open the keys with.
    #[error("ROOT_SECRET must be set as the service has it: it opens the keys in the database")]
    NoRootSecret,
    /// Production does not run with the simulated sender.
    #[error(
        "SMS_PROVIDER is simulated: anybody could read every code at /dev/inbox; choose a provider, or set ALLOW_SIMULATED_SMS=true if that is meant"
    )]
    SimulatedSms,
    /// Production limits sending.
    #[error("SEND_LIMITS=off is for load tests; production does not run without limits on sending")]
    NoSendLimits,
    /// Guessing would be too easy.
    #[error(
        "an attacker would get into one given phone with a probability of up to {bound:.2e} in a year, and MAX_GUESS_PROBABILITY_PER_YEAR is {most:.2e}: {remedy}; phone-auth guess-bound prints the arithmetic"
    )]
    GuessBound {
        /// The computed bound.
        bound: f64,
        /// The setting.
        most: f64,
        /// What would keep it.
        remedy: String,
    },
    /// A root secret.
    #[error(transparent)]
    Token(#[from] token::TokenError),
    /// The test phones.
    #[error("TEST_PHONES")]
    TestPhones(#[from] TestPhonesError),
    /// Who carries the messages.
    #[error(transparent)]
    Sms(#[from] sms::SettingsError),
    /// Who is told of events.
    #[error(transparent)]
    Webhooks(#[from] webhooks::WebhookError),
    /// What messages say.
    #[error(transparent)]
    Texts(#[from] sms::TextsError),
    /// Where traces go.
    #[error(transparent)]
    Telemetry(#[from] telemetry::TelemetryError),
    /// Production has no codes that are known in advance.
    #[error(
        "TEST_PHONES: whoever knows such a code logs in without a message; in production set ALLOW_TEST_PHONES=true if that is meant"
    )]
    TestPhonesInProduction,
    /// Nothing that links could be made from.
    #[error("PUBLIC_URL must be http:// or https:// and a host, without a path")]
    PublicUrl,
    /// There is no home folder to keep data in.
    #[error(
        "DATABASE_URL must be set; or DATA_DIR, for a PostgreSQL of its own: there is no home folder to take"
    )]
    NoDataDir,
    /// A file in the data folder.
    #[error("DATA_DIR: {path} cannot be used")]
    DataDir {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}
