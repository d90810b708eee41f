//! From settings to a state that can serve.

use crate::{
    clock::Clock,
    config::{Config, ConfigError},
    metrics,
    sms::SmsSender,
    state::{AppSettings, AppState},
    store::{
        Database, StoreError, guard_keys,
        signing_keys::{self, SigningKeyRow},
    },
    token::{SealedSigningKey, SigningAlgorithm, SigningKey, TokenError, Tokens},
};
use secrecy::SecretString;
use url::Url;

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database.
    #[error("DATABASE_URL")]
    Store(#[from] StoreError),
    /// The keys.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The public part of a signing key in the database is not JSON.
    #[error("a signing key in the database cannot be read")]
    SigningKey(#[from] serde_json::Error),
}

impl From<diesel::result::Error> for StartError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Brings the database to this version and makes everything a request needs.
///
/// # Errors
///
/// [`StartError`], which names the setting at fault.
pub async fn prepare(
    config: &Config,
    database_url: SecretString,
    public_url: Url,
    clock: Clock,
) -> Result<AppState, StartError> {
    let test_phones = config.test_phones()?;
    let mut token = config.token.clone();
    token.root_secret = Some(config.root_secret()?);
    let issuer = public_url.origin().ascii_serialization();
    // Our own API is the audience: RFC 9068, section 4, has it checked.
    let tokens = Tokens::new(&token, &issuer, &issuer)?;

    let database = Database::new(&database_url, config.store.database_pool_size)?;
    database.migrate().await?;
    tokens.use_signing_keys(signing_keys(&database, &tokens, &clock).await?);
    let mut conn = database.first_connection().await?;
    let sealed = guard_keys::find_or_create(&mut conn, &tokens.draw_pseudonym_key()?, clock.now()).await?;
    drop(conn);

    Ok(AppState {
        clock,
        database,
        pseudonyms: tokens.open_pseudonyms(&sealed)?,
        tokens,
        sms: SmsSender::new(&config.sms),
        metrics: metrics::registry(),
        settings: AppSettings {
            profile: config.limits.security_profile,
            premises: config.premises(),
            default_region: config.default_region,
            allowed_countries: config.allowed_countries.clone(),
            test_phones,
            trusted_proxies: config.trusted_proxies.clone(),
            public_url,
        },
    })
}

/// Opens the signing keys of the deployment; makes the first one.
async fn signing_keys(
    database: &Database,
    tokens: &Tokens,
    clock: &Clock,
) -> Result<Vec<SigningKey>, StartError> {
    let mut conn = database.first_connection().await?;
    let generate = || {
        let sealed = tokens.seal_signing_key(&SigningKey::generate(SigningAlgorithm::Es256)?)?;
        tracing::info!(kid = sealed.kid, "the first signing key was made");
        Ok::<_, StartError>(SigningKeyRow {
            kid: sealed.kid,
            algorithm: sealed.algorithm.as_str().to_owned(),
            public_jwk: sealed.public_jwk.to_string(),
            sealed_private_key: sealed.sealed,
            created_at: clock.now(),
        })
    };
    let rows = signing_keys::list_or_create(&mut conn, generate).await?;
    rows.into_iter()
        .map(|row| {
            let sealed = SealedSigningKey {
                kid: row.kid,
                algorithm: row.algorithm.parse()?,
                public_jwk: serde_json::from_str(&row.public_jwk)?,
                sealed: row.sealed_private_key,
            };
            Ok(tokens.open_signing_key(&sealed)?)
        })
        .collect()
}
