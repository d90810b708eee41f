//! PINs as hashes. Hashing takes a core for about 12 ms and 19 MiB, so it happens
//! beside the threads that answer requests, and no more of it than there is room for.

use std::{collections::TryReserveError, fmt, num::NonZero, sync::Arc, thread, time::Duration};

use argon2::{
    ARGON2ID_IDENT, Params, PasswordHash,
    password_hash::{
        self,
        phc::{Output, ParamsString, Salt},
        try_generate_salt,
    },
};
use tokio::task::{self, JoinError};

use super::{
    TokenError, Tokens,
    keys::{PinKey, argon2_parameters},
    pin_memory::{Lent, PinMemory},
};
use crate::{
    domain::{Pin, PinHash},
    places::{Place, PlaceError, Places, Queue},
};

/// How many may wait for each core: about half a second's work on a slow one.
const WAITING_PER_CORE: usize = 20;
/// Nobody waits for longer, whatever keeps the cores.
const PATIENCE: Duration = Duration::from_secs(1);

/// Makes and compares hashes of PINs: Argon2id (RFC 9106) by the parameters
/// OWASP gives, with a random salt for each PIN, and keyed. Four digits are
/// found in minutes by whoever can try; without the key nobody can.
#[derive(Clone)]
pub struct PinHasher {
    key: Arc<PinKey>,
    cores: Places,
    memory: PinMemory,
}

/// A core and its memory, taken before anything is charged for a comparison
/// that then could not be made. It goes along with the work, so it is free
/// again when that is done, also for a caller who went away meanwhile.
pub struct PinPlace {
    key: Arc<PinKey>,
    memory: Lent,
    // Goes last: whoever gets the core finds the memory given back.
    _core: Place,
}

/// Why a PIN was neither hashed nor compared.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// Every core is taken, and there are enough who wait for one.
    #[error("as many PINs are being checked as may be at a time")]
    NoPlace(#[from] PlaceError),
    /// There is no memory for it at the moment.
    #[error("there is no memory to check a PIN in")]
    OutOfMemory(#[from] TryReserveError),
    /// The computation ended early: the service is stopping, or it is a defect.
    #[error("the hash of a PIN was not computed")]
    Lost(#[from] JoinError),
    /// What is stored is no hash of ours.
    #[error("a PIN could not be hashed or compared")]
    Hash(#[from] password_hash::Error),
}

impl PinHasher {
    pub(super) fn new(key: PinKey, queue: Queue) -> Self {
        Self { key: Arc::new(key), cores: Places::new(queue), memory: PinMemory::default() }
    }

    /// A hash on each core at a time, with 19 MiB of its own, and some who wait for one.
    #[must_use]
    pub fn queue() -> Queue {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Queue { at_once: cores, waiting: cores * WAITING_PER_CORE, patience: PATIENCE }
    }

    /// Takes a core, and waits a moment for one if not too many do already.
    ///
    /// # Errors
    ///
    /// [`PinError`].
    pub async fn place(&self) -> Result<PinPlace, PinError> {
        let core = self.cores.take().await?;
        let (key, memory) = (Arc::clone(&self.key), self.memory.clone());
        let blocks = argon2_parameters().map_err(password_hash::Error::from)?.block_count();
        // Made anew it takes milliseconds. The core goes along, so that there are never more than cores.
        task::spawn_blocking(move || Ok(PinPlace { key, memory: memory.lend(blocks)?, _core: core })).await?
    }

    /// How many wait for a core.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.cores.waiting()
    }
}

impl PinPlace {
    /// The hash of `pin`, with a salt drawn by the operating system.
    ///
    /// # Errors
    ///
    /// [`PinError::Lost`] and [`PinError::Hash`].
    pub async fn hash(self, pin: Pin) -> Result<PinHash, PinError> {
        let (_, hash) = self.compute(move |key, memory| hash(key, &pin, memory)).await?;
        Ok(hash)
    }

    /// Whether `hash` is one of `pin`; and the place, for a further hash.
    ///
    /// # Errors
    ///
    /// [`PinError::Lost`] and [`PinError::Hash`].
    pub async fn matches(self, pin: Pin, hash: &PinHash) -> Result<(Self, bool), PinError> {
        let hash = PasswordHash::new(&hash.0).map_err(password_hash::Error::from)?;
        self.compute(move |key, memory| matches(key, &pin, &hash, memory)).await
    }

    /// Computes beside the threads that answer. The place goes along and comes
    /// back: it is given up when the work is done, not when nobody waits for it any more.
    async fn compute<T: Send + 'static>(
        mut self,
        work: impl FnOnce(&PinKey, &mut Lent) -> password_hash::Result<T> + Send + 'static,
    ) -> Result<(Self, T), PinError> {
        task::spawn_blocking(move || {
            let done = work(&self.key, &mut self.memory)?;
            Ok((self, done))
        })
        .await?
    }
}

fn hash(key: &PinKey, pin: &Pin, memory: &mut Lent) -> password_hash::Result<PinHash> {
    let params = argon2_parameters()?;
    let salt = Salt::new(&try_generate_salt()?)?;
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(argon2::Version::V0x13.into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(salt),
        hash: Some(output(key, pin, &salt, params, memory)?),
    };
    Ok(PinHash(hash.to_string()))
}

/// By the parameters that the hash itself names; in constant time, which is how an [`Output`] compares.
fn matches(key: &PinKey, pin: &Pin, hash: &PasswordHash, memory: &mut Lent) -> password_hash::Result<bool> {
    if hash.algorithm != ARGON2ID_IDENT {
        return Err(password_hash::Error::Algorithm);
    }
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
        return Err(password_hash::Error::EncodingInvalid);
    };
    Ok(output(key, pin, salt, Params::try_from(hash)?, memory)? == *expected)
}

fn output(
    key: &PinKey,
    pin: &Pin,
    salt: &Salt,
    params: Params,
    memory: &mut Lent,
) -> password_hash::Result<Output> {
    let mut buffer = [0; Output::MAX_LENGTH];
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let output = buffer.get_mut(..length).ok_or(password_hash::Error::OutputSize)?;
    key.argon2(params)?.hash_password_into_with_memory(pin.expose(), salt, output, memory)?;
    Ok(Output::new(output)?)
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
    pub fn open_pin_hasher(&self, sealed: &str, queue: Queue) -> Result<PinHasher, TokenError> {
        Ok(PinHasher::new(self.open_pseudonym_key(sealed)?.pin_key()?, queue))
    }
}
