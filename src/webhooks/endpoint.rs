use std::{
    fmt,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use url::{Host, Url};

use super::health::{Change, Health};
use crate::domain::network;

/// Who is told of events.
///
/// The address may hold a secret in its path: it is sent to and never shown.
pub struct Endpoint {
    /// By which the database knows it, and operators.
    pub id: i32,
    /// How it goes, as far as this instance knows.
    health: Mutex<Health>,
    pub(super) url: Url,
}

impl Endpoint {
    /// The endpoint that the database knows by `id`.
    #[must_use]
    pub fn new(id: i32, url: Url) -> Self {
        Self { id, health: Mutex::default(), url }
    }

    /// Scheme, host and port: what may be shown.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Notes an attempt that ended `now`; gives what is to be told of it.
    pub fn note(&self, has_failed: bool, now: DateTime<Utc>) -> Option<Change> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).note(has_failed, now)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({} {})", self.id, self.origin())
    }
}

/// Scheme, host and port of an address: what may be shown of it.
#[must_use]
pub fn origin(url: &str) -> String {
    Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

/// Eight letters by which operators tell apart addresses of one origin. They
/// are too few to lead back to a secret in the address.
#[must_use]
pub fn fingerprint(url: &str) -> String {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(url).into();
    format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
}

/// Why an address cannot be an endpoint.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It cannot be read.
    #[error("it is not a URL")]
    Malformed,
    /// What is sent could be read and answered by others.
    #[error(
        "it does not begin with https://; http:// is for private networks and taken with WEBHOOK_ALLOW_PRIVATE=true only"
    )]
    NotHttps,
    /// Names and passwords in addresses end up in logs; messages are signed instead.
    #[error("it has a user name or a password: leave it out, receivers know messages by their signatures")]
    UserInfo,
    /// An address inside.
    #[error(
        "it is an address of a private network or of this machine: set WEBHOOK_ALLOW_PRIVATE=true if that is meant"
    )]
    Private,
    /// It would be told everything twice.
    #[error("it was given before")]
    Twice,
    /// The database finds endpoints by their addresses, and takes no longer ones.
    #[error("it is longer than 2,000 characters")]
    TooLong,
}

/// The longest address that is taken, in characters: all of them are ASCII once it is read.
const LONGEST: usize = 2_000;

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
    if url.as_str().len() > LONGEST {
        return Err(UrlError::TooLong);
    }
    // The client reads it once more, by other rules.
    url.as_str().parse::<hyper::Uri>().map_err(|_| UrlError::Malformed)?;
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
    fn an_address_has_two_thousand_characters_at_most() {
        let long = |length: usize| format!("https://example.com/{}", "a".repeat(length - 20));
        assert!(read(&long(2_000), false).is_ok());
        assert_eq!(read(&long(2_001), false).err(), Some(UrlError::TooLong));
    }

    #[test]
    fn addresses_of_one_origin_are_told_apart_without_being_shown() {
        let [one, other] = ["https://example.com/s3cret", "https://example.com/s3cr3t"].map(fingerprint);
        assert!(one.len() == 8 && one != other && !one.contains("s3"), "{one} {other}");
    }

    #[test]
    fn what_is_shown_has_no_path() {
        let endpoint = Endpoint::new(3, read("https://example.com/s3cret?key=s3cret", false).unwrap());
        assert_eq!(format!("{endpoint:?}"), "Endpoint(3 https://example.com)");
    }
}
