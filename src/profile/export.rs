use std::io;

use actix_web::{
    HttpResponse, get,
    http::header,
    web::{Bytes, Data},
};
use chrono::{DateTime, Utc};
use futures_util::{Stream, stream};
use serde::Serialize;
use utoipa::ToSchema;

use super::export_body::Export;
use crate::{
    audit,
    domain::{UserId, export::EXPORTS},
    http::{bearer::Bearer, problem::Problem, profile::Profile},
    state::AppState,
    store::{
        Connection, exports, limits,
        profiles::{self, Profile as Row},
        referrals::{self, Invited, Position},
        sessions,
    },
};

/// How many of those invited are read at once.
const PAGE: usize = 1_000;
/// How the document ends; those invited go before it.
const END: &str = "]}";

/// One who activated the user's code
#[derive(Serialize, ToSchema)]
pub(super) struct ExportedInvited {
    /// The phone, as the profile shows it.
    #[schema(example = "+79990000044")]
    phone: String,
    /// When the code was activated.
    #[schema(example = "2026-11-23T18:40:00Z")]
    invited_at: DateTime<Utc>,
}

impl ExportedInvited {
    /// As the profile shows it.
    fn of(row: Invited, show: impl Fn(String) -> String) -> Self {
        Self { phone: show(row.phone), invited_at: row.position.invited_at }
    }
}

/// Export the own account
///
/// Everything that is held about the user, as one JSON document to be saved: its members always come in the order
/// shown here. No secret is in it, and nobody else's data but the phones that the profile shows as well. The list of
/// those invited may be long, so the document is sent while it is read; if its end is missing, ask for it again. Ten
/// times, and then once in 144 minutes.
///
/// Next: hand the file to the person, under the name in `Content-Disposition`.
#[utoipa::path(tag = "profile", security(("bearer" = [])), responses(
    (status = 200, description = "The document", body = Export,
        headers(("Content-Disposition" = String, description = "Under which name to save it"))),
    (status = 429, description = "too-many-requests"),
    (status = 503, description = "service-unavailable"),
))]
#[get("/profile/export")]
#[tracing::instrument(name = "profile.export", skip_all, fields(user.id = %bearer.user))]
pub(super) async fn export_account(app: Data<AppState>, bearer: Bearer) -> Result<HttpResponse, Problem> {
    let mut conn = app.database.connection().await?;
    let profile = profiles::find_by_session(&mut conn, bearer.session, bearer.now).await?;
    let own = profile.filter(|profile| profile.id == bearer.user.0).ok_or(Problem::Unauthenticated)?;
    count(&app, &mut conn, bearer.user).await?;
    let export = gather(&app, &mut conn, &bearer, own).await?;
    // From here on nothing is held while the client takes its time.
    drop(conn);
    audit::account_exported(bearer.user, bearer.session);
    let mut head = serde_json::to_vec(&export).map_err(|error| Problem::Internal(error.into()))?;
    head.truncate(head.len() - END.len());
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"phone-auth-export.json\""))
        .streaming(document(app, bearer, head)))
}

async fn count(app: &AppState, conn: &mut Connection, user: UserId) -> Result<(), Problem> {
    let key = app.pseudonyms.of("export", &user.to_string());
    match limits::take(conn, app.clock.for_counters(), key, EXPORTS).await? {
        Some(wait) => Err(Problem::TooManyRequests(wait)),
        None => Ok(()),
    }
}

/// Everything but those invited.
async fn gather(app: &AppState, conn: &mut Connection, bearer: &Bearer, own: Row) -> Result<Export, Problem> {
    let number = app.pseudonyms.of("phone", &own.phone);
    let former = app.pseudonyms.of_former(&own.phone);
    let held = exports::find(conn, bearer.user, number, former, own.created_at).await?;
    let profile = Profile::of(own, &app.settings);
    Ok(Export::of(profile, held, bearer.session, bearer.now))
}

/// What of the document is sent next.
enum Next {
    Head(Vec<u8>),
    Page(Position),
    Nothing,
}

/// The document: its head, then those invited, a page whenever the client has taken the one before.
fn document(app: Data<AppState>, bearer: Bearer, head: Vec<u8>) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((app, bearer, Next::Head(head)), async |(app, bearer, next)| {
        let (text, next) = match next {
            Next::Head(head) => (head, Next::Page(Position::START)),
            Next::Page(position) => page(&app, &bearer, position).await.map_err(|problem| {
                problem.log();
                io::Error::other(problem.to_string())
            })?,
            Next::Nothing => return Ok(None),
        };
        Ok(Some((text.into(), (app, bearer, next))))
    })
}

/// Those invited from after `position` on, and what comes then. A session that ended meanwhile is told no more: the
/// document is cut off, and so is no JSON.
async fn page(app: &AppState, bearer: &Bearer, position: Position) -> Result<(Vec<u8>, Next), Problem> {
    let mut conn = app.database.connection().await?;
    let user = sessions::find_user(&mut conn, bearer.session, app.clock.now()).await?;
    user.filter(|user| *user == bearer.user).ok_or(Problem::Unauthenticated)?;
    let invited = referrals::list_invited(&mut conn, bearer.user, position, PAGE).await?;
    drop(conn);
    let next = invited.last().filter(|_| invited.len() == PAGE).map(|last| Next::Page(last.position));
    let mut text = Vec::new();
    for (at, row) in invited.into_iter().enumerate() {
        if at > 0 || position != Position::START {
            text.push(b',');
        }
        let shown = ExportedInvited::of(row, |phone| app.settings.phone_of_another(phone));
        shown
            .serialize(&mut serde_json::Serializer::new(&mut text))
            .map_err(|error| Problem::Internal(error.into()))?;
    }
    if next.is_none() {
        text.extend_from_slice(END.as_bytes());
    }
    Ok((text, next.unwrap_or(Next::Nothing)))
}
