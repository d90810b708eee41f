//! What a user knows and may change of the own account.

mod avatar;
mod avatar_page;
mod delete;
mod export;
mod export_body;
mod export_document;
mod get;
mod members;
mod patch;
mod phone;
mod pin;
mod presence;
mod put;
mod verify_phone;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, EntityTag, IfMatch},
};
use utoipa_actix_web::service_config::ServiceConfig;

pub use self::export_document::{Document, DocumentError};
use crate::{
    http::{bearer::CurrentUser, problem::Problem, profile::Profile},
    state::AppState,
    store::{
        Connection,
        profiles::{self, ProfileChanges, ProfileUpdate},
    },
};

/// Registers the endpoints.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(get::get_profile)
        .service(put::replace_profile)
        .service(patch::change_profile)
        .service(delete::delete_profile)
        .service(phone::change_phone)
        .service(verify_phone::verify_phone)
        .service(pin::set_pin)
        .service(pin::remove_pin)
        .service(avatar::set_avatar)
        .service(avatar::remove_avatar)
        .service(export::export_account);
}

/// Registers the addresses of the pictures.
pub fn pages(config: &mut ServiceConfig) {
    config.service(avatar_page::show_avatar);
}

/// The answer that shows a profile, with its entity tag.
fn show(profile: profiles::Profile, app: &AppState) -> HttpResponse {
    let tag = entity_tag(profile.version);
    HttpResponse::Ok().insert_header(header::ETag(tag)).json(Profile::of(profile, &app.settings))
}

/// Stands for the members that a user can write; strong, as `If-Match` needs.
fn entity_tag(version: i32) -> EntityTag {
    EntityTag::new_strong(version.to_string())
}

/// Writes `changes` if the request's `If-Match` allows it, and shows the result.
async fn change(
    app: &AppState,
    user: &CurrentUser,
    request: &HttpRequest,
    changes: ProfileChanges,
) -> Result<HttpResponse, Problem> {
    let mut conn = app.database.connection().await?;
    let expected = expected_version(&mut conn, user, request).await?;
    let update = profiles::update(&mut conn, user.session, &changes, expected, user.now).await?;
    changed(app, &mut conn, user, update).await
}

/// Shows the profile as it is after a change, if there was one.
async fn changed(
    app: &AppState,
    conn: &mut Connection,
    user: &CurrentUser,
    update: ProfileUpdate,
) -> Result<HttpResponse, Problem> {
    match update {
        ProfileUpdate::Updated => {
            let profile = profiles::find_by_session(conn, user.session, user.now).await?;
            profile.map(|profile| show(profile, app)).ok_or(Problem::Unauthenticated)
        }
        ProfileUpdate::VersionChanged => Err(Problem::ProfileChanged),
        ProfileUpdate::Gone => Err(Problem::Unauthenticated),
    }
}

/// The version that `If-Match` demands (RFC 9110, section 13.1.1).
///
/// A list of tags is compared with the present profile here and then pinned to
/// that version, so the update itself decides, not this look.
async fn expected_version(
    conn: &mut Connection,
    user: &CurrentUser,
    request: &HttpRequest,
) -> Result<Option<i32>, Problem> {
    if !request.headers().contains_key(header::IF_MATCH) {
        return Ok(None);
    }
    let tags = match <IfMatch as header::Header>::parse(request) {
        Ok(IfMatch::Any) => return Ok(None),
        // The parser leaves out what is no tag: to a client that forgot the
        // quotation marks, "changed" would be a lie that no reading mends.
        Ok(IfMatch::Items(tags)) if !tags.is_empty() => tags,
        Ok(IfMatch::Items(_)) | Err(_) => {
            return Err(Problem::InvalidRequest("If-Match: must be a list of entity tags or *.".into()));
        }
    };
    if tags.iter().all(|tag| tag.weak) {
        // Such a tag never matches (RFC 9110, section 8.8.3.2); a proxy that compresses makes it of ours.
        return Err(Problem::InvalidRequest("If-Match: takes the ETag as it was given, without W/.".into()));
    }
    let profile = profiles::find_by_session(conn, user.session, user.now).await?;
    let version = profile.ok_or(Problem::Unauthenticated)?.version;
    let present = entity_tag(version);
    if tags.iter().any(|tag| tag.strong_eq(&present)) {
        Ok(Some(version))
    } else {
        Err(Problem::ProfileChanged)
    }
}
