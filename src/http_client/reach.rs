use std::{
    error::Error,
    net::SocketAddr,
    task::{Context, Poll},
    vec,
};

use futures_util::{FutureExt, future::BoxFuture};
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::domain::network;

/// A name led to addresses of private networks only.
#[derive(Debug, thiserror::Error)]
#[error("the name stands for an address of a private network")]
pub(super) struct PrivateNetwork;

/// Finds the addresses to connect to, of the public Internet only unless
/// private networks are allowed.
///
/// The connection is made to what is found here and to nothing else, so a name
/// that stands for another address a moment later gains nothing.
#[derive(Clone, Copy)]
pub struct Resolver {
    pub(super) allows_private: bool,
}

type Found = Result<vec::IntoIter<SocketAddr>, Box<dyn Error + Send + Sync>>;

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = BoxFuture<'static, Found>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let allows_private = self.allows_private;
        async move {
            // The port is put in by whoever connects.
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if allows_private { Ok(found.into_iter()) } else { public(found) }
        }
        .boxed()
    }
}

fn public(mut found: Vec<SocketAddr>) -> Found {
    found.retain(|address| network::is_public(address.ip()));
    if found.is_empty() { Err(PrivateNetwork.into()) } else { Ok(found.into_iter()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_a_name_stands_for_only_public_addresses_are_connected_to() {
        let read = |text: &str| text.split(' ').map(|address| address.parse().unwrap()).collect();
        let kept: Vec<_> = public(read("10.0.0.1:0 8.8.8.8:0 [::1]:0 [2606:4700::1]:0")).unwrap().collect();
        assert_eq!(kept, read("8.8.8.8:0 [2606:4700::1]:0"));
        assert!(public(read("127.0.0.1:0 [fd00::1]:0")).err().unwrap().is::<PrivateNetwork>());
    }

    #[tokio::test]
    async fn this_machine_is_not_reached_by_its_name() {
        let found = Resolver { allows_private: false }.call("localhost".parse().unwrap()).await;
        assert!(found.err().unwrap().is::<PrivateNetwork>());
    }
}
