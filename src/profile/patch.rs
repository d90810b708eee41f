use actix_web::{HttpRequest, HttpResponse, patch, web::Data};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{change, members::Members};
use crate::{
    domain::{Email, PersonName},
    http::{
        bearer::CurrentUser,
        json::{MergePatch, given},
        problem::Problem,
        profile::Profile,
    },
    state::AppState,
    store::profiles::ProfileChanges,
};

/// The members to change (RFC 7396): null clears one, an absent one stays as it is
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeProfile {
    /// An e-mail address, stored as given but for surrounding white space.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = Email, max_length = 254, example = "ada@example.com")]
    email: Option<Option<Email>>,
    /// 1 to 100 characters in Normalization Form C; surrounding white space is cut off. Refused are
    /// characters that control, are not seen and not needed to write what is, change the direction of writing, or are
    /// private or not assigned.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 100, example = "Ada",
        pattern = r"^[\s\u0085]*[^\s\u0000-\u001F\u007F-\u009F][^\u0000-\u001F\u007F-\u009F\u2028\u2029]*[\s\u0085]*$")]
    first_name: Option<Option<PersonName>>,
    /// 1 to 100 characters in Normalization Form C; surrounding white space is cut off. Refused are
    /// characters that control, are not seen and not needed to write what is, change the direction of writing, or are
    /// private or not assigned.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 100, example = "Lovelace",
        pattern = r"^[\s\u0085]*[^\s\u0000-\u001F\u007F-\u009F][^\u0000-\u001F\u007F-\u009F\u2028\u2029]*[\s\u0085]*$")]
    last_name: Option<Option<PersonName>>,
}

/// Change the own profile
///
/// A JSON Merge Patch: only the members of the body are written, so two clients that change different members at
/// once both succeed.
///
/// Next: go on with the profile and the `ETag` of the answer. After 412 `profile-changed` read the profile again, show
/// what is new, and ask once more.
#[utoipa::path(tag = "profile", security(("bearer" = [])),
    request_body(content(
        (ChangeProfile = "application/merge-patch+json"),
        (ChangeProfile = "application/json"),
    )),
    params(("If-Match" = Option<String>, Header, description = "Write only if the profile still has this `ETag`")),
    responses(
        (status = 200, description = "The profile as it is now", body = Profile,
            headers(("ETag" = String, description = "Version of the members that can be written"))),
        (status = 412, description = "profile-changed"),
        (status = 503, description = "service-unavailable"),
))]
#[patch("/profile")]
#[tracing::instrument(name = "profile.change", skip_all, fields(user.id = %user.id))]
pub(super) async fn change_profile(
    app: Data<AppState>,
    user: CurrentUser,
    request: HttpRequest,
    Members(MergePatch(body)): Members<MergePatch<ChangeProfile>>,
) -> Result<HttpResponse, Problem> {
    let changes =
        ProfileChanges { email: body.email, first_name: body.first_name, last_name: body.last_name };
    change(&app, &user, &request, changes).await
}
