use actix_web::{HttpRequest, HttpResponse, put, web::Data};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{change, members::Members};
use crate::{
    domain::{Email, PersonName},
    http::{bearer::CurrentUser, json::Json, problem::Problem, profile::Profile},
    state::AppState,
    store::profiles::ProfileChanges,
};

/// The members a user can write; an absent one is cleared
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplaceProfile {
    /// An e-mail address, stored as given but for surrounding white space.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Email, max_length = 254, example = "ada@example.com")]
    email: Option<Email>,
    /// 1 to 100 characters in Normalization Form C; surrounding white space is cut off. Refused are
    /// characters that control, are not seen and not needed to write what is, change the direction of writing, or are
    /// private or not assigned.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100, example = "Ada",
        pattern = r"^[\s\u0085]*[^\s\u0000-\u001F\u007F-\u009F][^\u0000-\u001F\u007F-\u009F\u2028\u2029]*[\s\u0085]*$")]
    first_name: Option<PersonName>,
    /// 1 to 100 characters in Normalization Form C; surrounding white space is cut off. Refused are
    /// characters that control, are not seen and not needed to write what is, change the direction of writing, or are
    /// private or not assigned.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100, example = "Lovelace",
        pattern = r"^[\s\u0085]*[^\s\u0000-\u001F\u007F-\u009F][^\u0000-\u001F\u007F-\u009F\u2028\u2029]*[\s\u0085]*$")]
    last_name: Option<PersonName>,
}

/// Replace the own profile
///
/// Sets all members that can be written: those absent from the body are cleared. To change some and leave the
/// others, use PATCH.
///
/// Next: go on with the profile and the `ETag` of the answer. After 412 `profile-changed` read the profile again, show
/// what is new, and ask once more.
#[utoipa::path(tag = "profile", security(("bearer" = [])), request_body = ReplaceProfile,
    params(("If-Match" = Option<String>, Header, description = "Write only if the profile still has this `ETag`")),
    responses(
        (status = 200, description = "The profile as it is now", body = Profile,
            headers(("ETag" = String, description = "Version of the members that can be written"))),
        (status = 412, description = "profile-changed"),
        (status = 503, description = "service-unavailable"),
))]
#[put("/profile")]
#[tracing::instrument(name = "profile.replace", skip_all, fields(user.id = %user.id))]
pub(super) async fn replace_profile(
    app: Data<AppState>,
    user: CurrentUser,
    request: HttpRequest,
    Members(Json(body)): Members<Json<ReplaceProfile>>,
) -> Result<HttpResponse, Problem> {
    let changes = ProfileChanges {
        email: Some(body.email),
        first_name: Some(body.first_name),
        last_name: Some(body.last_name),
    };
    change(&app, &user, &request, changes).await
}
