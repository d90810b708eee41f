//! The refresh token in a cookie, for pages: a script that was smuggled into a
//! page reads everything that the page's own scripts can, and so not this.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::header::{COOKIE, HOST, HeaderMap, HeaderName, ORIGIN},
    web::Data,
};
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;

use super::problem::Problem;
use crate::state::AppState;

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

/// What a request says of the page that sent it, and the cookie it brought.
pub struct RefreshCookie {
    https: bool,
    is_own: bool,
    token: Option<String>,
}

impl RefreshCookie {
    /// A browser takes a `__Host-` cookie from this very host over TLS only, and a neighbour under the same domain
    /// cannot put one in its place (RFC 6265bis, section 4.1.3.2).
    const NAMES: [&str; 2] = ["phone_auth_refresh", "__Host-phone_auth_refresh"];

    fn read(headers: &HeaderMap, public_url: &Url) -> Self {
        let https = public_url.scheme() == "https";
        let name = Self::NAMES[usize::from(https)];
        // One that cannot be read is of somebody else.
        let sent = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
        let cookies = sent.flat_map(|value| value.split(';')).filter_map(|cookie| Cookie::parse(cookie).ok());
        let token = { cookies }.find(|cookie| cookie.name() == name);
        Self {
            https,
            is_own: is_own_origin(headers, public_url),
            token: token.map(|cookie| cookie.value().to_owned()),
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

    /// The token that came along.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The cookie that keeps `token` for as many seconds.
    #[must_use]
    pub fn keep(&self, token: String, seconds: i64) -> Cookie<'static> {
        Cookie::build(Self::NAMES[usize::from(self.https)], token)
            .path("/")
            .http_only(true)
            .secure(self.https)
            .same_site(SameSite::Strict)
            .max_age(Duration::seconds(seconds))
            .finish()
    }

    /// What takes the cookie away from a browser that has one.
    #[must_use]
    pub fn forget(&self) -> Option<Cookie<'static>> {
        self.token.as_ref().map(|_| self.keep(String::new(), 0))
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
    let only = |name: HeaderName| {
        let mut given = headers.get_all(name);
        given.next().filter(|_| given.next().is_none()).and_then(|value| value.to_str().ok())
    };
    let Some(origin) = only(ORIGIN) else { return false };
    origin == public_url.origin().ascii_serialization()
        || public_url.scheme() == "http"
            && only(HOST).is_some_and(|host| origin.strip_prefix("http://") == Some(host))
}
