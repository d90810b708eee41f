//! The binary: settings, logs, database, state, service, and the way down.

use std::{
    net::{SocketAddr, TcpListener},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use actix_web::{
    rt::signal::{
        self,
        unix::{Signal, SignalKind},
    },
    web::Data,
};
use anyhow::Context;
use phone_auth::{
    cli,
    clock::Clock,
    config::{self, AppEnv, Cli, Command, Config, OnOff},
    connections::{Connections, GRACE},
    domain::guess_bound,
    embedded::{self, Keeper},
    jobs, server, startup, telemetry,
};
use secrecy::SecretString;
use tokio::sync::watch;
use url::Url;

fn main() -> ExitCode {
    if let Some(address) = config::probed_address() {
        return ending(cli::healthcheck::run(address));
    }
    let Cli { command, config } = Cli::read();
    ending(match command.unwrap_or(Command::Serve) {
        Command::Serve => serve(&config),
        Command::Migrate { dry_run, json } => cli::migrate::run(&config, dry_run, json),
        Command::Doctor { json } => cli::doctor::run(&config, json),
        Command::Keys(command) => cli::keys::run(&config, &command),
        Command::Users(command) => cli::users::run(&config, &command),
        Command::Sessions(command) => cli::sessions::run(&config, &command),
        Command::Referrals(command) => cli::referrals::run(&config, &command),
        Command::Sms(command) => cli::sms::run(&config, &command),
        Command::Events(command) => cli::events::run(&config, &command),
        Command::GuessBound { profile, json } => cli::guess_bound::print(config, profile, json),
        Command::Openapi => cli::openapi(),
        Command::Postman => cli::postman::print(),
        Command::Healthcheck => cli::healthcheck::run(config.listen_addr),
        Command::Completions { shell } => cli::completions::print(shell),
    })
}

fn ending(done: anyhow::Result<()>) -> ExitCode {
    done.map_or_else(|error| cli::end(&error), |()| ExitCode::SUCCESS)
}

/// Runs the service until it is told to stop.
fn serve(config: &Config) -> anyhow::Result<()> {
    // Dropped last: what is left of the traces is sent by then, for two seconds at most.
    let _traces = telemetry::start_with_traces(&config.log, config.log_format(), &config.telemetry)?;
    config.check().map_err(anyhow::Error::from).and_then(|()| run(config)).inspect_err(|error| {
        if config.app_env == AppEnv::Production {
            // Where programs read, they have it as a line of the log too.
            tracing::error!(cause = format!("{error:#}"), "the service does not run");
        }
    })
}

fn run(config: &Config) -> anyhow::Result<()> {
    // As many connections as the system lets this process have; it may have fewer than asked for.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    // First of all, for it is what fails most often and costs nothing.
    let listeners = listen(config)?;
    let (url, embedded) = if let Some(url) = config.database_url() {
        (url.clone(), None)
    } else {
        let embedded = start_embedded(config)?;
        (embedded.url().into(), Some(embedded))
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(answer(config, url, listeners));
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

/// Where the service is reached.
struct Listeners {
    api: TcpListener,
    /// None where the default address is taken, as by a second instance on one machine.
    admin: Option<TcpListener>,
}

fn listen(config: &Config) -> anyhow::Result<Listeners> {
    let bind = |name: &str, address: SocketAddr| {
        TcpListener::bind(address).with_context(|| format!("{name}: cannot listen at {address}"))
    };
    let api = bind("LISTEN_ADDR", config.listen_addr)?;
    let address = config.admin_listen_addr.unwrap_or(Config::ADMIN_LISTEN_ADDR);
    let admin = match bind("ADMIN_LISTEN_ADDR", address) {
        Err(error) if config.admin_listen_addr.is_none() => {
            tracing::warn!(
                error = &*error as &dyn std::error::Error,
                "there is no /metrics; set ADMIN_LISTEN_ADDR to a free address, such as 127.0.0.1:9091"
            );
            None
        }
        bound => Some(bound?),
    };
    Ok(Listeners { api, admin })
}

/// Answers requests until a signal comes, and then those under way.
async fn answer(config: &Config, database_url: SecretString, listeners: Listeners) -> anyhow::Result<()> {
    let address = listeners.api.local_addr()?;
    let metrics = listeners.admin.as_ref().map(TcpListener::local_addr).transpose()?;
    let public_url = config.public_url(address)?;
    let state = startup::prepare(config, database_url, public_url.clone(), Clock::System).await?;
    let has_inbox = state.sms.inbox().is_some();
    tell_guarantee(config);
    let state = Arc::new(state);
    let jobs = [
        tokio::spawn(jobs::purge::run(Arc::clone(&state))),
        tokio::spawn(jobs::keys::run(Arc::clone(&state))),
    ];
    let (stop, stopping) = watch::channel(false);
    let telling = tokio::spawn(jobs::webhooks::run(Arc::clone(&state), stopping, GRACE));
    // Before anybody can see that it runs, and tell it to stop.
    let mut stop_asked = StopSignal::listen()?;
    let server = server::start(listeners.api, Data::from(Arc::clone(&state)))?;
    let handle = server.handle();
    let running = tokio::spawn(server);
    let admin = listeners
        .admin
        .map(|listener| server::start_admin(listener, Data::from(Arc::clone(&state))))
        .transpose()?;
    let admin = admin.map(|server| (server.handle(), tokio::spawn(server)));
    match config.app_env {
        // Whether anybody reads it or not; and whatever is logged.
        AppEnv::Development => drop(cli::say(&welcome(config, &public_url, has_inbox, metrics))),
        AppEnv::Production => {
            let metrics = metrics.map(|address| format!("http://{address}/metrics"));
            let ready = serde_json::json!({
                "message": "phone-auth is ready", "page": public_url.as_str(), "metrics": metrics,
            });
            drop(cli::say(&ready.to_string()));
        }
    }

    let asked = stop_asked.comes().await;
    stop.send_replace(true);
    // Attempts to tell of events have as long; what has not ended is given back, which takes a moment.
    let telling = tokio::time::timeout(GRACE + Duration::from_secs(3), telling);
    if asked == Stop::BySupervisor {
        drain(&state.connections, &mut stop_asked).await;
    }
    tracing::info!("stopping: no new requests; those under way have {:?}", state.connections.grace());
    let _ = tokio::join!(handle.stop(true), telling);
    jobs.iter().for_each(tokio::task::JoinHandle::abort);
    running.await??;
    // Last, so that it can be watched how the others end.
    if let Some((handle, running)) = admin {
        handle.stop(false).await;
        running.await??;
    }
    Ok(())
}

/// Which profile runs, and what it is worth.
fn tell_guarantee(config: &Config) {
    let (profile, premises) = (config.limits.security_profile, config.premises());
    let guarantee = guess_bound::guarantee(&premises);
    if premises.sends_per_day.is_none() {
        tracing::warn!(%profile, "security profile {profile}: {guarantee}");
        return;
    }
    tracing::info!(%profile, "security profile {profile}: {guarantee}");
    let accounts = guess_bound::accounts_per_year(&premises);
    if accounts >= 1.0 {
        tracing::warn!(
            accounts_per_year = accounts,
            "with so high a SENDS_PER_DAY a year of guessing everywhere may yield more than one account; SECURITY_PROFILE=strict or a longer OTP_LENGTH lowers it"
        );
    }
}

/// Gives whoever balances the time to notice, and clients that to go; a second signal cuts it short.
async fn drain(connections: &Connections, stop_asked: &mut StopSignal) {
    connections.let_go();
    tracing::info!("not ready any more; new requests are answered for another {:?}", connections.drain);
    tokio::select! {
        () = tokio::time::sleep(connections.drain) => {}
        _ = stop_asked.comes() => {}
    }
}

/// Who asks the process to stop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// A person, by Ctrl-C: nobody balances between instances at a terminal.
    AtTerminal,
    /// Whoever runs instances, by SIGTERM.
    BySupervisor,
}

/// The signals that ask the process to stop.
struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignal {
    /// Listens from now on; until then a signal ends the process at once.
    fn listen() -> std::io::Result<Self> {
        let listen = signal::unix::signal;
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    async fn comes(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => Stop::AtTerminal,
            _ = self.terminate.recv() => Stop::BySupervisor,
        }
    }
}

/// Three lines for any POSIX shell; sed, for a bare machine has no JSON tool.
const LOGIN: &str = r#"TOKEN=$(curl -s {at}/api/v1/auth/phone -H 'Content-Type: application/json' -d '{"phone": "+79991234567"}' | sed 's/.*"challenge_token":"\([^"]*\).*/\1/')
CODE=$(curl -s '{at}/dev/inbox?phone=%2B79991234567' | sed 's/[^}]*"code":"\([0-9]*\).*/\1/')
curl -s {at}/api/v1/auth/verify -H 'Content-Type: application/json' -d "{\"challenge_token\": \"$TOKEN\", \"code\": \"$CODE\"}"
"#;

/// Where to go next.
fn welcome(config: &Config, public_url: &Url, has_inbox: bool, metrics: Option<SocketAddr>) -> String {
    let at = public_url.as_str().trim_end_matches('/');
    let data = match (config.database_url(), config.data_dir()) {
        (None, Ok(dir)) => dir.display().to_string(),
        _ => "in the database of DATABASE_URL".to_owned(),
    };
    let (inbox, login) = if has_inbox {
        let inbox = format!("  Inbox    {at}/dev/inbox?phone=%2B79991234567\n");
        (inbox, format!("\nA login, to paste:\n\n{}", LOGIN.replace("{at}", at)))
    } else {
        Default::default()
    };
    let limits = match config.limits.send_limits {
        OnOff::Off => "none on sending (SEND_LIMITS=off)",
        OnOff::On => "on sending and guessing (SEND_LIMITS=off to try many numbers)",
    };
    let metrics = metrics.map(|address| format!("  Metrics  http://{address}/metrics\n")).unwrap_or_default();
    format!(
        "\nphone-auth is ready.\n\n  Page     {at}/\n  API      {at}/api/v1\n  Docs     {at}/redoc  (to try out: {at}/swagger/)\n\
         {inbox}{metrics}  Data     {data}\n  Limits   {limits}\n{login}\nStop with Ctrl-C.\n"
    )
}
