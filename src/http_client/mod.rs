//! Requests of ours to servers of others: endpoints of webhooks, SMS providers,
//! collectors of traces.

mod connector;
mod failure;
mod reach;
mod retry_after;

use std::time::Duration;

pub use self::{
    connector::{Client, client},
    failure::{LATE, why},
    retry_after::retry_after,
};

/// `User-Agent` of what we ask for.
pub const WHO: &str = concat!("phone-auth/", env!("CARGO_PKG_VERSION"));

/// What a client keeps to.
pub struct Options {
    /// How long a connection may take to be made: the name found, TLS included.
    pub connect: Duration,
    /// After how long connections that nothing is sent on are closed.
    pub idle: Duration,
    /// Whether names and addresses may lead into private networks and to this machine.
    pub allows_private: bool,
}
