use std::{
    collections::VecDeque,
    ops::RangeInclusive,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use rand::RngExt;

use super::{Accepted, Message};
use crate::domain::{OtpCode, PhoneNumber};

/// How long a simulated message takes, in milliseconds: `1000-2000` or `0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    from: u64,
    to: u64,
}

impl Delay {
    /// A minute: longer than any provider, and than any client waits.
    const MAX: u64 = 60_000;

    fn random(self) -> Duration {
        Duration::from_millis(rand::rng().random_range(RangeInclusive::new(self.from, self.to)))
    }
}

impl FromStr for Delay {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        match (number(from), number(to)) {
            (Some(from), Some(to)) if from <= to && to <= Self::MAX => Ok(Self { from, to }),
            _ => Err("must be milliseconds up to 60000: a number, or a range such as 1000-2000"),
        }
    }
}

/// Messages that were "sent", the newest first.
///
/// Bounded: the oldest give way, so that a load test does not fill the memory.
#[derive(Default)]
pub struct Inbox {
    messages: Mutex<VecDeque<InboxMessage>>,
}

/// One message as its receiver would see it.
#[derive(Clone)]
pub struct InboxMessage {
    /// To whom.
    pub phone: PhoneNumber,
    /// What the phone shows.
    pub text: String,
    /// The code in the text.
    pub code: OtpCode,
    /// When the code was asked for.
    pub sent_at: DateTime<Utc>,
}

impl Inbox {
    const CAPACITY: usize = 20_000;

    /// The messages to `phone`, the newest first.
    #[must_use]
    pub fn messages_to(&self, phone: &PhoneNumber) -> Vec<InboxMessage> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.iter().filter(|message| message.phone == *phone).cloned().collect()
    }

    fn put(&self, message: InboxMessage) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.truncate(Self::CAPACITY - 1);
        messages.push_front(message);
    }
}

/// A sender without a provider, for development and tests: it takes its time
/// as a real one would, writes the message to the log and keeps it.
///
/// Clones have one inbox. Instances have one each.
#[derive(Clone)]
pub struct Simulated {
    delay: Delay,
    inbox: Arc<Inbox>,
}

impl Simulated {
    /// A sender whose messages take `delay`.
    #[must_use]
    pub fn new(delay: Delay) -> Self {
        Self { delay, inbox: Arc::default() }
    }

    /// Where the messages can be read.
    #[must_use]
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    pub(super) async fn send(&self, message: &Message, now: DateTime<Utc>) -> Accepted {
        let delay = self.delay.random();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        // The only place where a code is logged; production refuses this sender unless told otherwise.
        tracing::info!(phone = message.phone.masked(), text = message.text, "simulated SMS delivered");
        let Message { phone, text, code } = message;
        if let Some(code) = code.clone() {
            self.inbox.put(InboxMessage { phone: phone.clone(), text: text.clone(), code, sent_at: now });
        }
        Accepted::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_a_number_or_a_range_of_milliseconds() {
        assert_eq!("1000-2000".parse(), Ok(Delay { from: 1000, to: 2000 }));
        assert_eq!("0".parse(), Ok(Delay { from: 0, to: 0 }));
        for wrong in ["", "-", "2000-1000", "1s", "60001", "-5", "1-2-3"] {
            assert!(wrong.parse::<Delay>().is_err(), "{wrong}");
        }
    }
}
