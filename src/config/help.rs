//! Help that stays calm: every setting holds for every command, and is listed where the service is started.

use clap::{Arg, CommandFactory, FromArgMatches};

use super::Cli;

/// What the help ends with.
pub(super) const AFTERWARDS: &str =
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing found, 4 not confirmed (--yes), \
5 doctor found a problem, 6 not healthy.

Examples:
  phone-auth                            run the service
  phone-auth users find +79991234567
  phone-auth doctor --json
  phone-auth --help                     every setting";

/// What the help of each command but `serve` ends with.
const ELSEWHERE: &str = "The settings of the service hold here too; phone-auth serve --help lists them.";

impl Cli {
    /// Reads arguments and environment. Ends the process with help, or with 2 if they cannot be read.
    #[must_use]
    pub fn read() -> Self {
        let matches = Self::command_line().get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// The command line as people see it: the settings under a heading of their own, in the long help of
    /// the program and of `serve` alone.
    #[must_use]
    pub fn command_line() -> clap::Command {
        let command = Self::command().mut_args(|argument| match argument.get_env() {
            Some(_) => argument.help_heading("Settings").hide_short_help(true),
            None => argument,
        });
        let settings: Vec<_> =
            command.get_arguments().filter(|argument| argument.get_env().is_some()).cloned().collect();
        command.mut_subcommands(|command| match command.get_name() {
            "serve" => command,
            _ => without_settings(command, &settings),
        })
    }
}

/// Takes the settings as before, and keeps silent about them.
///
/// A global argument is given to no command that has one of the same name: these have a hidden one.
fn without_settings(command: clap::Command, settings: &[Arg]) -> clap::Command {
    let hidden = settings.iter().map(|setting| setting.clone().hide(true));
    let command = command.args(hidden).mut_subcommands(|command| without_settings(command, settings));
    if command.has_subcommands() {
        return command;
    }
    let examples = command.get_after_help().map(|examples| format!("{examples}\n\n")).unwrap_or_default();
    command.after_help(format!("{examples}{ELSEWHERE}"))
}
