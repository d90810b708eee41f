use serde::Serialize;

use super::output::{say, say_json};
use crate::{
    config::Config,
    domain::{guess_bound, guess_budget::SecurityProfile},
};

/// A bound for programs. Null is what nothing bounds.
#[derive(Serialize)]
struct Bound {
    attack: &'static str,
    bound: Option<f64>,
}

/// All of them, and whether the service starts.
#[derive(Serialize)]
struct Shown {
    profile: String,
    bounds: Vec<Bound>,
    per_year: Option<f64>,
    most_per_year: f64,
    verdict: &'static str,
}

/// Prints what guessing gains at most under `config`, or under `profile` with
/// its other settings, and whether that is allowed.
///
/// # Errors
///
/// When it cannot be written.
pub fn print(mut config: Config, profile: Option<SecurityProfile>, json: bool) -> anyhow::Result<()> {
    config.limits.security_profile = profile.unwrap_or(config.limits.security_profile);
    let (premises, limits) = (config.premises(), &config.limits);
    let most = limits.max_guess_probability_per_year;
    let per_year = guess_bound::per_year(&premises);
    let (verdict, sentence) = match premises.sends_per_day {
        None => ("unbounded", "cannot be kept with SEND_LIMITS=off, which only development allows"),
        Some(_) if per_year <= most => ("kept", "kept"),
        Some(_) => ("exceeded", "exceeded, the service does not start"),
    };
    let profile = limits.security_profile;
    if json {
        let finite = |value: f64| value.is_finite().then_some(value);
        let bounds = guess_bound::bounds(&premises);
        let bounds = bounds.iter().map(|bound| Bound { attack: bound.name, bound: finite(bound.value()) });
        return say_json(&Shown {
            profile: profile.to_string(),
            bounds: bounds.collect(),
            per_year: finite(per_year),
            most_per_year: most,
            verdict,
        });
    }
    let report = guess_bound::report(&premises);
    say(&format!(
        "Security profile: {profile}\n{report}\n\nMAX_GUESS_PROBABILITY_PER_YEAR={most:e}: {sentence}"
    ))
}
