//! The edge: what every request meets before and after its feature.

pub mod asset;
pub mod bearer;
mod body;
pub mod client;
pub mod cursor;
mod examples;
pub mod fallback;
pub mod json;
pub mod middleware;
pub mod openapi;
mod parameters;
pub mod problem;
pub mod problem_kinds;
mod problem_sources;
pub mod profile;
pub mod query;
pub mod refresh_cookie;
pub mod upload;
