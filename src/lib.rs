//! Sign-in by phone number.
//!
//! A person gives a phone number, gets a short code by SMS, types it, and is
//! in. The code is stored nowhere: the phone step answers with a *challenge*,
//! an encrypted token that only this service can open and that carries a keyed
//! digest of the code; the verify step opens it, counts the attempt in
//! PostgreSQL before it compares anything, and issues tokens. So any instance
//! can finish what another began, and what must be remembered is a counter.
//!
//! # Rooms
//!
//! * words: [`domain`], values that cannot be wrong;
//! * tools, which do not know each other: [`store`], [`token`], [`picture`], [`sms`],
//!   [`webhooks`] and [`webhook_signature`], [`http_client`], [`embedded`], [`telemetry`], [`instruments`], [`places`],
//!   [`connections`] and [`clock`],
//!   and [`postman`], which makes a collection of the API document;
//!   [`audit`], what is told of them for later, and [`custody`], the keys between database
//!   and tokens;
//! * the edge, what every request meets: [`http`]; and [`codes`], the way of a code
//!   to a phone and back, which two features share;
//! * features, what a caller can ask for, one endpoint a file: [`auth`],
//!   [`profile`], [`sessions`], [`referral`], [`well_known`], [`health`],
//!   [`docs`], [`ui`], [`problem_pages`], [`dev_inbox`]; [`metrics`], what operators' programs ask for; and [`jobs`],
//!   what happens without being asked for;
//! * assembly: [`config`], [`state`], [`startup`], [`server`], [`cli`], and the binary.
//!
//! Which room may name which is in `docs/ARCHITECTURE.md`;
//! `tests/architecture.rs` holds them to it.

pub mod audit;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod codes;
pub mod config;
pub mod connections;
pub mod custody;
pub mod dev_inbox;
pub mod docs;
pub mod domain;
pub mod embedded;
pub mod health;
pub mod http;
pub mod http_client;
pub mod instruments;
pub mod jobs;
pub mod metrics;
pub mod picture;
pub mod places;
pub mod postman;
pub mod problem_pages;
pub mod profile;
pub mod referral;
pub mod server;
pub mod sessions;
pub mod sms;
pub mod startup;
pub mod state;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod ui;
pub mod webhook_signature;
pub mod webhooks;
pub mod well_known;
