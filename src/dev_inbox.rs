//! The messages of the simulated sender. With any other sender this route does not exist.

use actix_web::{
    get,
    web::{self, Data},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    domain::PhoneNumber,
    http::{problem::Problem, query::Query},
    sms,
    state::AppState,
};

/// Registers the endpoint.
pub fn routes(config: &mut ServiceConfig) {
    config.service(read_inbox);
}

/// Whose messages.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Owner {
    /// The number, in any common spelling.
    #[param(example = "+79991234567", max_length = 64, pattern = r"^[^A-Za-z\u0000-\u001F\u007F-\u009F]+$")]
    phone: String,
}

/// What a phone received
#[derive(Serialize, ToSchema)]
#[schema(as = Inbox)]
struct Messages {
    /// The newest first.
    messages: Vec<Message>,
}

/// One text message
#[derive(Serialize, ToSchema)]
struct Message {
    /// E.164.
    #[schema(example = "+79991234567")]
    phone: String,
    /// What the phone shows.
    #[schema(
        example = "0042 is your auth.example.com login code. Do not tell it to anyone.\n@auth.example.com #0042"
    )]
    text: String,
    /// The code in the text.
    #[schema(example = "0042")]
    code: String,
    /// When the code was asked for.
    #[schema(example = "2026-11-21T08:14:40Z")]
    sent_at: DateTime<Utc>,
}

/// Read the simulated inbox of a phone
///
/// For development and tests: with a real SMS provider this address does not exist.
///
/// Next: send `code` of the first message to `POST /api/v1/auth/verify`, with the challenge it was sent for.
#[utoipa::path(tag = "development", params(Owner), responses(
    (status = 200, description = "The messages, the newest first", body = Messages),
    (status = 404, description = "not-found"),
    (status = 422, description = "invalid-phone, phone-not-supported, invalid-request"),
))]
#[get("/dev/inbox")]
async fn read_inbox(app: Data<AppState>, Query(owner): Query<Owner>) -> Result<web::Json<Messages>, Problem> {
    let inbox = app.sms.inbox().ok_or(Problem::NotFound)?;
    // A plus that was not escaped arrives as a space (URL Standard, section 5.1).
    let spelling = match owner.phone.strip_prefix(' ') {
        Some(rest) => format!("+{rest}"),
        None => owner.phone,
    };
    let phone = PhoneNumber::parse(&spelling, app.settings.default_region)?;
    let messages = inbox.messages_to(&phone).into_iter().map(Message::from).collect();
    Ok(web::Json(Messages { messages }))
}

impl From<sms::InboxMessage> for Message {
    fn from(message: sms::InboxMessage) -> Self {
        Self {
            phone: message.phone.as_str().to_owned(),
            code: message.code.expose().to_owned(),
            text: message.text,
            sent_at: message.sent_at,
        }
    }
}
