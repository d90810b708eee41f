use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use postgres_openssl::MakeTlsConnector;
use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::config::SslMode;

use super::{PoolMode, StoreError};

/// Knows the way to one database.
pub(super) struct Connector {
    config: tokio_postgres::Config,
    tls: MakeTlsConnector,
    pub(super) mode: PoolMode,
}

impl Connector {
    /// Reads the URL; connects to nothing yet.
    ///
    /// `sslmode=require` checks the server's certificate and name, which is
    /// more than libpq does under that name; the default, `prefer`, encrypts
    /// if the server can and checks nothing, for it promises nothing.
    pub(super) fn new(url: &SecretString, mode: PoolMode) -> Result<Self, StoreError> {
        // The cause is not kept: it may quote a piece of the URL, and the URL has a password.
        let config: tokio_postgres::Config = url.expose_secret().parse().map_err(|_| StoreError::Url)?;
        let mut tls =
            SslConnector::builder(SslMethod::tls()).map_err(|error| StoreError::Tls(error.into()))?;
        if config.get_ssl_mode() != SslMode::Require {
            tls.set_verify(SslVerifyMode::NONE);
        } else if let Some(authorities) = openssl_probe::probe().cert_file {
            // An OpenSSL that is linked statically does not know where this system keeps them.
            tls.set_ca_file(authorities).map_err(|error| StoreError::Tls(error.into()))?;
        }
        Ok(Self { config, tls: MakeTlsConnector::new(tls.build()), mode })
    }

    /// Connects and sees to what every session needs.
    pub(super) async fn connect(&self) -> ConnectionResult<AsyncPgConnection> {
        let (client, connection) = self
            .config
            .connect(self.tls.clone())
            .await
            .map_err(|error| ConnectionError::BadConnection(with_cause(&error)))?;
        let mut conn = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
        self.mode.prepare(&mut conn).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(conn)
    }
}

/// diesel keeps only the text of the error, so the text is the whole of it.
fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", with_cause(cause)),
        None => error.to_string(),
    }
}
