//! `/api/v1/profile`.

mod avatar;
mod avatar_files;
mod avatar_races;
mod conditions;
mod delete;
mod export;
mod phone;
mod read;
mod refuse;
mod write;

const PROFILE: &str = "/api/v1/profile";
