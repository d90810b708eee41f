use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};

use crate::{domain::UserId, store::referrals::Position};

/// Writes a position in the list of invited users as a text that clients need
/// not understand: microseconds and user, in base64url.
#[must_use]
pub fn encode(position: Position) -> String {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&position.invited_at.timestamp_micros().to_be_bytes());
    bytes[8..].copy_from_slice(position.invitee.0.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads what [`encode`] wrote.
#[must_use]
pub fn decode(text: &str) -> Option<Position> {
    let bytes: [u8; 24] = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let (micros, invitee) = bytes.split_at(8);
    let invited_at = DateTime::<Utc>::from_timestamp_micros(i64::from_be_bytes(micros.try_into().ok()?))?;
    // PostgreSQL's time starts in 4713 BC; no row is older than this service.
    (invited_at >= DateTime::UNIX_EPOCH)
        .then_some(Position { invited_at, invitee: UserId(uuid::Uuid::from_slice(invitee).ok()?) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_went(micros in 0..4_000_000_000_000_000_i64, id: u128) {
            let invited_at = DateTime::from_timestamp_micros(micros).unwrap();
            let position = Position { invited_at, invitee: UserId(uuid::Uuid::from_u128(id)) };
            prop_assert_eq!(decode(&encode(position)), Some(position));
        }

        // The pattern of `cursor` in the API document.
        #[test]
        fn whatever_the_document_allows_is_a_position(text in "A[A-Za-z0-9_-]{31}") {
            prop_assert!(decode(&text).is_some());
        }

        #[test]
        fn any_other_text_is_no_cursor_or_a_position_after_1970(text in "[A-Za-z0-9_=-]{0,40}") {
            if let Some(position) = decode(&text) {
                prop_assert!(position.invited_at >= DateTime::UNIX_EPOCH);
            }
        }
    }
}
