//! The API through HTTP, on a real PostgreSQL, one database per test.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at any surprise; clippy sees that only in functions marked as tests"
)]

mod challenge;
mod dev_inbox;
mod jobs;
mod login;
mod logout;
mod phone;
mod races;
mod refresh;
mod settings;
mod support;
mod verify;
