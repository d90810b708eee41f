//! For load balancers and orchestrators.

use actix_web::{
    get,
    web::{self, Data},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{http::problem::Problem, state::AppState};

/// Registers the endpoints.
pub fn routes(config: &mut ServiceConfig) {
    config.service(live).service(ready);
}

/// The service is well
#[derive(Serialize, ToSchema)]
struct Health {
    /// Always `ok`; anything else is a problem document.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the process runs
///
/// Touches nothing, not even the database.
///
/// Next: nothing while it answers. If it does not, restart the process.
#[utoipa::path(tag = "health", responses((status = 200, description = "It runs", body = Health)))]
#[get("/health/live")]
async fn live() -> web::Json<Health> {
    web::Json(Health { status: "ok" })
}

/// Whether the service can do its work
///
/// The database is reachable, its tables are of this version, and nobody has told the instance to stop.
///
/// Next: send requests here while it answers 200, and elsewhere while it does not.
#[utoipa::path(tag = "health", responses(
    (status = 200, description = "It can", body = Health),
    (status = 503, description = "service-unavailable"),
))]
#[get("/health/ready")]
async fn ready(app: Data<AppState>) -> Result<web::Json<Health>, Problem> {
    if app.connections.are_let_go() {
        return Err(Problem::Unavailable(anyhow::anyhow!("this instance stops")));
    }
    if app.database.is_current().await? {
        Ok(web::Json(Health { status: "ok" }))
    } else {
        Err(Problem::Unavailable(anyhow::anyhow!("migrations are missing")))
    }
}
