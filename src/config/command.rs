mod accounts;

use uuid::Uuid;

pub use self::accounts::{
    Named, Referrals, Sessions, ShownPhones, Sms, SmsTest, Users, UsersDelete, UsersExport,
};
use crate::{domain::guess_budget::SecurityProfile, store::events::State};

/// What the binary can do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Run the service (the default)
    ///
    /// Brings the database to this version, and without `DATABASE_URL` brings a PostgreSQL along. Says where it is
    /// reached, and answers until Ctrl-C or SIGTERM.
    #[command(after_help = "Examples:
  phone-auth serve
  phone-auth serve --otp-length 6
  DATABASE_URL=postgres://auth@db/auth phone-auth serve")]
    Serve,
    /// Bring the database to this version
    ///
    /// Carries out what is pending, one migration after the other; of several at once one does. The service does the
    /// same when it starts: this is for whoever wants it done before, or by another database user.
    #[command(after_help = "Examples:
  phone-auth migrate --dry-run      what is pending, and nothing changed
  phone-auth migrate")]
    Migrate {
        /// List what is pending, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// One JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Check settings, clock, database, keys and providers, and say what to do
    ///
    /// Reads only, also beside a running service. Ends with 5 if there is a problem; warnings alone end with 0.
    #[command(after_help = "Examples:
  phone-auth doctor
  phone-auth doctor --json | jq '.checks[] | select(.state == \"problem\")'")]
    Doctor {
        /// One JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// List, rotate and retire the keys that sign access tokens
    #[command(subcommand)]
    Keys(Keys),
    /// Find, show, export and delete accounts
    #[command(subcommand)]
    Users(Users),
    /// See where a user is logged in, and end that
    #[command(subcommand)]
    Sessions(Sessions),
    /// Show who invited whom
    #[command(subcommand)]
    Referrals(Referrals),
    /// Try the way of text messages
    #[command(subcommand)]
    Sms(Sms),
    /// Show what happened and who was told of it; tell anew what was not taken
    #[command(subcommand)]
    Events(Events),
    /// Print how likely a guessed code is to succeed, at most, under these settings
    ///
    /// Reads the settings, and no database.
    #[command(after_help = "Examples:
  phone-auth guess-bound
  phone-auth guess-bound --profile strict
  phone-auth guess-bound --otp-length 6 --json")]
    GuessBound {
        /// Of this profile instead of the one set
        #[arg(long, value_name = "default|strict")]
        profile: Option<SecurityProfile>,
        /// One JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Print the OpenAPI document
    #[command(after_help = "Example:
  phone-auth openapi >openapi.json")]
    Openapi,
    /// Print the Postman collection, as in `postman_collection.json`
    #[command(after_help = "Example:
  phone-auth postman >postman_collection.json")]
    Postman,
    /// Ask the instance at `LISTEN_ADDR` whether it is ready
    ///
    /// GET /health/ready, within three seconds; for images and scripts. An instance that listens at every address is
    /// asked at the loopback one. Ends with 6 if it is not ready or does not answer. Needs neither the database nor
    /// `ROOT_SECRET`.
    #[command(after_help = "Examples:
  phone-auth healthcheck
  phone-auth healthcheck --listen-addr 127.0.0.1:8081")]
    Healthcheck,
    /// Print what a shell needs to complete commands and options
    #[command(after_help = "Examples:
  phone-auth completions bash >/etc/bash_completion.d/phone-auth
  phone-auth completions fish >~/.config/fish/completions/phone-auth.fish")]
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
}

/// What can be done with the signing keys.
///
/// All of it works beside a running service, also on its embedded database.
#[derive(Debug, clap::Subcommand)]
pub enum Keys {
    /// Show every key: which signs, which will, which still verifies
    ///
    /// Reads only.
    #[command(after_help = "Examples:
  phone-auth keys list
  phone-auth keys list --json")]
    List {
        /// One JSON array, for programs
        #[arg(long)]
        json: bool,
    },
    /// Publish a new key, which signs as soon as everybody can have it
    ///
    /// That is after ten minutes and twenty seconds, twice as long as others may keep their copy of the published
    /// keys. The key before it goes by itself when its last token has ended. The service does this by itself every
    /// `SIGNING_KEY_ROTATION_DAYS`.
    #[command(after_help = "Examples:
  phone-auth keys rotate
  phone-auth keys rotate --now      after a key has leaked")]
    Rotate {
        /// For a key that leaked: sign with the new one in twenty seconds. Services that keep a copy of the published
        /// keys may refuse its first tokens until they fetch them anew
        #[arg(long)]
        now: bool,
    },
    /// Take a key away at once: tokens it signed are refused by this service from then on
    ///
    /// The key that signs cannot be retired: rotate first (for a key that leaked: rotate --now), and retire the old one
    /// forty seconds later. Nobody is logged out by it; clients get a new access token by their refresh token.
    #[command(after_help = "Example:
  phone-auth keys retire P9ZGEIE4ypCGwrCWeKTEyssln6_OE7OBCzNf4kq3gqg")]
    Retire {
        /// Which key, as `keys list` names it
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// What can be done with events and those who are told of them.
///
/// All of it works beside a running service, also on its embedded database.
#[derive(Debug, clap::Subcommand)]
pub enum Events {
    /// Show events, the newest first, each once for each endpoint
    ///
    /// Reads only.
    #[command(after_help = "Examples:
  phone-auth events list --state failed
  phone-auth events list --limit 1000 --json")]
    List {
        /// Only those in this state
        #[arg(long, value_parser = state, value_name = "waiting|held|delivered|failed|unaddressed")]
        state: Option<State>,
        /// How many lines, at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=10_000))]
        limit: u16,
        /// One JSON array, for programs
        #[arg(long)]
        json: bool,
    },
    /// Show the endpoints that `WEBHOOK_URLS` has named: their numbers, and how much waits for each
    ///
    /// Reads only.
    #[command(after_help = "Example:
  phone-auth events endpoints")]
    Endpoints {
        /// One JSON array, for programs
        #[arg(long)]
        json: bool,
    },
    /// Begin the attempts anew, the first at once; repeats carry the same webhook-id
    #[command(after_help = "Examples:
  phone-auth events retry --failed
  phone-auth events retry --endpoint 2
  phone-auth events retry 01a1fd61-d8e3-7763-a62d-713c4ecdc184")]
    Retry(EventsRetry),
}

/// What is to be told anew: one of them.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct EventsRetry {
    /// This event, to every endpoint that did not take it yet
    #[arg(value_name = "EVENT_ID")]
    pub event: Option<Uuid>,
    /// Everything whose last attempt failed
    #[arg(long)]
    pub failed: bool,
    /// Everything that this endpoint did not take, and start the endpoint again if it has ended
    #[arg(long, value_name = "NUMBER")]
    pub endpoint: Option<i32>,
}

fn state(text: &str) -> Result<State, String> {
    let known = State::ALL.into_iter().find(|state| state.as_str() == text);
    known.ok_or_else(|| "it is waiting, held, delivered, failed or unaddressed".to_owned())
}
