use super::say;
use crate::{
    config::Config,
    domain::{guess_bound, guess_budget::SecurityProfile},
};

/// Prints what guessing gains at most under `config`, or under `profile` with
/// its other settings, and whether that is allowed.
pub fn print(mut config: Config, profile: Option<SecurityProfile>) {
    config.limits.security_profile = profile.unwrap_or(config.limits.security_profile);
    let (premises, limits) = (config.premises(), &config.limits);
    let most = limits.max_guess_probability_per_year;
    let verdict = match premises.sends_per_day {
        None => "cannot be kept with SEND_LIMITS=off, which only development allows",
        Some(_) if guess_bound::per_year(&premises) <= most => "kept",
        Some(_) => "exceeded, the service does not start",
    };
    let profile = limits.security_profile;
    let report = guess_bound::report(&premises);
    say(&format!(
        "Security profile: {profile}\n{report}\n\nMAX_GUESS_PROBABILITY_PER_YEAR={most:e}: {verdict}"
    ));
}
