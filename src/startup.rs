//! From settings to a state that can serve.

use chrono::{DateTime, Utc};

use crate::{
    clock::Clock,
    config::{Config, ConfigError},
    connections::Connections,
    custody::{self, CustodyError},
    instruments::Instruments,
    metrics,
    picture::Pictures,
    sms::{SmsSender, Texts},
    state::{AppSettings, AppState},
    store::{Connection, Database, StoreError, webhook_endpoints},
    token::{TokenError, Tokens},
    webhooks::{self, Endpoint, WebhookError, Webhooks},
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
    /// Who is told of events.
    #[error(transparent)]
    Webhooks(#[from] WebhookError),
    /// The keys in the database.
    #[error(transparent)]
    Custody(#[from] CustodyError),
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
    let texts = config.texts(&public_url)?;
    tell_of_long(&texts);
    let settings = app_settings(config, public_url)?;
    let mut token = config.token.clone();
    token.root_secret = Some(config.root_secret()?);
    let issuer = settings.public_url.origin().ascii_serialization();
    // Our own API is the audience: RFC 9068, section 4, has it checked.
    let tokens = Tokens::new(&token, &issuer, &issuer)?;

    let store = &config.store;
    let database = Database::new(&database_url, store.database_pool_size, store.database_pool_mode)?;
    database.migrate().await?;
    let mut conn = database.first_connection().await?;
    custody::open_signing_keys(&mut conn, &tokens, clock.now()).await?;
    let (pseudonyms, pins) = custody::open_guard_key(&mut conn, &tokens, clock.now()).await?;
    let webhooks = register_webhooks(&mut conn, &config.webhooks, clock.now()).await?;
    drop(conn);

    let (instruments, sms) =
        (Instruments::default(), SmsSender::new(&config.sms).map_err(ConfigError::from)?);
    let metrics = metrics::registry(&instruments, &database, &sms);
    Ok(AppState {
        clock,
        connections: Connections::new(&config.connections),
        database,
        pseudonyms,
        pins,
        tokens,
        pictures: Pictures::default(),
        sms,
        texts,
        webhooks,
        instruments,
        metrics,
        settings,
    })
}

/// Templates are refused for what our own words may do: a long host, or a long name on Android, leaves them no room.
fn tell_of_long(texts: &Texts) {
    let long: Vec<_> = texts.examples().into_iter().filter(|text| !text.fits).map(|text| text.name).collect();
    if !long.is_empty() {
        tracing::warn!(
            texts = long.join(", "),
            "messages take two segments and cost twice: the host of PUBLIC_URL or SITE_NAME is too long for them; shorten it, or write shorter words (SMS_TEMPLATES_DIR)"
        );
    }
}

/// What features are told by the operator, who set `config`.
///
/// # Errors
///
/// [`ConfigError::TestPhones`].
pub fn app_settings(config: &Config, public_url: Url) -> Result<AppSettings, ConfigError> {
    Ok(AppSettings {
        profile: config.limits.security_profile,
        premises: config.premises(),
        pin_release: config.limits.pin_release(),
        referral_window: config.referral.window(),
        mask_referral_phones: config.referral.is_masked(),
        default_region: config.default_region,
        allowed_countries: config.allowed_countries.clone(),
        test_phones: config.test_phones()?,
        trusted_proxies: config.trusted_proxies.clone(),
        public_url,
    })
}

/// The endpoints as the database knows them; none: there is nobody to tell.
async fn register_webhooks(
    conn: &mut Connection,
    settings: &webhooks::Settings,
    now: DateTime<Utc>,
) -> Result<Option<Webhooks>, StartError> {
    let urls = settings.urls()?;
    let (Some(sender), false) = (settings.sender()?, urls.is_empty()) else { return Ok(None) };
    let mut endpoints = Vec::new();
    // One by one and in the order of the setting, which gives them their numbers.
    for url in urls {
        let known = webhook_endpoints::register(conn, url.as_str(), now).await?;
        let endpoint = Endpoint::new(known.id, url);
        if known.is_ended {
            tracing::warn!(
                endpoint.id,
                endpoint.origin = endpoint.origin(),
                "an endpoint in WEBHOOK_URLS has answered 410 and is told nothing; to start it again: phone-auth events retry --endpoint {}",
                endpoint.id
            );
        }
        endpoints.push(endpoint);
    }
    Ok(Some(Webhooks { endpoints, sender }))
}
