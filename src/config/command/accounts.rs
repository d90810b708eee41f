use std::path::PathBuf;

use uuid::Uuid;

use crate::sms::Provider;

/// Who is meant.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Named {
    /// The phone in any common spelling, the user id or its first eight characters or more, or the invite code
    #[arg(value_name = "USER")]
    pub user: String,
}

/// Whether telephone numbers are shown.
#[derive(Debug, Clone, Copy, clap::Args)]
#[group(skip)]
pub struct ShownPhones {
    /// Show numbers whole. They are masked else, as in +7999***4567: what a command prints ends up in tickets and in
    /// the memory of terminals
    #[arg(long)]
    pub show_phones: bool,
}

/// What can be done with accounts.
///
/// All of it works beside a running service, also on its embedded database.
#[derive(Debug, clap::Subcommand)]
pub enum Users {
    /// Find accounts by phone, user id or invite code
    ///
    /// Reads only. Of ids that begin alike up to a hundred are shown. A deleted account is found by its id or its
    /// invite code. Ends with 3 if there is none.
    #[command(after_help = "Examples:
  phone-auth users find '8 (999) 123-45-67'
  phone-auth users find K7WQ2M
  phone-auth users find 01a1fd2c --json")]
    Find {
        #[command(flatten)]
        named: Named,
        #[command(flatten)]
        phones: ShownPhones,
        /// One JSON array, for programs
        #[arg(long)]
        json: bool,
    },
    /// Show an account: its profile, its referrals, and how many sessions and devices it has
    ///
    /// Reads only. Ends with 3 if there is none.
    #[command(after_help = "Examples:
  phone-auth users show +79991234567
  phone-auth users show K7WQ2M --show-phones --json")]
    Show {
        #[command(flatten)]
        named: Named,
        #[command(flatten)]
        phones: ShownPhones,
        /// One JSON object, for programs
        #[arg(long)]
        json: bool,
    },
    /// Write everything that is held about a user, as GET /api/v1/profile/export gives it
    ///
    /// Reads only, and leaves a line in the audit log. It is one JSON document with personal data: the phones in it are
    /// whole. Needs `ROOT_SECRET`, for what is counted for the number is kept under a pseudonym.
    #[command(after_help = "Examples:
  phone-auth users export +79991234567 --output export.json
  phone-auth users export 01a1fd2c-47a0-7d60-9d4b-2f6a0c1b8e11 | jq .profile")]
    Export(UsersExport),
    /// Delete an account, as DELETE /api/v1/profile does
    ///
    /// The personal data, the picture, the PIN and every session are gone at once, and the number is free for a new
    /// account. The invite code is never issued again. This cannot be undone: export the account first if anybody may
    /// want it. Webhooks are told, and the audit log says that an operator did it. Needs `ROOT_SECRET`.
    #[command(after_help = "Examples:
  phone-auth users delete +79991234567
  phone-auth users delete 01a1fd2c-47a0-7d60-9d4b-2f6a0c1b8e11 --yes")]
    Delete(UsersDelete),
}

/// Whose data, and where to.
#[derive(Debug, clap::Args)]
pub struct UsersExport {
    /// Who.
    #[command(flatten)]
    pub named: Named,
    /// Write to this file, which must not exist and which only you can read, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Who is to be deleted.
#[derive(Debug, clap::Args)]
pub struct UsersDelete {
    /// Who.
    #[command(flatten)]
    pub named: Named,
    /// In the question.
    #[command(flatten)]
    pub phones: ShownPhones,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// What can be done with sessions.
///
/// All of it works beside a running service, also on its embedded database.
#[derive(Debug, clap::Subcommand)]
pub enum Sessions {
    /// Show where a user is logged in, newest login first
    ///
    /// Reads only. Ends with 3 if there is no such user.
    #[command(after_help = "Examples:
  phone-auth sessions list +79991234567
  phone-auth sessions list K7WQ2M --json")]
    List {
        #[command(flatten)]
        named: Named,
        /// One JSON array, for programs
        #[arg(long)]
        json: bool,
    },
    /// End a session, or all of a user
    ///
    /// At once and on every instance, as if the user had ended it: its tokens are refused, and its device is a stranger
    /// until the next login. Ends with 3 if there is none.
    #[command(after_help = "Examples:
  phone-auth sessions revoke 01a1fd2c-47a0-7c31-8a52-6f0e9b1d4c73
  phone-auth sessions revoke --user +79991234567 --yes")]
    #[command(group(clap::ArgGroup::new("what").args(["session", "user"]).required(true)))]
    Revoke {
        /// Which session, as `sessions list` names it: `sid` of its access tokens
        #[arg(value_name = "SESSION_ID")]
        session: Option<Uuid>,
        /// All sessions of this user: phone, user id or invite code
        #[arg(long, value_name = "USER")]
        user: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// What can be seen of referrals.
#[derive(Debug, clap::Subcommand)]
pub enum Referrals {
    /// Show whom a user invited, whom these invited, and so on
    ///
    /// Reads only, a page at a time, newest first. Ends with 3 if there is no such user.
    #[command(after_help = "Examples:
  phone-auth referrals tree K7WQ2M
  phone-auth referrals tree +79991234567 --depth 1 --json")]
    Tree {
        #[command(flatten)]
        named: Named,
        /// How many levels of invited are shown
        #[arg(long, default_value_t = 10, value_name = "LEVELS", value_parser = clap::value_parser!(u16).range(1..=1_000))]
        depth: u16,
        /// How many of them are shown at most
        #[arg(long, default_value_t = 100_000, value_name = "USERS", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
        limit: u32,
        #[command(flatten)]
        phones: ShownPhones,
        /// One JSON object, for programs
        #[arg(long)]
        json: bool,
    },
}

/// What can be tried of text messages.
#[derive(Debug, clap::Subcommand)]
pub enum Sms {
    /// Send one text by the provider that is set, and say what came of it
    ///
    /// A real message, and its price, if the provider is a real one. It holds no code, counts against no limit and
    /// leaves nothing in the database.
    #[command(after_help = "Examples:
  phone-auth sms test +79991234567
  phone-auth sms test +79991234567 --provider simulated --json")]
    Test(SmsTest),
}

/// To whom, and by whom.
#[derive(Debug, clap::Args)]
pub struct SmsTest {
    /// To this number, in any common spelling
    pub phone: String,
    /// By this provider instead of the one set
    #[arg(long, value_enum)]
    pub provider: Option<Provider>,
    /// One JSON object, for programs
    #[arg(long)]
    pub json: bool,
}
