use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// What happens without being asked for.
#[derive(Debug)]
pub struct Jobs {
    failures: Family<[(&'static str, &'static str); 1], Counter>,
    /// Forgetting what has expired.
    pub purge: Job,
    /// Following the signing keys.
    pub keys: Job,
    /// Sharing out events to those who are told of them.
    pub webhooks: Job,
}

impl Default for Jobs {
    fn default() -> Self {
        let failures = Family::<[(&'static str, &'static str); 1], Counter>::default();
        let job = |name| Job {
            name,
            succeeded_at: AtomicI64::new(i64::MIN),
            failures: failures.get_or_create_owned(&[("task", name)]),
        };
        let (purge, keys, webhooks) = (job("purge"), job("keys"), job("webhooks"));
        Self { failures, purge, keys, webhooks }
    }
}

impl Jobs {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("job_failures", "Rounds of a job that failed", self.failures.clone());
    }

    /// How long ago each that has begun did its work last, at `now`.
    pub fn ages(&self, now: DateTime<Utc>) -> impl Iterator<Item = (&'static str, TimeDelta)> {
        let jobs = [&self.purge, &self.keys, &self.webhooks];
        jobs.into_iter().filter_map(move |job| Some((job.name, job.age(now)?)))
    }
}

/// One of them.
#[derive(Debug)]
pub struct Job {
    name: &'static str,
    /// In microseconds since 1970; the smallest: it has not begun.
    succeeded_at: AtomicI64,
    failures: Counter,
}

impl Job {
    /// It runs from `now` on: one that never does its work grows old as well.
    pub fn begins(&self, now: DateTime<Utc>) {
        self.succeeded_at.store(now.timestamp_micros(), Ordering::Relaxed);
    }

    /// A round was done, or failed.
    pub fn note<T, E>(&self, round: &Result<T, E>, now: DateTime<Utc>) {
        match round {
            Ok(_) => self.begins(now),
            Err(_) => {
                self.failures.inc();
            }
        }
    }

    fn age(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let succeeded_at = self.succeeded_at.load(Ordering::Relaxed);
        (succeeded_at != i64::MIN)
            .then(|| TimeDelta::microseconds(now.timestamp_micros() - succeeded_at).max(TimeDelta::zero()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_grows_older_until_a_round_is_done_and_one_that_does_not_run_has_no_age() {
        let (jobs, start) = (Jobs::default(), DateTime::UNIX_EPOCH);
        let ages = |seconds| jobs.ages(start + TimeDelta::seconds(seconds)).collect::<Vec<_>>();
        assert_eq!(ages(0), []);
        jobs.purge.begins(start);
        jobs.purge.note::<(), ()>(&Err(()), start + TimeDelta::seconds(3));
        assert_eq!(ages(5), [("purge", TimeDelta::seconds(5))]);
        jobs.purge.note::<(), ()>(&Ok(()), start + TimeDelta::seconds(5));
        assert_eq!(ages(6), [("purge", TimeDelta::seconds(1))]);
        assert_eq!(ages(4), [("purge", TimeDelta::zero())], "a clock that was set back");
        assert_eq!(jobs.purge.failures.get(), 1);
    }
}
