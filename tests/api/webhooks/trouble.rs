//! Endpoints that cannot be reached, or should not be, or do not answer.

use std::{io::ErrorKind, net::TcpListener, thread};

use chrono::Duration;
use futures_util::future::{Either, select};
use openssl::{
    asn1::Asn1Time,
    hash::MessageDigest,
    pkey::PKey,
    rsa::Rsa,
    ssl::{SslAcceptor, SslMethod},
    x509::X509,
};
use phone_auth::jobs::webhooks;

use super::{delivery, happen, round, service};
use crate::{
    receiver::{Receiver, Reply, SECRET},
    support::TestApp,
};

#[tokio::test]
async fn an_endpoint_that_is_too_slow_is_told_again_under_the_same_id() {
    let receiver = Receiver::start();
    receiver.next([Reply::Silence(204)]);
    let app = service(&[&receiver]).set("--webhook-timeout-seconds", "1").start().await;
    happen(&app, 1).await;
    round(&app).await;
    assert_eq!(delivery(&app).await["last_outcome"], "no answer in time");
    receiver.let_go();
    app.pass(Duration::seconds(6));
    round(&app).await;
    let messages = receiver.received();
    assert_eq!((messages.len(), &messages[0].id), (2, &messages[1].id));
    assert_eq!(delivery(&app).await["last_outcome"], "204");
}

#[tokio::test]
async fn an_endpoint_that_takes_it_and_hangs_up_is_told_again_under_the_same_id() {
    let receiver = Receiver::start();
    receiver.next([Reply::Cut]);
    let app = service(&[&receiver]).start().await;
    happen(&app, 1).await;
    round(&app).await;
    assert_eq!(delivery(&app).await["last_outcome"], "connection lost");
    app.pass(Duration::seconds(6));
    round(&app).await;
    let messages = receiver.received();
    assert_eq!((messages.len(), &messages[0].id), (2, &messages[1].id));
}

#[tokio::test]
async fn an_endpoint_that_says_for_ever_that_an_answer_follows_is_cut_off() {
    let receiver = Receiver::start();
    receiver.otherwise(Reply::NeverFinal);
    let app = service(&[&receiver]).start().await;
    happen(&app, 20).await;
    round(&app).await;
    let noted = app.query("SELECT DISTINCT last_outcome FROM deliveries").await;
    assert_eq!(noted, ["too long an answer"]);
    assert_eq!(receiver.count(), 20);
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_tried_again() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let app = service(&[]).set("--webhook-urls", &format!("http://127.0.0.1:{port}/")).start().await;
    happen(&app, 1).await;
    round(&app).await;
    let tried = delivery(&app).await;
    assert_eq!((&tried["last_outcome"], &tried["attempts"]), (&"connection refused".into(), &1.into()));
    assert!(tried["failed_at"].is_null());
}

#[tokio::test]
async fn one_endpoint_that_does_not_answer_holds_up_no_other() {
    let (slow, quick) = (Receiver::start(), Receiver::start());
    slow.otherwise(Reply::Silence(204));
    let app = service(&[&slow, &quick]).start().await;
    happen(&app, 30).await;
    webhooks::share_out(&app.state).await.unwrap();
    let told = async { while app.count("deliveries WHERE delivered_at IS NOT NULL").await < 30 {} };
    let telling = Box::pin(webhooks::tell_everybody(&app.state));
    // The quick one has all while the slow one is waited for.
    let Either::Left(((), telling)) = select(Box::pin(told), telling).await else {
        panic!("the slow one ended first: it has {}, the quick one {}", slow.count(), quick.count());
    };
    assert_eq!(quick.count(), 30);
    assert_eq!(slow.count(), 8, "no more than eight attempts at once");
    slow.let_go();
    telling.await.unwrap();
    assert_eq!(slow.count(), 30);
}

#[tokio::test]
async fn one_message_that_is_not_answered_holds_up_no_later_one() {
    let receiver = Receiver::start();
    receiver.next([Reply::Silence(204)]);
    let app = service(&[&receiver]).start().await;
    happen(&app, 1).await;
    webhooks::share_out(&app.state).await.unwrap();
    let later = async {
        while receiver.count() < 1 {
            tokio::task::yield_now().await;
        }
        happen(&app, 1).await;
        webhooks::share_out(&app.state).await.unwrap();
        while app.count("deliveries WHERE delivered_at IS NOT NULL").await < 1 {}
    };
    let telling = Box::pin(webhooks::tell_everybody(&app.state));
    let Either::Left(((), telling)) = select(Box::pin(later), telling).await else {
        panic!("the later one waited for the other: {}", receiver.count());
    };
    assert_eq!(receiver.count(), 2);
    receiver.let_go();
    telling.await.unwrap();
}

/// A port where TLS is spoken under a certificate that no authority has signed, and nothing is answered.
fn untrusted() -> u16 {
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
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            assert!(acceptor.accept(stream).is_err(), "somebody trusted the certificate");
        }
    });
    port
}

#[tokio::test]
async fn nothing_is_told_under_a_certificate_that_is_not_trusted() {
    let url = format!("https://127.0.0.1:{}/", untrusted());
    let app = service(&[]).set("--webhook-urls", &url).start().await;
    happen(&app, 1).await;
    round(&app).await;
    assert_eq!(delivery(&app).await["last_outcome"], "certificate not trusted");
}

#[tokio::test]
async fn a_name_that_stands_for_a_private_network_is_not_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = TestApp::builder()
        .set("--webhook-urls", &format!("https://localhost:{port}/"))
        .set("--webhook-secrets", SECRET)
        .start()
        .await;
    happen(&app, 1).await;
    round(&app).await;
    assert_eq!(delivery(&app).await["last_outcome"], "private network refused");
    // A connection that was made would wait here to be accepted.
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}
