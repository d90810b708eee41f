//! An endpoint of webhooks: takes what it is told, and answers as a test wants.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// A secret that messages to receivers are signed with.
pub const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// What a receiver does with a message.
#[derive(Clone, Debug)]
pub enum Reply {
    /// This status, and these header lines.
    Status(u16, &'static str),
    /// No answer until the receiver is let go, then this status.
    Silence(u16),
    /// The end of the connection, after all was read.
    Cut,
    /// Answers that say that an answer follows, for as long as somebody listens.
    NeverFinal,
}

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// The path of the request line.
    pub path: String,
    pub id: String,
    pub timestamp: i64,
    pub signature: String,
    pub user_agent: String,
    pub content_type: String,
    pub body: String,
}

impl Received {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether `secret` signed it.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        let expected = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
        self.signature.split(' ').any(|signature| signature == expected)
    }
}

#[derive(Default)]
struct Inside {
    received: Vec<Received>,
    replies: VecDeque<Reply>,
    otherwise: Option<Reply>,
    is_let_go: bool,
}

/// A server on a free port of this machine.
pub struct Receiver {
    pub port: u16,
    inside: Arc<(Mutex<Inside>, Condvar)>,
}

impl Receiver {
    /// Answers 204 to everything, until told otherwise.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let inside = Arc::<(Mutex<Inside>, Condvar)>::default();
        let of_thread = Arc::clone(&inside);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let inside = Arc::clone(&of_thread);
                thread::spawn(move || serve(stream, &inside));
            }
        });
        Self { port, inside }
    }

    /// Its address, with something in it that must not be shown.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks/s3cr3t-m4rk3r", self.port)
    }

    /// What it does with the next messages, in their order.
    pub fn next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.inside.0.lock().unwrap().replies.extend(replies);
    }

    /// What it does when nothing is said about a message.
    pub fn otherwise(&self, reply: Reply) {
        self.inside.0.lock().unwrap().otherwise = Some(reply);
    }

    /// Everything it was told so far.
    pub fn received(&self) -> Vec<Received> {
        self.inside.0.lock().unwrap().received.clone()
    }

    /// How often it was told something.
    pub fn count(&self) -> usize {
        self.inside.0.lock().unwrap().received.len()
    }

    /// Answers those who were left in silence.
    pub fn let_go(&self) {
        self.inside.0.lock().unwrap().is_let_go = true;
        self.inside.1.notify_all();
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// One message for each connection.
fn serve(mut stream: TcpStream, inside: &(Mutex<Inside>, Condvar)) {
    let Some(received) = read(&stream) else { return };
    let mut state = inside.0.lock().unwrap();
    state.received.push(received);
    let reply = state.replies.pop_front().or_else(|| state.otherwise.clone());
    let (status, lines) = match reply.unwrap_or(Reply::Status(204, "")) {
        Reply::Cut => return,
        Reply::NeverFinal => {
            drop(state);
            let hints = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1_000);
            while stream.write_all(hints.as_bytes()).is_ok() {}
            return;
        }
        Reply::Status(status, lines) => (status, lines),
        Reply::Silence(status) => {
            state = inside.1.wait_while(state, |state| !state.is_let_go).unwrap();
            (status, "")
        }
    };
    drop(state);
    let body = if status == 204 { "" } else { "what the endpoint says" };
    let length = if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let _ = write!(stream, "HTTP/1.1 {status} Told\r\nConnection: close\r\n{length}{lines}\r\n{body}");
}

fn read(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let mut headers = lines.iter().skip(1).filter_map(|line| line.split_once(": "));
        headers.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let mut body = vec![0; header("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Received {
        path: lines.first()?.split(' ').nth(1)?.to_owned(),
        id: header("webhook-id")?,
        timestamp: header("webhook-timestamp")?.parse().ok()?,
        signature: header("webhook-signature")?,
        user_agent: header("user-agent")?,
        content_type: header("content-type")?,
        body: String::from_utf8(body).ok()?,
    })
}
