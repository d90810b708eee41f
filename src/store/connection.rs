use std::{future::Future, time::Duration, vec};

use diesel::{
    ConnectionResult, QueryResult,
    connection::{CacheSize, Instrumentation},
    pg::Pg,
    query_builder::{AsQuery, QueryFragment, QueryId},
    result::{DatabaseErrorKind, Error::DatabaseError},
};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::PoolableConnection,
};
use futures_util::{StreamExt, future::BoxFuture, stream};
use tracing::Instrument;

/// How long the database may take for one answer.
const LIMIT: Duration = Duration::from_millis(900);
/// How long an operator waits for one.
const OPERATORS_LIMIT: Duration = Duration::from_mins(1);

/// A connection that waits for each answer of the database not quite a second.
///
/// `statement_timeout` bounds what PostgreSQL works on; this is for a database
/// that does not answer at all, because it is frozen or the network is cut.
/// Whether such a statement was carried out is unknown, and its answer may
/// still come: the connection answers nothing more, and the pool drops it.
pub struct Connection {
    inner: AsyncPgConnection,
    limit: Duration,
    given_up: bool,
}

impl Connection {
    /// Lets each statement take a minute from now on, for operators, who look at more than a request does.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn wait_longer(&mut self) -> QueryResult<()> {
        self.batch_execute("SET statement_timeout = '55s'; SET lock_timeout = '50s'").await?;
        self.limit = OPERATORS_LIMIT;
        Ok(())
    }
}

impl From<AsyncPgConnection> for Connection {
    fn from(inner: AsyncPgConnection) -> Self {
        Self { inner, limit: LIMIT, given_up: false }
    }
}

/// A statement, as traces show it: by the name it has here, if it has one, and never by its SQL.
fn step<T>() -> tracing::Span {
    tracing::info_span!(
        target: "traces", "database.statement",
        db.system.name = "postgresql", db.query.summary = name(std::any::type_name::<T>()),
    )
}

/// `sends::AdmitSend` of `phone_auth::store::sends::AdmitSend<'_>`; what diesel puts together has no name.
fn name(type_name: &'static str) -> &'static str {
    let name = type_name.strip_prefix("phone_auth::store::");
    name.and_then(|name| name.split('<').next()).unwrap_or("query")
}

/// Awaits `answer` for as long as it may take; after that, this and every later one is given up.
async fn within_limit<T>(
    given_up: &mut bool,
    limit: Duration,
    answer: impl Future<Output = QueryResult<T>>,
) -> QueryResult<T> {
    if !*given_up && let Ok(result) = tokio::time::timeout(limit, answer).await {
        return result;
    }
    *given_up = true;
    let late = "the database did not answer in time".to_owned();
    Err(DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(late)))
}

impl SimpleAsyncConnection for Connection {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        within_limit(&mut self.given_up, self.limit, self.inner.batch_execute(query)).await
    }
}

impl AsyncConnectionCore for Connection {
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Self::Stream<'conn, 'query>>>;
    /// All rows, for an answer is complete only with its last one.
    type Stream<'conn, 'query> = stream::Iter<vec::IntoIter<QueryResult<Self::Row<'conn, 'query>>>>;
    type Row<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        let rows = self.inner.load(source);
        let answer = async { Ok(stream::iter(rows.await?.collect::<Vec<_>>().await)) };
        Box::pin(within_limit(&mut self.given_up, self.limit, answer).instrument(step::<T>()))
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        let answer = self.inner.execute_returning_count(source);
        Box::pin(within_limit(&mut self.given_up, self.limit, answer).instrument(step::<T>()))
    }
}

impl AsyncConnection for Connection {
    type TransactionManager = AnsiTransactionManager;

    async fn establish(url: &str) -> ConnectionResult<Self> {
        AsyncPgConnection::establish(url).await.map(Self::from)
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        self.inner.transaction_state()
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.inner.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.inner.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.inner.set_prepared_statement_cache_size(size);
    }
}

impl PoolableConnection for Connection {
    fn is_broken(&mut self) -> bool {
        self.given_up || self.inner.is_broken()
    }
}
