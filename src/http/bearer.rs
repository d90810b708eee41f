use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderMap, HeaderName},
    web::Data,
};
use chrono::{DateTime, Utc};

use super::problem::Problem;
use crate::{
    domain::{SessionId, UserId},
    state::AppState,
    store::sessions,
    token::AccessClaims,
};

/// A valid access token, whose session was not looked at yet.
///
/// For handlers whose first statement checks the session itself.
pub struct Bearer {
    /// Whose token.
    pub user: UserId,
    /// Of which login.
    pub session: SessionId,
    /// The moment at which the token was checked: the request's one `now`.
    pub now: DateTime<Utc>,
}

/// The user behind a request: a valid access token of a session that lives.
///
/// Session and user are read in one statement at each request, so that a
/// logout or a deletion holds at once on every instance.
pub struct CurrentUser {
    /// Who.
    pub id: UserId,
    /// By which login.
    pub session: SessionId,
    /// The request's one `now`.
    pub now: DateTime<Utc>,
}

impl Bearer {
    /// Reads `Authorization: Bearer …` (RFC 6750, section 2.1).
    fn read(request: &HttpRequest, app: &AppState) -> Option<Self> {
        let (scheme, token) = only(request.headers(), header::AUTHORIZATION)?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let now = app.clock.now();
        let AccessClaims { user, session, .. } = app.tokens.verify_access(token.trim(), now).ok()?;
        Some(Self { user, session, now })
    }
}

type Checking<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl FromRequest for Bearer {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request.app_data::<Data<AppState>>();
        std::future::ready(app.and_then(|app| Self::read(request, app)).ok_or(Problem::Unauthenticated))
    }
}

impl FromRequest for CurrentUser {
    type Error = Problem;
    type Future = Checking<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request.app_data::<Data<AppState>>().cloned();
        let bearer = app.as_ref().and_then(|app| Bearer::read(request, app));
        Box::pin(async move {
            let (app, bearer) = app.zip(bearer).ok_or(Problem::Unauthenticated)?;
            let mut conn = app.database.connection().await?;
            let user = sessions::find_user(&mut conn, bearer.session, bearer.now).await?;
            match user {
                Some(id) if id == bearer.user => Ok(Self { id, session: bearer.session, now: bearer.now }),
                Some(_) | None => Err(Problem::Unauthenticated),
            }
        })
    }
}

/// The header of this name, if there is one and not two: of two, a gateway in front may have believed the other.
pub(super) fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut given = headers.get_all(name);
    let (Some(only), None) = (given.next(), given.next()) else { return None };
    only.to_str().ok()
}
