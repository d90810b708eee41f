//! What the server tells of itself, for `phone-auth doctor`. Nothing is written.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Bool, Integer, Text, Timestamptz};
use diesel_async::RunQueryDsl;

use super::{Connection, StoreError, statement::statement};

/// The oldest major version that the service runs on.
pub use super::database::OLDEST;

/// The server, and a connection as the service has it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact that the server tells")]
pub struct Inspection {
    /// As `16.4`.
    pub version: String,
    /// Its major version.
    pub major: i32,
    /// What time it is there.
    pub now: DateTime<Utc>,
    /// Whether it is a standby, which takes no writes.
    pub is_in_recovery: bool,
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
    /// Whether it stays on this machine: a socket, or a loopback address.
    pub is_local: bool,
    /// Who connects.
    pub role: String,
    /// Whether nothing is forbidden to that role.
    pub is_superuser: bool,
    /// Whether what was committed survives a crash.
    pub durability: Durability,
    /// In which language errors are told on this connection.
    pub lc_messages: String,
    /// How long a statement may take on this connection, in milliseconds; 0: for ever.
    pub statement_timeout: i64,
    /// The same for the wait for a lock.
    pub lock_timeout: i64,
    /// The same for a transaction in which nothing happens.
    pub idle_in_transaction_timeout: i64,
    /// What a connection gets for `statement_timeout` that sets nothing.
    pub default_statement_timeout: i64,
    /// How many connections the server takes from this role.
    pub room_for_connections: i32,
    /// How many there are, of everybody.
    pub connections: i64,
}

/// What a crash takes.
#[derive(Debug, Clone)]
pub struct Durability {
    /// Whether writes reach the disk.
    pub fsync: bool,
    /// Whether a torn page is mended.
    pub full_page_writes: bool,
    /// On this connection; the service switches it on where it is off.
    pub synchronous_commit: String,
}

statement! {
    /// `unit`s of time-outs are milliseconds. Names without a schema, so that a test can put a clock in place of the
    /// server's.
    Inspect { nothing: i32 => Integer } -> (
        (Text, Integer, Timestamptz, Bool, Bool, Bool, Text, Bool),
        (Bool, Bool, Text, Text),
        (BigInt, BigInt, BigInt, BigInt, Integer, BigInt),
    )
    "SELECT current_setting('server_version'), current_setting('server_version_num')::integer / 10000,
            clock_timestamp(), pg_is_in_recovery(),
            coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
            inet_server_addr() IS NULL OR inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1',
            session_user::text, current_setting('is_superuser') = 'on',
            current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on',
            current_setting('synchronous_commit'), current_setting('lc_messages'),
            (SELECT setting::bigint FROM pg_settings WHERE name = 'statement_timeout'),
            (SELECT setting::bigint FROM pg_settings WHERE name = 'lock_timeout'),
            (SELECT setting::bigint FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'),
            (SELECT reset_val::bigint FROM pg_settings WHERE name = 'statement_timeout'),
            least(current_setting('max_connections')::integer - $1
                      - CASE WHEN current_setting('is_superuser') = 'on' THEN 0
                             ELSE current_setting('superuser_reserved_connections')::integer END,
                  (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = session_user),
                  (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())),
            (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
}

statement! {
    /// Of each table and function only whether it is there for this role; what is in it nobody looks at.
    InspectRights { nothing: i32 => Integer } -> (Bool, Text)
    "SELECT $1 = 0 AND current_setting('transaction_read_only') = 'on', coalesce(string_agg(name, ', '), '')
     FROM (
         SELECT tablename::text FROM pg_tables
         WHERE schemaname = current_schema() AND tablename <> '__diesel_schema_migrations' AND NOT (
             has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')
             AND has_table_privilege(format('%I.%I', schemaname, tablename), 'INSERT')
             AND has_table_privilege(format('%I.%I', schemaname, tablename), 'UPDATE')
             AND has_table_privilege(format('%I.%I', schemaname, tablename), 'DELETE'))
         UNION ALL
         SELECT proname::text FROM pg_proc
         WHERE pronamespace = to_regnamespace(current_schema()) AND NOT has_function_privilege(oid, 'EXECUTE')
         ORDER BY 1
     ) forbidden (name)"
}

/// What the role of the service may do with what is there.
#[derive(Debug, Clone)]
pub struct Rights {
    /// Whether transactions begin as readers.
    pub is_read_only: bool,
    /// Tables and functions that it may not use, as a list for people; empty: none.
    pub forbidden: String,
}

/// Asks what this role may do.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn rights(conn: &mut Connection) -> Result<Rights, StoreError> {
    let (is_read_only, forbidden) = InspectRights { nothing: 0 }.get_result(conn).await?;
    Ok(Rights { is_read_only, forbidden })
}

/// Asks the server.
///
/// # Errors
///
/// [`StoreError`] when the database refuses.
pub async fn inspect(conn: &mut Connection) -> Result<Inspection, StoreError> {
    type Server = (String, i32, DateTime<Utc>, bool, bool, bool, String, bool);
    type Kept = (bool, bool, String, String);
    type Bounds = (i64, i64, i64, i64, i32, i64);
    let (server, kept, bounds): (Server, Kept, Bounds) = Inspect { nothing: 0 }.get_result(conn).await?;
    let (version, major, now, is_in_recovery, is_encrypted, is_local, role, is_superuser) = server;
    let (fsync, full_page_writes, synchronous_commit, lc_messages) = kept;
    let (statement_timeout, lock_timeout, idle_in_transaction_timeout, ..) = bounds;
    let (.., default_statement_timeout, room_for_connections, connections) = bounds;
    Ok(Inspection {
        version,
        major,
        now,
        is_in_recovery,
        is_encrypted,
        is_local,
        role,
        is_superuser,
        durability: Durability { fsync, full_page_writes, synchronous_commit },
        lc_messages,
        statement_timeout,
        lock_timeout,
        idle_in_transaction_timeout,
        default_statement_timeout,
        room_for_connections,
        connections,
    })
}
