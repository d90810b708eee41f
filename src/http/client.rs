use std::{
    future::{Ready, ready},
    net::IpAddr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};

/// What is known of the program at the other end.
pub struct Client {
    /// Its network: the IPv4 /24 or the IPv6 /48, in CIDR notation.
    pub network: String,
    /// Its `User-Agent`, at most 200 characters, without control characters.
    pub user_agent: Option<String>,
}

/// A longer name of a program tells no more.
const USER_AGENT_CHARACTERS: usize = 200;

impl FromRequest for Client {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let network = request.peer_addr().map_or_else(|| "unknown".to_owned(), |peer| network(peer.ip()));
        let user_agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let user_agent = user_agent
            .map(|text| {
                text.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARACTERS).collect::<String>()
            })
            .filter(|text| !text.is_empty());
        ready(Ok(Self { network, user_agent }))
    }
}

/// The network of `address`, as wide as one household or office usually is.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_a_24_or_a_48() {
        assert_eq!(network("203.0.113.77".parse().unwrap()), "203.0.113.0/24");
        assert_eq!(network("::ffff:203.0.113.77".parse().unwrap()), "203.0.113.0/24");
        assert_eq!(network("2001:db8:aa:bb::1".parse().unwrap()), "2001:db8:aa::/48");
    }
}
