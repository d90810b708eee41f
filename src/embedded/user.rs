//! Whom PostgreSQL runs as: ourselves, or another user when we are root, which it refuses.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::EmbeddedError;

/// The user whom root puts in its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct User {
    pub(super) name: &'static str,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl User {
    /// `None` is for an ordinary user, who needs nobody in its place.
    pub(super) fn in_place_of(uid: u32) -> Result<Option<Self>, EmbeddedError> {
        if uid != 0 {
            return Ok(None);
        }
        let user = Self::find("postgres").or_else(|| Self::find("nobody"));
        user.map(Some).ok_or(EmbeddedError::NoUser)
    }

    fn find(name: &'static str) -> Option<Self> {
        Some(Self { name, uid: id(&["-u", name])?, gid: id(&["-g", name])? })
    }
}

pub(super) fn own_uid() -> Result<u32, EmbeddedError> {
    id(&["-u"]).ok_or(EmbeddedError::NoUser)
}

/// Asks the command `id` for a number.
fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// A shell as `user` and without our environment, which has the service's secrets in it and could have
/// variables that PostgreSQL heeds, such as `PGPORT`.
pub(super) fn shell(script: &str, user: Option<User>) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script]).env_clear().env("LC_ALL", "C").current_dir("/");
    if let Some(user) = user {
        shell.uid(user.uid).gid(user.gid);
    }
    shell
}
