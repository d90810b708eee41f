//! The operator's commands: each tells people what it did, or programs in JSON.
//!
//! `docs/commands.md` is their reference, and a test holds it to what is here.

pub mod completions;
mod deployment;
pub mod doctor;
mod ending;
pub mod events;
pub mod guess_bound;
pub mod healthcheck;
pub mod keys;
pub mod migrate;
mod output;
pub mod postman;
pub mod referrals;
mod selection;
pub mod sessions;
pub mod sms;
pub mod users;

pub use self::{
    ending::{Ending, end},
    output::say,
};
use crate::server;

/// Prints the API document.
///
/// # Errors
///
/// When it cannot be written as JSON, or not at all.
pub fn openapi() -> anyhow::Result<()> {
    say(&server::document().to_pretty_json()?)
}
