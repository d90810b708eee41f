//! Behind the service: its database, by a connection of our own.

use std::path::{Path, PathBuf};

use diesel::{dsl::sql, sql_types::Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

pub struct Database {
    connection: AsyncPgConnection,
    pub folder: PathBuf,
}

impl Database {
    pub async fn connect(url: &str, folder: &Path) -> Self {
        let mut connection = AsyncPgConnection::establish(url).await.unwrap();
        connection.batch_execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").await.unwrap();
        Self { connection, folder: folder.to_path_buf() }
    }

    pub async fn execute(&mut self, statements: &str) {
        self.connection.batch_execute(statements).await.unwrap();
    }

    /// The only column of each row.
    pub async fn texts(&mut self, query: &str) -> Vec<String> {
        sql::<Text>(query).load(&mut self.connection).await.unwrap()
    }

    /// The columns of the only row, which are joined by spaces in the query.
    pub async fn numbers(&mut self, query: &str) -> Vec<f64> {
        let texts = self.texts(query).await;
        texts[0].split(' ').map(|number| number.parse().unwrap()).collect()
    }
}
