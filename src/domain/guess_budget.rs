//! The numbers that bound guessing. They are promises, not settings.

use super::OtpLength;

/// How many codes may be tried on one challenge: 3, or 2 from eight digits on.
#[must_use]
pub const fn attempts_per_challenge(length: OtpLength) -> i16 {
    if length.digits() < 8 { 3 } else { 2 }
}
