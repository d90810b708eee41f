//! The binary itself: started, told things by its environment, stopped and killed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; clippy sees no tests in helpers")]

mod audit;
mod collector;
mod commands;
mod doctor;
mod embedded;
mod guess_bound;
mod healthcheck;
mod keys;
mod logs;
mod memory;
mod metrics;
mod migrate;
mod proxies;
#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "../support/receiver.rs"]
mod receiver;
mod referrals;
mod roles;
mod service;
mod sessions;
mod settings;
mod shared;
mod slow_clients;
mod sms;
mod stopping;
mod tls;
mod traces;
mod users;
mod webhooks;
