//! Behind the service: what its tables hold, and a barrier for requests that race.

use std::{future::Future, time::Duration};

use diesel::{dsl::sql, sql_types::Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::join;
use serde_json::Value;

use super::TestApp;

impl TestApp {
    /// The only column of each row, which must be a text.
    pub async fn query(&self, text: &str) -> Vec<String> {
        let mut conn = self.state.database.connection().await.unwrap();
        sql::<Text>(text).load(&mut conn).await.unwrap()
    }

    /// The rows of a query, each as an object.
    pub async fn rows(&self, query: &str) -> Vec<Value> {
        let objects = self.query(&format!("SELECT to_jsonb(the_row)::text FROM ({query}) the_row")).await;
        objects.iter().map(|object| serde_json::from_str(object).unwrap()).collect()
    }

    /// Runs statements, to make the database fail or look different.
    pub async fn execute(&self, text: &str) {
        self.state.database.connection().await.unwrap().batch_execute(text).await.unwrap();
    }

    /// The same, however long it takes: on a connection without the service's time limits.
    pub async fn execute_at_leisure(&self, text: &str) {
        let mut conn = AsyncPgConnection::establish(&self.database_url).await.unwrap();
        conn.batch_execute(text).await.unwrap();
    }

    /// How many rows `from` has: a table, or a table and a condition.
    pub async fn count(&self, from: &str) -> usize {
        self.query(&format!("SELECT count(*)::text FROM {from}")).await[0].parse().unwrap()
    }

    /// Every row of every table.
    pub async fn dump(&self) -> String {
        let mut rows = Vec::new();
        for table in self.query("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'").await {
            rows.extend(self.query(&format!("SELECT {table}::text FROM {table}")).await);
        }
        rows.join("\n")
    }

    /// Makes `connections` in advance, so that no request of a race waits for its own.
    pub async fn connect(&self, connections: usize) {
        let mut held = Vec::new();
        // A busy computer may need more than the half second that the service gives it.
        while held.len() < connections {
            held.extend(self.state.database.connection().await);
        }
    }

    /// Lets `requests` come as far as they can without writing to `table`, and all go on at the
    /// same moment once `waiting` statements stand there: a race that happens each time.
    pub async fn at_once<T>(&self, table: &str, waiting: usize, requests: impl Future<Output = T>) -> T {
        let mut conn = self.state.database.connection().await.unwrap();
        conn.batch_execute(&format!("BEGIN; LOCK {table} IN EXCLUSIVE MODE")).await.unwrap();
        let queue = "SELECT count(*)::text FROM pg_locks JOIN pg_stat_activity USING (pid)
                     WHERE NOT granted AND datname = current_database()";
        let open = async {
            while sql::<Text>(queue).get_result::<String>(&mut conn).await.unwrap().parse::<usize>().unwrap()
                < waiting
            {}
            conn.batch_execute("COMMIT").await.unwrap();
        };
        let open = tokio::time::timeout(Duration::from_secs(5), open);
        let (answers, opened) = join(requests, open).await;
        opened.unwrap_or_else(|_| panic!("fewer than {waiting} statements came to {table}"));
        answers
    }
}
