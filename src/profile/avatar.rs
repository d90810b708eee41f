//! The picture of a user: set and removed here, shown by `avatar_page.rs`.

use actix_web::{HttpRequest, HttpResponse, delete, put, web::Data};
use utoipa::ToSchema;

use super::{changed, expected_version};
use crate::{
    domain::{Pseudonym, avatar::UPLOADS},
    http::{bearer::CurrentUser, problem::Problem, profile::Profile, upload::Upload},
    picture::{Avatar, PictureError, Upload as Place},
    state::AppState,
    store::{
        avatars::{self, Change},
        limits,
        profiles::ProfileUpdate,
    },
};

/// The file itself, up to 2 MiB and 25 megapixels; of a WebP without loss 256 KiB
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary, example = "(the bytes of the file)")]
#[expect(dead_code, reason = "it is only described: the body is read as a stream")]
struct Picture(Vec<u8>);

/// Set the avatar
///
/// Of the picture the middle is kept, square, 256 by 256 pixels, turned as its EXIF data say, on white where it is
/// transparent, of an animation the first picture; everything else in the file is thrown away, where and by what it was
/// taken included. What the bytes are must be what `Content-Type` says. The picture is public to whoever knows its
/// address, `avatar_url` of the answer, and may stay in caches after it was replaced.
///
/// Next: show the picture at `avatar_url`. After `invalid-image` tell the person what `detail` says.
#[utoipa::path(tag = "profile", security(("bearer" = [])),
    request_body(content((Picture = "image/png"), (Picture = "image/jpeg"), (Picture = "image/webp"))),
    params(("If-Match" = Option<String>, Header, description = "Write only if the profile still has this `ETag`")),
    responses(
        (status = 200, description = "The profile as it is now", body = Profile,
            headers(("ETag" = String, description = "Version of the members that can be written"))),
        (status = 412, description = "profile-changed"),
        (status = 422, description = "invalid-image"),
        (status = 429, description = "too-many-requests"),
        (status = 503, description = "service-unavailable"),
))]
#[put("/profile/avatar")]
#[tracing::instrument(name = "profile.avatar.set", skip_all, fields(user.id = %user.id))]
pub(super) async fn set_avatar(
    app: Data<AppState>,
    user: CurrentUser,
    request: HttpRequest,
    upload: Upload,
) -> Result<HttpResponse, Problem> {
    // Before the first byte is read, so that what arrives at once is bounded, and before it counts.
    let place = app.pictures.upload().await?;
    let expected_version = admit(&app, &user, &request).await?;
    let avatar = make(&app, &user, place, upload).await?;
    let change = Change { session: user.session, new: Some(&avatar.0), expected_version, now: user.now };
    let mut conn = app.database.connection().await?;
    let update = avatars::change(&mut conn, &change).await?;
    changed(&app, &mut conn, &user, update).await
}

/// Remove the avatar
///
/// Its address answers no more, unless another user has the very same picture; caches may show it for longer. Where
/// there is none the call changes nothing and is no error.
///
/// Next: show initials, or whatever stands for people without a picture.
#[utoipa::path(tag = "profile", security(("bearer" = [])),
    params(("If-Match" = Option<String>, Header, description = "Write only if the profile still has this `ETag`")),
    responses(
        (status = 204, description = "There is no avatar"),
        (status = 412, description = "profile-changed"),
        (status = 422, description = "invalid-request"),
        (status = 503, description = "service-unavailable"),
))]
#[delete("/profile/avatar")]
#[tracing::instrument(name = "profile.avatar.remove", skip_all, fields(user.id = %user.id))]
pub(super) async fn remove_avatar(
    app: Data<AppState>,
    user: CurrentUser,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut conn = app.database.connection().await?;
    let expected_version = expected_version(&mut conn, &user, &request).await?;
    let change = Change { session: user.session, new: None, expected_version, now: user.now };
    match avatars::change(&mut conn, &change).await? {
        ProfileUpdate::Updated => Ok(HttpResponse::NoContent().finish()),
        ProfileUpdate::VersionChanged => Err(Problem::ProfileChanged),
        ProfileUpdate::Gone => Err(Problem::Unauthenticated),
    }
}

/// Whether the user may send one more picture now, and which version of the profile it is for. The connection is given
/// back: what comes next takes as long as the client does.
async fn admit(app: &AppState, user: &CurrentUser, request: &HttpRequest) -> Result<Option<i32>, Problem> {
    let mut conn = app.database.connection().await?;
    let expected = expected_version(&mut conn, user, request).await?;
    match limits::take(&mut conn, app.clock.for_counters(), meter(app, user), UPLOADS).await? {
        Some(wait) => Err(Problem::TooManyRequests(wait)),
        None => Ok(expected),
    }
}

/// What is kept of the picture. One for which there was no time to decode it does not count.
async fn make(app: &AppState, user: &CurrentUser, place: Place, upload: Upload) -> Result<Avatar, Problem> {
    let format = upload.format;
    let made = place.avatar(format, upload.read().await?).await;
    if let Err(PictureError::NoPlace(_)) = made {
        let mut conn = app.database.connection().await?;
        limits::give_back(&mut conn, meter(app, user), UPLOADS).await?;
    }
    Ok(made?)
}

/// What counts the pictures that a user sends.
fn meter(app: &AppState, user: &CurrentUser) -> Pseudonym {
    app.pseudonyms.of("avatar", &user.id.to_string())
}
