//! What holds for every command: help, exit codes, the document that describes them.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use phone_auth::config::Cli;
use serde_json::Value;

use crate::service::phone_auth;

/// How a command ended: its exit code, its answer, its complaint.
pub struct Said {
    pub code: i32,
    pub answer: String,
    pub complaint: String,
}

impl Said {
    /// The one JSON value that it answered with.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.answer).unwrap_or_else(|_| panic!("{}{}", self.answer, self.complaint))
    }

    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.answer, self.complaint);
        self
    }
}

/// Runs `command` with these arguments.
pub fn say(mut command: Command, arguments: &[&str]) -> Said {
    let Output { status, stdout, stderr } = command.args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: status.code().unwrap(), answer: text(stdout), complaint: text(stderr) }
}

/// Which members an object of a command has, by the table of `docs/commands.md`.
pub fn documented_members(command: &str) -> Vec<String> {
    let document = fs::read_to_string(document()).unwrap();
    let row = document.lines().find(|line| line.starts_with(&format!("| `{command}` |")));
    let row = row.unwrap_or_else(|| panic!("{command} is in no table of docs/commands.md"));
    let mut names: Vec<_> =
        row.split('|').nth(3).unwrap().split('`').skip(1).step_by(2).map(str::to_owned).collect();
    names.sort();
    names
}

/// Which members an object has.
pub fn members(object: &Value) -> Vec<String> {
    let mut names: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}

fn document() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md")
}

/// Every command that does something, with the words that call it.
fn leaves(command: &clap::Command, path: &str, found: &mut BTreeMap<String, clap::Command>) {
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        let path = format!("{path} {}", below.get_name());
        if below.has_subcommands() {
            leaves(below, &path, found);
        } else {
            found.insert(path, below.clone());
        }
    }
}

fn commands() -> BTreeMap<String, clap::Command> {
    let mut found = BTreeMap::new();
    let mut command = Cli::command_line();
    command.build();
    leaves(&command, "phone-auth", &mut found);
    found
}

/// The part of the document that is made of the help.
fn reference() -> String {
    let mut text = String::new();
    for (path, command) in commands() {
        writeln!(text, "### `{path}`\n").unwrap();
        let about = command.get_long_about().or(command.get_about()).unwrap().to_string();
        for paragraph in about.split("\n\n") {
            writeln!(text, "{}\n", paragraph.trim_end_matches('.').to_owned() + ".").unwrap();
        }
        let shown = command.get_arguments().filter(|argument| !argument.is_hide_set());
        let shown: Vec<_> =
            shown.filter(|argument| argument.get_env().is_none() && argument.get_id() != "help").collect();
        for argument in &shown {
            let help = argument.get_long_help().or(argument.get_help()).unwrap().to_string();
            let default: Vec<_> =
                argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
            let takes_value = argument.get_action().takes_values();
            let default = match default.join(",") {
                default if takes_value && !default.is_empty() => format!("; `{default}` if not given"),
                _ => String::new(),
            };
            writeln!(text, "* `{argument}`: {help}{default}").unwrap();
        }
        if !shown.is_empty() {
            text.push('\n');
        }
        let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines: Vec<_> = examples.lines().filter_map(|line| line.strip_prefix("  ")).collect();
        assert!(!lines.is_empty(), "{path} has no examples");
        // Right behind a list, what is indented would be of its last item.
        writeln!(text, "Examples:\n\n    {}\n", lines.join("\n    ")).unwrap();
    }
    text.trim_end().to_owned() + "\n"
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a switch of this test, and no setting")]
fn the_document_has_every_command_as_its_help_describes_it() {
    const MARK: &str = "<!-- From here on made of the help by tests/binary/commands.rs -->\n\n";
    let written = fs::read_to_string(document()).unwrap();
    let (before, after) = written.split_once(MARK).unwrap();
    let reference = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(document(), format!("{before}{MARK}{reference}")).unwrap();
        return;
    }
    assert_eq!(after, reference, "renew it: UPDATE_DOCS=1 cargo test --test binary the_document_has_every");
}

#[test]
fn every_json_object_is_described() {
    for (path, command) in commands() {
        if command.get_arguments().any(|argument| argument.get_long() == Some("json")) {
            assert!(!documented_members(path.strip_prefix("phone-auth ").unwrap()).is_empty(), "{path}");
        }
    }
}

#[test]
fn settings_are_listed_where_the_service_is_started_and_hold_everywhere() {
    let help = |arguments: &[&str]| say(phone_auth(), arguments).done().answer;
    for full in [&["--help"][..], &["serve", "--help"]] {
        let told = help(full);
        assert!(told.contains("[env: OTP_LENGTH]") && told.contains("Settings:"), "{full:?}: {told}");
    }
    for calm in [
        &["-h"][..],
        &["serve", "-h"],
        &["users", "--help"],
        &["users", "find", "--help"],
        &["keys", "list", "--help"],
    ] {
        let told = help(calm);
        assert!(!told.contains("[env:") && !told.contains("--app-env"), "{calm:?}: {told}");
    }
    let six = help(&["--otp-length", "6", "guess-bound"]);
    assert_eq!(help(&["guess-bound", "--otp-length", "6"]), six);
    assert_ne!(help(&["guess-bound"]), six);
    let mut command = phone_auth();
    command.env("OTP_LENGTH", "6");
    assert_eq!(say(command, &["guess-bound"]).answer, six);
    assert_eq!(say(phone_auth(), &["users", "find", "K7WQ2M", "--otp-length", "3"]).code, 2);
}

#[test]
fn the_bounds_are_told_to_programs() {
    let told = say(phone_auth(), &["guess-bound", "--json"]).done().json();
    assert_eq!(members(&told), documented_members("guess-bound"));
    assert_eq!(told["verdict"], "kept");
    assert!((told["per_year"].as_f64().unwrap() - 9.09e-4).abs() < 1e-6, "{told}");
    let unlimited = say(phone_auth(), &["guess-bound", "--json", "--send-limits", "off"]).done().json();
    assert_eq!((&unlimited["verdict"], &unlimited["per_year"]), (&"unbounded".into(), &Value::Null));
}

#[test]
fn wrong_usage_ends_with_2_and_the_help_tells_every_code() {
    for wrong in [
        &["users"][..],
        &["users", "find"],
        &["sessions", "revoke"],
        &["no-such-command"],
        &["completions", "cmd"],
    ] {
        let said = say(phone_auth(), wrong);
        assert!(said.code == 2 && said.answer.is_empty(), "{wrong:?}: {}{}", said.answer, said.complaint);
    }
    let help = say(phone_auth(), &["--help"]).answer;
    for code in ["0 done", "1 failed", "2 wrong usage", "3 nothing found", "4 not confirmed", "6 not healthy"]
    {
        assert!(help.contains(code), "{code}: {help}");
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure_and_a_reader_who_leaves_is_not() {
    let mut command = phone_auth();
    command.stdout(File::options().write(true).open("/dev/full").unwrap());
    let ended = command.arg("guess-bound").output().unwrap();
    let complaint = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{complaint}");
    assert!(complaint.contains("standard output cannot be written"), "{complaint}");

    // Its reader is gone before the first byte.
    let mut command = phone_auth();
    let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
    let pipe = reader.stdin.take().unwrap();
    reader.wait().unwrap();
    command.stdout(pipe);
    let ended = command.arg("openapi").output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn completions_are_read_by_the_shells_that_are_here() {
    for (shell, check) in [
        ("bash", Some("-n")),
        ("zsh", Some("-n")),
        ("fish", Some("-n")),
        ("elvish", None),
        ("powershell", None),
    ] {
        let script = say(phone_auth(), &["completions", shell]).done().answer;
        assert!(script.contains("guess-bound") && script.contains("show-phones"), "{shell}: {script}");
        let Some(check) = check else { continue };
        let parser = Command::new(shell).arg(check).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
        match parser {
            Ok(mut parser) => {
                parser.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
                let read = parser.wait_with_output().unwrap();
                assert!(read.status.success(), "{shell}: {}", String::from_utf8_lossy(&read.stderr));
            }
            Err(error) => assert_ne!(shell, "bash", "{error}"),
        }
    }
}
