//! The binary itself: started, told things by its environment, stopped and killed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; clippy sees no tests in helpers")]

mod audit;
mod embedded;
mod guess_bound;
mod keys;
mod logs;
mod memory;
mod metrics;
mod proxies;
#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "../support/receiver.rs"]
mod receiver;
mod roles;
mod service;
mod settings;
mod shared;
mod slow_clients;
mod stopping;
mod tls;
mod webhooks;
