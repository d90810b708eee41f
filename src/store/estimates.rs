//! How large tables are, as PostgreSQL itself keeps count of it.

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, statement::statement};

/// How many rows there are, as of the last look of autovacuum; none: it has not looked yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimates {
    /// Rows of `users`, those of deleted accounts among them.
    pub users: Option<i64>,
    /// Rows of `sessions`, those that have run out since the last purge among them.
    pub sessions: Option<i64>,
}

statement! {
    /// One row of the catalogue, however many there are of the table.
    EstimateRows<'a> { table: &'a str => Text } -> (Nullable<BigInt>)
    "SELECT nullif(reltuples, -1)::bigint FROM pg_class WHERE oid = to_regclass($1)"
}

/// Reads both.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn read(conn: &mut Connection) -> Result<Estimates, StoreError> {
    let (users,) = EstimateRows { table: "users" }.get_result(conn).await?;
    let (sessions,) = EstimateRows { table: "sessions" }.get_result(conn).await?;
    Ok(Estimates { users, sessions })
}
