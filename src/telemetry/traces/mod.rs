//! Traces: what a request spent its time on, told to a collector.
//!
//! Nothing waits for the collector. Spans go into a queue of bounded length
//! and out of it by a thread of its own; what finds the queue full is lost.

mod client;
mod exporter;

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName};
use opentelemetry::{
    KeyValue,
    propagation::{Extractor, TextMapPropagator},
    trace::{TraceContextExt, TracerProvider},
};
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{BatchSpanProcessor, Sampler, SdkTracerProvider},
};
use tracing::{Level, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};
use uuid::Uuid;

use self::{client::Client, exporter::Discreet};
use super::{Settings, TRACES, TelemetryError};

/// How long the last spans may take on their way when the service stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// Lets traces be sent for as long as it is kept; dropped, it sends the last
/// of them, which takes two seconds at most.
#[derive(Default)]
#[must_use = "traces end when it is dropped"]
pub struct Traces(Option<SdkTracerProvider>);

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(provider) = &self.0 {
            // Whether they arrive is known to the exporter, which says so.
            let _ = provider.shutdown_with_timeout(FAREWELL);
        }
    }
}

/// How traces are sent.
pub(super) struct Sending {
    exporter: opentelemetry_otlp::SpanExporter,
    sampler: Sampler,
    resource: Resource,
}

impl Sending {
    /// As `settings` have it; none: there is nobody to send to.
    pub fn to(settings: &Settings) -> Result<Option<Self>, TelemetryError> {
        let Some(endpoint) = settings.endpoint()? else { return Ok(None) };
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new().map_err(TelemetryError::Traces)?)
            .with_endpoint(endpoint)
            .with_headers(settings.headers()?.into_iter().collect())
            .with_timeout(client::PATIENCE)
            .build()
            .map_err(|error| TelemetryError::Traces(error.into()))?;
        let resource = Resource::builder()
            .with_service_name(settings.otel_service_name.clone())
            .with_attributes([
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
                KeyValue::new("service.instance.id", Uuid::now_v7().to_string()),
            ])
            .build();
        Ok(Some(Self { exporter, sampler: settings.sampler(), resource }))
    }

    /// The layer that makes spans of what is traced, and what ends it.
    pub fn start<S>(self) -> (Box<dyn Layer<S> + Send + Sync>, Traces)
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let processor = BatchSpanProcessor::builder(Discreet::new(self.exporter)).build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_sampler(self.sampler)
            .with_resource(self.resource)
            .build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("phone-auth"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false);
        // Spans of ours and nothing else: events are log lines, and quote more than a collector need know.
        let ours = filter_fn(|span| {
            let is_ours = span.target() == TRACES || span.target().starts_with("phone_auth");
            span.is_span() && is_ours && *span.level() <= Level::INFO
        });
        (layer.with_filter(ours).boxed(), Traces(Some(provider)))
    }
}

/// Makes `span` a part of the trace that `headers` tell of (W3C Trace Context), if any.
pub(super) fn go_on(span: &Span, headers: &HeaderMap) {
    if !headers.contains_key("traceparent") {
        return;
    }
    let parent = TraceContextPropagator::new().extract(&Headers(headers));
    if parent.span().span_context().is_valid() {
        // Fails where nothing is traced.
        let _ = span.set_parent(parent);
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}
