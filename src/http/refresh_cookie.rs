//! The refresh token in a cookie, for pages: a script that was smuggled into a
//! page reads everything that the page's own scripts can, and so not this.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::header::{COOKIE, HOST, HeaderMap, ORIGIN},
    web::Data,
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;

use super::{bearer::only, problem::Problem};
use crate::{domain::SessionId, state::AppState, token::RefreshClaims};

/// Where the refresh token is
///
/// - `body`: in the answer, for an app that keeps it where only it can read
/// - `cookie`: in a cookie that no script can read, for a page that this service's own origin serves
// Read from a text: serde's own reading of an enum quotes what it does not know.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(try_from = "String")]
#[schema(rename_all = "lowercase")]
pub enum RefreshTokenIn {
    /// In the answer.
    #[default]
    Body,
    /// In a cookie.
    Cookie,
}

impl TryFrom<String> for RefreshTokenIn {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "body" => Ok(Self::Body),
            "cookie" => Ok(Self::Cookie),
            _ => Err("must be body or cookie"),
        }
    }
}

/// What a request says of the page that sent it, and the cookies of our name that it brought.
pub struct RefreshCookie {
    name: String,
    https: bool,
    is_own: bool,
    shown: Vec<String>,
}

impl RefreshCookie {
    fn read(headers: &HeaderMap, public_url: &Url) -> Self {
        let name = name(public_url);
        // Split before anything is read: a neighbour's cookie may be no text at all.
        let sent = headers.get_all(COOKIE).flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
        let cookies = sent.filter_map(|cookie| Cookie::parse(std::str::from_utf8(cookie).ok()?).ok());
        let shown = cookies.filter(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned());
        let shown = shown.collect();
        Self {
            name,
            https: public_url.scheme() == "https",
            is_own: is_own_origin(headers, public_url),
            shown,
        }
    }

    /// Lets only pages of this service's own origin go on; `SameSite` alone would let in those of sister hosts.
    ///
    /// # Errors
    ///
    /// [`Problem::ForeignOrigin`], also where nobody says what page it was.
    pub fn demand_own_page(&self) -> Result<(), Problem> {
        if self.is_own { Ok(()) } else { Err(Problem::ForeignOrigin) }
    }

    /// What the cookie says, if it is good at `now`. Without TLS a neighbour on the host can put one of the same name
    /// before ours, so the first that is good counts.
    #[must_use]
    pub fn claims(&self, app: &AppState, now: DateTime<Utc>) -> Option<RefreshClaims> {
        self.shown.iter().find_map(|token| app.tokens.verify_refresh(token, now).ok())
    }

    /// The cookie that keeps `token` for as many seconds.
    #[must_use]
    pub fn keep(&self, token: String, seconds: i64) -> Cookie<'static> {
        Cookie::build(self.name.clone(), token)
            .path("/")
            .http_only(true)
            .secure(self.https)
            .same_site(SameSite::Strict)
            .max_age(Duration::seconds(seconds))
            .finish()
    }

    /// What takes the cookie away from a browser whose cookie is that of `session`, which has ended at `now`.
    #[must_use]
    pub fn forget(&self, session: SessionId, app: &AppState, now: DateTime<Utc>) -> Option<Cookie<'static>> {
        let is_of_it = self.claims(app, now).is_some_and(|claims| claims.session == session);
        is_of_it.then(|| self.keep(String::new(), 0))
    }
}

/// Over TLS a browser takes the cookie from this very host only, by its `__Host-`, and a neighbour under the same domain
/// cannot put one in its place (RFC 6265bis, section 4.1.3.2). Without TLS several services may share a host, each at a
/// port of its own, of which cookies know nothing.
fn name(public_url: &Url) -> String {
    match (public_url.scheme(), public_url.port()) {
        ("https", _) => "__Host-phone_auth_refresh".to_owned(),
        (_, None) => "phone_auth_refresh".to_owned(),
        (_, Some(port)) => format!("phone_auth_refresh_{port}"),
    }
}

impl FromRequest for RefreshCookie {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request.app_data::<Data<AppState>>();
        ready(match app {
            Some(app) => Ok(Self::read(request.headers(), &app.settings.public_url)),
            None => Err(Problem::Internal(anyhow::anyhow!("there is no state"))),
        })
    }
}

/// Whether `Origin` (RFC 6454, section 7) is that of `PUBLIC_URL`. Without TLS, as on the machine of a developer, the
/// service has as many names as there are ways to it: there `Host` counts as well.
fn is_own_origin(headers: &HeaderMap, public_url: &Url) -> bool {
    let Some(origin) = only(headers, ORIGIN) else { return false };
    origin == public_url.origin().ascii_serialization()
        || public_url.scheme() == "http"
            && only(headers, HOST).is_some_and(|host| origin.strip_prefix("http://") == Some(host))
}
