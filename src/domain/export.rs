use chrono::TimeDelta;

use super::Limit;

/// Exports of one account: ten at once, and ten a day.
pub const EXPORTS: Limit = Limit::new(10, TimeDelta::minutes(144));
