//! A collector of traces: takes what it is sent, or behaves badly.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message;

/// What it does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes it.
    Well,
    /// Reads it and never answers.
    Hanging,
    /// Answers what is no answer, for as long as somebody listens.
    Talking,
    /// Refuses it.
    Refusing,
}

/// What it was sent.
#[derive(Default)]
pub struct Inside {
    pub heads: Vec<String>,
    pub bodies: Vec<Vec<u8>>,
}

/// A server on a free port of this machine.
pub struct Collector {
    pub port: u16,
    inside: Arc<Mutex<Inside>>,
}

impl Collector {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let inside = Arc::<Mutex<Inside>>::default();
        let of_thread = Arc::clone(&inside);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let inside = Arc::clone(&of_thread);
                thread::spawn(move || serve(stream, manner, &inside));
            }
        });
        Self { port, inside }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How often it was sent something.
    pub fn messages(&self) -> usize {
        self.inside.lock().unwrap().bodies.len()
    }

    /// The heads of all requests, and all bytes of their bodies as text.
    pub fn everything(&self) -> String {
        let inside = self.inside.lock().unwrap();
        let bodies = inside.bodies.iter().map(|body| String::from_utf8_lossy(body).into_owned());
        inside.heads.iter().cloned().chain(bodies).collect()
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let inside = self.inside.lock().unwrap();
        inside.bodies.iter().map(|body| ExportTraceServiceRequest::decode(body.as_slice()).unwrap()).collect()
    }

    /// Every span so far.
    pub fn spans(&self) -> Vec<Span> {
        let resources = self.requests().into_iter().flat_map(|request| request.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// What the first message says of the service.
    pub fn resource(&self) -> Vec<(String, String)> {
        let request = self.requests().remove(0);
        attributes(&request.resource_spans[0].resource.as_ref().unwrap().attributes)
    }
}

/// Names and values, in the order of the names; numbers begin with a `#`.
pub fn attributes(of: &[KeyValue]) -> Vec<(String, String)> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => format!("#{number}"),
        other => format!("{other:?}"),
    };
    let mut attributes: Vec<_> = of.iter().map(|pair| (pair.key.clone(), text(&pair.value))).collect();
    attributes.sort();
    attributes
}

fn serve(mut stream: TcpStream, manner: Manner, inside: &Mutex<Inside>) {
    let Some((head, body)) = read(&stream) else { return };
    {
        let mut inside = inside.lock().unwrap();
        inside.heads.push(head);
        inside.bodies.push(body);
    }
    match manner {
        Manner::Well => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        Manner::Refusing => {
            let _ = stream.write_all(b"HTTP/1.1 400 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
        }
        Manner::Talking => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while stream.write_all(&[0xff; 4096]).is_ok() {}
        }
        Manner::Hanging => {
            // Until the other side has had enough.
            let _ = stream.read(&mut [0]);
        }
    }
}

fn read(stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse().ok())?
    });
    let mut body = vec![0; length?];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}
