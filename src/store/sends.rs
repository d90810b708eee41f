//! Admitting a code to be sent, and taking that back: `phone_guard`, `device_guard`, `rate_limit`,
//! `country_traffic` and `sends_per_day`, decided and counted by one call of a
//! function in the database (the migrations `create_guard_functions` and `return_failed_sends`).

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{Array, Bool, Integer, Interval, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{Connection, StoreError, statement::statement};
use crate::domain::{
    DeviceId, Limit, PhoneNumber, Pseudonym,
    guess_budget::{self, Levels},
    send_limits,
};

/// A code somebody asks for.
pub struct SendRequest<'a> {
    /// What the counters take for now; none: the time of the database.
    pub at: Option<DateTime<Utc>>,
    /// To whom the code would go.
    pub phone: &'a PhoneNumber,
    /// The pseudonym of `phone`.
    pub phone_key: Pseudonym,
    /// The device that shows its token, if one does.
    pub device: Option<DeviceId>,
    /// The networks of the client.
    pub networks: Vec<(Pseudonym, Limit)>,
    /// The block of the number.
    pub block: (Pseudonym, Limit),
    /// The client's address and this phone together, and the client's address:
    /// the second is charged for a phone that the first does not know.
    pub phones_of_address: (Pseudonym, Pseudonym),
    /// The country of the number: ISO 3166-1 alpha-2.
    pub country: String,
    /// The pseudonym of `country`.
    pub country_key: Pseudonym,
    /// How many codes strangers may be sent on a day; none: no send is limited.
    pub per_day: Option<i32>,
}

impl SendRequest<'_> {
    /// Everything that is limited beside the phone, the country and the day.
    fn all_limits(&self) -> Vec<(Pseudonym, Limit)> {
        let (pair, phones) = self.phones_of_address;
        let of_address = [(pair, send_limits::PHONE_REMEMBERED), (phones, send_limits::PHONES_PER_ADDRESS)];
        self.networks.iter().copied().chain([self.block]).chain(of_address).collect()
    }
}

/// What came of asking for a code. Every case is ordinary.
pub enum Admission {
    /// It is counted and may be sent.
    Admitted {
        /// In whose lane.
        lane: Lane,
        /// After how long the next one will be admitted, as far as the lane goes.
        next: TimeDelta,
        /// The codes sent to strangers today, this one among them; none when it is not counted.
        sends_today: Option<i32>,
        /// When it was counted, as the database has it.
        at: DateTime<Utc>,
    },
    /// Nothing was counted; after this time it will be admitted, if nobody else asks.
    Wait(TimeDelta),
}

/// Who asks, as far as counting goes.
pub enum Lane {
    /// A device that was logged in on with this number.
    Device(DeviceId),
    /// Anybody else; this is what strangers tried so far.
    Stranger(Levels),
}

statement! {
    AdmitSend<'a> {
        at: Option<DateTime<Utc>> => Nullable<Timestamptz>,
        limited: bool => Bool,
        device: Option<Uuid> => Nullable<SqlUuid>,
        number: &'a str => Text,
        failures_every: TimeDelta => Interval,
        failures_burst: i32 => Integer,
        device_every: TimeDelta => Interval,
        device_burst: i32 => Integer,
        phone: Uuid => SqlUuid,
        gap: TimeDelta => Interval,
        every: TimeDelta => Interval,
        burst: i32 => Integer,
        keys: Vec<Uuid> => Array<SqlUuid>,
        everies: Vec<TimeDelta> => Array<Interval>,
        bursts: Vec<i32> => Array<Integer>,
        pair: Uuid => SqlUuid,
        phones: Uuid => SqlUuid,
        country: &'a str => Text,
        country_key: Uuid => SqlUuid,
        enough: i32 => Integer,
        percent: i32 => Integer,
        closed: TimeDelta => Interval,
        day_strangers: i32 => Integer,
        day_devices: i32 => Integer,
    } -> (
        Nullable<Interval>, Bool,
        Nullable<Interval>, Nullable<Interval>, Nullable<Interval>, Nullable<Interval>,
        Nullable<Interval>, Nullable<Integer>, Timestamptz,
    )
    "SELECT wait, trusted, f4, f6, g4, g6, next, sends_today, coalesce($1, now()) FROM admit_send(
         _at => $1, _limited => $2, _device => $3, _number => $4, _failures_every => $5, _failures_burst => $6,
         _device_every => $7, _device_burst => $8, _phone => $9, _gap => $10, _every => $11, _burst => $12,
         _keys => $13, _everies => $14, _bursts => $15, _pair => $16, _phones => $17, _country => $18,
         _country_key => $19, _enough => $20, _percent => $21, _closed => $22, _day_strangers => $23,
         _day_devices => $24)"
}

type AdmittedRow = (
    Option<TimeDelta>,
    bool,
    Option<TimeDelta>,
    Option<TimeDelta>,
    Option<TimeDelta>,
    Option<TimeDelta>,
    Option<TimeDelta>,
    Option<i32>,
    DateTime<Utc>,
);

/// Admits a code to be sent and counts it against every limit, or tells how
/// long to wait and counts nothing.
///
/// # Errors
///
/// [`StoreError`]: nothing may be sent then.
pub async fn admit(conn: &mut Connection, request: &SendRequest<'_>) -> Result<Admission, StoreError> {
    let per_day = request.per_day.unwrap_or_default();
    let (pair, phones) = request.phones_of_address;
    let limits = request.all_limits();
    let statement = AdmitSend {
        at: request.at,
        limited: request.per_day.is_some(),
        device: request.device.map(|device| device.0),
        number: request.phone.as_str(),
        failures_every: guess_budget::DEVICE.every,
        failures_burst: guess_budget::DEVICE.burst,
        device_every: send_limits::DEVICE.every,
        device_burst: send_limits::DEVICE.burst,
        phone: request.phone_key.0,
        gap: send_limits::GAP,
        every: send_limits::STRANGER.every,
        burst: send_limits::STRANGER.burst,
        keys: limits.iter().map(|(key, _)| key.0).collect(),
        everies: limits.iter().map(|(_, limit)| limit.every).collect(),
        bursts: limits.iter().map(|(_, limit)| limit.burst).collect(),
        pair: pair.0,
        phones: phones.0,
        country: &request.country,
        country_key: request.country_key.0,
        enough: send_limits::COUNTRY_ENOUGH,
        percent: send_limits::COUNTRY_PERCENT,
        closed: send_limits::COUNTRY_CLOSED,
        day_strangers: per_day,
        day_devices: send_limits::reserve(per_day),
    };
    let row: AdmittedRow = statement.get_result(conn).await?;
    let (wait, trusted, f4, f6, g4, g6, next, sends_today, at) = row;
    if let Some(wait) = wait {
        return Ok(Admission::Wait(wait));
    }
    let lane = match request.device.filter(|_| trusted) {
        Some(device) => Lane::Device(device),
        None => Lane::Stranger(Levels {
            phone_short: f4.unwrap_or_default(),
            phone_medium: f6.unwrap_or_default(),
            deployment_short: g4.unwrap_or_default(),
            deployment_medium: g6.unwrap_or_default(),
        }),
    };
    Ok(Admission::Admitted { lane, next: next.unwrap_or_default(), sends_today, at })
}

statement! {
    ReturnFailedSend<'a> {
        at: DateTime<Utc> => Timestamptz,
        device: Option<Uuid> => Nullable<SqlUuid>,
        device_every: TimeDelta => Interval,
        phone: Uuid => SqlUuid,
        every: TimeDelta => Interval,
        keys: Vec<Uuid> => Array<SqlUuid>,
        everies: Vec<TimeDelta> => Array<Interval>,
        pair: Uuid => SqlUuid,
        pair_every: TimeDelta => Interval,
        phones: Uuid => SqlUuid,
        country: &'a str => Text,
    } -> (Bool,)
    "SELECT true FROM return_failed_send(
         _at => $1, _device => $2, _device_every => $3, _phone => $4, _every => $5, _keys => $6, _everies => $7,
         _pair => $8, _pair_every => $9, _phones => $10, _country => $11)"
}

/// What a message is given back that did not go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// Everything.
    All,
    /// What its number and the deployment were charged. The client's networks stay charged: nobody else bounds how
    /// often a provider is asked for numbers that it refuses.
    AllButNetworks,
}

/// Gives back what [`admit`] counted for `request` at `at` in the lane of `device`, once it is certain that no message
/// went. Called once at most.
///
/// # Errors
///
/// [`StoreError`]: it stays counted.
pub async fn give_back(
    conn: &mut Connection,
    request: &SendRequest<'_>,
    device: Option<DeviceId>,
    at: DateTime<Utc>,
    returned: Returned,
) -> Result<(), StoreError> {
    let (pair, phones) = request.phones_of_address;
    let limits: Vec<_> = match returned {
        Returned::All => request.all_limits(),
        Returned::AllButNetworks => vec![request.block],
    };
    let statement = ReturnFailedSend {
        at,
        device: device.map(|device| device.0),
        device_every: send_limits::DEVICE.every,
        phone: request.phone_key.0,
        every: send_limits::STRANGER.every,
        keys: limits.iter().map(|(key, _)| key.0).collect(),
        everies: limits.iter().map(|(_, limit)| limit.every).collect(),
        pair: pair.0,
        pair_every: send_limits::PHONE_REMEMBERED.every,
        phones: phones.0,
        country: &request.country,
    };
    let (_,): (bool,) = statement.get_result(conn).await?;
    Ok(())
}
