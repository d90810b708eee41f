use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{self, EntityTag, Header, IfNoneMatch},
    web::{Data, Path},
};

use crate::{domain::AvatarHash, http::problem::Problem, state::AppState, store::avatars};

/// An address stands for its bytes: they are never others.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The picture at an address that names its content.
///
/// Nobody is asked who they are: an address cannot be guessed, and tells nothing but its picture. What a browser makes
/// of it is said by the type alone, and as a page of its own it may do nothing (`default_headers`).
#[get("/avatars/{hash}")]
pub(super) async fn show_avatar(
    app: Data<AppState>,
    hash: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let hash: AvatarHash = hash.parse().map_err(|_| Problem::NotFound)?;
    let mut conn = app.database.connection().await?;
    // Also for who has it already: what is removed is not confirmed any more.
    let picture = avatars::find(&mut conn, hash).await?.ok_or(Problem::NotFound)?;
    drop(conn);
    let tag = EntityTag::new_strong(hash.to_string());
    let is_known = is_known(&request, &tag);
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header(header::ETag(tag)).insert_header((header::CACHE_CONTROL, FOR_EVER));
    Ok(if is_known { response.finish() } else { response.content_type("image/jpeg").body(picture) })
}

/// An `If-None-Match` that cannot be read counts as none (RFC 9110, section 13.1.2).
fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}
