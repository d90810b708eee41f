//! `phone-auth doctor`: looks at everything that a deployment stands on, changes nothing, and says what to do.

mod database;
mod keys;
mod providers;
mod settings;
mod texts;

use serde::Serialize;

use super::{
    Ending,
    deployment::{Place, tell_warnings},
    output::{count, say, say_json},
};
use crate::{
    config::{AppEnv, Config},
    embedded,
    store::{Database, PoolMode},
};

/// How it stands with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Ok,
    /// The service runs, and less well than it could.
    Warning,
    /// The service does not start, or does not keep its promises.
    Problem,
    /// There was nothing to look at.
    Skipped,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    finding: String,
    advice: Option<String>,
}

impl Check {
    fn ok(name: &'static str, finding: impl Into<String>) -> Self {
        Self { name, state: State::Ok, finding: finding.into(), advice: None }
    }

    fn skipped(name: &'static str, finding: impl Into<String>) -> Self {
        Self { name, state: State::Skipped, finding: finding.into(), advice: None }
    }

    fn warning(name: &'static str, finding: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, state: State::Warning, finding: finding.into(), advice: Some(advice.into()) }
    }

    fn problem(name: &'static str, finding: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, state: State::Problem, finding: finding.into(), advice: Some(advice.into()) }
    }
}

/// All of it for programs.
#[derive(Serialize)]
struct Report {
    problems: usize,
    warnings: usize,
    checks: Vec<Check>,
}

impl Report {
    fn of(checks: Vec<Check>) -> Self {
        let count = |state| checks.iter().filter(|check| check.state == state).count();
        Self { problems: count(State::Problem), warnings: count(State::Warning), checks }
    }

    fn say(&self) -> anyhow::Result<()> {
        for Check { name, state, finding, advice } in &self.checks {
            let state = match state {
                State::Ok => "ok",
                State::Warning => "warning",
                State::Problem => "PROBLEM",
                State::Skipped => "skipped",
            };
            say(&format!("{state:<7}  {name:<15}  {finding}"))?;
            if let Some(advice) = advice {
                say(&format!("{:<26}→ {advice}", ""))?;
            }
        }
        say(&format!("\n{} checks: {}", self.checks.len(), self.summary()))
    }

    fn summary(&self) -> String {
        format!("{}, {}", count(self.problems, "problem"), count(self.warnings, "warning"))
    }
}

/// Looks, and tells what was found.
///
/// # Errors
///
/// [`Ending::Unsound`] if there is a problem.
pub fn run(config: &Config, json: bool) -> anyhow::Result<()> {
    tell_warnings(config)?;
    let mut checks = settings::check(config);
    checks.push(texts::check(config));
    checks.extend(providers::check(config)?);
    checks.extend(of_database(config)?);
    let report = Report::of(checks);
    if json {
        say_json(&report)?;
    } else {
        report.say()?;
    }
    if report.problems == 0 { Ok(()) } else { Err(Ending::Unsound(report.summary()).into()) }
}

/// What can be seen only with the database.
fn of_database(config: &Config) -> anyhow::Result<Vec<Check>> {
    if config.database_url().is_none() && config.app_env == AppEnv::Production {
        return Ok(vec![Check::skipped("database", "DATABASE_URL is not set")]);
    }
    if config.store.database_pool_mode == PoolMode::Transaction {
        let finding = "behind a pooler by the transaction, where nothing can be asked of a session";
        let advice = "Run doctor once more with DATABASE_URL naming PostgreSQL itself and without DATABASE_POOL_MODE; the settings of the role an instance looks at by itself, with each connection.";
        return Ok(vec![Check::warning("database", finding, advice)]);
    }
    if !is_there(config) {
        return Ok(vec![Check::skipped("database", "there is none yet: the first start makes it")]);
    }
    let place = match Place::of(config) {
        Ok(place) => place,
        Err(error) => return Ok(vec![unreachable(&error)]),
    };
    let checks = place.run(async |url| {
        let reached = match Database::new(url, 2, PoolMode::Session) {
            Ok(database) => database::check(config, url, &database).await,
            Err(error) => Err(error),
        };
        Ok(reached.unwrap_or_else(|error| vec![unreachable(&error.into())]))
    });
    place.leave()?;
    checks
}

/// Whether there is a database to ask, given or embedded.
fn is_there(config: &Config) -> bool {
    let embedded = || {
        let data_dir = config.data_dir().ok()?;
        let settings = embedded::Settings { data_dir, bin_dir: config.pg_bin_dir.clone() };
        Some(embedded::has_database(&settings))
    };
    config.database_url().is_some() || embedded().unwrap_or_default()
}

fn unreachable(error: &anyhow::Error) -> Check {
    let advice = "Look at DATABASE_URL, and whether the server runs and lets this machine in.";
    Check::problem("database", format!("{error:#}"), advice)
}
