use std::time::Instant;

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Up to the half second that a request waits for a connection, and the two that a phone step waits for its turn.
const BUCKETS: [f64; 7] = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 2.0];

type Label = [(&'static str, &'static str); 1];

/// What is waited for, at the pool or before it.
#[derive(Clone, Debug)]
struct Queue {
    waits: Histogram,
    waiting: Gauge,
    late: Counter,
}

/// How connections to the database are waited for.
#[derive(Clone, Debug)]
pub struct Connections {
    waits: Family<Label, Histogram, fn() -> Histogram>,
    waiting: Family<Label, Gauge>,
    late: Family<Label, Counter>,
    /// For a connection.
    connection: Queue,
    /// For a turn of those who come at once, before the connection.
    turn: Queue,
}

impl Default for Connections {
    fn default() -> Self {
        let waits =
            Family::<Label, Histogram, fn() -> Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let (waiting, late) = (Family::<Label, Gauge>::default(), Family::<Label, Counter>::default());
        // Kept at hand, so that counting looks nothing up.
        let queue = |name| Queue {
            waits: waits.get_or_create_owned(&[("queue", name)]),
            waiting: waiting.get_or_create_owned(&[("queue", name)]),
            late: late.get_or_create_owned(&[("queue", name)]),
        };
        let (connection, turn) = (queue("connection"), queue("turn"));
        Self { waits, waiting, late, connection, turn }
    }
}

impl Connections {
    /// Lets a scrape see what is counted.
    pub fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "database_wait",
            "How long a connection, or a turn before it, was waited for, with success or without",
            Unit::Seconds,
            self.waits.clone(),
        );
        registry.register("database_waiting", "How many wait for it now", self.waiting.clone());
        registry.register("database_timeouts", "Waits that ended without it", self.late.clone());
    }

    /// Somebody waits for a connection.
    #[must_use]
    pub fn for_connection(&self) -> Waiting<'_> {
        Waiting::new(&self.connection)
    }

    /// Somebody waits for a turn.
    #[must_use]
    pub fn for_turn(&self) -> Waiting<'_> {
        Waiting::new(&self.turn)
    }
}

/// Somebody waits; who goes away meanwhile waits no more.
pub struct Waiting<'a> {
    queue: &'a Queue,
    since: Instant,
}

impl<'a> Waiting<'a> {
    fn new(queue: &'a Queue) -> Self {
        queue.waiting.inc();
        Self { queue, since: Instant::now() }
    }

    /// The wait ended; without success if it was not `got`.
    pub fn ended(self, got: bool) {
        self.queue.waits.observe(self.since.elapsed().as_secs_f64());
        if !got {
            self.queue.late.inc();
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.queue.waiting.dec();
    }
}
