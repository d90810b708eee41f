use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderName},
    middleware::{Next, from_fn},
    post,
    web::{self, Data},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    codes::{self, Accepted, Autofill, CodeRequested, NewCode},
    domain::{InviteCode, PhoneNumber},
    http::{client::Client, json::Json, problem::Problem},
    state::AppState,
    token::Purpose,
};

/// A phone number to log in with
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RequestCode {
    /// The number in any common spelling. Without a country code it is read as of the service's default region.
    #[schema(example = "+79991234567", max_length = 64, pattern = r"^[^A-Za-z\u0000-\u001F\u007F-\u009F]+$")]
    phone: String,
    /// The code of whoever invited this person. It counts at the first login; a wrong one blocks nothing.
    #[serde(default)]
    #[schema(example = "K7WQ2M")]
    invite_code: Option<String>,
    /// From an earlier login on this device. It gives the device a lane of its own, with limits that nobody else can
    /// use up. One that is not good, or of another number, has no effect.
    #[serde(default)]
    #[schema(
        example = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwidHlwIjoiZHZjK2p3ZSJ9..c2FtcGxl.c2FtcGxl.c2FtcGxl"
    )]
    device_token: Option<String>,
    /// Language of the message, as a BCP 47 tag: `en` or `ru`. Absent or another: the first of them in
    /// `Accept-Language`, else the one usual in the number's country.
    #[serde(default)]
    #[schema(example = "en")]
    locale: Option<String>,
    /// Who is to fill the code in: the last line of the message is for them. Absent: `web`.
    #[serde(default)]
    #[schema(example = "web")]
    autofill: Autofill,
}

/// Send a login code
///
/// Sends a code to the phone by SMS and answers with the challenge that belongs to it. The answer is the same
/// whether or not the number has an account. Make the field for the code as long as `code_length` says: it grows
/// while codes are being guessed at. Send along the `device_token` of an earlier login, if there is one.
///
/// Next: show the field, and send what the person enters to `POST /api/v1/auth/verify`. Offer another code after
/// `resend_in` seconds.
#[utoipa::path(tag = "authentication", request_body = RequestCode, responses(
    (status = 200, description = "The code is on its way", body = CodeRequested,
        links(("log_in" = (operation_id = "verify_code",
            request_body = json!({"challenge_token": "$response.body#/challenge_token"}))))),
    (status = 422, description = "invalid-phone, phone-not-supported"),
    (status = 429, description = "too-many-requests"),
    (status = 502, description = "sms-rejected"),
    (status = 503, description = "sms-unavailable, service-unavailable"),
))]
#[post("/auth/phone", wrap = "from_fn(travel_light)")]
#[tracing::instrument(name = "auth.phone", skip_all)]
pub(super) async fn request_code(
    app: Data<AppState>,
    client: Client,
    accepted: Accepted,
    Json(body): Json<RequestCode>,
) -> Result<web::Json<CodeRequested>, Problem> {
    let phone = PhoneNumber::parse(&body.phone, app.settings.default_region)?;
    // A malformed invite code is a wrong one: it is told after the login, which it must not block.
    let invite_code = body.invite_code.map(|text| text.parse().unwrap_or_else(|_| InviteCode::nobodys()));
    let new = NewCode {
        purpose: Purpose::Login,
        language: accepted.choose(body.locale.as_deref(), &phone),
        autofill: body.autofill,
        phone,
        invite_code: invite_code.as_ref(),
        device_token: body.device_token.as_deref(),
    };
    Ok(web::Json(codes::send(&app, &client, new, app.clock.now()).await?))
}

/// The headers of this request that anybody reads from here on, beside `Accept-Language`.
const READ: [HeaderName; 4] =
    [header::CONTENT_ENCODING, header::CONTENT_LENGTH, header::CONTENT_TYPE, header::X_FORWARDED_FOR];

/// Lets a waiting request keep no more than it needs: the table for its headers
/// is made for dozens of them, each of two hundred bytes, and ten thousand may wait.
/// Of the languages that it asks for the one that counts is left.
async fn travel_light<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let language = Accepted::of(&request).short().map(|language| (header::ACCEPT_LANGUAGE, language));
    let headers = request.headers_mut();
    let read = std::mem::take(headers).into_iter().filter(|(name, _)| READ.contains(name));
    *headers = read.chain(language).collect();
    next.call(request).await
}

#[cfg(test)]
mod tests {
    use actix_web::{App, HttpRequest, HttpResponse, test};

    use super::*;

    /// Tells which headers are left.
    async fn left(request: HttpRequest) -> HttpResponse {
        let mut left: Vec<_> = request.headers().iter().map(|header| format!("{header:?}")).collect();
        left.sort();
        HttpResponse::Ok().body(left.join("\n"))
    }

    #[actix_web::test]
    async fn of_the_headers_those_that_are_read_are_kept_and_of_the_languages_one() {
        let service = App::new().route("/", web::get().to(left).wrap(from_fn(travel_light)));
        let service = test::init_service(service).await;
        for (accepted, kept) in [
            ("ru-RU,ru;q=0.9,en-US;q=0.8", "(\"accept-language\", \"ru\")\n"),
            ("de, en;q=0.1", "(\"accept-language\", \"en\")\n"),
            ("de, *;q=0.5", ""),
        ] {
            let request = test::TestRequest::get()
                .insert_header(("cookie", "theme=dark"))
                .insert_header(("content-type", "application/json"))
                .insert_header(("accept-language", accepted));
            let answer = test::call_and_read_body(&service, request.to_request()).await;
            assert_eq!(answer, format!("{kept}(\"content-type\", \"application/json\")"));
        }
    }
}
