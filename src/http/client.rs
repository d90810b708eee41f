use std::{
    future::{Ready, ready},
    net::{IpAddr, Ipv4Addr},
    sync::Once,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderValue},
    web::Data,
};

use crate::{
    domain::{TrustedProxies, network},
    state::AppState,
};

/// What is known of the program at the other end.
pub struct Client {
    /// Its address: of the peer, or of whom a trusted proxy speaks for. Never
    /// an IPv4 address in IPv6 clothing.
    pub address: IpAddr,
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
        let app = request.app_data::<Data<AppState>>();
        let address = match app {
            Some(app) => address(request, &app.settings.trusted_proxies),
            None => address(request, &TrustedProxies::default()),
        };
        let user_agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let user_agent = user_agent
            .map(|text| {
                text.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARACTERS).collect::<String>()
            })
            .filter(|text| !text.is_empty());
        ready(Ok(Self { address, network: household(address), user_agent }))
    }
}

/// Where a request comes from. `Forwarded` and `X-Real-IP` decide nothing:
/// proxies pass on what a client wrote there.
fn address(request: &HttpRequest, proxies: &TrustedProxies) -> IpAddr {
    static TOLD: Once = Once::new();
    // A connection without an address would be a Unix socket, and the service listens on none. Were
    // there one, all its clients would share the limits of an address that nobody has.
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let headers = request.headers();
    if proxies.is_empty() && headers.contains_key(header::X_FORWARDED_FOR) {
        // Once: it is the same with every request.
        TOLD.call_once(|| {
            tracing::warn!(
                "X-Forwarded-For is ignored: TRUSTED_PROXIES is empty; behind a proxy all clients share its limits"
            );
        });
    }
    proxies.client(peer, headers.get_all(header::X_FORWARDED_FOR).map(HeaderValue::as_bytes))
}

/// The network of `address`, as wide as one household or office usually is.
fn household(address: IpAddr) -> String {
    network::prefix(address, if address.is_ipv4() { 24 } else { 48 }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_a_24_or_a_48() {
        assert_eq!(household("203.0.113.77".parse().unwrap()), "203.0.113.0/24");
        assert_eq!(household("2001:db8:aa:bb::1".parse().unwrap()), "2001:db8:aa::/48");
    }
}
