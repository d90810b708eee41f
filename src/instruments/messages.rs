use std::time::Duration;

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Providers take from a tenth of a second to many.
const BUCKETS: [f64; 7] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];

type OfProvider = [(&'static str, &'static str); 1];
type Durations = Family<OfProvider, Histogram, fn() -> Histogram>;

/// Messages to phones.
#[derive(Clone, Debug)]
pub struct Messages {
    outcomes: Family<[(&'static str, &'static str); 2], Counter>,
    durations: Durations,
    resting: Family<OfProvider, Gauge>,
}

impl Default for Messages {
    fn default() -> Self {
        let durations = Durations::new_with_constructor(|| Histogram::new(BUCKETS));
        Self { outcomes: Family::default(), durations, resting: Family::default() }
    }
}

impl Messages {
    /// Lets a scrape see what is counted.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("sms_messages", "Messages by provider and outcome", self.outcomes.clone());
        registry.register_with_unit(
            "sms_duration",
            "How long the provider took to take or refuse a message",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register(
            "sms_provider_resting",
            "1: the provider failed too often, and is tried by one message at a time",
            self.resting.clone(),
        );
    }

    /// `provider` took a message, or did not.
    pub fn handed_over(&self, provider: &'static str, outcome: &'static str, took: Duration) {
        self.outcomes.get_or_create(&[("provider", provider), ("outcome", outcome)]).inc();
        self.durations.get_or_create(&[("provider", provider)]).observe(took.as_secs_f64());
    }

    /// `provider` is given a rest, or works again.
    pub fn rests(&self, provider: &'static str, rests: bool) {
        self.resting.get_or_create(&[("provider", provider)]).set(rests.into());
    }
}
