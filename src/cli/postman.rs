use super::say;
use crate::{postman, server};

/// Prints the Postman collection.
///
/// # Errors
///
/// When the API document lacks what the collection is told of.
pub fn print() -> anyhow::Result<()> {
    say(&serde_json::to_string_pretty(&postman::collection(&server::document())?)?);
    Ok(())
}
