//! `healthcheck` by itself: asked for every few seconds, it reads the one setting that it needs. Reading all of them
//! takes the numbering plans of the world, which are megabytes.

use std::net::SocketAddr;

use clap::Parser;

/// Where the API listens if nothing is said.
pub(super) const LISTEN_ADDR: &str = "127.0.0.1:8080";

/// The command line of a probe.
#[derive(Parser)]
#[command(name = "phone-auth")]
struct Probe {
    #[command(subcommand)]
    command: ProbeCommand,
}

#[derive(clap::Subcommand)]
enum ProbeCommand {
    Healthcheck {
        #[arg(long, env = "LISTEN_ADDR", default_value = LISTEN_ADDR)]
        listen_addr: SocketAddr,
    },
}

/// The address that is asked, if this is a health check and nothing else; what cannot be read so is for
/// [`Cli::read`](super::Cli::read) to read, or to refuse.
#[must_use]
pub fn probed_address() -> Option<SocketAddr> {
    let ProbeCommand::Healthcheck { listen_addr } = Probe::try_parse().ok()?.command;
    Some(listen_addr)
}
