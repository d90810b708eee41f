//! A service of its own for each test, and people who use it.

pub mod app;
mod cluster;
mod database;
mod instances;
mod operation;
mod postgres;
mod raw;
mod user;

pub use app::{Answer, ROOT_SECRET, TestApp, another_code};
pub use cluster::new_database;
pub use operation::Operation;
pub use postgres::OwnPostgres;
pub use user::TestUser;
