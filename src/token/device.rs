//! Device tokens: somebody was logged in on this device, and it may ask for a
//! code in a lane of its own.

use chrono::{DateTime, TimeDelta, Utc, serde::ts_seconds};
use serde::{Deserialize, Serialize};

use super::{
    InvalidToken, TokenError, Tokens, is_alive,
    jose::Envelope,
    keys::{Salt, SealingKey},
    lifetime,
};
use crate::domain::{DeviceId, UserId, guess_budget::DEVICE_DAYS};

/// 192 bytes hold two identifiers and two times.
const ENVELOPE: Envelope<192> = Envelope::new("dvc+jwe", "device", SealingKey::LASTING_KID);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    device: DeviceId,
    sub: UserId,
    #[serde(with = "ts_seconds")]
    iat: DateTime<Utc>,
    #[serde(with = "ts_seconds")]
    exp: DateTime<Utc>,
}

impl Tokens {
    /// Makes the token of `device`, on which `user` logged in at `now`: good
    /// for 180 days, if the database still knows the device.
    ///
    /// # Errors
    ///
    /// Fails only when the cryptography does.
    pub fn seal_device(
        &self,
        device: DeviceId,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<String, TokenError> {
        let (iat, exp) = lifetime(now, TimeDelta::days(DEVICE_DAYS));
        let claims = Claims { device, sub: user, iat, exp };
        ENVELOPE.seal(self.0.roots.lasting(), Salt::random(), &claims)
    }

    /// Opens the token of a device at `now`. Whether the device is still
    /// trusted, and for which phone, the database knows.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`] for whatever is not a device token of ours that is
    /// alive at `now`.
    pub fn open_device(&self, token: &str, now: DateTime<Utc>) -> Result<DeviceId, InvalidToken> {
        let opened = ENVELOPE.open::<Claims>(token, self.0.roots.live_lasting()).ok_or(InvalidToken)?;
        let Claims { device, iat, exp, sub: _ } = opened.claims;
        if is_alive(iat, exp, DEVICE_DAYS * 86_400, now) { Ok(device) } else { Err(InvalidToken) }
    }
}
