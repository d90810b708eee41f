use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{FutureExt, TryFutureExt, future::BoxFuture};
use http_body_util::Full;
use hyper::{
    Uri,
    body::Bytes,
    rt::{Read, ReadBuf, ReadBufCursor, Write},
};
use hyper_tls::HttpsConnector;
use hyper_util::{
    client::legacy::{
        Client as Pooled,
        connect::{Connected, Connection, HttpConnector},
    },
    rt::{TokioExecutor, TokioTimer},
};
use tower_service::Service;

use super::{Options, reach::Resolver};

/// How much a server may say before its answer is known. No answer that is
/// meant is longer; without a bound 1xx answers could go on for ever, each of
/// them read and passed over.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Follows no redirection, for where it leads to nobody has looked at, and
/// asks no proxy, which would find the addresses by itself, past `reach`.
pub type Client = Pooled<Connector, Full<Bytes>>;

/// A client as `options` have it. Certificates are verified, always.
///
/// # Errors
///
/// The TLS library's, when it cannot be set up.
pub fn client(options: &Options) -> Result<Client, native_tls::Error> {
    let mut http = HttpConnector::new_with_resolver(Resolver { allows_private: options.allows_private });
    http.enforce_http(false);
    http.set_nodelay(true);
    // Shared among the addresses of a name, so that the last of them is tried as well.
    http.set_connect_timeout(Some(options.connect));
    let tls = native_tls::TlsConnector::new()?;
    let connector = Connector { https: HttpsConnector::from((http, tls.into())), patience: options.connect };
    let mut builder = Pooled::builder(TokioExecutor::new());
    Ok(builder.pool_idle_timeout(options.idle).pool_timer(TokioTimer::new()).build(connector))
}

/// Makes connections that end when too much is said on them.
#[derive(Clone)]
pub struct Connector {
    https: HttpsConnector<HttpConnector<Resolver>>,
    patience: Duration,
}

type Stream = <HttpsConnector<HttpConnector<Resolver>> as Service<Uri>>::Response;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = Bounded<Stream>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let made = tokio::time::timeout(self.patience, self.https.call(to));
        let late = |_| BoxError::from(io::Error::from(io::ErrorKind::TimedOut));
        made.map_err(late)
            .map(|made| made.flatten().map(|stream| Bounded { stream, left: LONGEST_ANSWER }))
            .boxed()
    }
}

/// A connection on which only so much is read after each time something was sent.
pub struct Bounded<S> {
    stream: S,
    left: usize,
}

/// A server said more than any answer has.
#[derive(Debug, thiserror::Error)]
#[error("the answer is too long")]
pub(super) struct TooLong;

impl<S: Read + Unpin> Read for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other(TooLong)));
        }
        let mut piece = [0; 8 * 1024];
        let room = into.remaining().min(piece.len()).min(self.left);
        let mut piece = ReadBuf::new(&mut piece[..room]);
        std::task::ready!(Pin::new(&mut self.stream).poll_read(cx, piece.unfilled()))?;
        self.left -= piece.filled().len();
        into.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: Write + Unpin> Write for Bounded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.left = LONGEST_ANSWER;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: Connection> Connection for Bounded<S> {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}
