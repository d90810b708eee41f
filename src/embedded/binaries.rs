//! Where PostgreSQL's programs are on this machine.

use std::cmp::Reverse;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::EmbeddedError;
use super::data_dir::DataDir;

/// The oldest major version that is maintained.
pub(super) const OLDEST_MAJOR: u32 = 14;

/// Where packages keep what is not on `PATH`: Debian, SUSE, Red Hat, Homebrew.
const USUAL_PLACES: [&str; 6] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/opt/homebrew*/bin",
];

const INSTALL_COMMANDS: [&str; 6] = [
    "apt-get install postgresql",
    "dnf install postgresql-server",
    "apk add postgresql",
    "pacman -S postgresql",
    "zypper install postgresql-server",
    "brew install postgresql@17",
];

/// The folder of the programs: in `bin_dir` if given, else the first fit on `PATH`, else the newest fit.
///
/// A database fits only the major version that made it.
pub(super) fn find(bin_dir: Option<&Path>, data: &DataDir) -> Result<PathBuf, EmbeddedError> {
    let made_by = data.made_by();
    let fits = |major: u32| made_by.map_or(major >= OLDEST_MAJOR, |made_by| major == made_by);
    let mut found = installations(bin_dir.map_or_else(search_path, |folder| vec![folder.to_path_buf()]));
    if bin_dir.is_none() && !found.iter().any(|(major, _)| fits(*major)) {
        found.extend(installations(USUAL_PLACES.into_iter().flat_map(expand).collect()));
        found.sort_by_key(|(major, _)| Reverse(*major));
    }
    if let Some((_, folder)) = found.iter().find(|(major, _)| fits(*major)) {
        return Ok(folder.clone());
    }
    let place =
        bin_dir.map_or("on PATH or where packages put it".into(), |dir| format!("in {}", dir.display()));
    Err(match made_by {
        None => EmbeddedError::NotInstalled { place, install: install_command() },
        Some(made_by) => {
            let found = found.into_iter().map(|(major, _)| major).collect();
            EmbeddedError::OtherMajor { folder: data.cluster.clone(), made_by, place, found }
        }
    })
}

/// The installations in `folders` and their major versions.
fn installations(folders: Vec<PathBuf>) -> Vec<(u32, PathBuf)> {
    let installation = |folder: PathBuf| {
        // A link is followed, for it may be `postgres` alone that has one.
        let postgres = folder.join("postgres").canonicalize().ok()?;
        let folder = postgres.parent()?.to_path_buf();
        let output = Command::new(&postgres).arg("--version").output().ok()?;
        let major = major(&String::from_utf8_lossy(&output.stdout))?;
        folder.join("initdb").is_file().then_some((major, folder))
    };
    folders.into_iter().filter_map(installation).collect()
}

/// Reads `postgres (PostgreSQL) 17.2 (Debian …)`; a coming version has `18beta1` in place of the number.
fn major(version: &str) -> Option<u32> {
    let number = version.split_whitespace().nth(2)?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The folders that match `pattern`, which has one `*`.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let (start, end) = pattern.split_once('*').unwrap_or((pattern, ""));
    let (parent, prefix) = start.rsplit_once('/').unwrap_or(("", start));
    let entries = Path::new(parent).read_dir().into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let matching = names.filter(|name| name.starts_with(prefix));
    matching.map(|name| PathBuf::from(format!("{parent}/{name}{end}"))).collect()
}

fn search_path() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

fn install_command() -> &'static str {
    let exists = |program: &str| search_path().iter().any(|folder| folder.join(program).is_file());
    let command = INSTALL_COMMANDS.into_iter().find(|command| command.split(' ').next().is_some_and(exists));
    command.unwrap_or("see https://www.postgresql.org/download/")
}
