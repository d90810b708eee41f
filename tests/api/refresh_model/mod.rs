//! Every order of five events, eight events long, played on the service: what it does is what a model of a few lines
//! says, and what the model does keeps the promises.
//!
//! A client has logged in. Some seconds pass before each event, see [`PAUSES`].
//!
//! * *refresh*: the client shows its newest token and hears the answer;
//! * *lost answer*: the client shows its newest token, the service acts, and the client hears nothing;
//! * *second tab*: another tab of the client shows the token that the client had before its newest one;
//! * *thief*: somebody shows the token they copied, or the newest one they got for it, see [`Thief`];
//! * *logout*: the client logs out.
//!
//! The promises: a client that keeps the [`Contract`] is not logged out while nobody else shows its tokens; at any time
//! one text is accepted as the live token, and its successor is one text, whoever gets it and how often; a thief outside
//! the grace is told `refresh-token-reused` and ends the session, as does the client if the thief came first; after that
//! and after a logout nothing works.
//!
//! All that the service remembers of a session is its row. So what it answers to one request at one time, with one row,
//! is asked once, from the row written back and the clock turned to that time; and orders that lead to the same row and
//! leave everybody the same texts in hand go on alike. Nothing else is left out: each of the 5^8 orders is counted.

mod model;

use std::collections::HashMap;

use chrono::Duration;
use diesel_async::SimpleAsyncConnection;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use self::model::{Contract, EVENTS, Event, HOME, Said, Session, Thief};
use crate::support::TestApp;

/// How many seconds pass before each event: somewhere 29 and 30 come between two that follow each other, so that the
/// grace is over by itself and not because it was used up, and somewhere it holds four events, so that it is used up.
const PAUSES: [i64; 8] = [8, 12, 29, 8, 30, 8, 12, 9];
const ORDERS: u64 = 390_625;

/// What somebody has in hand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Token {
    generation: usize,
    text: String,
}

/// All that may matter to what comes: the row, what everybody holds, and what was promised.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    /// As it is in the database, none once it is gone.
    row: Option<String>,
    session: Option<Session>,
    /// The text that was given out for the live generation.
    live: String,
    newest: Token,
    before: Token,
    stolen: Token,
    /// None: the client broke it or logged out, or somebody else has shown a token.
    contract: Option<Contract>,
}

/// What the service can be asked: to refresh a token, from a network, or to log out.
type Request = Option<(String, &'static str)>;

/// What came of it: status, code of the problem, refresh token, and the row.
#[derive(Clone, Debug)]
struct Outcome {
    status: u16,
    code: String,
    text: String,
    row: Option<String>,
}

/// How many there were.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    /// Orders whose client kept the contract to the end, with nobody else coming: so it was never logged out.
    kept: u64,
    /// Orders, of all lengths, that end with a thief outside the grace, and so with the session.
    caught: u64,
    /// Orders, of all lengths, that end with a thief who is served: with the live token, or within the grace.
    served: u64,
}

struct Play {
    app: TestApp,
    allowed: usize,
    access_token: String,
    /// What the clock shows, in seconds since the login.
    now: i64,
    known: HashMap<(Option<String>, Request, i64), Outcome>,
}

impl Play {
    async fn start(profile: &str) -> (Self, State) {
        let app = TestApp::builder().set("--trusted-proxies", "127.0.0.1").set("--security-profile", profile);
        let app = app.start().await;
        let user = app.login("+79991234567").await;
        let (access_token, text) = (user.access_token.clone(), user.refresh_token.clone());
        app.execute(&format!("UPDATE sessions SET network = '{HOME}'")).await;
        let allowed = if profile == "strict" { 1 } else { 3 };
        let play = Self { app, allowed, access_token, now: 0, known: HashMap::new() };
        let token = Token { generation: 0, text: text.clone() };
        let [newest, before, stolen] = [(); 3].map(|()| token.clone());
        let (row, session, contract) =
            (play.row().await, Some(Session::of_login()), Some(Contract::default()));
        (play, State { row, session, live: text, newest, before, stolen, contract })
    }

    async fn row(&self) -> Option<String> {
        self.app.query("SELECT to_jsonb(sessions)::text FROM sessions").await.pop()
    }

    /// Turns the world to `row` at `now`.
    async fn restore(&mut self, row: Option<&String>, now: i64) {
        self.app.pass(Duration::seconds(now - self.now));
        self.now = now;
        let insert = row.map(|row| {
            format!("INSERT INTO sessions SELECT * FROM jsonb_populate_record(NULL::sessions, '{row}')")
        });
        let sql = format!("DELETE FROM sessions; {}", insert.unwrap_or_default());
        self.app.state.database.connection().await.unwrap().batch_execute(&sql).await.unwrap();
    }

    fn request(&self, request: &Request) -> RequestBuilder {
        match request {
            Some((token, network)) => {
                let from = network.replace(".0/24", ".7");
                let refresh = self.app.request(Method::POST, "/api/v1/auth/refresh");
                refresh.header("x-forwarded-for", from).json(&json!({"refresh_token": token}))
            }
            None => self.app.request(Method::POST, "/api/v1/auth/logout").bearer_auth(&self.access_token),
        }
    }

    /// What the service does, if the session is at `row`.
    async fn ask(&mut self, row: Option<&String>, request: Request, now: i64) -> Outcome {
        let key = (row.cloned(), request, now);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        self.restore(row, now).await;
        let answer = self.app.send(self.request(&key.1)).await;
        let text_of = |member: &str| answer.body[member].as_str().unwrap_or_default().to_owned();
        let (status, row) = (answer.status.as_u16(), self.row().await);
        let outcome = Outcome { status, code: text_of("code"), text: text_of("refresh_token"), row };
        // Access tokens are good for as long as there is a session.
        let profile = self.app.request(Method::GET, "/api/v1/profile").bearer_auth(&self.access_token);
        let expected = if outcome.row.is_some() { 200 } else { 401 };
        assert_eq!(self.app.send(profile).await.status, expected);
        self.known.insert(key, outcome.clone());
        outcome
    }

    /// Plays `event` in `state`, compares it with the model and checks the promises.
    async fn play(&mut self, thief: Thief, state: &State, event: Event, now: i64) -> State {
        let mut next = state.clone();
        // Until the thief has a token of their own, which ends the contract.
        if thief == Thief::Reading && state.contract.is_some() {
            next.stolen = state.newest.clone();
        }
        let (token, network) = match event {
            Event::Refresh | Event::LostAnswer => (&state.newest, HOME),
            Event::SecondTab => (&state.before, HOME),
            Event::Thief => (&state.stolen, thief.network()),
            Event::Logout => {
                let outcome = self.ask(state.row.as_ref(), None, now).await;
                assert_eq!((outcome.status, outcome.row), (204, None));
                return State { row: None, session: None, contract: None, ..next };
            }
        };
        let (predicted, session) = match state.session.clone() {
            Some(session) => session.refresh(token.generation, network, now, self.allowed),
            None => (Said::Invalid, None),
        };
        let outcome = self.ask(state.row.as_ref(), Some((token.text.clone(), network)), now).await;
        let expected = match predicted {
            Said::Token(_) => (200, ""),
            Said::Reused => (401, "refresh-token-reused"),
            Said::Invalid => (401, "invalid-refresh-token"),
        };
        let happened = format!("{event:?} at {now}: {outcome:#?} in {state:#?}");
        assert_eq!((outcome.status, &*outcome.code), expected, "{happened}");
        assert_eq!(outcome.row.is_some(), session.is_some(), "{happened}");
        (next.row, next.session) = (outcome.row, session);
        next.contract = match event {
            Event::Thief => None,
            _ => next.contract.and_then(|contract| contract.show(token.generation, now, self.allowed)),
        };
        assert!(next.contract.is_none() || outcome.status == 200, "who keeps the contract stays: {happened}");
        let Said::Token(generation) = predicted else { return next };
        // A successor is made of the live token only; in every other case it is the live token itself.
        assert_eq!(outcome.text != state.live, token.text == state.live, "one live token: {happened}");
        next.live.clone_from(&outcome.text);
        let heard = Token { generation, text: outcome.text };
        match event {
            Event::Thief => next.stolen = heard,
            Event::Refresh | Event::SecondTab if heard != state.newest => {
                (next.before, next.newest) = (state.newest.clone(), heard);
            }
            Event::Refresh | Event::SecondTab | Event::LostAnswer | Event::Logout => {}
        }
        next
    }

    /// Plays all orders of eight events; gives what was counted.
    async fn all_orders(&mut self, thief: Thief, first: &State) -> Counts {
        let mut counts = Counts::default();
        let mut states = HashMap::from([(first.clone(), 1)]);
        let mut now = 0;
        for pause in PAUSES {
            now += pause;
            let mut following: HashMap<State, u64> = HashMap::new();
            for (state, orders) in states {
                for event in EVENTS {
                    let next = self.play(thief, &state, event, now).await;
                    if event == Event::Thief && state.session.is_some() {
                        let counted =
                            if next.session.is_some() { &mut counts.served } else { &mut counts.caught };
                        *counted += orders;
                    }
                    *following.entry(next).or_default() += orders;
                }
            }
            states = following;
        }
        assert_eq!(states.values().sum::<u64>(), ORDERS);
        let kept = states.iter().filter(|(state, _)| state.contract.is_some());
        counts.kept = kept.map(|(_, orders)| orders).sum();
        counts
    }
}

/// Plays all orders with each thief; what was counted must be this, so that no promise is empty.
async fn expect(profile: &str, expected: [(Thief, Counts); 3]) {
    let (mut play, first) = Play::start(profile).await;
    let mut counted = Vec::new();
    for (thief, _) in &expected {
        counted.push((*thief, play.all_orders(*thief, &first).await));
    }
    assert_eq!(counted, expected, "{profile}");
}

#[tokio::test]
async fn all_orders_of_eight_events_keep_the_promises() {
    expect(
        "default",
        [
            (Thief::Elsewhere, Counts { kept: 520, caught: 476, served: 8 }),
            (Thief::SameNetwork, Counts { kept: 520, caught: 845, served: 199 }),
            (Thief::Reading, Counts { kept: 520, caught: 394, served: 148 }),
        ],
    )
    .await;
}

#[tokio::test]
async fn all_orders_of_eight_events_keep_the_promises_of_the_strict_profile() {
    expect(
        "strict",
        [
            (Thief::Elsewhere, Counts { kept: 50, caught: 160, served: 8 }),
            (Thief::SameNetwork, Counts { kept: 50, caught: 197, served: 47 }),
            (Thief::Reading, Counts { kept: 50, caught: 150, served: 44 }),
        ],
    )
    .await;
}
