//! What a refresh does and what a client may rely on, in as few words as can be. Times are seconds since the login.

pub const GRACE: i64 = 30;
pub const HOME: &str = "203.0.113.0/24";
pub const ABROAD: &str = "198.51.100.0/24";

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    Refresh,
    LostAnswer,
    SecondTab,
    Thief,
    Logout,
}

pub const EVENTS: [Event; 5] =
    [Event::Refresh, Event::LostAnswer, Event::SecondTab, Event::Thief, Event::Logout];

/// Whose copy it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Thief {
    /// Copied the token of the login, and shows it from another network.
    Elsewhere,
    /// The same from the client's network: within the grace nobody can tell them from a second tab.
    SameNetwork,
    /// Has what was the client's newest token an event ago, and shows it from another network.
    Reading,
}

impl Thief {
    pub fn network(self) -> &'static str {
        if self == Self::SameNetwork { HOME } else { ABROAD }
    }
}

/// What is said to who shows a refresh token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Said {
    /// The live token, which is of this generation.
    Token(usize),
    /// `refresh-token-reused`
    Reused,
    /// `invalid-refresh-token`
    Invalid,
}

/// A session that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    pub generation: usize,
    pub rotated_at: i64,
    pub network: &'static str,
    /// No day passes in an order: they only add up.
    pub replays: usize,
}

impl Session {
    pub fn of_login() -> Self {
        Self { generation: 0, rotated_at: 0, network: HOME, replays: 0 }
    }

    /// What comes of showing the token of `generation`: none once the session is ended.
    pub fn refresh(
        mut self,
        generation: usize,
        network: &'static str,
        now: i64,
        allowed: usize,
    ) -> (Said, Option<Self>) {
        let is_predecessor = generation + 1 == self.generation;
        let is_graced = now - self.rotated_at < GRACE && network == self.network && self.replays < allowed;
        if generation == self.generation {
            self = Self { generation: generation + 1, rotated_at: now, network, ..self };
        } else if is_predecessor && is_graced {
            self.replays += 1;
        } else {
            return (Said::Reused, None);
        }
        (Said::Token(self.generation), Some(self))
    }
}

/// What is asked of a client that relies on never being logged out, told by what the client did and not by what the
/// service knows: to show no token older than one it has shown, and the same one again only within 30 seconds of the
/// first time and, all such taken together, three times a day (`strict`: once).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Contract {
    shown: Option<(usize, i64)>,
    again: usize,
}

impl Contract {
    /// The contract as it goes on, none once it is broken.
    pub fn show(mut self, generation: usize, now: i64, allowed: usize) -> Option<Self> {
        match self.shown {
            Some((last, first_at)) if generation == last => {
                self.again += 1;
                (now - first_at < GRACE && self.again <= allowed).then_some(self)
            }
            Some((last, _)) if generation < last => None,
            _ => Some(Self { shown: Some((generation, now)), ..self }),
        }
    }
}
