//! What only the SMS providers can tell. Nothing is sent.

use super::Check;
use crate::{
    clock::Clock,
    config::Config,
    sms::{Credentials, FailureKind, Provider, SmsSender},
};

const NAME: &str = "sms-credentials";

pub(super) fn check(config: &Config) -> anyhow::Result<Vec<Check>> {
    let Ok(sender) = SmsSender::new(&config.sms) else {
        return Ok(vec![Check::skipped(NAME, "the settings of the providers are not complete")]);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(sender.check_credentials(Clock::System.now()));
    Ok(found.into_iter().map(|(provider, credentials)| one(provider, credentials)).collect())
}

fn one(provider: Provider, credentials: Credentials) -> Check {
    let failure = match credentials {
        Credentials::Taken => return Check::ok(NAME, format!("{provider} takes them")),
        Credentials::None => return Check::skipped(NAME, format!("{provider} has none")),
        Credentials::Untold => {
            let finding = format!("{provider} cannot be asked without sending a message");
            return Check::skipped(NAME, format!("{finding}; try: phone-auth sms test"));
        }
        Credentials::Failed(failure) => failure,
    };
    let code = failure.code.map(|code| format!(" ({code})")).unwrap_or_default();
    let finding = format!("{provider}: {}{code}", failure.kind.as_str());
    match failure.kind {
        FailureKind::BadCredentials => {
            Check::problem(NAME, finding, "Set the credentials of this provider as its console shows them.")
        }
        FailureKind::NotReached => Check::problem(
            NAME,
            finding,
            "Look whether this machine finds the name, trusts the certificate and is let out to the provider.",
        ),
        _ => Check::warning(NAME, finding, "Look at the provider's status, and try again."),
    }
}
