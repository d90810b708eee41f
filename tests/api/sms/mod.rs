//! Messages that go by a provider: what it is sent, byte for byte, and what its answers come to.
//!
//! Each provider is played by a server of this machine.

mod smsaero;
mod twilio;
mod webhook;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use clap::Parser;
use openssl::{
    asn1::Asn1Time,
    hash::MessageDigest,
    pkey::PKey,
    rsa::Rsa,
    ssl::{SslAcceptor, SslMethod},
    x509::X509,
};
use phone_auth::{
    clock::Clock,
    config::Cli,
    sms::{FailureKind, Message, SmsSender},
};
use serde_json::{Value, json};

use crate::{
    receiver::SECRET,
    support::{Answer, TestApp, app::TestAppBuilder},
};

/// To whom the messages go.
const PHONE: &str = "+79991234567";
/// Secrets, none of which is ever shown.
const TOKEN: &str = "t0k3n-m4rk3r";
const SID: &str = "AC0123456789abcdef0123456789abcdef";

/// What a played provider does with a request.
#[derive(Clone, Copy)]
enum Reply {
    /// A status, header lines, a body.
    Answer(u16, &'static str, &'static str),
    /// Nothing, for a minute.
    Slow,
    /// The end of the connection, after all was read.
    Cut,
}

/// A request as it came.
#[derive(Clone, Debug)]
struct Asked {
    /// Method and path.
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Asked {
    fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
        let value = found.next().map_or("", |(_, value)| value);
        assert!(found.next().is_none(), "{name} twice");
        value
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The user and the password of `Authorization: Basic`.
    fn basic(&self) -> String {
        let encoded = self.header("authorization").strip_prefix("Basic ").unwrap();
        String::from_utf8(BASE64_STANDARD.decode(encoded).unwrap()).unwrap()
    }
}

/// A provider on a free port of this machine, which does the same with every request.
struct Played {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Played {
    fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let of_thread = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let asked = Arc::clone(&of_thread);
                thread::spawn(move || serve(stream, reply, &asked));
            }
        });
        Self { port, asked }
    }

    /// One that answers with this status and this body.
    fn says(status: u16, body: &'static str) -> Self {
        Self::start(Reply::Answer(status, "", body))
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Everything it was asked so far.
    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The only request there was.
    #[track_caller]
    fn only(&self) -> Asked {
        let mut asked = self.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked.remove(0)
    }
}

/// One request for each connection.
fn serve(mut stream: TcpStream, reply: Reply, asked: &Mutex<Vec<Asked>>) {
    let Some(request) = read(&stream) else { return };
    asked.lock().unwrap().push(request);
    match reply {
        Reply::Cut => {}
        Reply::Slow => thread::sleep(Duration::from_mins(1)),
        Reply::Answer(status, lines, body) => {
            let length = body.len();
            let head = format!("HTTP/1.1 {status} Said\r\nConnection: close\r\nContent-Length: {length}\r\n");
            let _ = write!(stream, "{head}{lines}\r\n{body}");
        }
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut lines = Vec::new();
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers = lines.iter().skip(1).filter_map(|line| line.split_once(": "));
    let headers: Vec<_> = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    let line = lines.first()?.strip_suffix(" HTTP/1.1")?.to_owned();
    Some(Asked { line, headers, body: String::from_utf8(body).ok()? })
}

/// A service whose messages go by Twilio, which is at `url`.
fn by_twilio(url: &str) -> TestAppBuilder {
    TestApp::builder()
        .set("--sms-provider", "twilio")
        .set("--twilio-account-sid", SID)
        .set("--twilio-auth-token", TOKEN)
        .set("--twilio-from", "+12025550100")
        .set("--twilio-url", url)
}

/// Asks for a code, in English.
async fn ask(app: &TestApp) -> Answer {
    app.post("/api/v1/auth/phone", json!({"phone": PHONE, "locale": "en"})).await
}

/// What a client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// A challenge.
    Sent,
    /// 502: another number may do.
    Rejected,
    /// 503: nothing was sent.
    Unavailable,
    /// 503: it may arrive.
    MayArrive,
}

/// Checks the whole of an answer, and gives what it means.
#[track_caller]
fn told(answer: Answer) -> Told {
    match answer.status.as_u16() {
        200 => {
            assert!(!answer.text_of("challenge_token").is_empty());
            Told::Sent
        }
        502 => {
            answer.expect_problem(502, "sms-rejected");
            Told::Rejected
        }
        _ => {
            let answer = answer.expect_problem(503, "sms-unavailable");
            let wait = answer.body["retry_after"].as_i64().unwrap();
            assert!((1..=3600).contains(&wait), "{wait}");
            assert_eq!(answer.header("retry-after"), wait.to_string());
            let may_arrive = answer.text_of("detail").contains("may still arrive");
            if may_arrive { Told::MayArrive } else { Told::Unavailable }
        }
    }
}

/// A sender made of these flags alone.
fn sender(flags: &[(&str, &str)]) -> SmsSender {
    SmsSender::new(&settings(flags)).unwrap()
}

fn settings(flags: &[(&str, &str)]) -> phone_auth::sms::Settings {
    let flags = flags.iter().flat_map(|(flag, value)| [*flag, *value]);
    Cli::parse_from(["phone-auth"].into_iter().chain(flags)).config.sms
}

#[tokio::test]
async fn a_provider_that_is_slow_is_waited_for_five_seconds_and_not_asked_again() {
    let (slow, other) = (Played::start(Reply::Slow), Played::says(204, ""));
    let app = before_webhook(by_twilio(&slow.url()), &other).start().await;
    let began = Instant::now();
    assert_eq!(told(ask(&app).await), Told::MayArrive);
    assert!((4..15).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    slow.only();
    assert!(other.asked().is_empty(), "a second message may have gone out");
}

#[tokio::test]
async fn a_provider_that_hangs_up_after_it_was_asked_is_not_asked_again_and_nobody_else_is() {
    let (cut, other) = (Played::start(Reply::Cut), Played::says(204, ""));
    let app = before_webhook(by_twilio(&cut.url()), &other).start().await;
    assert_eq!(told(ask(&app).await), Told::MayArrive);
    cut.only();
    assert!(other.asked().is_empty(), "a second message may have gone out");
}

#[tokio::test]
async fn where_nobody_listens_the_next_provider_takes_over() {
    let url = format!("http://127.0.0.1:{}", free_port());
    let app = by_twilio(&url).start().await;
    assert_eq!(told(ask(&app).await), Told::Unavailable);
    let other = Played::says(204, "");
    let app = before_webhook(by_twilio(&url), &other).start().await;
    assert_eq!(told(ask(&app).await), Told::Sent);
    other.only();
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_tried_once_more() {
    // TLS is spoken to it, which it does not answer: both connections come, and no request.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let app = by_twilio(&url).start().await;
    let counted = Arc::<Mutex<usize>>::default();
    let of_thread = Arc::clone(&counted);
    thread::spawn(move || {
        // Each is closed as soon as it is counted.
        for stream in listener.incoming().flatten() {
            *of_thread.lock().unwrap() += 1;
            drop(stream);
        }
    });
    assert_eq!(told(ask(&app).await), Told::Unavailable);
    assert_eq!(*counted.lock().unwrap(), 2);
}

#[tokio::test]
async fn nothing_is_sent_under_a_certificate_that_nobody_signed() {
    let (port, has_come) = untrusted();
    let url = format!("https://127.0.0.1:{port}");
    let app = by_twilio(&url).start().await;
    assert_eq!(told(ask(&app).await), Told::Unavailable);
    assert!(!*has_come.lock().unwrap(), "somebody trusted the certificate");

    let found = sender(&twilio_flags(&url)).send(&message(), Clock::System.now()).await;
    let failure = found.attempts[0].outcome.as_ref().unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotReached);
    assert_eq!(failure.code.as_deref(), Some("certificate not trusted"));
}

/// A port where TLS is spoken under a certificate that no authority has signed; and whether anybody trusted it.
fn untrusted() -> (u16, Arc<Mutex<bool>>) {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut certificate = X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    let mut acceptor = SslAcceptor::mozilla_intermediate(SslMethod::tls()).unwrap();
    acceptor.set_certificate(&certificate.build()).unwrap();
    acceptor.set_private_key(&key).unwrap();
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let has_come = Arc::<Mutex<bool>>::default();
    let of_thread = Arc::clone(&has_come);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Who looks at certificates ends the handshake before it sends anything.
            if let Ok(mut stream) = acceptor.accept(stream) {
                *of_thread.lock().unwrap() |= stream.read(&mut [0; 64]).is_ok_and(|read| read > 0);
            }
        }
    });
    (port, has_come)
}

/// A port on which nobody listens any more.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The same service, with an endpoint of its operator that takes over.
fn before_webhook(app: TestAppBuilder, other: &Played) -> TestAppBuilder {
    app.set("--sms-provider", "twilio,webhook")
        .set("--sms-webhook-url", &other.url())
        .set("--sms-webhook-secrets", SECRET)
}

fn twilio_flags(url: &str) -> [(&'static str, &str); 5] {
    [
        ("--sms-provider", "twilio"),
        ("--twilio-account-sid", SID),
        ("--twilio-auth-token", TOKEN),
        ("--twilio-from", "+12025550100"),
        ("--twilio-url", url),
    ]
}

fn message() -> Message {
    Message {
        phone: PHONE.to_owned().try_into().unwrap(),
        text: "481702 is your login code.".to_owned(),
        code: Some("481702".parse().unwrap()),
    }
}

#[test]
fn credentials_are_not_shown_with_the_settings_nor_with_what_is_wrong_with_them() {
    let url = format!("https://sms.example.com/{TOKEN}");
    let all = |email: &str, sid: &str, url: &str, secrets: &str| {
        settings(&[
            ("--sms-provider", "smsaero,twilio,webhook"),
            ("--smsaero-email", email),
            ("--smsaero-api-key", TOKEN),
            ("--twilio-account-sid", sid),
            ("--twilio-auth-token", TOKEN),
            ("--twilio-from", "+12025550100"),
            ("--sms-webhook-url", url),
            ("--sms-webhook-secrets", secrets),
        ])
    };
    let good = all("ada@example.com", SID, &url, SECRET);
    assert!(good.check().is_ok());
    let shown = format!("{good:?} {good:#?}");
    assert!(shown.contains("REDACTED") && !shown.contains(TOKEN) && !shown.contains("whsec_"), "{shown}");

    let plain = format!("http://sms.example.com/{TOKEN}");
    for wrong in [
        all(&format!("{TOKEN}:"), SID, &url, SECRET),
        all("ada@example.com", TOKEN, &url, SECRET),
        all("ada@example.com", SID, &plain, SECRET),
        all("ada@example.com", SID, TOKEN, SECRET),
        all("ada@example.com", SID, &url, TOKEN),
    ] {
        let error = anyhow::Error::from(wrong.check().unwrap_err());
        let said = format!("{error} {error:?} {error:#}");
        assert!(!said.contains(TOKEN) && !said.contains("whsec_C2"), "{said}");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_log_says_what_failed_and_neither_to_whom_nor_what_nor_by_which_secret() {
    let log = Log::default();
    let of_writer = log.clone();
    // With one subscriber alone, whoever logs a line first decides for all threads whether it is wanted; with two, both
    // are asked.
    let _another = tracing::Dispatch::new(tracing_subscriber::registry());
    let lines = tracing_subscriber::fmt().without_time().with_max_level(tracing::Level::TRACE);
    let _logs = tracing::subscriber::set_default(lines.with_writer(move || of_writer.clone()).finish());
    // Words of providers that quote what they were sent.
    let said =
        r#"{"code": 21211, "message": "+79991234567 is no number: 481702 t0k3n-m4rk3r", "status": 400}"#;
    let said_by_aero =
        r#"{"success": false, "data": {"number": ["79991234567"]}, "message": "79991234567 481702"}"#;
    for reply in [
        Reply::Answer(201, "", r#"{"sid": "SM1"}"#),
        Reply::Answer(400, "", said),
        Reply::Answer(500, "", said_by_aero),
        Reply::Answer(200, "", said_by_aero),
        Reply::Cut,
    ] {
        let played = Played::start(reply);
        let url = played.url();
        let hook = format!("{url}/{TOKEN}");
        let sms = [
            ("--smsaero-email", "ada@example.com"),
            ("--smsaero-api-key", TOKEN),
            ("--smsaero-urls", &url),
            ("--sms-webhook-url", &hook),
            ("--sms-webhook-secrets", SECRET),
        ];
        for provider in ["twilio", "smsaero", "webhook"] {
            let flags = [&twilio_flags(&url)[1..], &sms, &[("--sms-provider", provider)]].concat();
            let delivery = sender(&flags).send(&message(), Clock::System.now()).await;
            assert_eq!(delivery.attempts.len(), 1);
        }
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for expected in ["a provider took a message", "invalid-number", "21211", "HTTP 500", "connection lost"] {
        assert!(log.contains(expected), "no {expected}: {log}");
    }
    for secret in [&PHONE[1..], "481702", TOKEN, SECRET, "whsec_", "Basic ", "ada@example.com"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
