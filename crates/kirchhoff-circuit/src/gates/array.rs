//! Flat, read-only arrays that do not say who owns their memory.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A read-only array that clones for the price of a reference count.
///
/// Its memory is a vector's or that of any [shared](FlatArray::shared) owner: a part of a mapped file, say.
pub struct FlatArray<T>(Arc<dyn AsRef<[T]> + Send + Sync>);

impl<T> FlatArray<T> {
    /// The array that `owner` lends. It must lend the same array every time: what has been checked once is relied on.
    pub fn shared(owner: Arc<dyn AsRef<[T]> + Send + Sync>) -> Self {
        FlatArray(owner)
    }
}

impl<T> Deref for FlatArray<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        (*self.0).as_ref()
    }
}

impl<T> Clone for FlatArray<T> {
    fn clone(&self) -> Self {
        FlatArray(self.0.clone())
    }
}

impl<T: Send + Sync + 'static> Default for FlatArray<T> {
    fn default() -> Self {
        FlatArray::from(Vec::new())
    }
}

impl<T: Send + Sync + 'static> From<Vec<T>> for FlatArray<T> {
    fn from(values: Vec<T>) -> Self {
        FlatArray(Arc::new(values))
    }
}

impl<T: Send + Sync + 'static> FromIterator<T> for FlatArray<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        values.into_iter().collect::<Vec<T>>().into()
    }
}

impl<T: PartialEq> PartialEq for FlatArray<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T> fmt::Debug for FlatArray<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Millions of gates would hide the rest of any message.
        write!(f, "FlatArray({} values)", self.len())
    }
}
