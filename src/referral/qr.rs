use actix_web::{HttpResponse, get, web::Data};
use anyhow::anyhow;
use qrcode::{QrCode, render::svg};

use super::ReferralStatus;
use crate::{
    http::{bearer::Bearer, problem::Problem},
    state::AppState,
};

/// The smallest side of the picture, in the units of its `viewBox`.
const SIDE: u32 = 240;

/// Show the invite link as a QR code
///
/// `invite_url` of `GET /api/v1/referral` for a camera, as SVG: black on white, with the quiet zone around it that
/// readers need. It scales to any size.
///
/// Next: show it beside the code. It needs the access token, so load it by a request of your own, not by an `img`.
#[utoipa::path(tag = "referral", security(("bearer" = [])), responses(
    (status = 200, description = "The picture", content_type = "image/svg+xml", body = String,
        example = json!("<?xml version=\"1.0\" standalone=\"yes\"?><svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"264\" height=\"264\" viewBox=\"0 0 264 264\" shape-rendering=\"crispEdges\"><rect x=\"0\" y=\"0\" width=\"264\" height=\"264\" fill=\"#fff\"/><path fill=\"#000\" d=\"M32 32h8v8H32V32\"/></svg>")),
    (status = 503, description = "service-unavailable"),
))]
#[get("/referral/qr.svg")]
#[tracing::instrument(name = "referral.qr", skip_all, fields(user.id = %bearer.user))]
pub(super) async fn show_qr(app: Data<AppState>, bearer: Bearer) -> Result<HttpResponse, Problem> {
    let mut conn = app.database.connection().await?;
    let status = ReferralStatus::find(&app, &mut conn, bearer.session, bearer.now).await?;
    drop(conn);
    // Fails only for more text than any code can hold.
    let code = QrCode::new(&status.invite_url).map_err(|error| Problem::Internal(anyhow!(error)))?;
    let picture = code.render::<svg::Color>().min_dimensions(SIDE, SIDE).build();
    Ok(HttpResponse::Ok().content_type("image/svg+xml").body(picture))
}
