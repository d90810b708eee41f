use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

/// So many failures …
const FAILURES: usize = 5;
/// … within this time …
const WINDOW: TimeDelta = TimeDelta::seconds(30);
/// … out of no more than so many answers let a provider rest …
const ANSWERS: u64 = 50;
/// … for this long.
const REST: TimeDelta = TimeDelta::seconds(30);

/// Whether a provider is asked at all.
///
/// After a rest one message goes to it, and what comes of that decides.
///
/// Five failures in thirty seconds are an outage where ten messages go out and
/// noise where ten thousand do: they count only while they are at least one in ten.
#[derive(Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    /// How many answers there were, good or bad.
    answers: u64,
    /// The last failures, the oldest first: when, and the how manieth answer each was.
    failures: VecDeque<(DateTime<Utc>, u64)>,
    rest: Option<Rest>,
}

#[derive(Clone, Copy)]
struct Rest {
    until: DateTime<Utc>,
    /// Whether it is over, and a message is on its way to find out.
    is_tried: bool,
}

/// What is worth telling operators of a provider.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It rests from now on.
    Rests,
    /// It is asked again.
    Works,
}

impl Breaker {
    /// May the provider be asked; `patience` is how long an answer may take.
    ///
    /// # Errors
    ///
    /// After how long it may.
    pub fn admit(&self, now: DateTime<Utc>, patience: TimeDelta) -> Result<(), TimeDelta> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.rest {
            None => Ok(()),
            Some(rest) if now < rest.until => Err(rest.until - now),
            // Whoever finds out may get lost; then the next one does.
            Some(_) => {
                state.rest = Some(Rest { until: now + patience, is_tried: true });
                Ok(())
            }
        }
    }

    /// Notes an answer that came, or did not, `now`; gives what is to be told of it.
    pub fn note(&self, has_failed: bool, now: DateTime<Utc>) -> Option<Change> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.answers += 1;
        match (has_failed, state.rest) {
            (false, rest) => {
                state.rest = None;
                rest.map(|_| Change::Works)
            }
            // One that was asked before the rest began.
            (true, Some(Rest { is_tried: false, .. })) => None,
            (true, Some(_)) => {
                state.rest = Some(Rest { until: now + REST, is_tried: false });
                None
            }
            (true, None) => {
                let answers = state.answers;
                state.failures.push_back((now, answers));
                if state.failures.len() > FAILURES {
                    state.failures.pop_front();
                }
                let (since, first) = *state.failures.front()?;
                let is_out = now - since <= WINDOW && answers - first < ANSWERS;
                if state.failures.len() < FAILURES || !is_out {
                    return None;
                }
                state.failures.clear();
                state.rest = Some(Rest { until: now + REST, is_tried: false });
                Some(Change::Rests)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: TimeDelta = TimeDelta::seconds(5);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    /// One that failed five times, the last time at second 0.
    fn resting() -> Breaker {
        let breaker = Breaker::default();
        for second in -4..0 {
            assert_eq!(breaker.note(true, at(second)), None);
        }
        assert_eq!(breaker.note(true, at(0)), Some(Change::Rests));
        breaker
    }

    #[test]
    fn five_failures_in_thirty_seconds_are_followed_by_thirty_seconds_of_rest() {
        let breaker = resting();
        assert_eq!(breaker.admit(at(1), PATIENCE), Err(TimeDelta::seconds(29)));
        assert_eq!(breaker.admit(at(29), PATIENCE), Err(TimeDelta::seconds(1)));
        assert_eq!(breaker.admit(at(30), PATIENCE), Ok(()));
    }

    #[test]
    fn five_failures_in_thirty_one_seconds_are_not() {
        let breaker = Breaker::default();
        for second in [0, 10, 20, 30, 31, 41, 51] {
            assert_eq!(breaker.note(true, at(second)), None, "{second}");
            assert_eq!(breaker.admit(at(second), PATIENCE), Ok(()));
        }
    }

    #[test]
    fn what_is_taken_in_between_does_not_hide_an_outage_but_one_failure_in_ten_is_none() {
        for (taken, expected) in [(10, Some(Change::Rests)), (13, None)] {
            let breaker = Breaker::default();
            let mut told = None;
            for _ in 0..5 {
                told = breaker.note(true, at(0));
                for _ in 0..taken {
                    assert_eq!(breaker.note(false, at(0)).filter(|_| told.is_none()), None);
                }
            }
            assert_eq!(told, expected, "{taken}");
        }
    }

    #[test]
    fn after_the_rest_one_message_finds_out() {
        let breaker = resting();
        assert_eq!(breaker.admit(at(30), PATIENCE), Ok(()));
        assert_eq!(breaker.admit(at(31), PATIENCE), Err(TimeDelta::seconds(4)));
        assert_eq!(breaker.note(true, at(32)), None);
        assert_eq!(breaker.admit(at(61), PATIENCE), Err(TimeDelta::seconds(1)));
        assert_eq!(breaker.admit(at(62), PATIENCE), Ok(()));
        assert_eq!(breaker.note(false, at(63)), Some(Change::Works));
        assert_eq!(breaker.admit(at(63), PATIENCE), Ok(()));
        // And five more failures are needed again.
        assert_eq!(breaker.note(true, at(63)), None);
        assert_eq!(breaker.admit(at(63), PATIENCE), Ok(()));
    }

    #[test]
    fn one_that_finds_out_and_gets_lost_is_followed_by_another() {
        let breaker = resting();
        assert_eq!(breaker.admit(at(30), PATIENCE), Ok(()));
        assert_eq!(breaker.admit(at(35), PATIENCE), Ok(()));
    }

    #[test]
    fn failures_of_messages_that_were_under_way_do_not_make_the_rest_longer() {
        let breaker = resting();
        assert_eq!(breaker.note(true, at(4)), None);
        assert_eq!(breaker.admit(at(30), PATIENCE), Ok(()));
    }
}
