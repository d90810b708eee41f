use std::{fmt, sync::Arc, time::Instant};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// From what no request undercuts to what no client waits for; half of them below what a login takes.
const BUCKETS: [f64; 11] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The route of every path that is none of ours.
pub const UNKNOWN: &str = "unknown";

/// The pattern of a path, such as `/api/v1/sessions/{id}`, or [`UNKNOWN`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route(Arc<str>);

impl Route {
    /// The route of this pattern; none: a path that nobody knows.
    #[must_use]
    pub fn new(pattern: Option<String>) -> Self {
        Self(pattern.map_or_else(|| Arc::from(UNKNOWN), Arc::from))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        self.as_str().encode(encoder)
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Status {
    Answered(u16),
    /// The service stopped first. Of a client that went away nobody hears before the answer is sent.
    Aborted,
}

impl EncodeLabelValue for Status {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        match self {
            Self::Answered(status) => u64::from(*status).encode(encoder),
            Self::Aborted => "aborted".encode(encoder),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    method: &'static str,
    route: Route,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    method: &'static str,
    route: Route,
    status: Status,
}

type Durations = Family<Operation, Histogram, fn() -> Histogram>;

/// Requests.
#[derive(Debug)]
pub struct Http {
    answers: Family<Answer, Counter>,
    durations: Durations,
    in_flight: Gauge,
}

impl Default for Http {
    fn default() -> Self {
        let durations = Durations::new_with_constructor(|| Histogram::new(BUCKETS));
        Self { answers: Family::default(), durations, in_flight: Gauge::default() }
    }
}

impl Http {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "Requests that ended", self.answers.clone());
        registry.register_with_unit(
            "http_request_duration",
            "From the head of a request to the head of its answer",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests that are being answered",
            self.in_flight.clone(),
        );
    }

    /// Counts a request that begins; what is returned counts how it ends.
    #[must_use]
    pub fn begin(&self, method: &str, route: Route) -> UnderWay<'_> {
        self.in_flight.inc();
        let operation = Operation { method: self::method(method), route };
        UnderWay { http: self, operation, began: Instant::now(), status: Status::Aborted }
    }
}

/// A method by its name; those that a client made up have one name.
#[must_use]
pub fn method(name: &str) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|method| *method == name).unwrap_or("_OTHER")
}

/// A request that is being answered. Dropped without an answer, it was aborted.
pub struct UnderWay<'a> {
    http: &'a Http,
    operation: Operation,
    began: Instant,
    status: Status,
}

impl UnderWay<'_> {
    /// Counts the answer.
    pub fn answered(mut self, status: u16) {
        self.status = Status::Answered(status);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.http.in_flight.dec();
        let took = self.began.elapsed().as_secs_f64();
        self.http.durations.get_or_create(&self.operation).observe(took);
        let Operation { method, ref route } = self.operation;
        let answer = Answer { method, route: route.clone(), status: self.status };
        self.http.answers.get_or_create(&answer).inc();
    }
}
