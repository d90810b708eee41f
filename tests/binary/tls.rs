//! With a database that speaks TLS.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use openssl::{
    asn1::Asn1Time,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::PKey,
    x509::{X509, X509NameBuilder, extension::SubjectAlternativeName},
};
use phone_auth::embedded::{EmbeddedPostgres, Settings};

use crate::service::{DataDir, ROOT_SECRET, Service, phone_auth};

/// A PostgreSQL on a port, whose certificate no authority has signed.
struct TlsServer {
    port: u16,
    certificate: PathBuf,
    _postgres: EmbeddedPostgres,
    _folder: DataDir,
}

impl TlsServer {
    fn start() -> Self {
        let folder = DataDir::new();
        let settings = Settings { data_dir: folder.path().to_owned(), bin_dir: None };
        EmbeddedPostgres::start(&settings, &[("fsync", "off")]).unwrap().stop().unwrap();
        let (certificate, key) = write_certificate(folder.path());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options = [
            ("fsync", "off"),
            ("listen_addresses", "127.0.0.1"),
            ("port", &port.to_string()),
            ("ssl", "on"),
            ("ssl_cert_file", certificate.to_str().unwrap()),
            ("ssl_key_file", key.to_str().unwrap()),
        ];
        let postgres = EmbeddedPostgres::start(&settings, &options).unwrap();
        Self { port, certificate, _postgres: postgres, _folder: folder }
    }

    /// A service that is to use it in this mode.
    fn service(&self, mode: &str) -> Command {
        let mut command = phone_auth();
        let url = format!("postgres://phone_auth@127.0.0.1:{}/phone_auth?sslmode={mode}", self.port);
        command.env("DATABASE_URL", url).env("ROOT_SECRET", ROOT_SECRET);
        command
    }
}

/// A certificate for 127.0.0.1 and its key, readable for the server's user alone.
fn write_certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "127.0.0.1").unwrap();
    let name = name.build();
    let mut certificate = X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_subject_name(&name).unwrap();
    certificate.set_issuer_name(&name).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    let names = SubjectAlternativeName::new().ip("127.0.0.1").build(&certificate.x509v3_context(None, None));
    certificate.append_extension(names.unwrap()).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();

    let paths = (folder.join("server.crt"), folder.join("server.key"));
    fs::write(&paths.0, certificate.build().to_pem().unwrap()).unwrap();
    fs::write(&paths.1, key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let server = fs::metadata(folder.join("postgres")).unwrap();
    chown(&paths.1, Some(server.uid()), Some(server.gid())).unwrap();
    fs::set_permissions(&paths.1, PermissionsExt::from_mode(0o600)).unwrap();
    paths
}

#[test]
fn required_tls_checks_the_certificate_and_preferred_tls_does_not() {
    let server = TlsServer::start();
    let mut refused = Service::spawn(&mut server.service("require"));
    assert!(!refused.ended().success());
    assert!(refused.stderr().contains("certificate"), "{}", refused.stderr());

    Service::start(server.service("require").env("SSL_CERT_FILE", &server.certificate));
    Service::start(&mut server.service("prefer"));
    Service::start(&mut server.service("disable"));
}
