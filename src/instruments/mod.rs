//! What this process counts while it works. `docs/metrics.md` says what each means.
//!
//! Counting takes no lock that others wait for longer than a look into a
//! table, and every set of labels is bounded: nothing that a client makes up
//! becomes one.

mod codes;
mod connections;
mod http;
mod jobs;
mod messages;
mod sessions;

use prometheus_client::registry::Registry;

pub use self::{
    codes::{Codes, Entry},
    connections::{Connections, Waiting},
    http::{Http, Route, UNKNOWN, UnderWay, method},
    jobs::{Job, Jobs},
    messages::Messages,
    sessions::{Ended, Sessions},
};

/// What requests and jobs count. The tools have instruments of their own.
#[derive(Debug, Default)]
pub struct Instruments {
    /// Requests.
    pub http: Http,
    /// Codes on their way.
    pub codes: Codes,
    /// Sessions that begin and end.
    pub sessions: Sessions,
    /// What happens without being asked for.
    pub jobs: Jobs,
}

impl Instruments {
    /// Lets a scrape see what is counted.
    pub fn register(&self, registry: &mut Registry) {
        self.http.register(registry);
        self.codes.register(registry);
        self.sessions.register(registry);
        self.jobs.register(registry);
    }
}
