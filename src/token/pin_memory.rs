//! The memory in which PINs are hashed: made at first use, kept and used again.
//!
//! Given back to the allocator each time, it would stay with whichever of many
//! threads had it last, and the process would grow to a block for each of them.

use std::{
    collections::TryReserveError,
    sync::{Arc, Mutex, PoisonError},
};

use argon2::Block;

/// As many blocks as were ever lent at once.
#[derive(Clone, Default)]
pub(super) struct PinMemory(Arc<Mutex<Vec<Vec<Block>>>>);

/// A block for one hash after the other; given back when dropped, also in a panic.
pub(super) struct Lent {
    blocks: Vec<Block>,
    to: PinMemory,
}

impl PinMemory {
    /// A block that is kept, or else a new one of `length`.
    pub(super) fn lend(self, length: usize) -> Result<Lent, TryReserveError> {
        let kept = self.kept(Vec::pop);
        let mut blocks = kept.unwrap_or_default();
        blocks.try_reserve_exact(length.saturating_sub(blocks.len()))?;
        blocks.resize(length, Block::new());
        Ok(Lent { blocks, to: self })
    }

    fn kept<T>(&self, with: impl FnOnce(&mut Vec<Vec<Block>>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.kept(|kept| kept.len())
    }
}

impl AsMut<[Block]> for Lent {
    fn as_mut(&mut self) -> &mut [Block] {
        &mut self.blocks
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let blocks = std::mem::take(&mut self.blocks);
        self.to.kept(|kept| kept.push(blocks));
    }
}
