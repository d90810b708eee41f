//! How a command ends.

use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Why a command did not do what it was asked for, where a script wants to tell: each has an exit code of its own.
///
/// Everything else that goes wrong ends with 1, and what clap cannot read with 2.
#[derive(Debug, thiserror::Error)]
pub enum Ending {
    /// What was named is not there.
    #[error("{0}")]
    NotFound(String),
    /// It was not confirmed, so nothing was changed.
    #[error("{0}")]
    Refused(String),
    /// `doctor` found a problem.
    #[error("{0}")]
    Unsound(String),
    /// The instance is not ready.
    #[error("{0}")]
    Unhealthy(String),
    /// What was to be told could not be written: it counts as not done, for nobody has it.
    #[error("standard output cannot be written")]
    Output(#[source] io::Error),
    /// Whoever read has read enough, as `head` does; that is their choice.
    #[error("nobody reads any more")]
    ReaderLeft,
}

impl Ending {
    /// The exit codes besides 0, 1 and 2, as `docs/commands.md` has them.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::ReaderLeft => 0,
            Self::Output(_) => 1,
            Self::NotFound(_) => 3,
            Self::Refused(_) => 4,
            Self::Unsound(_) => 5,
            Self::Unhealthy(_) => 6,
        }
    }
}

/// Tells what failed, and then why, and gives the exit code for it.
#[must_use]
pub fn end(error: &anyhow::Error) -> ExitCode {
    let ending = error.downcast_ref::<Ending>();
    if !matches!(ending, Some(Ending::ReaderLeft)) {
        // The whole chain: what failed, then why.
        let _ = writeln!(io::stderr(), "phone-auth: {error:#}");
    }
    ending.map_or(ExitCode::FAILURE, |ending| ExitCode::from(ending.code()))
}
