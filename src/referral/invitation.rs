use actix_web::{HttpResponse, get, web};

use crate::{domain::InviteCode, http::problem::Problem};

/// The page behind an invite link: it says the code and what to do with it.
///
/// It looks nothing up, so it tells nobody which codes exist.
#[get("/i/{invite_code}")]
pub(super) async fn show_invitation(invite_code: web::Path<String>) -> Result<HttpResponse, Problem> {
    let code: InviteCode = invite_code.parse().map_err(|_| Problem::NotFound)?;
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>You are invited</title>\n\
         <h1>You are invited</h1>\n<p>Your invite code is <strong>{code}</strong>.</p>\n\
         <p>Give it with your phone number when you log in for the first time, or enter it later in your \
         profile.</p>\n"
    );
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page))
}
