//! Numbers that begin where a line of the cache does.

use std::ops::{Deref, DerefMut};

/// Bytes of the widest vectors, and of a line: a vector that lies across two lines takes twice as long to load.
const LINE: usize = 64;

/// A vector of numbers from the beginning of a line on.
#[derive(Debug)]
pub struct Aligned<T> {
    values: Vec<T>,
    start: usize,
    length: usize,
}

impl<T> Aligned<T> {
    /// No numbers.
    pub(super) const NONE: Self = Aligned { values: Vec::new(), start: 0, length: 0 };
}

impl<T: Copy> Aligned<T> {
    /// So many times the same.
    pub(super) fn filled(value: T, length: usize) -> Self {
        let slack = LINE / size_of::<T>();
        let values = vec![value; length + slack];
        // Where the platform cannot tell, anywhere is as good.
        let start = values.as_ptr().align_offset(LINE).min(slack);
        Aligned { values, start, length }
    }
}

impl<T: Copy> Clone for Aligned<T> {
    /// Its own memory begins elsewhere in a line.
    fn clone(&self) -> Self {
        let Some(&first) = self.first() else { return Aligned { values: Vec::new(), start: 0, length: 0 } };
        let mut copy = Aligned::filled(first, self.length);
        copy.copy_from_slice(self);
        copy
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.values[self.start..self.start + self.length]
    }
}

impl<T> DerefMut for Aligned<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..self.start + self.length]
    }
}
