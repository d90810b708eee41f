//! The API through HTTP, on a real PostgreSQL, one database per test.

mod login;
mod support;
