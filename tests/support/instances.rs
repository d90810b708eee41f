//! What answers under the URL of a [`TestApp`](super::TestApp): one instance, or several behind an nginx.
//!
//! `INSTANCES=3` in the environment makes every service of every test three: each has its own pool, keys, queues and
//! meters, and they share the database, the turned clock, and the inbox of the simulated sender, which in life is each
//! instance's own. `INSTANCES_LOG` names a file that gets a line for each request: the test and which of its services,
//! and which instance answered. `tests/cluster/run` sets both.
#![expect(clippy::disallowed_methods, reason = "settings of the tests and not of the service")]

use std::{
    env, fs,
    net::{SocketAddr, TcpListener},
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use actix_web::{dev::ServerHandle, web::Data};
use phone_auth::{
    clock::Clock,
    config::Config,
    custody::CustodyError,
    jobs, server,
    sms::SmsSender,
    startup::{self, StartError},
    state::AppState,
    store::StoreError,
};

use super::{TestApp, cluster::RUNTIME};

/// Where the front comes from. The tests come from 127.0.0.1, so the two cannot be taken for each other: what is
/// trusted is the front, and never the test, unless the test says so.
const FRONT: &str = "127.0.0.2";

/// How many instances a service has here.
fn count() -> usize {
    env::var("INSTANCES").map_or(1, |count| count.parse().unwrap())
}

/// The same arguments, and the front among the trusted proxies, if there is one.
pub fn trusting_the_front(mut arguments: Vec<String>) -> Vec<String> {
    if count() > 1 {
        let flag = "--trusted-proxies".to_owned();
        match arguments.iter().position(|argument| *argument == flag) {
            Some(at) if arguments[at + 1].is_empty() => FRONT.clone_into(&mut arguments[at + 1]),
            Some(at) => arguments[at + 1] = [arguments[at + 1].as_str(), FRONT].join(","),
            None => arguments.extend([flag, FRONT.to_owned()]),
        }
    }
    arguments
}

/// One service, as a process of its own would be.
pub struct Instance {
    pub state: Data<AppState>,
    address: SocketAddr,
    handle: ServerHandle,
}

impl Instance {
    async fn start(config: Config, database_url: String, clock: Clock, sms: Option<SmsSender>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let public_url = config.public_url(address).unwrap();
        // A busy computer may need more than the second that the service gives its database.
        let mut tries = 1..5;
        let mut state = loop {
            let prepare =
                startup::prepare(&config, database_url.clone().into(), public_url.clone(), clock.clone());
            match prepare.await {
                Err(StartError::Custody(CustodyError::Store(StoreError::Unreachable(_))))
                    if tries.next().is_some() => {}
                prepared => break prepared.unwrap(),
            }
        };
        if let Some(sms) = sms {
            state.sms = sms;
        }
        let state = Data::new(state);
        let server = server::start(listener, state.clone()).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        Self { state, address, handle }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Not awaited: the next test need not wait for it.
        RUNTIME.spawn(self.handle.stop(false));
    }
}

impl TestApp {
    /// One round of the job that follows the signing keys, on every instance: each does so every five seconds.
    pub async fn follow_keys(&self) -> Result<(), CustodyError> {
        let mut all = Ok(());
        for instance in &self.instances {
            all = jobs::keys::follow(&instance.state).await.and(all);
        }
        all
    }
}

/// Starts what answers; the front only where there are several.
pub async fn start(config: Config, database_url: &str, clock: Clock) -> (Vec<Instance>, Option<Front>) {
    let database_url = database_url.to_owned();
    let instances = RUNTIME.spawn(async move {
        let mut instances = Vec::<Instance>::new();
        for _ in 0..count() {
            let sms = instances.first().map(|first| first.state.sms.clone());
            instances.push(Instance::start(config.clone(), database_url.clone(), clock.clone(), sms).await);
        }
        instances
    });
    let instances = instances.await.unwrap();
    let front = (instances.len() > 1)
        .then(|| Front::start(&instances.iter().map(|instance| instance.address).collect::<Vec<_>>()));
    (instances, front)
}

/// An nginx that hands the requests round; it ends with this, or with the process, however that ends.
pub struct Front {
    address: SocketAddr,
    /// Its input ends with this.
    _watchdog: Child,
}

/// Ends nginx and takes its folder away once its own input ends, which it does with whoever holds the other end. Tells
/// it so more than once: what comes while nginx starts is forgotten.
const WATCHDOG: &str = r#"
nginx -p "$1" -c "$1/nginx.conf" -e error.log &
nginx=$!
trap '' INT TERM HUP
read -r _
while kill "$nginx" 2>/dev/null; do
    sleep 0.1
done
rm -r "$1"
"#;

impl Front {
    fn start(instances: &[SocketAddr]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("phone-auth-front-{}-{number}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("nginx.conf"), configuration(number, address, instances)).unwrap();
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "sh"])
            .arg(folder)
            .stdin(Stdio::piped())
            // nginx takes over sockets that listen already, as at its own updates: nobody has to wait until it
            // does, and nobody can take the port in between.
            .stdout(OwnedFd::from(listener))
            .env("NGINX", "1;")
            .env("PATH", format!("{}:/usr/sbin:/opt/homebrew/bin", env::var("PATH").unwrap_or_default()))
            .spawn()
            .unwrap();
        Self { address, _watchdog: watchdog }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Round robin, `X-Forwarded-For` as a trusted proxy writes it, and nothing that the service does itself.
fn configuration(number: u32, front: SocketAddr, instances: &[SocketAddr]) -> String {
    let servers = instances.iter().map(|address| format!("        server {address} max_fails=0;\n"));
    let servers = servers.collect::<Vec<_>>().concat();
    let numbers = (1..).zip(instances).map(|(number, address)| format!("        {address} {number};\n"));
    let numbers = numbers.collect::<Vec<_>>().concat();
    let test = thread::current().name().unwrap_or("unknown").to_owned();
    let program = env::current_exe().unwrap();
    let suite = program.file_stem().unwrap().to_str().unwrap().split('-').next().unwrap();
    let log = env::var("INSTANCES_LOG").map_or("off".to_owned(), |file| format!("'{file}' served"));
    format!(
        "daemon off;
worker_processes 1;
error_log stderr error;
pid nginx.pid;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    map $upstream_addr $instance {{
        default other;
{numbers}    }}
    log_format served '{suite} {test}#{number} $instance $status';
    access_log {log};
    upstream instances {{
{servers}        keepalive 32;
        # Less than the service keeps a connection that nobody uses: what is sent on one that is
        # being closed is not sent again.
        keepalive_timeout 3s;
    }}
    server {{
        listen {front};
        # More than the service takes, which says so itself.
        client_max_body_size 16m;
        large_client_header_buffers 4 256k;
        location / {{
            proxy_pass http://instances;
            proxy_bind {FRONT};
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"
    )
}
