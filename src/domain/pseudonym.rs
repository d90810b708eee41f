use std::fmt;

/// What the counting tables know a phone or an address by: 128 bits of a keyed
/// digest. Without the key nobody can tell whose it is, or try who it might be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym(pub uuid::Uuid);

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pseudonym({})", self.0)
    }
}
