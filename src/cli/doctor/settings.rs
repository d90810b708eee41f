//! What the settings alone tell.

use rlimit::Resource;
use secrecy::ExposeSecret;

use super::Check;
use crate::{
    config::{AppEnv, Config},
    domain::guess_bound,
};

/// Files that a process needs for ten thousand waiting clients, and some to spare.
const FILES: u64 = 16_384;
/// A random text of 32 characters has more different ones than this, as hexadecimal digits too.
const FEWEST_CHARACTERS: usize = 12;
/// Words that stand in secrets which somebody was to change.
const PLACEHOLDERS: [&str; 5] = ["secret", "password", "change", "example", "12345"];

pub(super) fn check(config: &Config) -> Vec<Check> {
    vec![
        whole(config),
        root_secret(config),
        public_url(config),
        trusted_proxies(config),
        send_limits(config),
        guess_bound(config),
        test_phones(config),
        sms(config),
        webhooks(config),
        files(),
    ]
}

fn is_production(config: &Config) -> bool {
    config.app_env == AppEnv::Production
}

fn whole(config: &Config) -> Check {
    match config.check() {
        Ok(()) if is_production(config) => Check::ok("settings", "fit for production"),
        Ok(()) => Check::ok("settings", "fit for development (APP_ENV=production asks for more)"),
        Err(error) => {
            let error = anyhow::Error::from(error);
            Check::problem(
                "settings",
                format!("{error:#}"),
                "Change it: with these settings the service does not start.",
            )
        }
    }
}

fn root_secret(config: &Config) -> Check {
    const NAME: &str = "root-secret";
    let Some(text) = config.token.root_secret.as_ref().filter(|text| !text.expose_secret().is_empty()) else {
        if is_production(config) || config.database_url().is_some() {
            return Check::problem(
                NAME,
                "ROOT_SECRET is not set",
                "Set it, the same on every instance: openssl rand -base64 32 makes one.",
            );
        }
        return Check::ok(NAME, "not set: it is made once and kept in DATA_DIR");
    };
    let secrets: Vec<_> = text.expose_secret().split(',').map(str::trim).collect();
    let weak = secrets.iter().position(|secret| is_weak(secret));
    let twice = (1..secrets.len()).find(|at| secrets[..*at].contains(&secrets[*at]));
    if let Some(at) = twice {
        let finding = format!("number {} stands in ROOT_SECRET twice", at + 1);
        return Check::warning(
            NAME,
            finding,
            "Write each secret once: the current one first, older ones after it.",
        );
    }
    match weak {
        Some(at) => Check::warning(
            NAME,
            format!("number {} in ROOT_SECRET looks as if somebody had made it up", at + 1),
            "Put a random one before it: openssl rand -base64 32; docs/OPERATIONS.md has the steps (A new root secret).",
        ),
        None if secrets.len() == 1 => Check::ok(NAME, "one secret"),
        None => Check::ok(
            NAME,
            format!("{} secrets: the first is current, the others open what is older", secrets.len()),
        ),
    }
}

fn is_weak(secret: &str) -> bool {
    let mut characters: Vec<_> = secret.chars().collect();
    characters.sort_unstable();
    characters.dedup();
    let lower = secret.to_lowercase();
    characters.len() < FEWEST_CHARACTERS || PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

fn public_url(config: &Config) -> Check {
    const NAME: &str = "public-url";
    match config.public_url(config.listen_addr) {
        Err(error) => Check::problem(
            NAME,
            error.to_string(),
            "Set it to how people reach the service: https:// and a host.",
        ),
        Ok(url) if url.scheme() == "https" => Check::ok(NAME, url.as_str()),
        Ok(url) if is_production(config) => Check::problem(
            NAME,
            format!("{url} is not https"),
            "Put TLS in front and set PUBLIC_URL to https://: codes and tokens would travel in the clear.",
        ),
        Ok(url) => Check::ok(NAME, format!("{url} (production needs https)")),
    }
}

fn trusted_proxies(config: &Config) -> Check {
    const NAME: &str = "trusted-proxies";
    if !config.trusted_proxies.is_empty() {
        return Check::ok(NAME, "set");
    }
    if is_production(config) {
        return Check::warning(
            NAME,
            "TRUSTED_PROXIES is not set",
            "Behind a proxy set it to the proxy's networks: all clients share one address and its limits until then.",
        );
    }
    Check::skipped(NAME, "not set: nothing stands in front in development")
}

fn send_limits(config: &Config) -> Check {
    const NAME: &str = "send-limits";
    const ADVICE: &str =
        "Set SEND_LIMITS=on: off is for load tests, and nothing bounds what strangers make you send.";
    match (config.limits.send_limits.is_on(), is_production(config)) {
        (true, _) => {
            Check::ok(NAME, format!("on, and {} messages to strangers on a day", config.limits.sends_per_day))
        }
        (false, true) => Check::problem(NAME, "SEND_LIMITS=off", ADVICE),
        (false, false) => Check::warning(NAME, "SEND_LIMITS=off", ADVICE),
    }
}

fn guess_bound(config: &Config) -> Check {
    const NAME: &str = "guess-bound";
    let premises = config.premises();
    if premises.sends_per_day.is_none() {
        return Check::skipped(NAME, "there is none with SEND_LIMITS=off");
    }
    let (bound, most) = (guess_bound::per_year(&premises), config.limits.max_guess_probability_per_year);
    let finding = format!("{bound:.2e} for one phone in a year, of {most:.2e} at most");
    if bound > most {
        let advice = "Set a longer OTP_LENGTH or SECURITY_PROFILE=strict; phone-auth guess-bound prints the arithmetic.";
        return Check::problem(NAME, finding, advice);
    }
    match guess_bound::accounts_per_year(&premises) {
        accounts if accounts >= 1.0 => Check::warning(
            NAME,
            format!("{finding}; but {accounts:.1} accounts in a year of guessing everywhere"),
            "Set a lower SENDS_PER_DAY, SECURITY_PROFILE=strict or a longer OTP_LENGTH.",
        ),
        _ => Check::ok(NAME, finding),
    }
}

fn test_phones(config: &Config) -> Check {
    const NAME: &str = "test-phones";
    match config.test_phones() {
        Err(error) => {
            let error = anyhow::Error::from(error);
            Check::problem(
                NAME,
                format!("{error:#}"),
                "Write them as +79990000001=0000, separated by commas.",
            )
        }
        Ok(phones) if phones.is_empty() => Check::ok(NAME, "none"),
        Ok(_) if is_production(config) => Check::warning(
            NAME,
            "TEST_PHONES is set in production",
            "Take it away once nobody tests: whoever knows such a code logs in without a message.",
        ),
        Ok(_) => Check::ok(NAME, "set"),
    }
}

fn sms(config: &Config) -> Check {
    const NAME: &str = "sms";
    let providers: Vec<_> = config.sms.sms_provider.iter().map(|provider| provider.as_str()).collect();
    let providers = providers.join(", then ");
    match config.sms.check() {
        Err(error) => {
            let error = anyhow::Error::from(error);
            Check::problem(NAME, format!("{error:#}"), "docs/sms.md says what each provider needs.")
        }
        Ok(()) if config.sms.is_simulated() && is_production(config) => Check::warning(
            NAME,
            "SMS_PROVIDER has simulated: nobody gets its messages, and everybody can read every code",
            "Choose a provider before any number is real.",
        ),
        Ok(()) if config.sms.is_simulated() => {
            Check::ok(NAME, format!("{providers}: codes are read at /dev/inbox"))
        }
        Ok(()) => Check::ok(NAME, providers),
    }
}

fn webhooks(config: &Config) -> Check {
    const NAME: &str = "webhooks";
    let settings = &config.webhooks;
    let found =
        settings.urls().and_then(|urls| settings.sender().map(|sender| (urls.len(), sender.is_some())));
    match found {
        Err(error) => {
            let error = anyhow::Error::from(error);
            Check::problem(
                NAME,
                format!("{error:#}"),
                "docs/OPERATIONS.md says what they must be (Webhooks).",
            )
        }
        Ok((0, _)) => Check::skipped(NAME, "WEBHOOK_URLS is not set: nobody is told of events"),
        Ok((count, _)) if settings.webhook_allow_private && is_production(config) => Check::warning(
            NAME,
            format!(
                "{count} in WEBHOOK_URLS, and WEBHOOK_ALLOW_PRIVATE=true lets them lead into your networks"
            ),
            "Leave it out unless the receivers are there and nobody else chooses the URLs.",
        ),
        Ok((count, _)) => Check::ok(NAME, format!("{count} in WEBHOOK_URLS, and secrets to sign with")),
    }
}

fn files() -> Check {
    const NAME: &str = "files";
    match Resource::NOFILE.get() {
        Ok((_, most)) if most >= FILES => Check::ok(NAME, format!("a process may open {most}")),
        Ok((_, most)) => Check::warning(
            NAME,
            format!("a process may open {most}"),
            format!(
                "Raise the hard limit to {FILES} or more (LimitNOFILE= of systemd, ulimits of Docker): each client needs one."
            ),
        ),
        Err(error) => Check::skipped(NAME, format!("the limit cannot be read: {error}")),
    }
}
