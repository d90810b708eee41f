//! `/api/v1/profile`.

mod conditions;
mod delete;
mod phone;
mod read;
mod refuse;
mod write;

const PROFILE: &str = "/api/v1/profile";
