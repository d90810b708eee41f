use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;

use super::Limit;

/// The largest picture that is taken, in bytes.
pub const MOST_BYTES: usize = 2 * 1024 * 1024;
/// The largest picture that is decoded, in pixels.
pub const MOST_PIXELS: u64 = 25_000_000;
/// The longest side of a picture that is decoded, in pixels: that of a JPEG.
pub const LONGEST_SIDE: u32 = 65_535;
/// The sides of an avatar, in pixels.
pub const SIDE: u32 = 256;
/// Pictures that one user sends, for each of them costs up to a second of a core.
pub const UPLOADS: Limit = Limit::new(20, TimeDelta::minutes(5));

/// Which avatar: the SHA-256 of its bytes, base64url in its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvatarHash(pub [u8; 32]);

/// What was given is no digest.
#[derive(Debug, thiserror::Error)]
#[error("must be 32 bytes")]
pub struct AvatarHashError;

impl fmt::Display for AvatarHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for AvatarHash {
    type Err = AvatarHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| AvatarHashError)?.try_into()
    }
}

impl TryFrom<Vec<u8>> for AvatarHash {
    type Error = AvatarHashError;

    fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self).map_err(|_| AvatarHashError)
    }
}
