use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use utoipa::ToSchema;

use super::publish;
use crate::{http::problem::Problem, state::AppState};

/// The public keys that access tokens are verified with: a JWK set (RFC 7517, section 5)
#[derive(ToSchema)]
#[schema(as = JwkSet)]
#[expect(dead_code, reason = "the API document shows its form; the tokens make the set")]
struct JwkSet {
    /// Every key whose tokens may live, and the one that signs next. `kid` is the thumbprint of the key (RFC 7638).
    #[schema(example = json!([{
        "alg": "ES256", "crv": "P-256", "kid": "_Uqhd0fUa4WjK3CvbYFwGXGZU2cPUbPyVC3BrVOnBJk", "kty": "EC", "use": "sig",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    }]))]
    keys: Vec<Jwk>,
}

/// A public key (RFC 7517, section 4)
#[derive(ToSchema)]
#[schema(as = Jwk)]
#[expect(dead_code, reason = "as above")]
struct Jwk {
    /// `EC`, or `OKP` of an Ed25519 key.
    #[schema(example = "EC")]
    kty: String,
    /// `P-256` or `Ed25519`.
    #[schema(example = "P-256")]
    crv: String,
    /// `ES256` or `EdDSA`.
    #[schema(example = "ES256")]
    alg: String,
    /// Always `sig`.
    #[schema(rename = "use", example = "sig")]
    key_use: String,
    /// Which key: `kid` in the header of a token.
    #[schema(example = "_Uqhd0fUa4WjK3CvbYFwGXGZU2cPUbPyVC3BrVOnBJk")]
    kid: String,
    /// The public key, or the first coordinate of it.
    #[schema(example = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")]
    x: String,
    /// The second coordinate, of an `EC` key.
    #[schema(value_type = String, required = false, example = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")]
    y: Option<String>,
}

/// The public signing keys
///
/// Verify access tokens with these instead of asking for every request. Keep the answer for `max-age` seconds, and ask
/// again, once, for a token whose `kid` is not in it: a new key is published more than twice that time before it signs.
/// Check the algorithm, `iss`, `aud` and `exp` as well. Such a check does not see that a session was ended; where that
/// matters, ask `GET /api/v1/auth/check`.
///
/// Next: hand the set to the JOSE library of your gateway or service, as its documents say.
#[utoipa::path(tag = "integration",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of the answer that is kept")),
    responses(
    (status = 200, description = "The keys", body = JwkSet),
    (status = 304, description = "The keys are those of the given `ETag`"),
))]
#[get("/.well-known/jwks.json")]
pub(super) async fn publish_keys(app: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    publish(&request, &app.tokens.jwks())
}
