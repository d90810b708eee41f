use std::{
    borrow::Cow,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use opentelemetry::{
    KeyValue, Value,
    trace::{SpanKind, Status},
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanEvents, SpanExporter, SpanLinks},
};

use crate::instruments::UNKNOWN;

/// What may leave the service, and its name in the semantic conventions of
/// OpenTelemetry. Whatever else a span has stays here.
const KNOWN: [(&str, &str); 9] = [
    ("request_id", "phone_auth.request_id"),
    ("method", METHOD),
    ("route", ROUTE),
    ("status", STATUS),
    (SYSTEM, SYSTEM),
    (SUMMARY, SUMMARY),
    ("phone_auth.queue", "phone_auth.queue"),
    ("phone_auth.sms.provider", "phone_auth.sms.provider"),
    ("phone_auth.outcome", "phone_auth.outcome"),
];
const METHOD: &str = "http.request.method";
const ROUTE: &str = "http.route";
const STATUS: &str = "http.response.status_code";
const SYSTEM: &str = "db.system.name";
const SUMMARY: &str = "db.query.summary";

/// Sends spans without what is nobody's business, and tells the log when that
/// begins to fail and when it works again.
#[derive(Debug)]
pub(super) struct Discreet<E> {
    inner: E,
    is_failing: AtomicBool,
}

impl<E> Discreet<E> {
    pub fn new(inner: E) -> Self {
        Self { inner, is_failing: AtomicBool::new(false) }
    }

    fn tell(&self, sent: &OTelSdkResult) {
        let was_failing = self.is_failing.swap(sent.is_err(), Ordering::Relaxed);
        match sent {
            Err(error) if !was_failing => tracing::warn!(
                error = error as &dyn std::error::Error,
                "traces cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT; requests are answered all the same, and these traces are lost"
            ),
            Ok(()) if was_failing => tracing::info!("traces are sent again"),
            Ok(()) | Err(_) => {}
        }
    }
}

impl<E: SpanExporter> SpanExporter for Discreet<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.inner.export(batch.into_iter().map(known).collect()).await;
        self.tell(&sent);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// A span with what is known of it, under the names that are usual elsewhere.
fn known(mut span: SpanData) -> SpanData {
    let attributes =
        std::mem::take(&mut span.attributes).into_iter().filter_map(|KeyValue { key, value, .. }| {
            let (_, name) = KNOWN.iter().find(|(ours, _)| *ours == key.as_str())?;
            // A path that nobody knows has no route.
            if *name == ROUTE && value.as_str() == UNKNOWN {
                return None;
            }
            Some(KeyValue::new(*name, value))
        });
    span.attributes = attributes.collect();
    // Events are log lines.
    (span.events, span.links) = (SpanEvents::default(), SpanLinks::default());
    if let Some(method) = text(&span, METHOD) {
        span.span_kind = SpanKind::Server;
        let route = text(&span, ROUTE);
        span.name = route.map_or_else(|| method.clone(), |route| format!("{method} {route}")).into();
        if let Some(status @ 500..) = number(&span, STATUS) {
            span.status = Status::error("");
            span.attributes.push(KeyValue::new("error.type", status.to_string()));
        }
    } else if let Some(summary) = text(&span, SUMMARY) {
        span.span_kind = SpanKind::Client;
        span.name = Cow::Owned(summary);
    } else if text(&span, "phone_auth.sms.provider").is_some() {
        span.span_kind = SpanKind::Client;
    }
    span
}

fn value<'a>(span: &'a SpanData, name: &str) -> Option<&'a Value> {
    span.attributes.iter().find(|attribute| attribute.key.as_str() == name).map(|attribute| &attribute.value)
}

fn text(span: &SpanData, name: &str) -> Option<String> {
    value(span, name).map(|value| value.as_str().into_owned())
}

fn number(span: &SpanData, name: &str) -> Option<i64> {
    match value(span, name) {
        Some(Value::I64(number)) => Some(*number),
        _ => None,
    }
}
