//! `phone-auth completions`.

use clap_complete::Shell;

use super::output::write;
use crate::config::Cli;

/// Prints what `shell` is to be told, so that it completes the commands and their options.
///
/// # Errors
///
/// When it cannot be written.
pub fn print(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command_line(), "phone-auth", &mut script);
    if shell == Shell::Bash {
        // It takes the dash in our name for a step to a command in one half of the script and not in the other.
        script = String::from_utf8(script)?.replace("phone__subcmd__auth", "phone__auth").into_bytes();
    }
    write(&script)
}
