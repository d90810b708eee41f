//! Who and what the examples of the API document speak of: one story, told from all sides.
//!
//! Ada was invited by a friend and logged in for the first time on the 21st of November 2026, at 8:15. On the 22nd
//! and 23rd two people activated her code; on the 24th, when most answers are given, she holds her phone.

/// Ada's number.
pub const ADA: &str = "+79991234567";
/// The number she changes to.
pub const ADAS_NEXT: &str = "+79997654321";
/// The code of the friend who invited her.
pub const FRIENDS_CODE: &str = "H3NP8X";
/// Ada's PIN, and the one before.
pub const PIN: &str = "271828";
/// The PIN before.
pub const OLD_PIN: &str = "314159";
/// The code of the message.
pub const CODE: &str = "0042";
/// What Ada calls her phone.
pub const DEVICE_NAME: &str = "Ada's phone";
/// What was sent along with the code; shortened.
pub const CHALLENGE: &str =
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwidHlwIjoib3RwK2p3ZSJ9..c2FtcGxl.c2FtcGxl.c2FtcGxl";
/// What a device is known again by; shortened.
pub const DEVICE: &str =
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwidHlwIjoiZHZjK2p3ZSJ9..c2FtcGxl.c2FtcGxl.c2FtcGxl";
/// The refresh token of the login.
pub const REFRESH: &str =
    "eyJhbGciOiJIUzI1NiIsImtpZCI6IjU0ZDgiLCJ0eXAiOiJydCtqd3QifQ.eyJnZW4iOjB9.c2lnbmF0dXJl";
/// What it is traded for.
pub const NEXT_REFRESH: &str =
    "eyJhbGciOiJIUzI1NiIsImtpZCI6IjU0ZDgiLCJ0eXAiOiJydCtqd3QifQ.eyJnZW4iOjF9.c2lnbmF0dXJl";
/// The request in the logs.
pub const TRACE: &str = "01a20e84-c540-7f02-8c6d-93b1e4a7d510";
