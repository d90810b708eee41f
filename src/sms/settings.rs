use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{Delay, TextSettings, smsaero, twilio, webhook};
use crate::webhook_signature::SecretError;

/// Who carries the messages, and how.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Settings {
    /// Who carries the messages; several, separated by commas: each takes over where the one before it did not
    /// take a message; simulated: nobody, they go to the inbox at /dev/inbox
    #[arg(long, env = "SMS_PROVIDER", value_enum, value_delimiter = ',', default_value = "simulated")]
    pub sms_provider: Vec<Provider>,
    /// How long a simulated message takes, in milliseconds: a range or one number
    #[arg(long, env = "SMS_SIMULATED_DELAY_MS", default_value = "1000-2000")]
    pub sms_simulated_delay_ms: Delay,
    /// Lets production run with the simulated sender: anybody can read every code at /dev/inbox
    #[arg(long, env = "ALLOW_SIMULATED_SMS", default_value_t = false, action = clap::ArgAction::Set)]
    pub allow_simulated_sms: bool,
    /// What they say.
    #[command(flatten)]
    pub texts: TextSettings,
    /// SMS Aero.
    #[command(flatten)]
    pub smsaero: smsaero::Settings,
    /// Twilio.
    #[command(flatten)]
    pub twilio: twilio::Settings,
    /// The operator's own endpoint.
    #[command(flatten)]
    pub webhook: webhook::Settings,
}

/// The providers this version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Provider {
    /// Messages stay in this process
    Simulated,
    /// SMS Aero, gateway API v2
    #[value(name = "smsaero")]
    SmsAero,
    /// Twilio Messages
    Twilio,
    /// An endpoint of your own: `SMS_WEBHOOK_URL`
    Webhook,
}

impl Provider {
    /// Its name, as `SMS_PROVIDER` has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
            Self::SmsAero => "smsaero",
            Self::Twilio => "twilio",
            Self::Webhook => "webhook",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why the settings cannot be used; it names the setting and shows nothing of it, for it may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A provider twice, or none.
    #[error("SMS_PROVIDER must name each provider once, and one at least")]
    Providers,
    /// A provider needs it.
    #[error("{name} must be set with SMS_PROVIDER={provider}")]
    Missing {
        /// The setting.
        name: &'static str,
        /// Who needs it.
        provider: Provider,
    },
    /// One of them says who sends.
    #[error(
        "either TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID must be set with SMS_PROVIDER=twilio, and not both"
    )]
    TwilioSender,
    /// Something that has another form.
    #[error("{name} is not {form}")]
    Malformed {
        /// The setting.
        name: &'static str,
        /// What it would be.
        form: &'static str,
    },
    /// An address that cannot be read, or that others could read along.
    #[error(
        "{0} must begin with https:// and have a host and no user name; http:// is for this machine only"
    )]
    Url(&'static str),
    /// The secrets that messages to the endpoint are signed with.
    #[error("SMS_WEBHOOK_SECRETS")]
    Secrets(#[from] SecretError),
    /// The HTTP client.
    #[error("the client for SMS providers cannot be set up")]
    Client(#[from] native_tls::Error),
}

impl Settings {
    /// Refuses what a sender could not be made of.
    ///
    /// # Errors
    ///
    /// [`SettingsError`].
    pub fn check(&self) -> Result<(), SettingsError> {
        super::SmsSender::new(self).map(drop)
    }

    /// Whether codes can be read by everybody, at the simulated inbox.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.sms_provider.contains(&Provider::Simulated)
    }
}

/// What is set, and not to an empty text: that is how many tools write a variable that is not set.
pub(super) fn required<'a>(
    value: Option<&'a str>,
    name: &'static str,
    provider: Provider,
) -> Result<&'a str, SettingsError> {
    value.filter(|value| !value.trim().is_empty()).ok_or(SettingsError::Missing { name, provider })
}

/// The same, of a secret.
pub(super) fn required_secret<'a>(
    value: Option<&'a SecretString>,
    name: &'static str,
    provider: Provider,
) -> Result<&'a SecretString, SettingsError> {
    required(value.map(ExposeSecret::expose_secret), name, provider)?;
    value.ok_or(SettingsError::Missing { name, provider })
}

/// The address of a provider, without a slash at its end. Codes and credentials
/// go there, so what leaves this machine is encrypted.
pub(super) fn address(text: &str, name: &'static str) -> Result<String, SettingsError> {
    let read = || {
        let url = Url::parse(text.trim()).ok()?;
        let is_here = match url.host()? {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        // The client reads it once more, by other rules.
        url.as_str().parse::<hyper::Uri>().ok()?;
        (is_safe && is_plain).then(|| url.as_str().trim_end_matches('/').to_owned())
    };
    read().ok_or(SettingsError::Url(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_reached_encrypted_unless_it_is_on_this_machine() {
        for (text, expected) in [
            ("https://api.twilio.com", Some("https://api.twilio.com")),
            (" https://10.0.0.7:8443/sms/ ", Some("https://10.0.0.7:8443/sms")),
            ("http://127.0.0.1:9999/a?key=1", Some("http://127.0.0.1:9999/a?key=1")),
            ("http://[::1]:9999", Some("http://[::1]:9999")),
            ("http://localhost/", Some("http://localhost")),
            ("http://10.0.0.7/sms", None),
            ("http://localhost.example.com/", None),
            ("https://ada:secret@example.com/", None),
            ("https://example.com/#part", None),
            ("ftp://example.com/", None),
            ("example.com", None),
            ("", None),
        ] {
            assert_eq!(address(text, "TWILIO_URL").ok().as_deref(), expected, "{text}");
        }
    }
}
