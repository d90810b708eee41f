use chrono::{DateTime, TimeDelta, Utc};

/// For how long nothing may fail until an endpoint is said to work again. One
/// that takes some events and not others is told of once.
const QUIET: TimeDelta = TimeDelta::minutes(5);

/// What is worth telling operators of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It begins to fail.
    Fails,
    /// It takes events, and has not failed for five minutes.
    Works,
}

/// How it goes with an endpoint.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// When it failed last, if it was not said to work since.
    failed_at: Option<DateTime<Utc>>,
}

impl Health {
    /// Notes an attempt that ended `now`; gives what is to be told of it.
    pub(super) fn note(&mut self, has_failed: bool, now: DateTime<Utc>) -> Option<Change> {
        match (has_failed, self.failed_at) {
            (true, before) => {
                self.failed_at = Some(now);
                before.is_none().then_some(Change::Fails)
            }
            (false, Some(failed_at)) if now - failed_at >= QUIET => {
                self.failed_at = None;
                Some(Change::Works)
            }
            (false, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_that_fails_now_and_then_is_told_of_once_in_five_minutes() {
        let start: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().unwrap();
        let mut health = Health::default();
        let told: Vec<_> = (0..60_000)
            .filter_map(|tick| health.note(tick % 20 == 0, start + TimeDelta::milliseconds(tick * 10)))
            .collect();
        assert_eq!(told, [Change::Fails]);
        let last_failure = start + TimeDelta::milliseconds(599_800);
        assert_eq!(health.note(false, last_failure + QUIET - TimeDelta::milliseconds(1)), None);
        assert_eq!(health.note(false, last_failure + QUIET), Some(Change::Works));
        assert_eq!(health.note(false, last_failure + QUIET), None);
        assert_eq!(health.note(true, last_failure + QUIET), Some(Change::Fails));
    }
}
