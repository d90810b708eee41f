use uuid::Uuid;

use crate::{domain::guess_budget::SecurityProfile, store::events::State};

/// What the binary can do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Run the service (the default)
    Serve,
    /// List, rotate and retire the keys that sign access tokens
    #[command(subcommand)]
    Keys(Keys),
    /// Show what happened and who was told of it; tell anew what was not taken
    #[command(subcommand)]
    Events(Events),
    /// Print the OpenAPI document
    Openapi,
    /// Print the Postman collection, as in `postman_collection.json`
    Postman,
    /// Print how likely a guessed code is to succeed, at most, under these settings
    GuessBound {
        /// Of this profile instead of the one set
        #[arg(long, value_name = "default|strict")]
        profile: Option<SecurityProfile>,
    },
}

/// What can be done with the signing keys.
///
/// All of it works beside a running service, also on its embedded database.
#[derive(Debug, clap::Subcommand)]
pub enum Keys {
    /// Show every key: which signs, which will, which still verifies
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
    Endpoints {
        /// One JSON array, for programs
        #[arg(long)]
        json: bool,
    },
    /// Begin the attempts anew, the first at once; repeats carry the same webhook-id
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
