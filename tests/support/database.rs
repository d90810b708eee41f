//! Behind the service: what its tables hold, and a barrier for requests that race.

use std::{cell::Cell, future::Future, time::Duration};

use diesel::{dsl::sql, sql_types::Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::{join, join3};
use reqwest::RequestBuilder;
use serde_json::Value;

use super::{Answer, TestApp, TestUser};

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

    /// Makes `connections` in advance, so that no request of a race waits for its own: each instance as many, for
    /// which of them is asked is the front's to say.
    pub async fn connect(&self, connections: usize) {
        for instance in &self.instances {
            let mut held = Vec::new();
            // A busy computer may need more than the half second that the service gives it.
            while held.len() < connections {
                held.extend(instance.state.database.connection().await);
            }
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

    /// Waits until `is_so`, and fails if that never comes.
    pub async fn until(is_so: impl AsyncFn() -> bool) {
        let come = async {
            while !is_so().await {
                tokio::task::yield_now().await;
            }
        };
        let come = tokio::time::timeout(Duration::from_secs(10), come).await;
        come.unwrap_or_else(|_| panic!("what was waited for never came"));
    }
}

/// Those who stand in line for the row of a user: each has its place there, or waits for it.
const LINE: &str = "pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE locktype = 'tuple' AND relation = 'users'::regclass AND datname = current_database()";

impl TestUser<'_> {
    /// Lets `first` and then `second` stand in line for the user's row, and both go on, one after the other, once they
    /// stand there. Gives the two answers, and whether one was given before that: who is answered without the row is
    /// not waited for.
    pub async fn in_line(&self, first: RequestBuilder, second: RequestBuilder) -> (Answer, Answer, bool) {
        let app = self.app;
        let mut holder = AsyncPgConnection::establish(&app.database_url).await.unwrap();
        let hold = format!("BEGIN; SELECT FROM users WHERE id = '{}' FOR UPDATE", self.id());
        holder.batch_execute(&hold).await.unwrap();
        let answered = Cell::new(0);
        let send = async |request| {
            let answer = app.send(request).await;
            answered.set(answered.get() + 1);
            answer
        };
        let stand = async |requests| {
            TestApp::until(async || app.count(LINE).await + answered.get() >= requests).await;
        };
        let come_second = async {
            stand(1).await;
            send(second).await
        };
        let let_go = async {
            stand(2).await;
            let is_answered = answered.get() > 0;
            holder.batch_execute("COMMIT").await.unwrap();
            is_answered
        };
        join3(send(first), come_second, let_go).await
    }
}
