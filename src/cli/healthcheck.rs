//! `phone-auth healthcheck`: a probe for images and scripts that needs nothing but the address.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use anyhow::bail;

use super::{Ending, say};

/// How long an instance has for its answer, all in all.
const PATIENCE: Duration = Duration::from_secs(3);
/// More of an answer than its first line is not looked at.
const LONGEST: usize = 64;

/// Asks the instance that listens at `listening` whether it is ready.
///
/// # Errors
///
/// [`Ending::Unhealthy`], or a sentence when it cannot be known where to ask.
pub fn run(listening: SocketAddr) -> anyhow::Result<()> {
    if listening.port() == 0 {
        bail!("LISTEN_ADDR has port 0, which is any free one: the instance cannot be found by it");
    }
    let address = SocketAddr::new(reachable(listening.ip()), listening.port());
    match ask(address) {
        Ok(line) if line.split(' ').nth(1) == Some("200") => say("ready"),
        Ok(line) if line.starts_with("HTTP/1.") => {
            let status = line.split(' ').nth(1).unwrap_or_default();
            let answer = format!("the instance at {address} is not ready: it answers {status}");
            Err(Ending::Unhealthy(answer).into())
        }
        Ok(_) => Err(Ending::Unhealthy(format!("what answers at {address} is not HTTP")).into()),
        Err(error) => Err(Ending::Unhealthy(format!("nobody answers at {address}: {error}")).into()),
    }
}

/// Where this machine reaches a listener: one for every address is at the loopback one as well.
fn reachable(listening: IpAddr) -> IpAddr {
    match listening {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}

/// The first line of the answer.
fn ask(address: SocketAddr) -> io::Result<String> {
    let deadline = Instant::now() + PATIENCE;
    let left = || {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(late()) } else { Ok(left) }
    };
    let mut stream = TcpStream::connect_timeout(&address, left()?)?;
    stream.set_write_timeout(Some(left()?))?;
    let request = format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    while answer.len() < LONGEST && !answer.contains(&b'\n') {
        // Each piece anew: one that comes drop by drop has no longer either.
        stream.set_read_timeout(Some(left()?))?;
        let mut piece = [0; LONGEST];
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&piece[..length]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                return Err(late());
            }
            Err(error) => return Err(error),
        }
    }
    let line = answer.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).trim_end().to_owned())
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("not within {} seconds", PATIENCE.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_for_every_address_is_asked_at_the_loopback_one() {
        for (listening, asked) in
            [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.1.2.3", "10.1.2.3"), ("::1", "::1")]
        {
            assert_eq!(reachable(listening.parse().unwrap()), asked.parse::<IpAddr>().unwrap());
        }
    }
}
