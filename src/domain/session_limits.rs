//! How many sessions there may be.

/// How many sessions one user has at most; a further login takes the place of the oldest.
pub const SESSIONS_PER_USER: i32 = 10;
