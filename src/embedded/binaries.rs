//! Where PostgreSQL's programs are on this machine.

use std::cmp::Reverse;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::EmbeddedError;
use super::data_dir::DataDir;

/// The oldest major version that knows every option we use.
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

/// The folder of the programs: `bin_dir` if given, else one on `PATH`, else the newest that is installed.
pub(super) fn find(bin_dir: Option<&Path>, data: &DataDir) -> Result<PathBuf, EmbeddedError> {
    let made_by = data.made_by();
    let (folders, packaged, place) = if let Some(folder) = bin_dir {
        (vec![folder.to_path_buf()], Vec::new(), format!("in {}", folder.display()))
    } else {
        let packaged = USUAL_PLACES.into_iter().flat_map(expand).collect();
        (search_path(), packaged, "on PATH or where packages put it".to_owned())
    };
    choose(folders, packaged, made_by).map_err(|found| match made_by {
        None => EmbeddedError::NotInstalled { place, install: install_command() },
        Some(made_by) => EmbeddedError::OtherMajor { folder: data.cluster.clone(), made_by, place, found },
    })
}

/// The first fit in `folders`, else the newest in `packaged`; failing that, the versions that do not fit.
///
/// A database fits only the major version that made it.
fn choose(folders: Vec<PathBuf>, packaged: Vec<PathBuf>, made_by: Option<u32>) -> Result<PathBuf, Vec<u32>> {
    let fits = |major: u32| made_by.map_or(major >= OLDEST_MAJOR, |made_by| major == made_by);
    let mut found = installations(folders);
    if !found.iter().any(|(major, _)| fits(*major)) {
        found.extend(installations(packaged));
        found.sort_by_key(|(major, _)| Reverse(*major));
    }
    let majors = found.iter().map(|(major, _)| *major).collect();
    found.into_iter().find(|(major, _)| fits(*major)).map(|(_, folder)| folder).ok_or(majors)
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

#[expect(clippy::disallowed_methods, reason = "PATH is where programs are, not a setting")]
fn search_path() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

fn install_command() -> &'static str {
    let exists = |program: &str| search_path().iter().any(|folder| folder.join(program).is_file());
    let command = INSTALL_COMMANDS.into_iter().find(|command| command.split(' ').next().is_some_and(exists));
    command.unwrap_or("see https://www.postgresql.org/download/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Folders `<version>/bin` whose `postgres` only tells its version.
    fn pretended(root: &Path, versions: &[&str]) -> Vec<PathBuf> {
        let script = r#"mkdir -p "$0/bin" && cd "$0/bin" && touch initdb && chmod 755 . &&
            printf '#!/bin/sh\necho "postgres (PostgreSQL) %s (Debian)"\n' "$1" > postgres && chmod 755 postgres"#;
        let folders = versions.iter().map(|version| {
            let folder = root.join(version);
            assert!(
                Command::new("sh").args(["-c", script]).arg(&folder).arg(version).status().unwrap().success()
            );
            folder.join("bin")
        });
        folders.collect()
    }

    #[test]
    fn the_path_goes_first_then_the_newest_package() {
        let root = env::temp_dir().canonicalize().unwrap().join(format!("binaries-{}", std::process::id()));
        let [old, plain, newer] =
            ["13.9", "15.18", "16.2"].map(|version| pretended(&root, &[version]).remove(0));
        pretended(&root, &["9.6.24", "18beta1"]);
        let packaged = || expand(&format!("{}/*/bin", root.display()));
        assert_eq!(packaged().len(), 5);

        assert_eq!(choose(vec![plain.clone()], packaged(), None), Ok(plain.clone()));
        assert_eq!(choose(vec![old.clone()], packaged(), None), Ok(root.join("18beta1/bin")));
        assert_eq!(choose(vec![newer], packaged(), Some(15)), Ok(plain));
        assert_eq!(choose(vec![old.clone()], Vec::new(), None), Err(vec![13]));
        assert_eq!(choose(vec![root.clone()], vec![old], Some(17)), Err(vec![13]));
        std::fs::remove_dir_all(root).unwrap();
    }
}
