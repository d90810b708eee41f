//! The operator's commands: each tells people what it did, or programs in JSON.

pub mod events;
pub mod guess_bound;
pub mod keys;
pub mod postman;

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, bail};
use secrecy::SecretString;

use crate::{
    config::Config,
    embedded::{self, EmbeddedError, EmbeddedPostgres},
    server,
    store::{Connection, Database, PoolMode},
    telemetry,
    token::Tokens,
};

/// Prints the API document.
///
/// # Errors
///
/// When it cannot be written as JSON.
pub fn openapi() -> anyhow::Result<()> {
    say(&server::document().to_pretty_json()?);
    Ok(())
}

/// Writes a line for whoever reads; a closed pipe is their choice.
pub fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Asks before what cannot be undone.
fn confirm(question: &str, yes: bool) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        bail!("{question} There is nobody to ask: say --yes if that is meant");
    }
    let _ = write!(io::stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim().eq_ignore_ascii_case("y") || answer.trim().eq_ignore_ascii_case("yes") {
        Ok(())
    } else {
        bail!("nothing was changed")
    }
}

/// Does `work` with the database of the deployment and under its root secrets.
fn with_database<T>(
    config: &Config,
    work: impl AsyncFnOnce(&mut Connection, Tokens) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    with_connection(config, async |conn| {
        let mut token = config.token.clone();
        token.root_secret = Some(config.present_root_secret()?);
        // No command issues tokens, so nobody is their issuer.
        work(conn, Tokens::new(&token, "", "")?).await
    })
}

/// Does `work` with the database of the deployment.
///
/// The embedded one is started for it, unless a service is running on it.
fn with_connection<T>(
    config: &Config,
    work: impl AsyncFnOnce(&mut Connection) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    config.check()?;
    if config.store.database_pool_mode == PoolMode::Transaction {
        bail!(
            "commands talk to PostgreSQL itself: set DATABASE_URL to its address, and DATABASE_POOL_MODE to session"
        );
    }
    // What is done is told by the command itself; what is to be found out later is told here.
    telemetry::start("warn", config.log_format()).map_err(anyhow::Error::msg)?;
    let (url, started) = match config.database_url() {
        Some(url) => (url.clone(), None),
        None => embedded_url(config)?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        let database = Database::new(&url, 2, PoolMode::Session).context("DATABASE_URL")?;
        let mut conn = database.first_connection().await.context("DATABASE_URL")?;
        if !database.is_current().await.context("DATABASE_URL")? {
            bail!("the database is not of this version: start the service once, which brings it up to date");
        }
        conn.wait_longer().await?;
        work(&mut conn).await
    });
    drop(runtime);
    if let Some(postgres) = started {
        postgres.stop()?;
    }
    done
}

fn embedded_url(config: &Config) -> anyhow::Result<(SecretString, Option<EmbeddedPostgres>)> {
    let settings = embedded::Settings { data_dir: config.data_dir()?, bin_dir: config.pg_bin_dir.clone() };
    if !embedded::has_database(&settings) {
        let folder = settings.data_dir.display();
        bail!(
            "there is no database in {folder} yet: start the service once, or set DATABASE_URL or DATA_DIR"
        );
    }
    match EmbeddedPostgres::start(&settings, &[]) {
        Ok(postgres) => Ok((postgres.url(embedded::NAME).into(), Some(postgres))),
        Err(EmbeddedError::InUse { folder, .. }) => {
            Ok((EmbeddedPostgres::url_in(&folder, embedded::NAME).into(), None))
        }
        Err(error) => Err(error.into()),
    }
}
