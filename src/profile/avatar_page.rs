use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{self, EntityTag},
    web::{Data, Path},
};

use utoipa::ToSchema;

use crate::{
    domain::AvatarHash,
    http::{asset, problem::Problem},
    state::AppState,
    store::avatars,
};

/// An address stands for its bytes: they are never others.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A JPEG of 256 by 256 pixels
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary, example = "(the bytes of the file)")]
#[expect(dead_code, reason = "it is only described: the answer is bytes")]
struct AvatarFile(Vec<u8>);

/// Show an avatar
///
/// `avatar_url` of a profile leads here. Nobody is asked who they are: an address cannot be guessed, and tells nothing
/// but its picture. It stands for its bytes, so the answer may be kept for ever; 404 once nobody has the picture.
///
/// Next: nothing; give the address to an `img`.
// What a browser makes of it is said by the type alone, and as a page of its own it may do nothing (`default_headers`).
#[utoipa::path(tag = "profile",
    params(
        ("hash" = String, Path, description = "The last part of `avatar_url`",
            example = "V7ZNlZm6ePhJoSBZTnyrGD3RuTwV0yyJI6D7QAVsQ3k"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the picture that is kept"),
    ),
    responses(
    (status = 200, description = "The picture", content_type = "image/jpeg", body = AvatarFile,
        headers(("ETag" = String, description = "Stands for the picture"))),
    (status = 304, description = "The picture is that of the given `ETag`"),
    (status = 404, description = "not-found"),
    (status = 503, description = "service-unavailable"),
))]
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
    let is_known = asset::is_known(&request, &tag);
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header(header::ETag(tag)).insert_header((header::CACHE_CONTROL, FOR_EVER));
    Ok(if is_known { response.finish() } else { response.content_type("image/jpeg").body(picture) })
}
