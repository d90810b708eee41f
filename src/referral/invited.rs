use actix_web::{
    get,
    web::{self, Data},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::{bearer::CurrentUser, cursor, problem::Problem, query::Query},
    state::AppState,
    store::referrals::{self, Invited, Position},
};

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Page {
    /// How many at most, 1 to 100; 20 if absent.
    #[param(value_type = Option<u8>, minimum = 1, maximum = 100, example = 20)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before; absent for the newest.
    #[param(pattern = "^A[A-Za-z0-9_-]{31}$")]
    cursor: Option<String>,
}

/// How many at most: 1 to 100.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Limit(usize);

impl TryFrom<String> for Limit {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let limit = text.parse().ok().filter(|limit| (1..=100).contains(limit));
        limit.map(Self).ok_or("must be a number from 1 to 100")
    }
}

/// A page of those who activated the user's code, newest first
#[derive(Serialize, ToSchema)]
struct InvitedPage {
    /// The page.
    #[schema(example = json!([
        {"phone": "+79990000044", "invited_at": "2026-11-23T18:40:00Z"},
        {"phone": "+79990000042", "invited_at": "2026-11-22T10:05:00Z"},
    ]))]
    items: Vec<InvitedUser>,
    /// Cursor of the next page; null on the last.
    #[schema(example = "AAZg2pwzKwABogK3WOB6B547TF1vcIGS", required = true)]
    next_cursor: Option<String>,
}

/// One who activated the user's code
#[derive(Serialize, ToSchema)]
struct InvitedUser {
    /// E.164; masked, as in `+7900***0031`, where the service is set so.
    #[schema(example = "+79990000044")]
    phone: String,
    /// When the code was activated.
    #[schema(example = "2026-11-23T18:40:00Z")]
    invited_at: DateTime<Utc>,
}

/// List those who activated the own invite code
///
/// Newest first, a page at a time.
///
/// Next: take `next_cursor` as `cursor` for the following page, until it is null.
#[utoipa::path(tag = "referral", security(("bearer" = [])), params(Page), responses(
    (status = 200, description = "A page", body = InvitedPage,
        links(("next_page" = (operation_id = "list_invited",
            parameters(("cursor" = "$response.body#/next_cursor")))))),
    (status = 422, description = "invalid-request"),
    (status = 503, description = "service-unavailable"),
))]
#[get("/referral/invited")]
#[tracing::instrument(name = "referral.invited", skip_all, fields(user.id = %user.id))]
pub(super) async fn list_invited(
    app: Data<AppState>,
    user: CurrentUser,
    Query(page): Query<Page>,
) -> Result<web::Json<InvitedPage>, Problem> {
    let Limit(limit) = page.limit.unwrap_or(Limit(20));
    let position = page.cursor.map_or(Some(Position::START), |text| cursor::decode(&text));
    let position =
        position.ok_or(Problem::InvalidRequest("cursor: must be a next_cursor given before.".into()))?;
    let mut conn = app.database.connection().await?;
    // One more than asked for tells whether there is a next page.
    let mut invited = referrals::list_invited(&mut conn, user.id, position, limit + 1).await?;
    let more = invited.len() > limit;
    invited.truncate(limit);
    let next_cursor = invited.last().filter(|_| more).map(|last| cursor::encode(last.position));
    let show = |invited: Invited| InvitedUser {
        phone: app.settings.phone_of_another(invited.phone),
        invited_at: invited.position.invited_at,
    };
    Ok(web::Json(InvitedPage { items: invited.into_iter().map(show).collect(), next_cursor }))
}
