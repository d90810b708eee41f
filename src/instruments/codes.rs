use std::fmt;

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder},
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use crate::domain::Region;

/// The country of a number, ISO 3166-1 alpha-2; `ZZ` for one of no country, or if it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Country(Option<Region>);

impl EncodeLabelValue for Country {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        self.0.as_ref().map_or("ZZ", Region::as_str).encode(encoder)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Sent {
    country: Country,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Entered {
    country: Country,
    outcome: &'static str,
}

/// What came of a code that somebody entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It was the code.
    Right,
    /// It was not.
    Wrong,
    /// The challenge was forged, expired, used or out of attempts; of a forged one no country is known.
    InvalidChallenge,
    /// It has become too short.
    Upgraded,
    /// A limit refused it.
    Limited,
    /// Nothing was compared, for a part of the service was away.
    Failed,
}

impl Entry {
    fn as_str(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::InvalidChallenge => "invalid-challenge",
            Self::Upgraded => "upgraded",
            Self::Limited => "limited",
            Self::Failed => "failed",
        }
    }
}

/// Codes on their way.
#[derive(Debug, Default)]
pub struct Codes {
    sent: Family<Sent, Counter>,
    entered: Family<Entered, Counter>,
}

impl Codes {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("codes_sent", "Codes that a provider took, by country", self.sent.clone());
        registry.register(
            "codes_entered",
            "Codes that came back, and what came of them",
            self.entered.clone(),
        );
    }

    /// A provider took a code for a number of `country`.
    pub fn sent(&self, country: Option<Region>) {
        self.sent.get_or_create(&Sent { country: Country(country) }).inc();
    }

    /// A code came back that was sent to a number of `country`.
    pub fn entered(&self, country: Option<Region>, entry: Entry) {
        let entered = Entered { country: Country(country), outcome: entry.as_str() };
        self.entered.get_or_create(&entered).inc();
    }
}
