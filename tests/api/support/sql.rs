//! Rows behind the service's back, on a connection that is not the service's.

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use super::TestApp;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl TestApp {
    /// The rows of a query, each as an object.
    pub async fn rows(&self, query: &str) -> Vec<Value> {
        let mut conn = AsyncPgConnection::establish(&self.database_url).await.unwrap();
        let query = format!("SELECT to_jsonb(the_row)::text AS line FROM ({query}) the_row");
        let lines: Vec<Line> = sql_query(query).load(&mut conn).await.unwrap();
        lines.iter().map(|row| serde_json::from_str(&row.line).unwrap()).collect()
    }
}
