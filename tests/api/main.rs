//! The API through HTTP, on a real PostgreSQL, one database per test.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at any surprise; clippy sees that only in functions marked as tests"
)]

mod challenge;
mod client;
mod delivery;
mod dev_inbox;
mod devices;
mod documents;
mod ended_sessions;
mod failures;
mod guesses;
mod jobs;
mod keys;
mod login;
mod logout;
mod metrics;
mod outage;
mod phone;
mod pin;
mod pin_login;
mod pin_races;
mod pin_release;
mod profile;
mod races;
#[path = "../support/receiver.rs"]
mod receiver;
mod referral;
mod refresh;
mod refresh_cookie;
mod refresh_model;
mod request_id;
mod schema;
mod sends;
mod session_races;
mod sessions;
mod settings;
mod sms;
#[path = "../support/mod.rs"]
mod support;
mod texts;
mod ui;
mod verify;
mod webhooks;
mod well_known;
