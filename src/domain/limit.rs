use chrono::TimeDelta;

/// So many at once, and one more after each `every`: a leaky bucket, counted
/// as the generic cell rate algorithm does (ITU-T I.371, annex A).
///
/// The database keeps one moment for each: how far it lies ahead of now, in
/// units of `every`, is how much of the burst is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many at once: at least one.
    pub burst: i32,
    /// After how long one more: above zero.
    pub every: TimeDelta,
}

impl Limit {
    /// `burst` at once, then one each `every`.
    #[must_use]
    pub const fn new(burst: i32, every: TimeDelta) -> Self {
        Self { burst, every }
    }

    /// Whether one more fits, the stored moment being `ahead` of now.
    #[must_use]
    pub fn has_room(self, ahead: TimeDelta) -> bool {
        ahead.max(TimeDelta::zero()) + self.every <= self.every * self.burst
    }

    /// The most that fit into any stretch of time as long as `window`.
    #[must_use]
    pub fn most_within(self, window: TimeDelta) -> i64 {
        i64::from(self.burst) + window.num_milliseconds() / self.every.num_milliseconds().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_has_room_until_its_burst_is_used() {
        let limit = Limit::new(3, TimeDelta::hours(8));
        for (ahead, room) in [(-90, true), (0, true), (16, true), (17, false), (24, false)] {
            assert_eq!(limit.has_room(TimeDelta::hours(ahead)), room, "{ahead} hours ahead");
        }
    }

    #[test]
    fn a_window_fits_the_burst_and_what_comes_back_meanwhile() {
        let limit = Limit::new(3, TimeDelta::hours(8));
        for (hours, most) in [(0, 3), (7, 3), (8, 4), (24, 6)] {
            assert_eq!(limit.most_within(TimeDelta::hours(hours)), most, "{hours} hours");
        }
    }
}
