//! Attacks on the running service, by HTTP, on a real PostgreSQL.
//!
//! Each test is one way to get at more guesses or more messages than there
//! should be, and states how many there are. The numbers stand here once more,
//! and are not taken from the service: a test that asks the service what is
//! right finds it right.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at any surprise; clippy sees that only in functions marked as tests"
)]

mod countries;
mod day;
mod deadlocks;
mod devices;
mod durability;
mod enumeration;
mod failing_closed;
mod foreign_tokens;
mod forged_headers;
mod forged_tokens;
mod hoarding;
mod ipv6;
mod lanes;
mod network_quota;
mod number_quota;
mod parallel;
mod phone_change;
mod pins;
mod refunds;
mod resending;
mod spellings;
mod spraying;
#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "../support/mod.rs"]
mod support;
mod token_matrix;
mod token_mutations;
mod token_places;
mod tools;
mod trust;
mod verify_quota;
