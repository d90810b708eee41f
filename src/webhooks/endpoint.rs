use std::{fmt, net::IpAddr, sync::atomic::AtomicBool};

use url::{Host, Url};

use crate::domain::network;

/// Who is told of events.
///
/// The address may hold a secret in its path: it is sent to and never shown.
pub struct Endpoint {
    /// By which the database knows it, and operators.
    pub id: i32,
    /// Whether the last attempt failed, as far as this instance knows: told when it changes.
    pub is_failing: AtomicBool,
    pub(super) url: Url,
}

impl Endpoint {
    /// The endpoint that the database knows by `id`.
    #[must_use]
    pub fn new(id: i32, url: Url) -> Self {
        Self { id, is_failing: AtomicBool::new(false), url }
    }

    /// Scheme, host and port: what may be shown.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({} {})", self.id, self.origin())
    }
}

/// Why an address cannot be an endpoint.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It cannot be read.
    #[error("is not a URL")]
    Malformed,
    /// What is sent could be read and answered by others.
    #[error(
        "does not begin with https://; http:// is for private networks and taken with WEBHOOK_ALLOW_PRIVATE=true only"
    )]
    NotHttps,
    /// Names and passwords in addresses end up in logs; messages are signed instead.
    #[error("has a user name or a password: leave it out, receivers know messages by their signatures")]
    UserInfo,
    /// An address inside.
    #[error(
        "is an address of a private network or of this machine: set WEBHOOK_ALLOW_PRIVATE=true if that is meant"
    )]
    Private,
    /// It would be told everything twice.
    #[error("was given before")]
    Twice,
}

/// Reads an address.
///
/// Names are looked at when a connection is made, for what they stand for
/// changes; see `reach`. Addresses are resolved by nobody, so they are looked
/// at here.
pub(super) fn read(text: &str, allows_private: bool) -> Result<Url, UrlError> {
    let mut url = Url::parse(text).map_err(|_| UrlError::Malformed)?;
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && allows_private);
    if !is_safe {
        return Err(UrlError::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlError::UserInfo);
    }
    let address: Option<IpAddr> = match url.host() {
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.into()),
        Some(Host::Domain(_)) => None,
        None => return Err(UrlError::Malformed),
    };
    if address.is_some_and(|address| !allows_private && !network::is_public(address)) {
        return Err(UrlError::Private);
    }
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_and_of_the_public_internet() {
        for (text, expected) in [
            ("https://example.com/hooks?key=1", Ok(())),
            ("https://8.8.8.8:8443/", Ok(())),
            ("https://[2606:4700:4700::1111]/", Ok(())),
            ("http://example.com/", Err(UrlError::NotHttps)),
            ("ftp://example.com/", Err(UrlError::NotHttps)),
            ("example.com/hooks", Err(UrlError::Malformed)),
            ("https://", Err(UrlError::Malformed)),
            ("", Err(UrlError::Malformed)),
            ("https://ada@example.com/", Err(UrlError::UserInfo)),
            ("https://:secret@example.com/", Err(UrlError::UserInfo)),
            ("https://127.0.0.1/", Err(UrlError::Private)),
            ("https://[::1]/", Err(UrlError::Private)),
            ("https://[::ffff:10.0.0.1]/", Err(UrlError::Private)),
            ("https://169.254.169.254/latest", Err(UrlError::Private)),
        ] {
            assert_eq!(read(text, false).map(drop), expected, "{text}");
        }
    }

    #[test]
    fn no_spelling_of_a_private_address_gets_by() {
        for text in
            ["127.1", "0x7f.0.0.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "１２７.0.0.1", "[::127.0.0.1]"]
        {
            assert_eq!(read(&format!("https://{text}/"), false).err(), Some(UrlError::Private), "{text}");
        }
    }

    #[test]
    fn a_private_network_may_be_meant() {
        for text in ["http://127.0.0.1:8080/hooks", "https://10.0.0.1/", "http://receiver/"] {
            assert!(read(text, true).is_ok(), "{text}");
        }
        assert_eq!(read("http://ada@127.0.0.1/", true).err(), Some(UrlError::UserInfo));
    }

    #[test]
    fn what_is_shown_has_no_path() {
        let endpoint = Endpoint::new(3, read("https://example.com/s3cret?key=s3cret", false).unwrap());
        assert_eq!(format!("{endpoint:?}"), "Endpoint(3 https://example.com)");
    }
}
