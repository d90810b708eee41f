use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), bits)
}

const fn v6(a: u16, b: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), bits)
}

/// The registry of special-purpose addresses (RFC 6890), multicast, and what a cloud answers at.
const SPECIAL_V4: [Ipv4Net; 16] = [
    // This network, and this host on it
    v4(0, 0, 0, 8),
    // Private use
    v4(10, 0, 0, 8),
    v4(172, 16, 0, 12),
    v4(192, 168, 0, 16),
    // Shared with the customers of a carrier
    v4(100, 64, 0, 10),
    // Loopback, link-local: there clouds tell machines their secrets
    v4(127, 0, 0, 8),
    v4(169, 254, 0, 16),
    // Azure's, which is no special address but answers machines inside only
    Ipv4Net::new_assert(Ipv4Addr::new(168, 63, 129, 16), 32),
    // Protocol assignments, 6to4 relays, benchmarks
    v4(192, 0, 0, 24),
    v4(192, 88, 99, 24),
    v4(198, 18, 0, 15),
    // Documentation
    v4(192, 0, 2, 24),
    v4(198, 51, 100, 24),
    v4(203, 0, 113, 24),
    // Multicast, reserved, broadcast
    v4(224, 0, 0, 4),
    v4(240, 0, 0, 4),
];

/// What the world's IPv6 addresses begin with (RFC 4291, section 2.4): loopback, link-local, unique-local,
/// multicast and what stands for IPv4 do not.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);

/// What of them is special (RFC 6890).
const SPECIAL_V6: [Ipv6Net; 4] = [
    // Protocol assignments, Teredo among them
    v6(0x2001, 0, 23),
    // Documentation
    v6(0x2001, 0xdb8, 32),
    v6(0x3fff, 0, 20),
    // 6to4
    v6(0x2002, 0, 16),
];

/// NAT64 (RFC 6052): the last 32 bits are an IPv4 address, which a gateway goes on to.
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 96);

/// Whether `address` is of the public Internet: nothing that is only to be
/// reached from inside a network or a machine.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) if NAT64.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            is_public(Ipv4Addr::new(a, b, c, d).into())
        }
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|network| network.contains(&address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(addresses: &[&str], expected: bool) {
        for address in addresses {
            assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn the_machine_itself_is_not_public() {
        check(&["127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "::", "::1"], false);
    }

    #[test]
    fn private_networks_are_not_public_up_to_their_edges() {
        check(&["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0"], false);
        check(&["192.168.255.255", "fc00::1", "fdff:ffff::1", "fec0::1"], false);
        check(&["9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255"], true);
        check(&["192.169.0.0"], true);
    }

    #[test]
    fn links_and_the_place_where_clouds_tell_secrets_are_not_public() {
        check(&["169.254.0.0", "169.254.169.254", "169.254.255.255", "fe80::1", "febf::1"], false);
        check(&["168.63.129.16", "::ffff:168.63.129.16"], false);
        check(&["169.253.255.255", "169.255.0.0", "168.63.129.15", "168.63.129.17"], true);
    }

    #[test]
    fn the_networks_of_carriers_are_not_public() {
        check(&["100.64.0.0", "100.127.255.255"], false);
        check(&["100.63.255.255", "100.128.0.0"], true);
    }

    #[test]
    fn groups_and_broadcasts_are_not_public() {
        check(&["224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255", "ff02::1", "ff0e::1"], false);
        check(&["223.255.255.255"], true);
    }

    #[test]
    fn what_is_for_documents_benchmarks_and_protocols_is_not_public() {
        check(&["192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.0", "198.19.255.255"], false);
        check(&["192.0.0.8", "192.88.99.1", "2001:db8::1", "3fff:fff::1", "2001:2::1", "100::1"], false);
        check(&["192.0.1.1", "198.17.255.255", "198.20.0.0", "2001:200::1", "2001:db9::1"], true);
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothing_is_what_it_stands_for() {
        check(
            &["::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254"],
            false,
        );
        // Clothing that the public Internet does not wear: compatible, local NAT64, 6to4, Teredo.
        check(&["::10.0.0.1", "::8.8.8.8", "64:ff9b:1::8.8.8.8", "2002:a00:1::1", "2001::1"], false);
        check(&["::ffff:8.8.8.8", "64:ff9b::8.8.8.8"], true);
    }

    #[test]
    fn the_rest_of_the_world_is_public() {
        check(&["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450::1"], true);
    }
}
