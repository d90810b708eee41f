use std::{future::ready, pin::Pin, time::Duration};

use http_body_util::{BodyExt, Full};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Runtime;

use crate::http_client::{self, Options};

/// How long a collector may take for one message.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// A message goes every few seconds; between them nobody would see that a connection was closed.
const OPTIONS: Options = Options { connect: PATIENCE, idle: Duration::ZERO, allows_private: true };

/// Sends messages to the collector on the thread that calls, which is that of
/// the exporter: no thread that answers requests ever waits for it.
#[derive(Debug)]
pub(super) struct Client {
    runtime: Runtime,
    http: http_client::Client,
}

impl Client {
    pub fn new() -> Result<Self, HttpError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, http: http_client::client(&OPTIONS)? })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let exchange = async {
            let answer = self.http.request(request.map(Full::new)).await?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await?.to_bytes();
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
