/// Keys of which one is in use, and the others still open what they once closed.
pub(super) struct Ring<T> {
    current: T,
    older: Vec<T>,
}

impl<T> Ring<T> {
    /// A ring of `keys`, the first of them current; of no keys there is none.
    pub(super) fn of(keys: impl IntoIterator<Item = T>) -> Option<Self> {
        let mut keys = keys.into_iter();
        Some(Self { current: keys.next()?, older: keys.collect() })
    }

    pub(super) fn current(&self) -> &T {
        &self.current
    }

    /// Every key, the current one first.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.current).chain(&self.older)
    }

    /// Makes a ring of what `make` makes of each key.
    pub(super) fn try_map<U, E>(&self, make: impl Fn(&T) -> Result<U, E>) -> Result<Ring<U>, E> {
        Ok(Ring {
            current: make(&self.current)?,
            older: self.older.iter().map(make).collect::<Result<_, _>>()?,
        })
    }
}
