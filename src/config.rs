//! Settings: environment variables, and flags of the same names. The only
//! place that reads the environment.

use std::{
    fs,
    io::{self, Write},
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use clap::Parser;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{
    domain::{OtpLength, Region, TrustedProxies},
    embedded, sms, store, telemetry, token,
};

/// Sign-in by phone number.
#[derive(Debug, Parser)]
#[command(name = "phone-auth", version, about, max_term_width = 100)]
// Help is pasted into tickets: what is set on this machine is nobody's business there.
#[command(mut_args(|argument| argument.hide_env_values(true)))]
pub struct Cli {
    /// What to do; nothing given: serve
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The settings.
    #[command(flatten)]
    pub config: Config,
}

/// What the binary can do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Run the service (the default)
    Serve,
    /// Print the OpenAPI document
    Openapi,
}

/// Everything an operator can set.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    /// production refuses defaults that are only good for development
    #[arg(long, env = "APP_ENV", value_enum, default_value_t)]
    pub app_env: AppEnv,
    /// Where the API listens
    #[arg(long, env = "LISTEN_ADDR", default_value = "127.0.0.1:8080")]
    pub listen_addr: SocketAddr,
    /// How the world reaches the service: issuer of the tokens, invite links,
    /// domain of the messages; unset in development: <http://localhost> and the port
    #[arg(long, env = "PUBLIC_URL", hide_env_values = true)]
    pub public_url: Option<String>,
    /// Proxies whose X-Forwarded-For is believed: addresses and networks (CIDR), separated by commas
    #[arg(long, env = "TRUSTED_PROXIES", default_value = "", hide_default_value = true)]
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
    /// What is logged: a level, or a filter such as `info,phone_auth=debug`
    #[arg(long, env = "LOG", default_value = "info")]
    pub log: String,
    /// The database.
    #[command(flatten)]
    pub store: store::Settings,
    /// The tokens.
    #[command(flatten)]
    pub token: token::Settings,
    /// The messages.
    #[command(flatten)]
    pub sms: sms::Settings,
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

/// A setting that is missing or does not fit; the message names it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Production needs it.
    #[error("{0} must be set in production")]
    Missing(&'static str),
    /// Production does not run with the simulated sender.
    #[error(
        "SMS_PROVIDER is simulated: anybody could read every code at /dev/inbox; choose a provider, or set ALLOW_SIMULATED_SMS=true if that is meant"
    )]
    SimulatedSms,
    /// A root secret.
    #[error(transparent)]
    Token(#[from] token::TokenError),
    /// Nothing that links could be made from.
    #[error("PUBLIC_URL must be http:// or https:// and a host, without a path")]
    PublicUrl,
    /// There is no home folder to keep data in.
    #[error("DATA_DIR must be set: there is no home folder to take as a default")]
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

impl Config {
    /// Refuses what cannot be meant, and in production what is only good for
    /// development.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Token`], [`ConfigError::PublicUrl`], [`ConfigError::Missing`]
    /// or [`ConfigError::SimulatedSms`].
    pub fn check(&self) -> Result<(), ConfigError> {
        if given(self.token.root_secret.as_ref()).is_some() {
            self.token.check()?;
        }
        let public_url = self.given_public_url()?;
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
        if self.sms.sms_provider == sms::Provider::Simulated && !self.sms.allow_simulated_sms {
            return Err(ConfigError::SimulatedSms);
        }
        Ok(())
    }

    /// The database that was given; none: the embedded one.
    #[must_use]
    pub fn database_url(&self) -> Option<&SecretString> {
        given(self.store.database_url.as_ref())
    }

    /// How log lines look: for people in development, for programs in production.
    #[must_use]
    pub fn log_format(&self) -> telemetry::Format {
        match self.app_env {
            AppEnv::Development => telemetry::Format::Text,
            AppEnv::Production => telemetry::Format::Json,
        }
    }

    /// How the world reaches a service that listens at `listening`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::PublicUrl`].
    pub fn public_url(&self, listening: SocketAddr) -> Result<Url, ConfigError> {
        match self.given_public_url()? {
            Some(url) => Ok(url),
            None => parse_public_url(&format!("http://localhost:{}", listening.port())),
        }
    }

    /// The address that was given, checked.
    fn given_public_url(&self) -> Result<Option<Url>, ConfigError> {
        let text = self.public_url.as_deref().filter(|text| !text.is_empty());
        text.map(parse_public_url).transpose()
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
        let path = self.data_dir()?.join("root-secret");
        read_or_create(&path).map_err(|source| ConfigError::DataDir { path, source })
    }
}

/// An empty variable is how many tools write one that is not set.
fn given(secret: Option<&SecretString>) -> Option<&SecretString> {
    secret.filter(|secret| !secret.expose_secret().is_empty())
}

/// Reads the secret at `path`, or makes one that only this user can read.
fn read_or_create(path: &Path) -> io::Result<SecretString> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other.map(|text| text.trim().into()),
    }
    let secret = token::random_root_secret();
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(secret.expose_secret().as_bytes())?;
    file.sync_all()?;
    // A link appears whole or not at all, and never over another: of two
    // services that start at once both keep the same secret.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::read_to_string(path).map(|text| text.trim().into())
        }
        other => other.map(|()| secret),
    }
}

/// An address with a host and without anything that a link could not be made
/// from. What was given is not repeated: it may hold a password.
fn parse_public_url(text: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text).map_err(|_| ConfigError::PublicUrl)?;
    let alone = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let plain = alone && url.username().is_empty() && url.password().is_none();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && plain {
        Ok(url)
    } else {
        Err(ConfigError::PublicUrl)
    }
}
