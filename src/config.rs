//! Settings: environment variables, and flags of the same names. The only
//! place that reads the environment.

mod command;
mod error;
mod help;
mod limits;
mod probe;
mod public_url;
mod referral;
mod root_secret;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use clap::Parser;
use secrecy::{ExposeSecret, SecretString};

pub use self::{
    command::{
        Command, Events, EventsRetry, Keys, Named, Referrals, Sessions, ShownPhones, Sms, SmsTest, Users,
        UsersDelete, UsersExport,
    },
    error::ConfigError,
    limits::{Limits, OnOff},
    probe::probed_address,
    referral::{Phones, Referral},
};
use crate::{
    connections,
    domain::{Countries, OtpLength, Region, TestPhones, TrustedProxies},
    embedded, sms, store, telemetry, token, webhooks,
};

/// Sign-in by phone number.
#[derive(Debug, Parser)]
#[command(name = "phone-auth", version, about, max_term_width = 100, after_help = help::AFTERWARDS)]
// Help is pasted into tickets: what is set on this machine is nobody's business there.
// And a setting is one for every command.
#[command(mut_args(|argument| argument.hide_env_values(true).global(true)))]
pub struct Cli {
    /// What to do; nothing given: serve
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The settings.
    #[command(flatten)]
    pub config: Config,
}

/// Everything an operator can set.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// production refuses defaults that are only good for development
    #[arg(long, env = "APP_ENV", value_enum, default_value_t)]
    pub app_env: AppEnv,
    /// Where the API listens
    #[arg(long, env = "LISTEN_ADDR", default_value = probe::LISTEN_ADDR)]
    pub listen_addr: SocketAddr,
    /// Where /metrics is served, which is not for the world; if this cannot be
    /// had the service does not start. Unset: 127.0.0.1:9090, if that is free
    #[arg(long, env = "ADMIN_LISTEN_ADDR")]
    pub admin_listen_addr: Option<SocketAddr>,
    /// How the world reaches the service: issuer of the tokens, invite links,
    /// domain of the messages; unset in development: <http://localhost> and the port
    #[arg(long, env = "PUBLIC_URL", hide_env_values = true)]
    pub public_url: Option<String>,
    /// Proxies whose X-Forwarded-For is believed: addresses and networks (CIDR), separated by commas
    #[arg(long, env = "TRUSTED_PROXIES", default_value = "", hide_default_value = true)]
    #[arg(value_name = "ADDRESS[,…]")]
    pub trusted_proxies: TrustedProxies,
    /// Where the embedded database and the root secret made for development
    /// are kept; unset: below the home folder, for root /var/lib/phone-auth
    #[arg(long, env = "DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where `postgres` and `initdb` are, if not in one of the usual places
    #[arg(long, env = "PG_BIN_DIR")]
    pub pg_bin_dir: Option<PathBuf>,
    /// How many digits a code has, 4 to 10
    #[arg(long, env = "OTP_LENGTH", default_value_t)]
    pub otp_length: OtpLength,
    /// In which region a number without country code is read (ISO 3166-1)
    #[arg(long, env = "DEFAULT_REGION", default_value = "RU")]
    pub default_region: Region,
    /// The countries whose numbers may log in (ISO 3166-1), separated by commas; none: all
    #[arg(long, env = "ALLOWED_COUNTRIES", default_value = "", hide_default_value = true)]
    #[arg(value_name = "COUNTRY[,…]")]
    pub allowed_countries: Countries,
    /// Numbers that get no message but a fixed code, for testers and reviewers of an app:
    /// +79990000001=0000, or with a last day (UTC) +79990000001=0000@2027-01-31; several, separated by commas
    #[arg(long, env = "TEST_PHONES", hide_env_values = true, value_name = "PHONE=CODE[@DAY][,…]")]
    pub test_phones: Option<SecretString>,
    /// Lets production run with `TEST_PHONES`: whoever knows such a code logs in without a message
    #[arg(long, env = "ALLOW_TEST_PHONES", default_value_t = false, action = clap::ArgAction::Set)]
    pub allow_test_phones: bool,
    /// What is logged: a level, or a filter such as `info,phone_auth=debug`
    #[arg(long, env = "LOG", default_value = "info")]
    pub log: String,
    /// The connections of clients.
    #[command(flatten)]
    pub connections: connections::Settings,
    /// What bounds guessing and sending.
    #[command(flatten)]
    pub limits: Limits,
    /// The referral rules.
    #[command(flatten)]
    pub referral: Referral,
    /// The database.
    #[command(flatten)]
    pub store: store::Settings,
    /// The tokens.
    #[command(flatten)]
    pub token: token::Settings,
    /// The messages.
    #[command(flatten)]
    pub sms: sms::Settings,
    /// Who is told of events.
    #[command(flatten)]
    pub webhooks: webhooks::Settings,
    /// Where traces go.
    #[command(flatten)]
    pub telemetry: telemetry::Settings,
}

/// What the service is run for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum AppEnv {
    /// Every setting has a default.
    #[default]
    Development,
    /// What protects people must be set.
    Production,
}

impl Config {
    /// Where `/metrics` is served if nothing is said: this machine can ask.
    pub const ADMIN_LISTEN_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9090);

    /// Refuses what cannot be meant, and in production what is only good for
    /// development.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Token`], [`ConfigError::PublicUrl`], [`ConfigError::TestPhones`],
    /// [`ConfigError::Sms`], [`ConfigError::Webhooks`], [`ConfigError::Telemetry`], [`ConfigError::GuessBound`],
    /// [`ConfigError::Texts`], [`ConfigError::Missing`], [`ConfigError::PublicRootSecret`], [`ConfigError::NoSendLimits`],
    /// [`ConfigError::SimulatedSms`] or [`ConfigError::TestPhonesInProduction`].
    pub fn check(&self) -> Result<(), ConfigError> {
        if given(self.token.root_secret.as_ref()).is_some() {
            self.token.check()?;
        }
        let public_url = self.given_public_url()?;
        self.check_guess_bound()?;
        let test_phones = self.test_phones()?;
        self.sms.check()?;
        self.webhooks.check()?;
        self.telemetry.check()?;
        self.texts(&self.public_url(self.listen_addr)?)?;
        if self.app_env == AppEnv::Development {
            return Ok(());
        }
        for (name, is_set) in [
            ("ROOT_SECRET", given(self.token.root_secret.as_ref()).is_some()),
            ("DATABASE_URL", self.database_url().is_some()),
            ("PUBLIC_URL", public_url.is_some()),
        ] {
            if !is_set {
                return Err(ConfigError::Missing(name));
            }
        }
        if self.token.root_secret.as_ref().is_some_and(root_secret::is_public) {
            return Err(ConfigError::PublicRootSecret);
        }
        if !self.limits.send_limits.is_on() {
            return Err(ConfigError::NoSendLimits);
        }
        if self.sms.is_simulated() && !self.sms.allow_simulated_sms {
            return Err(ConfigError::SimulatedSms);
        }
        if !test_phones.is_empty() && !self.allow_test_phones {
            return Err(ConfigError::TestPhonesInProduction);
        }
        Ok(())
    }

    /// The database that was given; none: the embedded one.
    #[must_use]
    pub fn database_url(&self) -> Option<&SecretString> {
        given(self.store.database_url.as_ref())
    }

    /// The numbers with a fixed code. They are no setting of their own type:
    /// what clap cannot read it prints, and this holds codes.
    ///
    /// # Errors
    ///
    /// [`ConfigError::TestPhones`].
    pub fn test_phones(&self) -> Result<TestPhones, ConfigError> {
        let text = self.test_phones.as_ref().map_or("", |text| text.expose_secret());
        Ok(text.parse()?)
    }

    /// How log lines look: for people in development, for programs in production.
    #[must_use]
    pub fn log_format(&self) -> telemetry::Format {
        match self.app_env {
            AppEnv::Development => telemetry::Format::Text,
            AppEnv::Production => telemetry::Format::Json,
        }
    }

    /// Where data is kept.
    ///
    /// Root's own home is closed to the user that PostgreSQL must run as, so
    /// root keeps data where system services do.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoDataDir`] when nothing tells a place.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    pub fn data_dir(&self) -> Result<PathBuf, ConfigError> {
        if let Some(dir) = &self.data_dir {
            return Ok(std::path::absolute(dir).unwrap_or_else(|_| dir.clone()));
        }
        if embedded::running_as_root() {
            return Ok("/var/lib/phone-auth".into());
        }
        let data_home = std::env::var_os("XDG_DATA_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let home = || std::env::home_dir().filter(|dir| dir.is_dir()).map(|home| home.join(".local/share"));
        data_home.or_else(home).map(|dir| dir.join("phone-auth")).ok_or(ConfigError::NoDataDir)
    }

    /// The root secret of a deployment that is there already: as set, else the
    /// one kept in the data folder. Never made: with a new one nothing opens.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoRootSecret`], [`ConfigError::NoDataDir`] or [`ConfigError::DataDir`].
    pub fn present_root_secret(&self) -> Result<SecretString, ConfigError> {
        let is_kept = || Ok::<_, ConfigError>(self.root_secret_file()?.exists());
        if given(self.token.root_secret.as_ref()).is_some() || (self.database_url().is_none() && is_kept()?) {
            return self.root_secret();
        }
        Err(ConfigError::NoRootSecret)
    }

    fn root_secret_file(&self) -> Result<PathBuf, ConfigError> {
        Ok(self.data_dir()?.join("root-secret"))
    }

    /// The root secret: as set, else the one kept in the data folder, made
    /// there on the first call.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoDataDir`] or [`ConfigError::DataDir`].
    pub fn root_secret(&self) -> Result<SecretString, ConfigError> {
        if let Some(secret) = given(self.token.root_secret.as_ref()) {
            return Ok(secret.clone());
        }
        let path = self.root_secret_file()?;
        root_secret::read_or_create(&path).map_err(|source| ConfigError::DataDir { path, source })
    }
}

/// An empty variable is how many tools write one that is not set.
fn given(secret: Option<&SecretString>) -> Option<&SecretString> {
    secret.filter(|secret| !secret.expose_secret().is_empty())
}
