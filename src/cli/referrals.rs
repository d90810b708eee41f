//! `phone-auth referrals`.

use serde::Serialize;

use super::{
    deployment::with_connection,
    output::{self, Progress, say, time, write},
    selection::find_one,
};
use crate::{
    config::{Config, Referrals},
    domain::UserId,
    store::{
        Connection,
        accounts::Account,
        referrals::{self, Branch, Position},
    },
};

/// How many are read at once.
const PAGE: i64 = 1_000;

/// Does what `command` says.
///
/// # Errors
///
/// A sentence for the operator.
pub fn run(config: &Config, command: &Referrals) -> anyhow::Result<()> {
    let Referrals::Tree { named, depth, limit, phones, json } = command;
    with_connection(config, async |conn| {
        let root = find_one(conn, named, config).await?;
        let tree =
            Tree { depth: (*depth).into(), limit: *limit, show_phones: phones.show_phones, json: *json };
        tree.say(conn, root).await
    })
}

/// How a tree is shown.
struct Tree {
    depth: usize,
    limit: u32,
    show_phones: bool,
    json: bool,
}

/// One whose invited are being shown.
struct Level {
    user: UserId,
    /// The rest of a page, the next one last.
    page: Vec<Branch>,
    /// Where the page after that begins, if there may be one.
    next: Option<Position>,
}

impl Level {
    fn of(user: UserId) -> Self {
        Self { user, page: Vec::new(), next: Some(Position::START) }
    }

    /// The next one, from the page at hand or a new one.
    async fn take(&mut self, conn: &mut Connection) -> anyhow::Result<Option<Branch>> {
        if let (true, Some(position)) = (self.page.is_empty(), self.next) {
            self.page = referrals::list_branches(conn, self.user, position, PAGE).await?;
            let is_full = i64::try_from(self.page.len()) == Ok(PAGE);
            self.next = self.page.last().filter(|_| is_full).map(|last| last.position);
            self.page.reverse();
        }
        Ok(self.page.pop())
    }
}

/// One of the tree, in the order of its lines: whom one invited come right after.
#[derive(Serialize)]
struct Shown {
    level: usize,
    id: String,
    phone: Option<String>,
    invite_code: String,
    invited_users_count: i32,
    invited_by: String,
    invited_at: String,
}

impl Tree {
    async fn say(&self, conn: &mut Connection, root: Account) -> anyhow::Result<()> {
        let head = Head {
            id: root.id.to_string(),
            phone: root.phone.map(|phone| output::phone(phone, self.show_phones)),
            invite_code: root.invite_code,
            invited_users_count: root.invited_users_count,
        };
        self.begin(&head)?;
        let (progress, mut shown) = (Progress::new(), 0_u32);
        let mut path = vec![Level::of(root.id)];
        let mut is_whole = true;
        while let Some(deepest) = path.last_mut() {
            let by = deepest.user;
            let Some(branch) = deepest.take(conn).await? else {
                path.pop();
                continue;
            };
            if shown == self.limit {
                is_whole = false;
                break;
            }
            let (user, invited) = (branch.user, branch.invited_users_count);
            self.branch(branch, by, path.len(), shown == 0)?;
            shown += 1;
            if shown.is_multiple_of(1_000) {
                progress.at(&format!("{shown} users"));
            }
            // Everybody was invited by one user at most: whoever comes again stands on the way down.
            let comes_again = path.iter().any(|level| level.user == user);
            if invited > 0 && !comes_again {
                if path.len() < self.depth {
                    path.push(Level::of(user));
                } else {
                    is_whole = false;
                }
            }
        }
        drop(progress);
        self.end(shown, is_whole)
    }

    fn begin(&self, head: &Head) -> anyhow::Result<()> {
        if self.json {
            return write(format!("{{\"root\":{},\"users\":[", serde_json::to_string(head)?).as_bytes());
        }
        let phone = head.phone.as_deref().unwrap_or("deleted");
        say(&format!("{phone}  {}  {}  invited {}", head.invite_code, head.id, head.invited_users_count))
    }

    fn branch(&self, branch: Branch, by: UserId, level: usize, is_first: bool) -> anyhow::Result<()> {
        let shown = Shown {
            level,
            id: branch.user.to_string(),
            phone: branch.phone.map(|phone| output::phone(phone, self.show_phones)),
            invite_code: branch.invite_code,
            invited_users_count: branch.invited_users_count,
            invited_by: by.to_string(),
            invited_at: time(branch.position.invited_at),
        };
        if self.json {
            let comma = if is_first { "" } else { "," };
            return write(format!("{comma}\n{}", serde_json::to_string(&shown)?).as_bytes());
        }
        let indent = "  ".repeat(level);
        let phone = shown.phone.as_deref().unwrap_or("deleted");
        let invited = match shown.invited_users_count {
            0 => String::new(),
            count => format!("  invited {count}"),
        };
        say(&format!(
            "{indent}{phone}  {}  {}  since {}{invited}",
            shown.invite_code, shown.id, shown.invited_at
        ))
    }

    fn end(&self, shown: u32, is_whole: bool) -> anyhow::Result<()> {
        if self.json {
            return say(&format!("\n],\"users_count\":{shown},\"complete\":{is_whole}}}"));
        }
        let rest = if is_whole { "" } else { "; there are more: --depth and --limit show them" };
        say(&format!("{shown} users{rest}"))
    }
}

/// The user at the root.
#[derive(Serialize)]
struct Head {
    id: String,
    phone: Option<String>,
    invite_code: String,
    invited_users_count: i32,
}
