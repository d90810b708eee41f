//! Codes on their way: what it takes to send one, and what it costs to enter
//! one. A login and a change of number go the same way.

mod admission;
mod counting;
mod hints;
mod sending;

use actix_web::web::Data;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use self::{admission::Admitted, sending::Counted};
pub(crate) use self::{
    counting::settlement,
    hints::{Accepted, Autofill},
};
use crate::{
    domain::{InviteCode, OtpCode, PhoneNumber},
    http::{client::Client, problem::Problem},
    instruments::Entry,
    sms::{Language, Message, Occasion},
    state::AppState,
    store::{Connection, challenges::Claimed},
    token::{Challenge, NewChallenge, Purpose},
};

/// After how many seconds a client may offer to send another code, at the
/// least: most messages have arrived by then.
const RESEND_IN: i64 = 60;

/// A challenge: proof of which code was sent to whom, readable by the service only
#[derive(Serialize, ToSchema)]
pub struct CodeRequested {
    /// Goes back with the code. A compact JWE (RFC 7516), always of the same length.
    #[schema(
        example = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwidHlwIjoib3RwK2p3ZSJ9..c2FtcGxl.c2FtcGxl.c2FtcGxl"
    )]
    challenge_token: String,
    /// How many digits the code has: the more, the more was guessed at this number or in the whole service.
    #[schema(example = 4)]
    code_length: u8,
    /// Seconds until the challenge ends.
    #[schema(example = 300)]
    expires_in: i64,
    /// Seconds after which another code may be offered: a minute, or longer when no more codes will be sent before.
    #[schema(example = 60)]
    resend_in: i64,
}

/// A code somebody asks for.
pub(crate) struct NewCode<'a> {
    /// What it is to be good for, and for nothing else.
    pub purpose: Purpose,
    /// To whom it goes.
    pub phone: PhoneNumber,
    /// The invite code of a first login.
    pub invite_code: Option<&'a InviteCode>,
    /// The token of a device that asks for a lane of its own.
    pub device_token: Option<&'a str>,
    /// The language of the message.
    pub language: Language,
    /// Who is to fill it in.
    pub autofill: Autofill,
}

/// Sends a code, if the limits admit it, and gives the challenge that belongs
/// to it. No connection is held while the message is on its way.
pub(crate) async fn send(
    app: &Data<AppState>,
    client: &Client,
    new: NewCode<'_>,
    now: DateTime<Utc>,
) -> Result<CodeRequested, Problem> {
    let NewCode { purpose, phone, invite_code, device_token, language, autofill } = new;
    // In a box, which is gone while the message is on its way: ten thousand may wait.
    let admitted = Box::pin(admission::admit(app, client, &phone, device_token, now)).await?;
    let Admitted { code, device, next, at } = admitted;
    let challenge = NewChallenge { purpose, phone: &phone, code: &code, invite_code, device };
    let answer = CodeRequested {
        challenge_token: app.tokens.seal_challenge(challenge, now)?.token,
        code_length: code.length().digits(),
        expires_in: app.tokens.lives().challenge.num_seconds(),
        resend_in: (next + TimeDelta::milliseconds(999)).num_seconds().max(RESEND_IN),
    };
    if let Some(at) = at {
        let occasion = match purpose {
            Purpose::Login => Occasion::Login,
            Purpose::PhoneChange(_) => Occasion::PhoneChange,
        };
        let text = app.texts.code_text(language, occasion, autofill.into(), &code);
        let message = Message { phone, text, code: Some(code) };
        let counted = Counted { at, address: client.address, device, next };
        sending::hand_over(app, message, counted, now).await?;
    }
    Ok(answer)
}

/// Opens a challenge that came back. One for another purpose is as good as none.
pub(crate) fn open(
    app: &AppState,
    token: &str,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<Challenge, Problem> {
    let opened = app.tokens.open_challenge(token, now).ok();
    opened.filter(|challenge| challenge.purpose == purpose).ok_or_else(|| {
        app.instruments.codes.entered(None, Entry::InvalidChallenge);
        Problem::InvalidChallenge
    })
}

/// Compares `code`, once an attempt at `challenge` is claimed and charged.
pub(crate) async fn enter(
    app: &AppState,
    conn: &mut Connection,
    client: &Client,
    challenge: &Challenge,
    code: &OtpCode,
    now: DateTime<Utc>,
) -> Result<Claimed, Problem> {
    // Claimed and committed before anything is compared: a try that was made cannot be taken back.
    let claimed = counting::claim(app, conn, client, challenge, now).await;
    let entered = claimed.and_then(|claimed| {
        if app.tokens.code_matches(challenge, code) {
            Ok(claimed)
        } else {
            Err(Problem::InvalidCode { attempts_left: claimed.attempts_left })
        }
    });
    app.instruments.codes.entered(challenge.phone.region(), entry(&entered));
    entered
}

/// What came of it, as it is counted.
fn entry(entered: &Result<Claimed, Problem>) -> Entry {
    match entered {
        Ok(_) => Entry::Right,
        Err(Problem::InvalidCode { .. }) => Entry::Wrong,
        Err(Problem::InvalidChallenge) => Entry::InvalidChallenge,
        Err(Problem::CodeUpgraded) => Entry::Upgraded,
        Err(Problem::TooManyRequests(_)) => Entry::Limited,
        Err(_) => Entry::Failed,
    }
}
