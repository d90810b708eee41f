//! What happens without being asked for.

pub mod keys;
pub mod purge;
pub mod webhooks;
