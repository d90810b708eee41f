use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use secrecy::{ExposeSecret, SecretString};

use crate::token;

/// The default of `compose.yaml`, which everybody can read.
const PUBLIC: &str = "for-development-only-everybody-can-read-this";

/// Whether one of `secrets` is public.
pub(super) fn is_public(secrets: &SecretString) -> bool {
    secrets.expose_secret().split(',').any(|secret| secret.trim() == PUBLIC)
}

/// Reads the secret at `path`, or makes one that only this user can read.
pub(super) fn read_or_create(path: &Path) -> io::Result<SecretString> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other.map(|text| text.trim().into()),
    }
    let secret = token::random_root_secret();
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(secret.expose_secret().as_bytes())?;
    file.sync_all()?;
    // A link appears whole or not at all, and never over another: of two
    // services that start at once both keep the same secret.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::read_to_string(path).map(|text| text.trim().into())
        }
        other => other.map(|()| secret),
    }
}
