use opentelemetry_sdk::trace::Sampler as Choice;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Where traces go, and which.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Settings {
    /// The OpenTelemetry collector that traces are sent to by OTLP over HTTP, such as <http://localhost:4318>;
    /// unset: there are no traces
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", hide_env_values = true, value_name = "URL")]
    pub otel_exporter_otlp_endpoint: Option<String>,
    /// Headers that the collector wants to see, such as an API key
    #[arg(long, env = "OTEL_EXPORTER_OTLP_HEADERS", hide_env_values = true, value_name = "NAME=VALUE[,…]")]
    pub otel_exporter_otlp_headers: Option<SecretString>,
    /// What traces call the service
    #[arg(long, env = "OTEL_SERVICE_NAME", default_value = "phone-auth")]
    pub otel_service_name: String,
    /// Which requests are traced; parentbased: of those that a trusted proxy has begun to trace, these
    #[arg(long, env = "OTEL_TRACES_SAMPLER", value_enum, default_value_t)]
    pub otel_traces_sampler: Sampler,
    /// Of how many one is traced by the samplers with a ratio, from 0 to 1
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", default_value_t = 1.0, value_parser = ratio)]
    pub otel_traces_sampler_arg: f64,
}

/// The samplers of the OpenTelemetry specification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
#[clap(rename_all = "snake_case")]
pub enum Sampler {
    /// Every request.
    AlwaysOn,
    /// None.
    AlwaysOff,
    /// So many of all.
    #[clap(name = "traceidratio")]
    TraceIdRatio,
    /// As the proxy decided, else every one.
    #[default]
    #[clap(name = "parentbased_always_on")]
    ParentBasedAlwaysOn,
    /// As the proxy decided, else none.
    #[clap(name = "parentbased_always_off")]
    ParentBasedAlwaysOff,
    /// As the proxy decided, else so many.
    #[clap(name = "parentbased_traceidratio")]
    ParentBasedTraceIdRatio,
}

/// Why logging and traces did not start; the message names the setting.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Not a filter.
    #[error("LOG: {0}")]
    Filter(String),
    /// Not an address; it is not shown, for it may have a password.
    #[error(
        "OTEL_EXPORTER_OTLP_ENDPOINT must be http:// or https:// and a host, without user name, password and query"
    )]
    Endpoint,
    /// Not headers; they are not shown, for they may be secret.
    #[error("OTEL_EXPORTER_OTLP_HEADERS must be name=value, separated by commas")]
    Headers,
    /// The sender could not be made.
    #[error("traces cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT")]
    Traces(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It was started before.
    #[error("{0}")]
    Started(String),
}

/// A part of all.
fn ratio(text: &str) -> Result<f64, &'static str> {
    let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or("must be a number from 0 to 1")
}

impl Settings {
    /// Refuses what cannot be meant.
    ///
    /// # Errors
    ///
    /// [`TelemetryError::Endpoint`] or [`TelemetryError::Headers`].
    pub fn check(&self) -> Result<(), TelemetryError> {
        self.endpoint()?;
        self.headers()?;
        Ok(())
    }

    /// Where traces are sent to; none: nowhere.
    pub(super) fn endpoint(&self) -> Result<Option<Url>, TelemetryError> {
        let given = self.otel_exporter_otlp_endpoint.as_deref().filter(|text| !text.is_empty());
        let Some(text) = given else { return Ok(None) };
        let url = Url::parse(text).map_err(|_| TelemetryError::Endpoint)?;
        let plain = url.username().is_empty() && url.password().is_none();
        let alone = url.query().is_none() && url.fragment().is_none();
        if !(matches!(url.scheme(), "http" | "https") && url.has_host() && plain && alone) {
            return Err(TelemetryError::Endpoint);
        }
        // The path of traces is put behind that of the collector, whether that ends in a slash or not.
        let traces = format!("{}/v1/traces", url.as_str().trim_end_matches('/'));
        Url::parse(&traces).map(Some).map_err(|_| TelemetryError::Endpoint)
    }

    /// What goes with each message.
    pub(super) fn headers(&self) -> Result<Vec<(String, String)>, TelemetryError> {
        let text = self.otel_exporter_otlp_headers.as_ref().map_or("", |text| text.expose_secret());
        let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').ok_or(TelemetryError::Headers)?;
                let (name, value) = (name.trim(), value.trim());
                let is_header = hyper::header::HeaderName::from_bytes(name.as_bytes()).is_ok()
                    && hyper::header::HeaderValue::from_str(value).is_ok();
                if is_header { Ok((name.to_owned(), value.to_owned())) } else { Err(TelemetryError::Headers) }
            })
            .collect()
    }

    /// Which requests are traced.
    pub(super) fn sampler(&self) -> Choice {
        let ratio = Choice::TraceIdRatioBased(self.otel_traces_sampler_arg);
        let based = |otherwise| Choice::ParentBased(Box::new(otherwise));
        match self.otel_traces_sampler {
            Sampler::AlwaysOn => Choice::AlwaysOn,
            Sampler::AlwaysOff => Choice::AlwaysOff,
            Sampler::TraceIdRatio => ratio,
            Sampler::ParentBasedAlwaysOn => based(Choice::AlwaysOn),
            Sampler::ParentBasedAlwaysOff => based(Choice::AlwaysOff),
            Sampler::ParentBasedTraceIdRatio => based(ratio),
        }
    }
}
