use std::borrow::Cow;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use chrono::TimeDelta;
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

use super::{
    examples::{failures, people},
    problem_kinds::{ProblemKind, UNANSWERED, whole_seconds},
};
use crate::{domain::InviteCode, telemetry::RequestId};

tokio::task_local! {
    /// The identifier of the request being answered, set by `middleware::contain`.
    pub(super) static TRACE_ID: RequestId;
}

/// Seconds after which a client may try again what failed because a part of
/// the service was away.
const RETRY_AFTER: u32 = 2;

/// Why a request was not fulfilled: the only error that knows HTTP.
///
/// What it carries is shown to the client, except for the causes of
/// [`Problem::Internal`] and [`Problem::Unavailable`], which the log gets.
#[derive(Debug)]
pub enum Problem {
    /// The body is not JSON.
    InvalidJson(String),
    /// The body, a parameter or a header does not say what it should.
    InvalidRequest(Cow<'static, str>),
    /// No number.
    InvalidPhone,
    /// A number without text messages.
    PhoneNotSupported,
    /// No valid access token of a live session.
    Unauthenticated,
    /// A wrong code; more attempts may be left on the challenge.
    InvalidCode { attempts_left: i16 },
    /// Any other reason for which a challenge opens nothing.
    InvalidChallenge,
    /// The code was right, or somebody is logged in, and a PIN is needed as well.
    PinRequired,
    /// Not the account's PIN.
    InvalidPin,
    /// The login is older than this, and too old for what is asked.
    ReauthenticationRequired(TimeDelta),
    /// The code has become too short for its phone.
    CodeUpgraded,
    /// Not a refresh token of a live session.
    InvalidRefreshToken,
    /// A refresh token that had a successor; the session is ended.
    RefreshTokenReused,
    /// Nobody has this code.
    UnknownInviteCode,
    /// A page of another origin wants what only our own may have.
    ForeignOrigin,
    /// The user's own code.
    OwnInviteCode,
    /// The choice was made before.
    InviteAlreadyActivated(Option<InviteCode>),
    /// The account is too old for it.
    InviteWindowClosed,
    /// The code of somebody the user invited.
    InviteCycle,
    /// Another account has the number; told to who proved to have it.
    PhoneTaken,
    /// `If-Match` does not match.
    ProfileChanged,
    /// No such path.
    NotFound,
    /// No such method here; these there are.
    MethodNotAllowed(String),
    /// A body that did not arrive in time.
    RequestTimeout,
    /// More than the limit.
    PayloadTooLarge,
    /// A body of another type, and in what way.
    UnsupportedMediaType(&'static str),
    /// A picture that cannot be used, and why.
    InvalidImage(&'static str),
    /// A limit; this is when there will be room again.
    TooManyRequests(TimeDelta),
    /// The provider refused.
    SmsRejected,
    /// No provider took it; when one may.
    SmsUnavailable(Option<TimeDelta>),
    /// A provider may have taken it; when another will be sent.
    SmsUnanswered(TimeDelta),
    /// The database is away.
    Unavailable(anyhow::Error),
    /// A defect.
    Internal(anyhow::Error),
}

/// A failure (RFC 9457, `application/problem+json`).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDetails {
    /// Address of a page that describes this kind of problem.
    #[serde(rename = "type")]
    type_uri: String,
    /// One short sentence, the same for each occurrence of this kind.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong this time.
    detail: Cow<'static, str>,
    /// Stable name of the kind; programs switch on it.
    #[schema(schema_with = codes)]
    code: &'static str,
    /// Identifier of the request in the logs.
    #[schema(value_type = String, required = true)]
    trace_id: Option<String>,
    /// With `invalid-code`: how many more codes may be tried on this challenge.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i16, required = false)]
    attempts_left: Option<i16>,
    /// With `invite-already-activated`: the code that was activated, unless an earlier account did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    activated_invite_code: Option<String>,
    /// With 429 and 503: seconds until another try makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false)]
    retry_after: Option<u32>,
}

/// The codes that there are, for programs that switch on them.
fn codes() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("Stable name of the kind; programs switch on it."))
        .enum_values(Some(ProblemKind::ALL.iter().map(|kind| kind.code)))
        .build()
}

impl ProblemDetails {
    /// A problem of `kind` whose detail is its meaning; the base of all, and
    /// the example in the API document.
    pub(super) fn of(kind: &'static ProblemKind) -> Self {
        Self {
            type_uri: kind.type_uri(),
            title: kind.title,
            status: kind.status,
            detail: Cow::Borrowed(kind.meaning),
            code: kind.code,
            trace_id: None,
            attempts_left: None,
            activated_invite_code: None,
            retry_after: (kind.status == 503).then_some(RETRY_AFTER),
        }
    }

    /// As `operation` gives it, in the API document.
    pub(super) fn example(kind: &'static ProblemKind, operation: &str) -> Self {
        let mut example = Self::of(kind);
        example.trace_id = Some(people::TRACE.to_owned());
        if let Some(detail) = failures::detail(kind, operation) {
            example.detail = detail.into();
        }
        match kind.code {
            "invalid-code" => example.attempts_left = Some(2),
            "too-many-requests" => example.retry_after = Some(failures::seconds_to_wait(operation)),
            "invite-already-activated" => {
                example.activated_invite_code = Some(people::FRIENDS_CODE.to_owned());
            }
            _ => {}
        }
        example
    }
}

impl Problem {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> &'static ProblemKind {
        match self {
            Self::InvalidJson(_) => ProblemKind::INVALID_JSON,
            Self::InvalidRequest(_) => ProblemKind::INVALID_REQUEST,
            Self::InvalidPhone => ProblemKind::INVALID_PHONE,
            Self::PhoneNotSupported => ProblemKind::PHONE_NOT_SUPPORTED,
            Self::Unauthenticated => ProblemKind::UNAUTHENTICATED,
            Self::InvalidCode { .. } => ProblemKind::INVALID_CODE,
            Self::InvalidChallenge => ProblemKind::INVALID_CHALLENGE,
            Self::PinRequired => ProblemKind::PIN_REQUIRED,
            Self::InvalidPin => ProblemKind::INVALID_PIN,
            Self::ReauthenticationRequired(_) => ProblemKind::REAUTHENTICATION_REQUIRED,
            Self::CodeUpgraded => ProblemKind::CODE_UPGRADED,
            Self::InvalidRefreshToken => ProblemKind::INVALID_REFRESH_TOKEN,
            Self::RefreshTokenReused => ProblemKind::REFRESH_TOKEN_REUSED,
            Self::UnknownInviteCode => ProblemKind::UNKNOWN_INVITE_CODE,
            Self::ForeignOrigin => ProblemKind::FOREIGN_ORIGIN,
            Self::OwnInviteCode => ProblemKind::OWN_INVITE_CODE,
            Self::InviteAlreadyActivated(_) => ProblemKind::INVITE_ALREADY_ACTIVATED,
            Self::InviteWindowClosed => ProblemKind::INVITE_WINDOW_CLOSED,
            Self::InviteCycle => ProblemKind::INVITE_CYCLE,
            Self::PhoneTaken => ProblemKind::PHONE_TAKEN,
            Self::ProfileChanged => ProblemKind::PROFILE_CHANGED,
            Self::NotFound => ProblemKind::NOT_FOUND,
            Self::MethodNotAllowed(_) => ProblemKind::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => ProblemKind::REQUEST_TIMEOUT,
            Self::PayloadTooLarge => ProblemKind::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType(_) => ProblemKind::UNSUPPORTED_MEDIA_TYPE,
            Self::InvalidImage(_) => ProblemKind::INVALID_IMAGE,
            Self::TooManyRequests(_) => ProblemKind::TOO_MANY_REQUESTS,
            Self::SmsRejected => ProblemKind::SMS_REJECTED,
            Self::SmsUnavailable(_) | Self::SmsUnanswered(_) => ProblemKind::SMS_UNAVAILABLE,
            Self::Unavailable(_) => ProblemKind::SERVICE_UNAVAILABLE,
            Self::Internal(_) => ProblemKind::INTERNAL_ERROR,
        }
    }

    fn details(&self) -> ProblemDetails {
        let mut details = ProblemDetails::of(self.kind());
        details.trace_id = TRACE_ID.try_with(ToString::to_string).ok();
        match self {
            Self::InvalidJson(detail) => details.detail = detail.clone().into(),
            Self::InvalidRequest(detail) => details.detail.clone_from(detail),
            Self::UnsupportedMediaType(detail) | Self::InvalidImage(detail) => {
                details.detail = (*detail).into();
            }
            Self::InvalidCode { attempts_left } => details.attempts_left = Some(*attempts_left),
            Self::TooManyRequests(wait) | Self::SmsUnavailable(Some(wait)) => {
                details.retry_after = Some(whole_seconds(*wait));
            }
            Self::SmsUnanswered(wait) => {
                details.detail = UNANSWERED.into();
                details.retry_after = Some(whole_seconds(*wait));
            }
            Self::InviteAlreadyActivated(code) => {
                details.activated_invite_code = code.as_ref().map(ToString::to_string);
            }
            _ => {}
        }
        details
    }

    /// Tells the log what the client is not told, once: each answer does it itself, and only an answer that ends
    /// before its time has to be told.
    pub fn log(&self) {
        match self {
            Self::Internal(cause) => {
                tracing::error!(cause = format!("{cause:#}"), "a request failed; this is a defect");
            }
            Self::Unavailable(cause) => {
                tracing::warn!(cause = format!("{cause:#}"), "a request was put off");
            }
            _ => {}
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind().code)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        let details = self.details();
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json").insert_header(("Cache-Control", "no-store"));
        if let Some(seconds) = details.retry_after {
            response.insert_header(("Retry-After", seconds));
        }
        match self {
            // RFC 6750, section 3.
            Self::Unauthenticated => {
                response.insert_header(("WWW-Authenticate", "Bearer"));
            }
            // RFC 9470, section 3.
            Self::ReauthenticationRequired(age) => {
                let error = "Bearer error=\"insufficient_user_authentication\"";
                let challenge = format!("{error}, max_age={}", age.num_seconds());
                response.insert_header(("WWW-Authenticate", challenge));
            }
            // The rest of the body is not waited for.
            Self::RequestTimeout | Self::PayloadTooLarge => {
                response.force_close();
            }
            Self::MethodNotAllowed(allowed) => {
                response.insert_header(("Allow", allowed.as_str()));
            }
            _ => {}
        }
        response.body(serde_json::to_vec(&details).unwrap_or_default())
    }
}
