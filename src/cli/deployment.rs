//! The database and the root secrets of the deployment that a command is for.

use anyhow::{Context, bail};
use secrecy::SecretString;

use crate::{
    config::Config,
    embedded::{self, EmbeddedError, EmbeddedPostgres},
    store::{Connection, Database, PoolMode},
    telemetry,
    token::Tokens,
};

/// How many connections a command has at the most.
const POOL: u16 = 2;

/// The keys that the root secrets of this deployment make; none is made up.
pub(super) fn tokens(config: &Config) -> anyhow::Result<Tokens> {
    let mut token = config.token.clone();
    token.root_secret = Some(config.present_root_secret()?);
    // No command issues tokens, so nobody is their issuer.
    Ok(Tokens::new(&token, "", "")?)
}

/// Does `work` with the database of the deployment and under its root secrets.
pub(super) fn with_database<T>(
    config: &Config,
    work: impl AsyncFnOnce(&mut Connection, Tokens) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    with_connection(config, async |conn| work(conn, tokens(config)?).await)
}

/// Does `work` with the database of the deployment.
///
/// The embedded one is started for it, unless a service is running on it.
pub(super) fn with_connection<T>(
    config: &Config,
    work: impl AsyncFnOnce(&mut Connection) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    with_tables(config, async |database| {
        let mut conn = database.first_connection().await.context("DATABASE_URL")?;
        if !database.is_current().await.context("DATABASE_URL")? {
            bail!(
                "the database is not of this version: phone-auth migrate, or a start of the service, brings it up to date"
            );
        }
        conn.wait_longer().await?;
        work(&mut conn).await
    })
}

/// Does `work` with the database of the deployment, of whatever version its tables are.
pub(super) fn with_tables<T>(
    config: &Config,
    work: impl AsyncFnOnce(Database) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    config.check()?;
    tell_warnings(config)?;
    let place = Place::of(config)?;
    let done = place
        .run(async |url| work(Database::new(url, POOL, PoolMode::Session).context("DATABASE_URL")?).await);
    place.leave()?;
    done
}

/// What is done is told by the command itself; what is to be found out later is told in the log.
pub(super) fn tell_warnings(config: &Config) -> anyhow::Result<()> {
    telemetry::start("warn", config.log_format()).map_err(anyhow::Error::msg)
}

/// Where the database is, and the server if it was started for a command.
pub(super) struct Place {
    url: SecretString,
    started: Option<EmbeddedPostgres>,
}

impl Place {
    pub(super) fn of(config: &Config) -> anyhow::Result<Self> {
        if config.store.database_pool_mode == PoolMode::Transaction {
            bail!(
                "commands talk to PostgreSQL itself: set DATABASE_URL to its address, and DATABASE_POOL_MODE to session"
            );
        }
        if let Some(url) = config.database_url() {
            return Ok(Self { url: url.clone(), started: None });
        }
        let settings =
            embedded::Settings { data_dir: config.data_dir()?, bin_dir: config.pg_bin_dir.clone() };
        if !embedded::has_database(&settings) {
            let folder = settings.data_dir.display();
            bail!(
                "there is no database in {folder} yet: start the service once, or set DATABASE_URL or DATA_DIR"
            );
        }
        match EmbeddedPostgres::start(&settings, &[]) {
            Ok(postgres) => Ok(Self { url: postgres.url(embedded::NAME).into(), started: Some(postgres) }),
            Err(EmbeddedError::InUse { folder, .. }) => {
                Ok(Self { url: EmbeddedPostgres::url_in(&folder, embedded::NAME).into(), started: None })
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn run<T>(
        &self,
        work: impl AsyncFnOnce(&SecretString) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        // Migrations block a thread, so there are several.
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(work(&self.url))
    }

    /// A server that was started for the command is stopped.
    pub(super) fn leave(self) -> anyhow::Result<()> {
        if let Some(postgres) = self.started {
            postgres.stop()?;
        }
        Ok(())
    }
}
