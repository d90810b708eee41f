use chrono::{DateTime, SecondsFormat, Utc};

use crate::domain::EventId;

/// What an endpoint is told: the same bytes in each attempt.
pub struct Message {
    /// `webhook-id`.
    pub id: String,
    /// JSON: `type`, `timestamp`, `data`.
    pub body: String,
}

impl Message {
    /// Tells of an event of type `event_type`; `data` is JSON as the database
    /// writes it, which is one text for one value.
    #[must_use]
    pub fn new(event: EventId, event_type: &str, occurred_at: DateTime<Utc>, data: &str) -> Self {
        let timestamp = occurred_at.to_rfc3339_opts(SecondsFormat::Micros, true);
        // Put together by hand, for the order of members is a part of the bytes; a type has no letter to escape.
        let body = format!(r#"{{"type":"{event_type}","timestamp":"{timestamp}","data":{data}}}"#);
        Self { id: event.to_string(), body }
    }
}
