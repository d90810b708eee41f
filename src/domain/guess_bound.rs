//! What the numbers of the guess budget amount to: how likely a guess is to
//! succeed, at most. `phone-auth guess-bound` prints it, a start is refused by
//! it, and the metrics show it.

use std::fmt;

use chrono::TimeDelta;

use super::{
    guess_budget::{self, Ladder, Rung, attempts_per_challenge},
    send_limits,
};

const DAY: TimeDelta = TimeDelta::days(1);
const YEAR: TimeDelta = TimeDelta::days(365);
/// Days in a year after the first.
const LATER_DAYS: i32 = 364;
/// How many phones are sprayed in the example of a spray.
const SPRAYED: i64 = 100_000;

/// The settings that a bound depends on.
#[derive(Clone, Copy, Debug)]
pub struct Premises {
    /// How long codes are.
    pub ladder: Ladder,
    /// Codes sent to strangers on a day at the most; none when nothing limits
    /// sending: then nothing bounds the guesses at long codes either.
    pub sends_per_day: Option<i32>,
}

/// One kind of attack and what it can gain at most.
#[derive(Clone, Debug)]
pub struct Bound {
    /// A name for programs, in snake case.
    pub name: &'static str,
    /// The attack in words.
    pub attack: &'static str,
    /// Guesses and their lengths: what the bound is the sum of.
    pub guesses: Vec<Guesses>,
    /// Over how many days the sum is spread: above one only for an average.
    days: i32,
}

/// So many guesses at codes of so many digits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guesses {
    /// How many are compared at most; none: nothing bounds them.
    pub count: Option<i64>,
    /// How many digits the codes have.
    pub digits: u8,
}

/// The expected number of right ones among `guesses`: above the probability of one.
fn expected(guesses: &[Guesses]) -> f64 {
    let each = guesses.iter().map(|Guesses { count, digits }| {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 guesses")]
        let count = count.map_or(f64::INFINITY, |count| count as f64);
        count / 10_f64.powi((*digits).into())
    });
    each.sum()
}

impl Bound {
    /// The expected number of accounts taken, and for one phone the
    /// probability that it is: infinite when nothing bounds it.
    #[must_use]
    pub fn value(&self) -> f64 {
        expected(&self.guesses) / f64::from(self.days)
    }
}

/// How many accounts an attacker who guesses everywhere can expect in a year.
#[must_use]
pub fn accounts_per_year(premises: &Premises) -> f64 {
    expected(&deployment(premises))
}

/// The probability that an attacker who never stops gets into one given phone within a year.
#[must_use]
pub fn per_year(premises: &Premises) -> f64 {
    expected(&phone(premises, YEAR))
}

/// Every attack that has a bound.
#[must_use]
pub fn bounds(premises: &Premises) -> Vec<Bound> {
    let bound = |name, attack, guesses| Bound { name, attack, guesses, days: 1 };
    let (first_day, year) = (phone(premises, DAY), phone(premises, YEAR));
    let later = year.iter().zip(&first_day).map(|(year, day)| Guesses {
        count: year.count.zip(day.count).map(|(year, day)| year - day),
        ..*year
    });
    vec![
        bound("phone_first_day", "one phone, first day", first_day.clone()),
        Bound {
            days: LATER_DAYS,
            ..bound("phone_later_day", "one phone, a later day on average", later.collect())
        },
        bound("phone_year", "one phone, a year without pause", year),
        bound("stolen_device_year", "one phone, a year with a stolen device token", stolen_device(premises)),
        bound("spray", "100,000 phones in a day, one guess each", spray(premises)),
        bound("deployment_year", "the whole deployment, a year at full budget", deployment(premises)),
    ]
}

/// What is promised for one phone, in a sentence.
#[must_use]
pub fn guarantee(premises: &Premises) -> String {
    let (day, year) = (expected(&phone(premises, DAY)), per_year(premises));
    if year.is_finite() {
        format!(
            "an attacker with any number of addresses gets into one given phone with a probability of at most \
             {day:.2e} on the first day and {year:.2e} in a year without pause, and into {:.2} accounts of the whole \
             deployment in a year",
            accounts_per_year(premises)
        )
    } else {
        "nothing bounds how many codes are sent, and so nothing bounds guessing (SEND_LIMITS=off)".to_owned()
    }
}

/// Every bound under `premises`, with its arithmetic, as a table for a terminal.
#[must_use]
pub fn report(premises: &Premises) -> String {
    let rungs = [Rung::Short, Rung::Medium, Rung::Long].into_iter();
    let lengths: Vec<_> = rungs
        .filter_map(|rung| premises.ladder.length_on(rung))
        .map(|length| format!("{length} (at most {} tries each)", attempts_per_challenge(length)))
        .collect();
    let table: Vec<_> = bounds(premises).iter().map(ToString::to_string).collect();
    format!(
        "Digits of a code, as guessing goes on: {}.\n\n\
         {:<46}{:>10}  = guesses x probability of each\n{}\n\n\
         For one phone the figure is a probability, for many the expected number of accounts taken.\n\
         Attackers are taken to have any number of addresses and never to stop; every send that can be given\n\
         back is counted as if an attacker had it. docs/SECURITY.md explains each number.",
        lengths.join(", then "),
        "attack",
        "at most",
        table.join("\n"),
    )
}

/// What strangers can try on one phone within `window`.
fn phone(premises: &Premises, window: TimeDelta) -> Vec<Guesses> {
    let returned = i64::from(send_limits::RETURNED_PER_DAY) * window.num_days();
    let sends = premises.sends_per_day.map(|_| send_limits::STRANGER.most_within(window) + returned);
    on_rungs(premises, |rung| match rung {
        Rung::Short => Some(guess_budget::PHONE_SHORT.most_within(window)),
        Rung::Medium => Some(guess_budget::PHONE_MEDIUM.most_within(window)),
        Rung::Long => Some(sends? * attempts_on_long(premises)),
    })
}

/// What somebody with the token of a trusted device can try on its phone in a year.
fn stolen_device(premises: &Premises) -> Vec<Guesses> {
    let count = Some(guess_budget::DEVICE.most_within(YEAR));
    vec![Guesses { count, digits: premises.ladder.shortest().digits() }]
}

/// One guess at each of many phones, all of them on one day.
fn spray(premises: &Premises) -> Vec<Guesses> {
    let mut left = SPRAYED;
    on_rungs(premises, |rung| {
        let most = match rung {
            Rung::Short => guess_budget::DEPLOYMENT_SHORT.most_within(DAY),
            Rung::Medium => guess_budget::DEPLOYMENT_MEDIUM.most_within(DAY),
            Rung::Long => left,
        };
        let count = most.min(left);
        left -= count;
        Some(count)
    })
}

/// What strangers can try in the whole deployment in a year.
fn deployment(premises: &Premises) -> Vec<Guesses> {
    on_rungs(premises, |rung| match rung {
        Rung::Short => Some(guess_budget::DEPLOYMENT_SHORT.most_within(YEAR)),
        Rung::Medium => Some(guess_budget::DEPLOYMENT_MEDIUM.most_within(YEAR)),
        Rung::Long => {
            // A year touches one calendar day more than it is long.
            Some(i64::from(premises.sends_per_day?) * (YEAR.num_days() + 1) * attempts_on_long(premises))
        }
    })
}

fn on_rungs(premises: &Premises, mut count: impl FnMut(Rung) -> Option<i64>) -> Vec<Guesses> {
    let rungs = [Rung::Short, Rung::Medium, Rung::Long].into_iter();
    let lengths = rungs.filter_map(|rung| Some((rung, premises.ladder.length_on(rung)?)));
    lengths.map(|(rung, length)| Guesses { count: count(rung), digits: length.digits() }).collect()
}

fn attempts_on_long(premises: &Premises) -> i64 {
    premises.ladder.length_on(Rung::Long).map_or(0, |length| attempts_per_challenge(length).into())
}

impl fmt::Display for Guesses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            Some(count) => write!(f, "{count} x 1e-{}", self.digits),
            None => write!(f, "any number x 1e-{}", self.digits),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value();
        let value = if value.is_finite() { format!("{value:.3e}") } else { "none".to_owned() };
        let terms: Vec<_> = self.guesses.iter().map(ToString::to_string).collect();
        let sum = terms.join(" + ");
        let sum = if self.days > 1 { format!("({sum}) / {}", self.days) } else { sum };
        write!(f, "{:<46}{value:>10}  = {sum}", self.attack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::guess_budget::SecurityProfile;

    fn premises(profile: SecurityProfile, digits: u8) -> Premises {
        Premises { ladder: Ladder::new(profile, digits.try_into().unwrap()), sends_per_day: Some(10_000) }
    }

    fn value(premises: &Premises, name: &str) -> f64 {
        bounds(premises).iter().find(|bound| bound.name == name).unwrap().value()
    }

    /// The promises of `docs/SECURITY.md`, from above and, against slips of the pen, from below.
    #[test]
    fn the_bounds_are_those_that_are_promised() {
        let default = premises(SecurityProfile::Default, 4);
        let strict = premises(SecurityProfile::Strict, 4);
        for (premises, name, least, most) in [
            (&default, "phone_first_day", 3.2e-4, 3.21e-4),
            (&default, "phone_later_day", 1.5e-6, 1.7e-6),
            (&default, "phone_year", 9.0e-4, 9.43e-4),
            (&default, "spray", 0.0228, 0.023),
            (&default, "deployment_year", 0.81, 0.83),
            (&strict, "phone_first_day", 2.0e-5, 2.06e-5),
            (&strict, "phone_year", 3.0e-4, 3.4e-4),
        ] {
            let value = value(premises, name);
            assert!((least..=most).contains(&value), "{name}: {value}");
        }
        assert!((per_year(&default) - value(&default, "phone_year")).abs() < f64::EPSILON);
    }

    #[test]
    fn longer_codes_only_lower_every_bound() {
        for profile in [SecurityProfile::Default, SecurityProfile::Strict] {
            for digits in 4..10 {
                let [short, long] = [digits, digits + 1].map(|digits| bounds(&premises(profile, digits)));
                for (short, long) in short.iter().zip(&long) {
                    assert!(long.value() <= short.value(), "{short}\n{long}");
                }
            }
        }
    }

    #[test]
    fn the_days_of_a_year_that_messages_are_counted_by_are_366() {
        let printed = bounds(&premises(SecurityProfile::Default, 4))[5].to_string();
        assert!(printed.ends_with("8.232e-1  = 3750 x 1e-4 + 375000 x 1e-6 + 7320000 x 1e-8"), "{printed}");
    }

    #[test]
    fn without_limits_on_sending_there_is_no_bound() {
        let premises = Premises { sends_per_day: None, ..premises(SecurityProfile::Default, 4) };
        assert!(per_year(&premises).is_infinite());
        let printed = bounds(&premises).iter().map(ToString::to_string).collect::<String>();
        assert!(printed.contains("none  = 3 x 1e-4 + 20 x 1e-6 + any number x 1e-8"), "{printed}");
    }

    #[test]
    fn a_bound_is_printed_with_its_arithmetic() {
        let first_day = &bounds(&premises(SecurityProfile::Default, 4))[0];
        assert_eq!(
            first_day.to_string(),
            "one phone, first day                            3.205e-4  = 3 x 1e-4 + 20 x 1e-6 + 52 x 1e-8"
        );
    }
}
