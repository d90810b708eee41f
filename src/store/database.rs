use std::{sync::Arc, time::Duration};

use deadpool::managed::Timeouts;
use diesel::result::DatabaseErrorKind;
use diesel_async::{
    AsyncPgConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool, PoolError},
    },
};
use secrecy::SecretString;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Instrument;

use super::{Job, Leadership, PoolMode, connect::Connector, connection::Connection, migrations::Step};
use crate::instruments::Connections;

/// The oldest major version of PostgreSQL that the service runs on.
pub const OLDEST: i32 = 14;
/// A connection is made, or waited for, no longer than this: what waits longer is told 503.
const PATIENCE: Duration = Duration::from_millis(500);
/// At start a database may be farther away, or waking up.
pub(super) const FIRST_PATIENCE: Duration = Duration::from_secs(5);

/// A connection lent by the pool; it goes back when dropped.
pub type PooledConnection = Object<Connection>;

/// Where the tables are.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Settings {
    /// PostgreSQL 14 or newer, as a URL; unset: an embedded PostgreSQL is started
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,
    /// Connections kept to the database, 1 to 1000
    #[arg(long, env = "DATABASE_POOL_SIZE", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub database_pool_size: u16,
    /// transaction: behind a pooler that lends connections by the transaction, as `PgBouncer` may be told to;
    /// the role must then bring its settings, and `phone-auth migrate` bring the tables up to date
    #[arg(long, env = "DATABASE_POOL_MODE", value_enum, default_value_t)]
    pub database_pool_mode: PoolMode,
}

/// What can go wrong between the service and its database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL cannot be read; it is not shown, for it has a password.
    #[error("not a URL of the form postgres://user:password@host/database")]
    Url,
    /// The TLS library could not be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No connection was to be had, or it broke: worth another try later.
    #[error("the database cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A statement took longer than it may, or stood in the way of another: worth another try later.
    #[error("the database did not carry out a statement in time")]
    Late(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database refused a statement: a defect of ours.
    #[error("the database refused a statement")]
    Refused(#[source] diesel::result::Error),
    /// A row does not hold what the types promise.
    #[error("a row of {0} is not what it should be")]
    Corrupt(&'static str),
    /// The database is not one this service can use.
    #[error("the database is PostgreSQL {0}; version 14 or newer is needed")]
    TooOld(String),
    /// The tables are not of this version, and no session is to be had in which they could be changed.
    #[error(
        "its tables are not of this version, and cannot be brought up to date through a pooler: run phone-auth migrate with DATABASE_URL naming PostgreSQL itself and without DATABASE_POOL_MODE"
    )]
    Outdated,
    /// The tables could not be brought to this version.
    #[error("the migrations failed")]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::Error::{BrokenTransactionManager, DatabaseError};
        match error {
            BrokenTransactionManager
            | DatabaseError(
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::ReadOnlyTransaction,
                _,
            ) => Self::Unreachable(error.into()),
            DatabaseError(DatabaseErrorKind::Unknown, ref information)
                if begins_with(information.message(), &GOING) =>
            {
                Self::Unreachable(error.into())
            }
            DatabaseError(DatabaseErrorKind::Unknown, ref information)
                if begins_with(information.message(), &LATE) =>
            {
                Self::Late(error.into())
            }
            refused => Self::Refused(refused),
        }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        Self::Unreachable(error.into())
    }
}

/// How PostgreSQL says that it is stopping or starting (SQLSTATE class 57P).
const GOING: [&str; 2] = ["terminating connection", "the database system is"];
/// How it says that a statement took too long (57014) or stood in the way of
/// another (40P01): nothing of this one is kept.
const LATE: [&str; 2] = ["canceling statement due to", "deadlock detected"];

/// diesel passes on the message but not the code; the messages are matched in
/// English, which `connect` asks for.
fn begins_with(message: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| message.starts_with(beginning))
}

/// A connection, and the place in the queue that goes with it.
pub struct Queued {
    /// The connection.
    pub connection: PooledConnection,
    _permit: OwnedSemaphorePermit,
}

/// A wait, as traces show it.
fn wait(queue: &'static str) -> tracing::Span {
    tracing::info_span!(target: "traces", "database.wait", phone_auth.queue = queue)
}

/// The pool of connections.
#[derive(Clone)]
pub struct Database {
    pool: Pool<Connection>,
    queue: Arc<Semaphore>,
    pub(super) connector: Arc<Connector>,
    instruments: Connections,
}

/// How many connections there are.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// At most.
    pub max: usize,
    /// Lent.
    pub in_use: usize,
    /// Kept, and lent to nobody.
    pub idle: usize,
}

impl Database {
    /// Prepares a pool of `size` connections to `url`; connects only when used.
    /// `mode` is that of a pooler of others in between.
    ///
    /// # Errors
    ///
    /// [`StoreError::Url`] or [`StoreError::Tls`].
    pub fn new(url: &SecretString, size: u16, mode: PoolMode) -> Result<Self, StoreError> {
        let connector = Arc::new(Connector::new(url, mode)?);
        let mut config = ManagerConfig::default();
        // The default asks the database at each checkout whether it is there: one more round trip.
        config.recycling_method = RecyclingMethod::Fast;
        let of_pool = Arc::clone(&connector);
        config.custom_setup = Box::new(move |_| {
            let connector = Arc::clone(&of_pool);
            Box::pin(async move { connector.connect().await.map(Connection::from) })
        });
        // The connector knows the URL; the manager need not.
        let manager = AsyncDieselConnectionManager::new_with_config("", config);
        let pool = Pool::builder(manager)
            .max_size(usize::from(size))
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| StoreError::Unreachable(error.into()))?;
        let queue = Arc::new(Semaphore::new(usize::from(size - size / 4)));
        Ok(Self { pool, queue, connector, instruments: Connections::default() })
    }

    /// Lends a connection, waiting for one at most half a second.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreachable`] when none came free or could be made.
    pub async fn connection(&self) -> Result<PooledConnection, StoreError> {
        let waiting = self.instruments.for_connection();
        let got = self.pool.get().instrument(wait("connection")).await;
        waiting.ended(got.is_ok());
        Ok(got?)
    }

    /// Lends a connection to one of many who may come at once, waiting as long
    /// as `turn`. A quarter of the connections is never lent so, for whoever
    /// waits less patiently.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreachable`] when none came free or could be made.
    pub async fn queue_for_connection(&self, turn: Duration) -> Result<Queued, StoreError> {
        let waiting = self.instruments.for_turn();
        let acquired = Arc::clone(&self.queue).acquire_owned().instrument(wait("turn"));
        let permit = tokio::time::timeout(turn, acquired).await;
        waiting.ended(permit.is_ok());
        let permit = permit.map_err(|late| StoreError::Unreachable(late.into()))?;
        let permit = permit.map_err(|closed| StoreError::Unreachable(closed.into()))?;
        Ok(Queued { connection: self.connection().await?, _permit: permit })
    }

    /// What is counted of the connections.
    #[must_use]
    pub fn instruments(&self) -> &Connections {
        &self.instruments
    }

    /// How many connections there are at this moment.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let status = self.pool.status();
        let idle = status.available.min(status.size);
        Usage { max: status.max_size, in_use: status.size - idle, idle }
    }

    /// Lends the first connection, which may take five seconds to be made.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreachable`] when it was not made.
    pub async fn first_connection(&self) -> Result<PooledConnection, StoreError> {
        let patient = Timeouts { create: Some(FIRST_PATIENCE), ..self.pool.timeouts() };
        Ok(self.pool.timeout_get(&patient).await?)
    }

    /// Makes a connection outside the pool, which may take five seconds.
    pub(super) async fn own_connection(&self) -> Result<AsyncPgConnection, StoreError> {
        let connected = tokio::time::timeout(FIRST_PATIENCE, self.connector.connect()).await;
        let connected = connected.map_err(|late| StoreError::Unreachable(late.into()))?;
        connected.map_err(|error| StoreError::Unreachable(error.into()))
    }

    /// Takes the lead over `job`, on a connection of its own; none: another instance has it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when no connection was to be had.
    pub async fn lead(&self, job: Job) -> Result<Option<Leadership>, StoreError> {
        Leadership::take(self.own_connection().await?, job).await
    }

    /// Brings the tables to this version, one instance at a time. Behind a pooler by the transaction there is no
    /// connection to do so on; there the tables are only looked at.
    ///
    /// # Errors
    ///
    /// [`StoreError::Outdated`], or those of [`Database::migrate_and_tell`].
    pub async fn migrate(&self) -> Result<(), StoreError> {
        if self.connector.mode == PoolMode::Transaction {
            drop(self.first_connection().await?);
            return if self.is_current().await? { Ok(()) } else { Err(StoreError::Outdated) };
        }
        let tell = |name: &str, step| {
            if step == Step::Done {
                tracing::info!(migration = name, "migration applied");
            }
        };
        self.migrate_and_tell(tell).await
    }
}
