use chrono::{DateTime, TimeDelta, Utc};
use prometheus_client::registry::Registry;

use crate::{
    clock::Clock,
    connections::Connections,
    domain::{
        Countries, PhoneNumber, Region, TestPhones, TrustedProxies, guess_bound::Premises,
        guess_budget::SecurityProfile,
    },
    instruments::Instruments,
    picture::Pictures,
    sms::{SmsSender, Texts},
    store::Database,
    token::{PinHasher, Pseudonyms, Tokens},
    webhooks::Webhooks,
};

/// What every request can reach. It decides nothing.
pub struct AppState {
    /// Asked once per request.
    pub clock: Clock,
    /// How long clients stay connected, and whether they are to go.
    pub connections: Connections,
    /// The tables.
    pub database: Database,
    /// Seals, opens, issues, verifies.
    pub tokens: Tokens,
    /// What the counting tables know people and networks by.
    pub pseudonyms: Pseudonyms,
    /// Makes and compares hashes of PINs, as many as there is room for.
    pub pins: PinHasher,
    /// Makes avatars, few at a time.
    pub pictures: Pictures,
    /// The way to the people's phones.
    pub sms: SmsSender,
    /// What is sent by it.
    pub texts: Texts,
    /// Who is told of events, and how; none: nobody.
    pub webhooks: Option<Webhooks>,
    /// What this process counts.
    pub instruments: Instruments,
    /// What `/metrics` tells of it.
    pub metrics: Registry,
    /// What the operator chose.
    pub settings: AppSettings,
}

/// What features are told by the operator.
#[derive(Clone, Debug)]
pub struct AppSettings {
    /// Which numbers bound guessing.
    pub profile: SecurityProfile,
    /// How long codes are, and whether and how far sending is limited.
    pub premises: Premises,
    /// After how long without a sign of life of its owner a PIN is no longer asked for; none: never.
    pub pin_release: Option<TimeDelta>,
    /// For how long after the first login an invite code can be activated; none: always.
    pub referral_window: Option<TimeDelta>,
    /// Whether the phones of inviters and invited are shown to each other masked.
    pub mask_referral_phones: bool,
    /// Where a number without a country code belongs.
    pub default_region: Region,
    /// Whose numbers may log in.
    pub allowed_countries: Countries,
    /// Whose codes are fixed and not sent.
    pub test_phones: TestPhones,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// How the world reaches the service: issuer, links, host of the messages.
    pub public_url: url::Url,
}

impl AppSettings {
    /// The phone of an inviter, or of somebody invited, as the other one sees it.
    #[must_use]
    pub fn phone_of_another(&self, phone: String) -> String {
        if self.mask_referral_phones { PhoneNumber::mask(&phone) } else { phone }
    }

    /// Accounts made until then are too old at `now` to activate an invite code; none: none is.
    #[must_use]
    pub fn window_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.referral_window.map(|window| now - window)
    }

    /// The public address of `path`, which has no leading slash.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        // The text of an address without a path ends in a slash.
        format!("{}{path}", self.public_url)
    }
}
