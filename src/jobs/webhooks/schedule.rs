use chrono::TimeDelta;
use rand::RngExt;

/// How long to wait after the first attempt, the second, and so on: the
/// schedule that Standard Webhooks recommends, three days in all.
const WAITS: [TimeDelta; 9] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
    TimeDelta::hours(14),
    TimeDelta::hours(20),
    TimeDelta::hours(24),
];
/// However long an endpoint asks to be left alone.
const LONGEST: TimeDelta = TimeDelta::hours(24);
/// By how much a wait is lengthened at most, so that what failed together does not come back together.
const JITTER: f64 = 0.2;

/// How long to wait after the `attempt`th attempt, from one, failed: as long as
/// the schedule says, or as the endpoint `asked` if that is longer; none: no
/// attempt follows.
pub(super) fn after(attempt: i16, asked: Option<TimeDelta>) -> Option<TimeDelta> {
    let wait = *WAITS.get(usize::try_from(attempt).ok()?.checked_sub(1)?)?;
    let wait = wait.max(asked.unwrap_or_default().min(LONGEST));
    // Never sooner: an endpoint may have asked for exactly this.
    Some(lengthened(wait, rand::rng().random_range(0.0..=JITTER)))
}

fn lengthened(wait: TimeDelta, by: f64) -> TimeDelta {
    let whole = wait.to_std().unwrap_or_default();
    TimeDelta::from_std(whole.mul_f64(1.0 + by)).unwrap_or(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_waits_grow_from_five_seconds_to_a_day_and_are_lengthened_by_a_fifth_at_most() {
        let seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        for (attempt, seconds) in (1..).zip(seconds) {
            let wait = TimeDelta::seconds(seconds);
            let drawn: Vec<_> = (0..100).map(|_| after(attempt, None).unwrap()).collect();
            assert!(drawn.iter().all(|drawn| *drawn >= wait && *drawn <= wait * 6 / 5), "{drawn:?}");
            assert!(drawn.iter().max().unwrap() > drawn.iter().min().unwrap(), "there is no jitter");
        }
        assert_eq!(after(10, None), None);
        assert_eq!(after(11, None), None);
    }

    #[test]
    fn an_endpoint_can_ask_for_more_time_and_not_for_less() {
        let asked = |seconds| after(1, Some(TimeDelta::seconds(seconds))).unwrap();
        assert!((TimeDelta::seconds(100)..=TimeDelta::seconds(120)).contains(&asked(100)));
        assert!(asked(1) >= TimeDelta::seconds(5));
        assert!(asked(1_000_000) <= LONGEST * 6 / 5);
        assert_eq!(after(10, Some(TimeDelta::seconds(100))), None, "it does not add attempts");
    }
}
