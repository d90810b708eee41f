use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use super::publish;
use crate::{http::problem::Problem, state::AppState};

/// Where everything is, under the names of RFC 8414, section 2, and of `OpenID` Connect Discovery 1.0
#[derive(Serialize, ToSchema)]
struct Configuration {
    /// `iss` of the access tokens; their `aud` is the same.
    #[schema(example = "https://auth.example.com")]
    issuer: String,
    /// The public signing keys.
    #[schema(example = "https://auth.example.com/.well-known/jwks.json")]
    jwks_uri: String,
    /// Where a login begins. It is a call of this API, no page for a browser.
    #[schema(example = "https://auth.example.com/api/v1/auth/phone")]
    authorization_endpoint: String,
    /// Where a login ends in tokens. It reads the JSON of this API, not the form of RFC 6749.
    #[schema(example = "https://auth.example.com/api/v1/auth/verify")]
    token_endpoint: String,
    /// The profile of the bearer.
    #[schema(example = "https://auth.example.com/api/v1/profile")]
    userinfo_endpoint: String,
    /// Where sessions are ended.
    #[schema(example = "https://auth.example.com/api/v1/auth/logout")]
    end_session_endpoint: String,
    /// Where these documents are.
    #[schema(example = "https://auth.example.com/redoc")]
    service_documentation: String,
    /// `none`: what OAuth calls a response type does not occur here.
    #[schema(example = json!(["none"]))]
    response_types_supported: [&'static str; 1],
    /// `public`: `sub` is the same for every service.
    #[schema(example = json!(["public"]))]
    subject_types_supported: [&'static str; 1],
    /// What the access tokens are signed with. There are no ID tokens; gateways look for the algorithms here.
    #[schema(example = json!(["ES256"]))]
    id_token_signing_alg_values_supported: Vec<&'static str>,
    /// The claims of an access token.
    #[schema(example = json!(["iss", "aud", "sub", "sid", "jti", "iat", "exp"]))]
    claims_supported: [&'static str; 7],
}

/// Where everything is
///
/// For gateways and libraries that are told an issuer and discover its keys. The service is no provider of `OpenID`
/// Connect: it has no pages of its own in a login, and issues no ID tokens.
///
/// Next: read the keys at `jwks_uri`.
#[utoipa::path(tag = "integration",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of the answer that is kept")),
    responses(
    (status = 200, description = "The configuration", body = Configuration),
    (status = 304, description = "The configuration is that of the given `ETag`"),
))]
#[get("/.well-known/openid-configuration")]
pub(super) async fn publish_configuration(
    app: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let link = |path| app.settings.link(path);
    let configuration = Configuration {
        issuer: app.tokens.issuer().to_owned(),
        jwks_uri: link(".well-known/jwks.json"),
        authorization_endpoint: link("api/v1/auth/phone"),
        token_endpoint: link("api/v1/auth/verify"),
        userinfo_endpoint: link("api/v1/profile"),
        end_session_endpoint: link("api/v1/auth/logout"),
        service_documentation: link("redoc"),
        response_types_supported: ["none"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: app.tokens.algorithms_in_use(),
        claims_supported: ["iss", "aud", "sub", "sid", "jti", "iat", "exp"],
    };
    publish(&request, &configuration)
}
