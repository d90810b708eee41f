//! Places at heavy work: as much of it at once as there is room for, a few who wait, and whoever comes beyond is told
//! at once. The work itself happens beside the threads that answer requests, and takes its place along.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    time,
};

/// How much of one kind of work there may be at a time in this process.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// How many are at work at once.
    pub at_once: usize,
    /// How many more may wait for one of these.
    pub waiting: usize,
    /// How long they may.
    pub patience: Duration,
}

/// The places of one kind of work. Clones share them.
#[derive(Clone, Debug)]
pub struct Places {
    free: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    queue: Queue,
}

/// One place, free again when this is dropped. Given along with the work it is
/// free when that is done, also for a caller who went away meanwhile.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

/// Why there is no place.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The queue is full, or does not move: worth another try shortly.
    #[error("as many are at work, or wait for it, as may be")]
    Busy,
    /// The service is stopping.
    #[error("there is no more work")]
    Stopping(#[from] AcquireError),
}

impl Places {
    /// Places as `queue` says.
    #[must_use]
    pub fn new(queue: Queue) -> Self {
        Self {
            free: Arc::new(Semaphore::new(queue.at_once)),
            waiting: Arc::new(Semaphore::new(queue.waiting)),
            queue,
        }
    }

    /// Takes a place, and waits for one if not too many do already.
    ///
    /// # Errors
    ///
    /// [`PlaceError`].
    pub async fn take(&self) -> Result<Place, PlaceError> {
        if let Some(place) = self.try_take() {
            return Ok(place);
        }
        let _waiting = self.waiting.try_acquire().map_err(|_| PlaceError::Busy)?;
        let free = Arc::clone(&self.free).acquire_owned();
        let free = time::timeout(self.queue.patience, free).await.map_err(|_| PlaceError::Busy)??;
        Ok(Place { _permit: free })
    }

    /// A place, if one is free.
    #[must_use]
    pub fn try_take(&self) -> Option<Place> {
        Arc::clone(&self.free).try_acquire_owned().ok().map(|free| Place { _permit: free })
    }

    /// How many wait for a place.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.waiting - self.waiting.available_permits()
    }
}
