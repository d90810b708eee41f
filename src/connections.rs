//! How long the connections of clients are kept, and how they are let go when the service stops.

#[cfg(target_os = "linux")]
use socket2::SockRef;
use std::{
    os::fd::AsFd,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// All that stopping may take: supervisors kill after ten seconds or later.
pub const GRACE: Duration = Duration::from_secs(10);

/// How long a client may leave an answer unread.
#[cfg(target_os = "linux")]
const UNREAD: Duration = Duration::from_secs(10);

/// Files that are not connections of clients: listeners, the database's pool, webhooks, logs.
const RESERVED_FILES: u64 = 256;

/// What the operator chooses about connections.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Settings {
    /// For how many seconds a connection without a request is kept, 1 to 3600; behind a proxy that keeps connections
    /// to the service: longer than the proxy does
    #[arg(long, env = "KEEP_ALIVE_SECONDS", default_value_t = 5, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=3600))]
    pub keep_alive_seconds: u16,
    /// For how many seconds after SIGTERM new requests are still answered, while /health/ready says 503, 0 to 8: as
    /// long as whoever balances takes to notice. Ctrl-C does not wait
    #[arg(long, env = "DRAIN_SECONDS", default_value_t = 3, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=8))]
    pub drain_seconds: u16,
}

/// The connections of clients, as a whole.
#[derive(Debug)]
pub struct Connections {
    /// For how long one without a request is kept.
    pub keep_alive: Duration,
    /// For how long new requests are answered once it is known that the service stops.
    pub drain: Duration,
    stopping: AtomicBool,
}

impl Connections {
    /// As `settings` say.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            keep_alive: Duration::from_secs(settings.keep_alive_seconds.into()),
            drain: Duration::from_secs(settings.drain_seconds.into()),
            stopping: AtomicBool::new(false),
        }
    }

    /// From now on this instance is not ready, and each answer asks its client to connect elsewhere.
    pub fn let_go(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the service is about to stop.
    #[must_use]
    pub fn are_let_go(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// How long requests may take that are under way when no new ones are taken any more.
    #[must_use]
    pub fn grace(&self) -> Duration {
        GRACE.saturating_sub(self.drain)
    }

    /// How many connections each of `workers` may have when the process may open as many `files`: whoever opens more
    /// waits until one is closed, and the database and the log are not shut out.
    #[must_use]
    pub fn most_per_worker(files: u64, workers: usize) -> usize {
        let all = usize::try_from(files.saturating_sub(RESERVED_FILES)).unwrap_or(usize::MAX);
        (all / workers.max(1)).clamp(16, 25_000)
    }
}

/// Has the system end a connection whose client reads nothing of an answer for ten seconds (RFC 5482): nothing else
/// would, and it would hold its place and its part of the answer for as long as it likes.
pub fn bound(connection: &impl AsFd) {
    #[cfg(target_os = "linux")]
    if let Err(error) = SockRef::from(connection).set_tcp_user_timeout(Some(UNREAD)) {
        tracing::debug!(%error, "a connection has no time limit for an answer that is not read");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = connection;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        assert_eq!(Connections::most_per_worker(1024, 2), 384);
        assert_eq!(Connections::most_per_worker(1 << 20, 2), 25_000);
        assert_eq!(Connections::most_per_worker(64, 8), 16);
    }
}
