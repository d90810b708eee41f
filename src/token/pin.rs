//! PINs as hashes. Hashing takes a core for about 12 ms and 19 MiB, so it happens
//! beside the threads that answer requests, and no more of it than there is room for.

use std::{fmt, num::NonZero, sync::Arc, thread};

use argon2::{
    PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{self, Error::PasswordInvalid},
};
use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
    task::{self, JoinError},
};

use super::{TokenError, Tokens, keys::PinKey};
use crate::domain::{Pin, PinHash};

/// How much hashing there may be at a time in this process.
#[derive(Clone, Copy, Debug)]
pub struct PinQueue {
    /// How many hashes are computed at once, each on a core and with 19 MiB of its own.
    pub at_once: usize,
    /// How many more may wait for one of these.
    pub waiting: usize,
}

impl PinQueue {
    /// How many may wait for each core: about half a second's work on a slow one.
    const WAITING_PER_CORE: usize = 20;
}

impl Default for PinQueue {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Self { at_once: cores, waiting: cores * Self::WAITING_PER_CORE }
    }
}

/// Makes and compares hashes of PINs: Argon2id (RFC 9106) by the parameters
/// OWASP gives, with a random salt for each PIN, and keyed. Four digits are
/// found in minutes by whoever can try; without the key nobody can.
#[derive(Clone)]
pub struct PinHasher {
    key: Arc<PinKey>,
    places: Arc<Semaphore>,
    cores: Arc<Semaphore>,
}

/// A place in the queue, taken before anything is charged for a comparison
/// that then could not be made. It is free again when dropped, or when the
/// last hash begun in it is computed: also for a caller who went away.
pub struct PinPlace {
    hasher: PinHasher,
    held: Arc<OwnedSemaphorePermit>,
}

/// Why a PIN was neither hashed nor compared.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// The queue is full: worth another try shortly.
    #[error("as many PINs are being checked as may be at a time")]
    Busy,
    /// The service is stopping.
    #[error("PINs are checked no more")]
    Stopping(#[from] AcquireError),
    /// The computation ended early: the service is stopping, or it is a defect.
    #[error("the hash of a PIN was not computed")]
    Lost(#[from] JoinError),
    /// There was no memory for it, or what is stored is no hash.
    #[error("a PIN could not be hashed or compared")]
    Hash(#[from] password_hash::Error),
}

impl PinHasher {
    pub(super) fn new(key: PinKey, queue: PinQueue) -> Self {
        Self {
            key: Arc::new(key),
            places: Arc::new(Semaphore::new(queue.at_once + queue.waiting)),
            cores: Arc::new(Semaphore::new(queue.at_once)),
        }
    }

    /// Takes a place in the queue, without waiting for one.
    ///
    /// # Errors
    ///
    /// [`PinError::Busy`].
    pub fn place(&self) -> Result<PinPlace, PinError> {
        let held = Arc::clone(&self.places).try_acquire_owned().map_err(|_| PinError::Busy)?;
        Ok(PinPlace { hasher: self.clone(), held: Arc::new(held) })
    }
}

impl PinPlace {
    /// The hash of `pin`, with a salt drawn by the operating system.
    ///
    /// # Errors
    ///
    /// [`PinError`], but not `Busy`.
    pub async fn hash(&self, pin: Pin) -> Result<PinHash, PinError> {
        self.compute(move |key| {
            let hash = key.argon2()?.hash_password(pin.expose())?;
            Ok(PinHash(hash.to_string()))
        })
        .await
    }

    /// Whether `hash` is one of `pin`.
    ///
    /// # Errors
    ///
    /// [`PinError`], but not `Busy`.
    pub async fn matches(&self, pin: Pin, hash: &PinHash) -> Result<bool, PinError> {
        let hash = PasswordHash::new(&hash.0).map_err(password_hash::Error::from)?;
        self.compute(move |key| match key.argon2()?.verify_password(pin.expose(), &hash) {
            Ok(()) => Ok(true),
            Err(PasswordInvalid) => Ok(false),
            Err(error) => Err(error.into()),
        })
        .await
    }

    /// Waits for a core and computes there. The permits go along, so that they
    /// are given back when the work is done and not when nobody waits for it any more.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&PinKey) -> Result<T, PinError> + Send + 'static,
    ) -> Result<T, PinError> {
        let core = Arc::clone(&self.hasher.cores).acquire_owned().await?;
        let (key, held) = (Arc::clone(&self.hasher.key), Arc::clone(&self.held));
        task::spawn_blocking(move || {
            let result = work(&key);
            drop((core, held));
            result
        })
        .await?
    }
}

impl fmt::Debug for PinHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinHasher").finish_non_exhaustive()
    }
}

impl Tokens {
    /// What hashes PINs: keyed from the stored key of the pseudonyms, because
    /// it outlives the root secrets, and a PIN must as well.
    ///
    /// # Errors
    ///
    /// [`TokenError::PseudonymKeyNotOurs`] when no root secret opens it.
    pub fn open_pin_hasher(&self, sealed: &str, queue: PinQueue) -> Result<PinHasher, TokenError> {
        Ok(PinHasher::new(self.open_pseudonym_key(sealed)?.pin_key()?, queue))
    }
}
