use diesel::{
    QueryResult,
    result::{DatabaseErrorKind, Error::DatabaseError},
    sql_types::Bool,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

/// For how long PostgreSQL lends the service a connection, in the words of `PgBouncer`'s `pool_mode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum PoolMode {
    /// Until the service gives it back: PostgreSQL itself, or a pooler that does not share sessions.
    #[default]
    Session,
    /// For one transaction: what is set in a session may meet anybody.
    Transaction,
}

/// What every session needs:
///
/// * Time-outs shorter than this side waits (connection.rs): what is given up here was given up there, and nothing of
///   it kept.
/// * Plans for a few rows, which is what every statement here reads: the planner of a kept plan does not know that, and
///   at a million invited would call parallel workers and a compiler for a page of them.
/// * A commit that is not told before it is on disk, whatever the default of the database is: a crash must not give
///   tries back. More than that the default may ask for.
/// * English, for what diesel has no name for is known by its text (database.rs). Only a superuser may choose the
///   language, and nearly every database speaks it anyway.
const SET: &str = "
    SET statement_timeout = '800ms'; SET lock_timeout = '600ms'; SET idle_in_transaction_session_timeout = '5s';
    SET max_parallel_workers_per_gather = 0; SET jit = off;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
    SELECT set_config('lc_messages', 'C', false) WHERE current_setting('is_superuser') = 'on'";

/// Whether somebody else has set what [`SET`] would.
const IS_SET: &str = "
    current_setting('statement_timeout')::interval BETWEEN '1ms' AND '800ms'
    AND current_setting('lock_timeout')::interval BETWEEN '1ms' AND '600ms'
    AND current_setting('idle_in_transaction_session_timeout')::interval BETWEEN '1ms' AND '5s'
    AND current_setting('max_parallel_workers_per_gather') = '0' AND NOT current_setting('jit')::boolean
    AND current_setting('synchronous_commit') <> 'off'";

/// What is said where it was not.
const NOT_SET: &str = "behind a pooler that lends connections by the transaction the role must bring its settings, \
    see \"Behind PgBouncer\" in docs/OPERATIONS.md; once, as the owner of the database: \
    ALTER ROLE <role> SET statement_timeout = '800ms'; ALTER ROLE <role> SET lock_timeout = '600ms'; \
    ALTER ROLE <role> SET idle_in_transaction_session_timeout = '5s'; \
    ALTER ROLE <role> SET max_parallel_workers_per_gather = 0; ALTER ROLE <role> SET jit = off; \
    ALTER ROLE <role> SET synchronous_commit = on; then let the pooler connect anew (RECONNECT)";

impl PoolMode {
    /// Makes a new connection wait, plan and commit as the service needs it, in one round trip.
    ///
    /// # Errors
    ///
    /// The database's, and [`NOT_SET`].
    pub(super) async fn prepare(self, conn: &mut AsyncPgConnection) -> QueryResult<()> {
        match self {
            Self::Session => conn.batch_execute(SET).await,
            Self::Transaction
                if diesel::select(diesel::dsl::sql::<Bool>(IS_SET)).get_result(conn).await? =>
            {
                Ok(())
            }
            Self::Transaction => Err(DatabaseError(DatabaseErrorKind::Unknown, Box::new(NOT_SET.to_owned()))),
        }
    }
}
