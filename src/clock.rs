use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Duration, TimeZone, Utc};

/// The only reader of the wall clock.
///
/// Each request asks it once and hands the answer down; tests turn a
/// [`Clock::Manual`] instead of sleeping.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The time of the system.
    #[default]
    System,
    /// A time that stands still until it is turned.
    Manual(ManualClock),
}

impl Clock {
    /// Now, in whole microseconds: what PostgreSQL stores is what was meant.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
            Self::System => microseconds(Utc::now().timestamp_micros()),
            Self::Manual(clock) => microseconds(clock.micros.load(Ordering::SeqCst)),
        }
    }

    /// What counters in the database take for now: none means its own time,
    /// which all instances share; a manual clock takes its place.
    #[must_use]
    pub fn for_counters(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::System => None,
            Self::Manual(_) => Some(self.now()),
        }
    }
}

/// A hand-turned clock; clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock {
    micros: Arc<AtomicI64>,
}

impl ManualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: DateTime<Utc>) -> Self {
        Self { micros: Arc::new(AtomicI64::new(start.timestamp_micros())) }
    }

    /// Turns the clock on by `step`, which may be negative.
    pub fn advance(&self, step: Duration) {
        self.micros.fetch_add(step.num_microseconds().unwrap_or_default(), Ordering::SeqCst);
    }
}

/// The moment `micros` microseconds after 1970-01-01T00:00:00Z.
fn microseconds(micros: i64) -> DateTime<Utc> {
    Utc.timestamp_micros(micros).single().unwrap_or(DateTime::UNIX_EPOCH)
}
