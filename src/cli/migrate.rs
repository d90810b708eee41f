//! `phone-auth migrate`.

use anyhow::Context;
use serde::Serialize;

use super::{
    deployment::with_tables,
    output::{Progress, say, say_json},
};
use crate::{
    config::Config,
    store::{Database, Step},
};

/// What was carried out, and what is still to be.
#[derive(Default, Serialize)]
struct Shown {
    applied: Vec<String>,
    pending: Vec<String>,
}

/// Brings the database to this version, or tells what that would take.
///
/// # Errors
///
/// A sentence for the operator.
pub fn run(config: &Config, dry_run: bool, json: bool) -> anyhow::Result<()> {
    with_tables(config, async |database| {
        // Reached as patiently as at a start.
        drop(database.first_connection().await.context("DATABASE_URL")?);
        if dry_run { list(&database, json).await } else { migrate(&database, json).await }
    })
}

async fn list(database: &Database, json: bool) -> anyhow::Result<()> {
    let pending = database.pending_migrations().await.context("DATABASE_URL")?;
    if json {
        return say_json(&Shown { pending, ..Shown::default() });
    }
    pending.iter().try_for_each(|name| say(&format!("pending  {name}")))?;
    say(&match pending.len() {
        0 => "The database is of this version.".to_owned(),
        count => format!("{count} pending; nothing was changed."),
    })
}

async fn migrate(database: &Database, json: bool) -> anyhow::Result<()> {
    let (progress, mut applied) = (Progress::new(), Vec::new());
    let mut told = Ok(());
    let tell = |name: &str, step| match step {
        Step::Begun => progress.at(name),
        Step::Done => {
            progress.at("");
            applied.push(name.to_owned());
            // Whether somebody reads it or not, what was begun is brought to its end.
            if !json && told.is_ok() {
                told = say(&format!("applied  {name}"));
            }
        }
    };
    let done = database.migrate_and_tell(tell).await.context("DATABASE_URL");
    drop(progress);
    done?;
    told?;
    if json {
        return say_json(&Shown { applied, ..Shown::default() });
    }
    say(&match applied.len() {
        0 => "The database is of this version already.".to_owned(),
        count => format!("{count} applied: the database is of this version."),
    })
}
