use std::io;

use actix_web::{
    HttpResponse, get,
    http::header,
    web::{Bytes, Data},
};
use futures_util::{Stream, stream};

use super::{
    export_body::Export,
    export_document::{Document, DocumentError},
};
use crate::{
    audit,
    domain::{UserId, export::EXPORTS},
    http::{bearer::Bearer, problem::Problem},
    state::AppState,
    store::{Connection, limits, profiles, referrals::Position, sessions},
};

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
    let head = of(&app, &bearer).head(&mut conn, own).await?;
    // From here on nothing is held while the client takes its time.
    drop(conn);
    audit::account_exported(bearer.user, Some(bearer.session));
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
    let (text, next) = of(app, bearer).page(&mut conn, position).await?;
    Ok((text, next.map_or(Next::Nothing, Next::Page)))
}

fn of<'a>(app: &'a AppState, bearer: &Bearer) -> Document<'a> {
    Document {
        settings: &app.settings,
        pseudonyms: &app.pseudonyms,
        user: bearer.user,
        asking: Some(bearer.session),
        now: bearer.now,
    }
}

impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Store(error) => error.into(),
            DocumentError::Json(error) => Self::Internal(error.into()),
        }
    }
}
