//! How many codes may be sent, and to whom at whose request. The numbers are
//! explained in `docs/SECURITY.md`.

use std::net::IpAddr;

use chrono::TimeDelta;

use super::{Limit, PhoneNumber, network::prefix};

/// Between two codes to one phone that strangers ask for.
pub const GAP: TimeDelta = TimeDelta::seconds(30);
/// Codes to one phone that strangers ask for.
pub const STRANGER: Limit = Limit::new(3, TimeDelta::hours(8));
/// Codes that one trusted device asks for.
pub const DEVICE: Limit = Limit::new(3, TimeDelta::hours(2));
/// How many sends are given back in 24 hours because a login followed, or because the code had become too short.
pub const RETURNED_PER_DAY: i32 = 20;
/// Codes to numbers that differ in their last four digits only; a login gives its own back.
pub const NUMBER_BLOCK: Limit = Limit::new(10, TimeDelta::minutes(6));
/// Different phones that one address, an IPv4 /32 or an IPv6 /64, asks codes for.
pub const PHONES_PER_ADDRESS: Limit = Limit::new(5, TimeDelta::minutes(12));
/// For how long a phone counts as one that an address asked for.
pub const PHONE_REMEMBERED: Limit = Limit::new(1, TimeDelta::hours(1));
/// Codes entered from one address.
pub const VERIFY_PER_ADDRESS: Limit = Limit::new(30, TimeDelta::seconds(2));

/// From how many sends on a country is judged.
pub const COUNTRY_ENOUGH: i32 = 50;
/// Which part of them must lead to a login, in percent.
pub const COUNTRY_PERCENT: i32 = 30;
/// Over how long it is judged, and for how long it closes.
pub const COUNTRY_CLOSED: TimeDelta = TimeDelta::hours(1);

/// When the operator is warned: at this part of the day's budget, in percent.
pub const DAY_WARNING_PERCENT: i32 = 80;
/// How much trusted devices have beside the day's budget, in percent of it: for
/// what they ask for beyond the first code in two hours, which nobody can use up.
pub const DAY_DEVICE_PERCENT: i32 = 20;

/// What trusted devices have beside a day's budget, rounded up.
#[must_use]
pub fn reserve(per_day: i32) -> i32 {
    let percent = i64::from(per_day) * i64::from(DAY_DEVICE_PERCENT);
    i32::try_from((percent + 99) / 100).unwrap_or(i32::MAX)
}

/// The networks of `address` whose sends are counted, narrowest first.
#[must_use]
pub fn networks(address: IpAddr) -> Vec<(String, Limit)> {
    const HOURLY_10: Limit = Limit::new(5, TimeDelta::minutes(6));
    const DAILY_30: Limit = Limit::new(30, TimeDelta::minutes(48));
    let wider: &[(u8, Limit)] = match address.to_canonical() {
        IpAddr::V4(_) => &[(24, Limit::new(60, TimeDelta::minutes(1)))],
        IpAddr::V6(_) => {
            &[(56, Limit::new(20, TimeDelta::minutes(3))), (48, Limit::new(100, TimeDelta::seconds(36)))]
        }
    };
    let own = single(address);
    let own = [(format!("{own} hourly"), HOURLY_10), (format!("{own} daily"), DAILY_30)];
    let wider = wider.iter().map(|(bits, limit)| (prefix(address, *bits).to_string(), *limit));
    own.into_iter().chain(wider).collect()
}

/// What counts as one address: an IPv4 /32 or an IPv6 /64.
#[must_use]
pub fn single(address: IpAddr) -> String {
    let bits = if address.to_canonical().is_ipv4() { 32 } else { 64 };
    prefix(address, bits).to_string()
}

/// The block of a number: all but its last four digits.
#[must_use]
pub fn block(phone: &PhoneNumber) -> &str {
    let number = phone.as_str();
    &number[..number.len() - 4]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_client_counts_against_its_address_and_its_24() {
        let networks = networks("::ffff:203.0.113.77".parse().unwrap());
        let names: Vec<_> = networks.iter().map(|(name, limit)| (name.as_str(), limit.burst)).collect();
        let expected = [("203.0.113.77/32 hourly", 5), ("203.0.113.77/32 daily", 30), ("203.0.113.0/24", 60)];
        assert_eq!(names, expected);
    }

    #[test]
    fn an_ipv6_client_cannot_leave_its_networks_by_changing_its_address() {
        let [one, other] =
            ["2001:db8:aa:bb::1", "2001:db8:aa:bb:ffff::2"].map(|text| networks(text.parse().unwrap()));
        assert_eq!(one, other);
        let names: Vec<_> = one.iter().map(|(name, limit)| (name.as_str(), limit.burst)).collect();
        let expected = [
            ("2001:db8:aa:bb::/64 hourly", 5),
            ("2001:db8:aa:bb::/64 daily", 30),
            ("2001:db8:aa::/56", 20),
            ("2001:db8:aa::/48", 100),
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_fifth_more_is_kept_for_trusted_devices() {
        for (per_day, devices) in [(10_000, 2_000), (1, 1), (6, 2), (i32::MAX, 429_496_730)] {
            assert_eq!(reserve(per_day), devices);
        }
    }

    #[test]
    fn a_block_is_the_number_without_its_last_four_digits() {
        assert_eq!(block(&PhoneNumber::from_e164("+79991234567".to_owned()).unwrap()), "+7999123");
    }
}
