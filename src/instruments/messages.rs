use std::time::Duration;

use prometheus_client::{
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Providers take from a tenth of a second to many.
const BUCKETS: [f64; 7] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];

type Durations = Family<[(&'static str, &'static str); 1], Histogram, fn() -> Histogram>;

/// Messages to phones.
#[derive(Clone, Debug)]
pub struct Messages {
    messages: Family<[(&'static str, &'static str); 2], Counter>,
    durations: Durations,
}

impl Default for Messages {
    fn default() -> Self {
        let durations = Durations::new_with_constructor(|| Histogram::new(BUCKETS));
        Self { messages: Family::default(), durations }
    }
}

impl Messages {
    /// Lets a scrape see what is counted.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("sms_messages", "Messages by provider and outcome", self.messages.clone());
        registry.register_with_unit(
            "sms_duration",
            "How long the provider took to take or refuse a message",
            Unit::Seconds,
            self.durations.clone(),
        );
    }

    /// `provider` took a message, or did not.
    pub fn handed_over(&self, provider: &'static str, outcome: &'static str, took: Duration) {
        self.messages.get_or_create(&[("provider", provider), ("outcome", outcome)]).inc();
        self.durations.get_or_create(&[("provider", provider)]).observe(took.as_secs_f64());
    }
}
