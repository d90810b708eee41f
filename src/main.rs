//! The binary: settings, logs, database, state, service, and the way down.

use std::{io::Write, net::TcpListener, process::ExitCode, sync::Arc};

use actix_web::{rt::signal, web::Data};
use anyhow::Context;
use clap::Parser;
use phone_auth::{
    clock::Clock,
    config::{Cli, Command, Config},
    domain::{guess_bound, guess_budget::SecurityProfile},
    embedded::{self, Keeper},
    jobs, server, startup, telemetry,
};
use secrecy::SecretString;
use url::Url;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve(&cli.config),
        Command::Openapi => print_document(),
        Command::GuessBound { profile } => print_guess_bound(cli.config, profile),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The whole chain: what failed, then why.
            tell(&mut std::io::stderr(), &format!("phone-auth: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn print_document() -> anyhow::Result<()> {
    tell(&mut std::io::stdout(), &server::document().to_pretty_json()?);
    Ok(())
}

fn print_guess_bound(mut config: Config, profile: Option<SecurityProfile>) -> anyhow::Result<()> {
    config.limits.security_profile = profile.unwrap_or(config.limits.security_profile);
    let (premises, limits) = (config.premises(), &config.limits);
    let most = limits.max_guess_probability_per_year;
    let verdict = if guess_bound::per_year(&premises) <= most { "kept" } else { "exceeded" };
    let profile = limits.security_profile;
    let report = guess_bound::report(&premises);
    tell(
        &mut std::io::stdout(),
        &format!(
            "Security profile: {profile}\n{report}\n\nMAX_GUESS_PROBABILITY_PER_YEAR={most:e}: {verdict}"
        ),
    );
    Ok(())
}

/// Runs the service until it is told to stop.
fn serve(config: &Config) -> anyhow::Result<()> {
    config.check()?;
    telemetry::start(&config.log, config.log_format()).map_err(anyhow::Error::msg)?;
    // As many connections as the system lets this process have; it may have fewer than asked for.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    // First of all, for it is what fails most often and costs nothing.
    let listener = TcpListener::bind(config.listen_addr)
        .with_context(|| format!("LISTEN_ADDR: cannot listen at {}", config.listen_addr))?;
    let (url, embedded) = if let Some(url) = config.database_url() {
        (url.clone(), None)
    } else {
        let embedded = start_embedded(config)?;
        (embedded.url().into(), Some(embedded))
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(answer(config, url, listener));
    // Tasks may hold connections: they go before the database does.
    drop(runtime);
    if let Some(embedded) = embedded {
        embedded.stop()?;
    }
    served
}

fn start_embedded(config: &Config) -> anyhow::Result<Keeper> {
    let settings = embedded::Settings { data_dir: config.data_dir()?, bin_dir: config.pg_bin_dir.clone() };
    Ok(Keeper::start(settings)?)
}

/// Answers requests until a signal comes, and then those under way.
async fn answer(config: &Config, database_url: SecretString, listener: TcpListener) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    let public_url = config.public_url(address)?;
    let state = startup::prepare(config, database_url, public_url.clone(), Clock::System).await?;
    let has_inbox = state.sms.inbox().is_some();
    tell_guarantee(config);
    let state = Arc::new(state);
    let purge = tokio::spawn(jobs::purge::run(Arc::clone(&state)));
    let server = server::start(listener, Data::from(state))?;
    let handle = server.handle();
    let running = tokio::spawn(server);
    tell(&mut std::io::stdout(), &welcome(config, &public_url, has_inbox));

    stop_signal().await?;
    tracing::info!("stopping: no new requests; those under way have ten seconds");
    handle.stop(true).await;
    purge.abort();
    running.await??;
    Ok(())
}

/// Which profile runs, and what it is worth.
fn tell_guarantee(config: &Config) {
    let (profile, premises) = (config.limits.security_profile, config.premises());
    let guarantee = guess_bound::guarantee(&premises);
    if premises.sends_per_day.is_some() {
        tracing::info!(%profile, "security profile {profile}: {guarantee}");
    } else {
        tracing::warn!(%profile, "security profile {profile}: {guarantee}");
    }
}

/// Returns when the process is asked to stop: Ctrl-C, or SIGTERM by a supervisor.
async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupt = signal::ctrl_c() => interrupt,
        _ = terminate.recv() => Ok(()),
    }
}

/// Three lines for any POSIX shell; sed, for a bare machine has no JSON tool.
const LOGIN: &str = r#"TOKEN=$(curl -s {at}/api/v1/auth/phone -H 'Content-Type: application/json' -d '{"phone": "+79991234567"}' | sed 's/.*"challenge_token":"\([^"]*\).*/\1/')
CODE=$(curl -s '{at}/dev/inbox?phone=%2B79991234567' | sed 's/[^}]*"code":"\([0-9]*\).*/\1/')
curl -s {at}/api/v1/auth/verify -H 'Content-Type: application/json' -d "{\"challenge_token\": \"$TOKEN\", \"code\": \"$CODE\"}"
"#;

/// Where to go next.
fn welcome(config: &Config, public_url: &Url, has_inbox: bool) -> String {
    let at = public_url.as_str().trim_end_matches('/');
    let data = match (config.database_url(), config.data_dir()) {
        (None, Ok(dir)) => dir.display().to_string(),
        _ => "in the database of DATABASE_URL".to_owned(),
    };
    let (inbox, login) = if has_inbox {
        let inbox = format!("  Inbox  {at}/dev/inbox?phone=%2B79991234567\n");
        (inbox, format!("\nA login, to paste:\n\n{}", LOGIN.replace("{at}", at)))
    } else {
        Default::default()
    };
    format!(
        "\nphone-auth is ready.\n\n  API    {at}/api/v1\n  Docs   {at}/redoc  (to try out: {at}/swagger/)\n\
         {inbox}  Data   {data}\n{login}\nStop with Ctrl-C.\n"
    )
}

/// Writes a line for the person at the terminal; a closed pipe is their choice.
fn tell(to: &mut dyn Write, text: &str) {
    let _ = writeln!(to, "{text}");
}
