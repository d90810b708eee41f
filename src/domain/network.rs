mod public;

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use ipnet::IpNet;

pub use self::public::is_public;

/// The network of `address` that is `bits` wide, without the host's own bits.
///
/// An IPv4 address in IPv6 clothing (`::ffff:192.0.2.1`) counts as IPv4, and
/// so do `bits`; more of them than the address has mean the address alone.
#[must_use]
pub fn prefix(address: IpAddr, bits: u8) -> IpNet {
    let address = address.to_canonical();
    IpNet::new(address, bits).unwrap_or_else(|_| address.into()).trunc()
}

/// The proxies whose word about a client's address is believed.
///
/// Read from addresses and networks in CIDR notation, separated by commas; an
/// empty text trusts nobody, and so does the default.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

/// Why a list of trusted proxies was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustedProxiesError {
    /// One of them is nothing that could be a proxy.
    #[error("\"{0}\" is neither an address nor a network such as 10.0.0.0/8")]
    Malformed(String),
    /// One of them is every address there is.
    #[error("{0} is everybody: whoever calls could choose an address")]
    Everybody(IpNet),
}

impl TrustedProxies {
    /// Whether nobody is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The address of the client behind `peer`, from whom the connection came.
    ///
    /// `forwarded` are the values of the `X-Forwarded-For` headers in their
    /// order. Each proxy adds on the right whom it was called by, so they are
    /// read from the right, and only as long as the one who wrote is trusted:
    /// what an untrusted peer sends has no effect. An entry that cannot be
    /// read leaves it at the last one that could.
    pub fn client<'a>(&self, peer: IpAddr, forwarded: impl IntoIterator<Item = &'a [u8]>) -> IpAddr {
        let lines: Vec<_> = forwarded.into_iter().collect();
        let mut entries = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
        let mut client = peer.to_canonical();
        while self.trusts(client)
            && let Some(caller) = entries.next().and_then(read)
        {
            client = caller;
        }
        client
    }

    /// Whether `address` is that of a proxy.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An entry of `X-Forwarded-For`: an address, with or without a port, IPv6
/// also in brackets. No RFC describes the header; these are the forms in use.
fn read(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(entry.trim_ascii()).ok()?;
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip()).ok();
    let in_brackets =
        || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().map(IpAddr::from).ok();
    let address = text.parse().ok().or_else(with_port).or_else(in_brackets)?;
    Some(address.to_canonical())
}

impl FromStr for TrustedProxies {
    type Err = TrustedProxiesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        text.split(',').map(|entry| network(entry.trim())).collect::<Result<_, _>>().map(Self)
    }
}

/// A network, or an address as a network of one.
fn network(text: &str) -> Result<IpNet, TrustedProxiesError> {
    let alone = || text.parse::<IpAddr>().map(IpNet::from);
    let network: IpNet =
        text.parse().or_else(|_| alone()).map_err(|_| TrustedProxiesError::Malformed(text.to_owned()))?;
    let network = network.trunc();
    // Callers are compared by their canonical address. 96 bits come before the IPv4 address in IPv6 clothing.
    let network = match network.addr().to_canonical() {
        address @ IpAddr::V4(_) if network.addr().is_ipv6() => prefix(address, network.prefix_len() - 96),
        IpAddr::V4(_) | IpAddr::V6(_) => network,
    };
    if network.prefix_len() == 0 { Err(TrustedProxiesError::Everybody(network)) } else { Ok(network) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The client that two proxies lead to, by the lines of a header.
    fn client(peer: &str, lines: &[&str]) -> String {
        let proxies: TrustedProxies = "10.0.0.0/8, 2001:db8::1".parse().unwrap();
        proxies.client(peer.parse().unwrap(), lines.iter().map(|line| line.as_bytes())).to_string()
    }

    #[test]
    fn a_prefix_has_nothing_of_the_host() {
        let prefix = |address: &str, bits| prefix(address.parse().unwrap(), bits).to_string();
        assert_eq!(prefix("203.0.113.77", 24), "203.0.113.0/24");
        assert_eq!(prefix("::ffff:203.0.113.77", 24), "203.0.113.0/24");
        assert_eq!(prefix("2001:db8:aa:bb::1", 48), "2001:db8:aa::/48");
        assert_eq!(prefix("2001:db8:aa:bb::1", 64), "2001:db8:aa:bb::/64");
        assert_eq!(prefix("203.0.113.77", 64), "203.0.113.77/32");
        assert_eq!(prefix("203.0.113.77", 0), "0.0.0.0/0");
    }

    #[test]
    fn the_client_is_whom_the_outermost_trusted_proxy_was_called_by() {
        for (header, expected) in [
            (&["203.0.113.7"][..], "203.0.113.7"),
            (&["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
            (&["6.6.6.6,203.0.113.7 , 10.1.2.3"], "203.0.113.7"),
            (&["6.6.6.6", "203.0.113.7", "10.1.2.3, 2001:db8::1"], "203.0.113.7"),
            (&["203.0.113.7:5"], "203.0.113.7"),
            (&["[2001:db8::7]:80"], "2001:db8::7"),
            (&["[2001:db8::7]"], "2001:db8::7"),
            (&["::ffff:203.0.113.7"], "203.0.113.7"),
            (&["203.0.113.7, ::ffff:10.1.2.3"], "203.0.113.7"),
            // Nobody but proxies: the leftmost.
            (&["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
            (&[], "10.1.1.1"),
        ] {
            assert_eq!(client("10.1.1.1", header), expected, "{header:?}");
            assert_eq!(client("::ffff:10.1.1.1", header), expected, "{header:?}");
        }
    }

    #[test]
    fn an_entry_that_cannot_be_read_leaves_it_at_the_last_good_one() {
        for unreadable in [
            "unknown",
            "",
            "203.0.113.7:port",
            "203.0.113.7:70000",
            "[203.0.113.7]",
            "2001:db8::7]",
            "\u{e9}",
        ] {
            assert_eq!(client("10.1.1.1", &[&format!("6.6.6.6, {unreadable}")]), "10.1.1.1", "{unreadable}");
            let behind_another = format!("6.6.6.6, {unreadable}, 10.2.2.2");
            assert_eq!(client("10.1.1.1", &[&behind_another]), "10.2.2.2", "{unreadable}");
        }
    }

    #[test]
    fn a_list_of_proxies_is_read_and_what_makes_no_sense_is_refused() {
        let read = |text: &str| text.parse::<TrustedProxies>();
        assert!(read("").unwrap().is_empty() && read(" ").unwrap().is_empty());
        let read_as = |text: &str| read(text).unwrap().0.iter().map(IpNet::to_string).collect::<Vec<_>>();
        assert_eq!(read_as("10.0.0.0/8, 192.0.2.1,fd00::/8"), ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8"]);
        assert_eq!(read_as("::ffff:10.1.2.3/104,::ffff:192.0.2.1"), ["10.0.0.0/8", "192.0.2.1/32"]);
        for wrong in ["10.0.0.0/33", "proxy.example.com", "10.0.0.1:80", "10.0.0.1,", "10.0.0.1 10.0.0.2"] {
            assert!(matches!(read(wrong), Err(TrustedProxiesError::Malformed(_))), "{wrong}");
        }
        for everybody in ["0.0.0.0/0", "10.0.0.1,::/0", "::ffff:0.0.0.0/96"] {
            assert!(matches!(read(everybody), Err(TrustedProxiesError::Everybody(_))), "{everybody}");
        }
    }

    /// Headers that could be meant, and others.
    fn lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let plausible = "([0-9a-f:.\\[\\], ]|10\\.1\\.1\\.1|203\\.0\\.113\\.[0-9]){0,20}";
        let line = prop_oneof![plausible.prop_map(String::into_bytes), any::<Vec<u8>>()];
        prop::collection::vec(line, 0..4)
    }

    proptest! {
        #[test]
        fn whatever_an_untrusted_peer_says_it_is_the_client(peer: IpAddr, lines in lines()) {
            let nobody = TrustedProxies::default();
            let said = || lines.iter().map(Vec::as_slice);
            prop_assert_eq!(nobody.client(peer, said()), peer.to_canonical());
            let others: TrustedProxies = "10.0.0.0/8,fd00::/8".parse().unwrap();
            prop_assume!(!others.trusts(peer.to_canonical()));
            prop_assert_eq!(others.client(peer, said()), peer.to_canonical());
        }

        #[test]
        fn whatever_a_client_says_it_is_whom_the_trusted_proxy_saw(client: [u8; 4], mut lines in lines()) {
            let proxies: TrustedProxies = "10.0.0.0/8".parse().unwrap();
            let client = IpAddr::from(client);
            prop_assume!(!proxies.trusts(client));
            // Proxies add to the last line, or a line.
            match lines.last_mut() {
                Some(last) if last.len() % 2 == 0 => last.extend(format!(", {client}").bytes()),
                _ => lines.push(client.to_string().into_bytes()),
            }
            let said = lines.iter().map(Vec::as_slice);
            prop_assert_eq!(proxies.client(IpAddr::from([10, 1, 1, 1]), said), client);
        }
    }
}
