use std::{future::ready, pin::Pin, time::Duration};

use http_body_util::{BodyExt, Full, Limited};
use hyper_tls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client as Pooled, connect::HttpConnector},
    rt::TokioExecutor,
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Runtime;

/// How long a collector may take for one message.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// What a collector answers is a few bytes; what is longer is none.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Sends messages to the collector on the thread that calls, which is that of
/// the exporter: no thread that answers requests ever waits for it.
#[derive(Debug)]
pub(super) struct Client {
    runtime: Runtime,
    http: Pooled<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Client {
    pub fn new() -> Result<Self, HttpError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        let tls = native_tls::TlsConnector::new()?;
        let mut builder = Pooled::builder(TokioExecutor::new());
        // A message goes every few seconds; between them nobody would see that a connection was closed.
        builder.pool_max_idle_per_host(0);
        Ok(Self { runtime, http: builder.build(HttpsConnector::from((http, tls.into()))) })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let exchange = async {
            let answer = self.http.request(request.map(Full::new)).await?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, LONGEST_ANSWER).collect().await?.to_bytes();
            Ok(Response::from_parts(head, body))
        };
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, exchange).await? })
    }
}

type Sent<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Client {
    fn send_bytes<'a, 'sent>(&'a self, request: Request<Bytes>) -> Sent<'sent>
    where
        'a: 'sent,
    {
        Box::pin(ready(self.send(request)))
    }
}
