//! May a code be sent, how long is it, and in whose lane.

use std::{net::IpAddr, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    domain::{DeviceId, OtpCode, PhoneNumber, send_limits},
    http::{client::Client, problem::Problem},
    state::AppState,
    store::sends::{self, Admission, Lane, SendRequest},
};

/// How long a request waits for its turn at the database. The message takes
/// longer than this, so of many who ask at once nobody need be sent away.
const TURN: Duration = Duration::from_secs(2);

/// A code that may be sent.
pub(super) struct Admitted {
    pub code: OtpCode,
    /// The trusted device in whose lane it is; none: a stranger's.
    pub device: Option<DeviceId>,
    /// After how long another may be asked for.
    pub next: TimeDelta,
    /// When it was counted; none: it goes to nobody, for a test number's code is known already.
    pub at: Option<DateTime<Utc>>,
}

/// Admits a code to `phone` and draws it, as long as what was guessed so far demands.
///
/// Whether the number has an account plays no part in it, unless a device
/// shows that somebody was logged in on it with this number.
pub(super) async fn admit(
    app: &AppState,
    client: &Client,
    phone: &PhoneNumber,
    device_token: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Admitted, Problem> {
    if !app.settings.allowed_countries.allows(phone) {
        return Err(Problem::PhoneNotSupported);
    }
    if let Some(code) = app.settings.test_phones.code(phone, now) {
        return Ok(Admitted { code: code.clone(), device: None, next: TimeDelta::zero(), at: None });
    }
    // A token that is not good is none: the lane of strangers is open to everybody.
    let device = device_token.and_then(|token| app.tokens.open_device(token, now).ok());
    let mut queued = app.database.queue_for_connection(TURN).await?;
    // Made only now, and in a box: ten thousand may wait, here or for their message, and need not have one.
    let request = Box::new(request(app, client.address, phone, device));
    let admission = Box::pin(sends::admit(&mut queued.connection, &request)).await?;
    drop((queued, request));
    let (lane, next, sends_today, at) = match admission {
        Admission::Admitted { lane, next, sends_today, at } => (lane, next, sends_today, at),
        Admission::Wait(wait) => return Err(Problem::TooManyRequests(wait)),
    };
    warn_of_the_day(app, sends_today);
    let (length, device) = match lane {
        Lane::Device(device) => (app.settings.premises.ladder.shortest(), Some(device)),
        Lane::Stranger(levels) => (app.settings.premises.ladder.for_stranger(&levels), None),
    };
    Ok(Admitted { code: OtpCode::random(length), device, next, at: Some(at) })
}

/// What a code to `phone` is counted against.
pub(super) fn request<'a>(
    app: &AppState,
    address: IpAddr,
    phone: &'a PhoneNumber,
    device: Option<DeviceId>,
) -> SendRequest<'a> {
    let key = |kind, value: &str| app.pseudonyms.of(kind, value);
    let networks = send_limits::networks(address).into_iter();
    let networks = networks.map(|(network, limit)| (key("network", &network), limit));
    let address = send_limits::single(address);
    let country = country(phone);
    SendRequest {
        at: app.clock.for_counters(),
        phone,
        phone_key: key("phone", phone.as_str()),
        device,
        networks: networks.collect(),
        block: (key("block", send_limits::block(phone)), send_limits::NUMBER_BLOCK),
        phones_of_address: (key("pair", &format!("{address} {}", phone.as_str())), key("phones", &address)),
        country_key: key("country", &country),
        country,
        per_day: app.settings.premises.sends_per_day,
    }
}

/// The country of a number: ISO 3166-1 alpha-2, or for one of no country `ZZ`.
pub(super) fn country(phone: &PhoneNumber) -> String {
    phone.region().map_or_else(|| "ZZ".to_owned(), |region| region.as_str().to_owned())
}

/// Of all instances exactly one sends the message at which the warning is due.
fn warn_of_the_day(app: &AppState, sends_today: Option<i32>) {
    let Some(per_day) = app.settings.premises.sends_per_day else { return };
    let due = (i64::from(per_day) * i64::from(send_limits::DAY_WARNING_PERCENT)).div_euclid(100).max(1);
    if sends_today.map(i64::from) == Some(due) {
        tracing::warn!(
            sends_today,
            per_day,
            "most of today's messages are sent; at the limit strangers get no more codes until midnight UTC"
        );
    }
}
