//! Where a user is logged in, and the end of it.

mod end;
mod list;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the endpoints.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list::list_sessions).service(end::end_session);
}
