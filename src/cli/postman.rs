use super::output::say_json;
use crate::{postman, server};

/// Prints the Postman collection.
///
/// # Errors
///
/// When the API document lacks what the collection is told of.
pub fn print() -> anyhow::Result<()> {
    say_json(&postman::collection(&server::document())?)
}
