//! Keeps the embedded PostgreSQL running for as long as the service does.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{EmbeddedError, EmbeddedPostgres, Settings};

/// How often the server is looked after, and how long a failed start is left alone.
const LOOK: Duration = Duration::from_millis(500);

/// An embedded PostgreSQL that is started again when it ends by itself, be it
/// killed for want of memory or by mistake. Its address stays the same.
pub struct Keeper {
    url: String,
    stop: mpsc::Sender<()>,
    thread: JoinHandle<Result<(), EmbeddedError>>,
}

impl Keeper {
    /// Starts the server and looks after it from then on.
    ///
    /// # Errors
    ///
    /// Those of [`EmbeddedPostgres::start`], for the first start.
    pub fn start(settings: Settings) -> Result<Self, EmbeddedError> {
        let postgres = EmbeddedPostgres::start(&settings, &[])?;
        let url = postgres.url(super::NAME);
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || look_after(&settings, postgres, &stopped));
        Ok(Self { url, stop, thread })
    }

    /// The address of the service's database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops the server for good.
    ///
    /// # Errors
    ///
    /// Those of [`EmbeddedPostgres::stop`].
    pub fn stop(self) -> Result<(), EmbeddedError> {
        // The thread ends only when told to, so it is there to hear it.
        let _ = self.stop.send(());
        self.thread.join().unwrap_or(Ok(()))
    }
}

fn look_after(
    settings: &Settings,
    postgres: EmbeddedPostgres,
    stopped: &mpsc::Receiver<()>,
) -> Result<(), EmbeddedError> {
    let mut running = Some(postgres);
    loop {
        match stopped.recv_timeout(LOOK) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                return running.map_or(Ok(()), EmbeddedPostgres::stop);
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if running.as_mut().is_some_and(EmbeddedPostgres::has_ended) {
            tracing::error!("embedded PostgreSQL ended by itself; it is started again");
            // Gives the folder's lock back.
            running = None;
        }
        if running.is_none() {
            match EmbeddedPostgres::start(settings, &[]) {
                Ok(postgres) => running = Some(postgres),
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "embedded PostgreSQL did not start"
                    );
                }
            }
        }
    }
}
