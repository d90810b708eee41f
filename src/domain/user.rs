use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::{NoContext, Timestamp, Uuid};

/// Declares an identifier: a UUID of version 7 (RFC 9562, section 5.7), so
/// that rows made together lie together in their index.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Draws an identifier for something made at `now`.
            #[must_use]
            pub fn random(now: DateTime<Utc>) -> Self {
                let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
                Self(Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos())))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

identifier! {
    /// Which user.
    UserId
}
identifier! {
    /// Which login: `sid` in the tokens.
    SessionId
}
identifier! {
    /// Which challenge: its `jti` (RFC 7519, section 4.1.7).
    ChallengeId
}
identifier! {
    /// Which device somebody was logged in on.
    DeviceId
}

identifier! {
    /// Which event: `webhook-id` wherever it is told.
    EventId
}

impl ChallengeId {
    /// When it was drawn, in whole milliseconds: it is part of the identifier.
    #[must_use]
    pub fn drawn_at(self) -> DateTime<Utc> {
        let (seconds, nanos) = self.0.get_timestamp().map_or((0, 0), |timestamp| timestamp.to_unix());
        DateTime::from_timestamp(seconds.try_into().unwrap_or_default(), nanos)
            .unwrap_or(DateTime::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_made_later_sort_later() {
        let now = DateTime::UNIX_EPOCH;
        assert!(UserId::random(now).0 < UserId::random(now + chrono::Duration::seconds(1)).0);
    }
}
