//! Invite codes: everyone has one, everyone may activate one.

mod activate;
mod get;
mod invited;
mod qr;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    domain::SessionId,
    http::problem::Problem,
    state::AppState,
    store::{Connection, profiles},
};

/// Registers the endpoints.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(get::get_referral)
        .service(activate::activate_invite)
        .service(invited::list_invited)
        .service(qr::show_qr);
}

/// Where a user stands among inviters and invited
#[derive(Serialize, ToSchema)]
struct ReferralStatus {
    /// The user's own code.
    #[schema(example = "K7WQ2M")]
    invite_code: String,
    /// A link to share that carries the code.
    #[schema(example = "https://auth.example.com/i/K7WQ2M")]
    invite_url: String,
    /// The code this user activated.
    #[schema(example = "H3NP8X", required = true)]
    activated_invite_code: Option<String>,
    /// The phone of its owner, unless that account is deleted; masked, as in `+7900***0031`, where the service is set so.
    #[schema(example = "+79990000031", required = true)]
    invited_by_phone: Option<String>,
    /// How many activated this user's code.
    #[schema(example = 2)]
    invited_users_count: i32,
}

impl ReferralStatus {
    /// Reads the status of the user whose session this is.
    async fn find(
        app: &AppState,
        conn: &mut Connection,
        session: SessionId,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Self, Problem> {
        let profile = profiles::find_by_session(conn, session, now).await?.ok_or(Problem::Unauthenticated)?;
        Ok(Self {
            invite_url: app.settings.link(&format!("i/{}", profile.invite_code)),
            invite_code: profile.invite_code,
            activated_invite_code: profile.activated_invite_code,
            invited_by_phone: profile.invited_by_phone.map(|phone| app.settings.phone_of_another(phone)),
            invited_users_count: profile.invited_users_count,
        })
    }
}
