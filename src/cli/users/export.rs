use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::Context;
use chrono::{DateTime, Utc};

use super::super::{
    deployment::with_database,
    output::{Progress, write},
    selection::{find_live, nobody},
};
use crate::{
    audit,
    config::{Config, UsersExport},
    custody,
    profile::Document,
    startup,
    store::{Connection, profiles, referrals::Position},
    token::Tokens,
};

pub(super) fn run(config: &Config, what: &UsersExport, now: DateTime<Utc>) -> anyhow::Result<()> {
    with_database(config, async |conn, tokens| match &what.output {
        None => export(config, conn, &tokens, what, now, write).await,
        Some(path) => {
            let file = create(path)?;
            let done = export(config, conn, &tokens, what, now, |piece| put(&file, path, piece)).await;
            let done = done.and_then(|()| file.sync_all().with_context(|| path.display().to_string()));
            if done.is_err() {
                // Half a document is none.
                let _ = fs::remove_file(path);
            }
            done
        }
    })
}

/// Personal data: for nobody else to read, and never over what is there.
fn create(path: &Path) -> anyhow::Result<File> {
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    created.with_context(|| {
        let why = if path.exists() { "is there already and stays as it is" } else { "cannot be written" };
        format!("{} {why}", path.display())
    })
}

fn put(mut file: &File, path: &Path, piece: &[u8]) -> anyhow::Result<()> {
    file.write_all(piece).with_context(|| path.display().to_string())
}

async fn export(
    config: &Config,
    conn: &mut Connection,
    tokens: &Tokens,
    what: &UsersExport,
    now: DateTime<Utc>,
    mut write: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let pseudonyms = custody::present_pseudonyms(conn, tokens).await?;
    let (account, _) = find_live(conn, &what.named, config).await?;
    let settings = startup::app_settings(config, config.public_url(config.listen_addr)?)?;
    let document =
        Document { settings: &settings, pseudonyms: &pseudonyms, user: account.id, asking: None, now };
    let own = profiles::find(conn, account.id).await?.ok_or_else(nobody)?;
    let head = document.head(conn, own).await?;
    // Before the first byte: whoever has a part of it has data.
    audit::account_exported(account.id, None);
    write(&head)?;
    let (progress, mut pages) = (Progress::new(), 0_u64);
    let mut position = Some(Position::START);
    while let Some(from) = position {
        let (text, next) = document.page(conn, from).await?;
        write(&text)?;
        pages += 1;
        progress.at(&format!("{pages} pages of invited users"));
        position = next;
    }
    drop(progress);
    write(b"\n")
}
