//! The tables: one file each, functions that take a connection.
//!
//! The database keeps the promises. What must happen once is a constraint or
//! a single conditional statement, never a read followed by a write; the
//! comment at a query names the constraint it leans on.

pub mod accounts;
pub mod avatars;
pub mod challenges;
mod connect;
mod connection;
mod database;
pub mod deliveries;
pub mod devices;
pub mod estimates;
pub mod events;
pub mod exports;
pub mod guard_keys;
pub mod guards;
pub mod inspection;
mod leadership;
pub mod limits;
pub mod logins;
mod migrations;
pub mod phone_change;
pub mod pins;
mod pool_mode;
pub mod profiles;
pub mod referrals;
pub mod retries;
mod schema;
pub mod sends;
pub mod sessions;
pub mod signing_keys;
mod statement;
pub mod tombstones;
pub mod users;
pub mod webhook_endpoints;

pub use connection::Connection;
pub use database::{Database, PooledConnection, Settings, StoreError, Usage};
pub use leadership::{Job, Leadership};
pub use migrations::Step;
pub use pool_mode::PoolMode;

/// How many rows a statement that purges deletes, at most: it has to end long before its time-out.
const SLICE: i64 = 2_000;
