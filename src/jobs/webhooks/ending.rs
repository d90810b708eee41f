use std::{future::pending, time::Duration};

use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// The end of the process, as the attempts see it.
pub(super) struct Ending {
    /// None: it does not come.
    stopping: Option<watch::Receiver<bool>>,
    grace: Duration,
}

impl Ending {
    pub fn new(stopping: watch::Receiver<bool>, grace: Duration) -> Self {
        Self { stopping: Some(stopping), grace }
    }

    pub fn never() -> Self {
        Self { stopping: None, grace: Duration::ZERO }
    }

    /// Whether nothing more is to be begun.
    pub fn has_begun(&self) -> bool {
        self.stopping.as_ref().is_some_and(|stopping| *stopping.borrow())
    }

    /// Sleeps, but not into the end.
    pub async fn sleep(&self, time: Duration) {
        let _ = timeout(time, self.begins()).await;
    }

    /// Returns when the time of what is under way is over.
    pub async fn has_come(&self) {
        self.begins().await;
        sleep(self.grace).await;
    }

    async fn begins(&self) {
        let Some(stopping) = &self.stopping else { return pending().await };
        // Who could say so and is gone ends the process in another way.
        if stopping.clone().wait_for(|stops| *stops).await.is_err() {
            pending::<()>().await;
        }
    }
}
