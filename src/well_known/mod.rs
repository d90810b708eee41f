//! What other services need to verify our access tokens by themselves (RFC 8615).

mod jwks;
mod openid_configuration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, CacheControl, CacheDirective, ETag, EntityTag, Header, IfNoneMatch},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{http::problem::Problem, token::JWKS_MAX_AGE_SECONDS};

/// Registers the endpoints.
pub fn routes(config: &mut ServiceConfig) {
    config.service(jwks::publish_keys).service(openid_configuration::publish_configuration);
}

/// Answers with `document`, or that it is still the one the client has (RFC 9110, section 13.1.2).
///
/// It may be kept for as long as a new key is published before it signs, and a margin.
fn publish(request: &HttpRequest, document: &impl Serialize) -> Result<HttpResponse, Problem> {
    let body = serde_json::to_vec(document).map_err(|error| Problem::Internal(error.into()))?;
    let tag = EntityTag::new_strong(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&body)));
    let is_known = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
        Ok(IfNoneMatch::Any) => request.headers().contains_key(header::IF_NONE_MATCH),
        Err(_) => false,
    };
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    let max_age = CacheDirective::MaxAge(u32::try_from(JWKS_MAX_AGE_SECONDS).unwrap_or_default());
    answer.insert_header(CacheControl(vec![CacheDirective::Public, max_age])).insert_header(ETag(tag));
    if is_known {
        return Ok(answer.finish());
    }
    Ok(answer.content_type("application/json").body(body))
}
