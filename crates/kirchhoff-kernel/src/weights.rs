//! Read-only arrays of `f32`: owned, or borrowed from a mapped file.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use memmap2::Mmap;

/// A read-only array of `f32` that clones for the price of a reference count.
///
/// Weights of a mapped file stay in the file until they are read; other weights are owned.
#[derive(Clone)]
pub struct Weights(Source);

#[derive(Clone)]
enum Source {
    Owned(Arc<Vec<f32>>),
    Mapped { map: Arc<Mmap>, bytes: Range<usize> },
}

impl Weights {
    /// The little-endian `f32` values in `bytes` of a mapped file, without a copy where the platform reads them in
    /// place (little-endian, aligned), else converted. `None` if the range leaves the file or does not hold whole
    /// values.
    pub fn mapped(map: &Arc<Mmap>, bytes: Range<usize>) -> Option<Self> {
        let raw = map.get(bytes.clone())?;
        if raw.len() % 4 != 0 {
            return None;
        }
        if cfg!(target_endian = "little") && bytemuck::try_cast_slice::<u8, f32>(raw).is_ok() {
            return Some(Weights(Source::Mapped { map: map.clone(), bytes }));
        }
        Some(raw.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }

    /// Gives the memory of a range of values in a mapped file back to the system, which reads them again when they are
    /// next used. Whoever passes over large weights once calls it behind itself. Owned values stay.
    ///
    /// # Panics
    /// If the range leaves the array.
    pub fn release(&self, values: Range<usize>) {
        assert!(values.start <= values.end && values.end <= self.len(), "the range leaves the weights");
        #[cfg(unix)]
        if let Source::Mapped { map, bytes } = &self.0 {
            let (start, length) = (bytes.start + 4 * values.start, 4 * values.len());
            // SAFETY: what is given up of a mapping that is only read comes back from the file unchanged.
            // A system that refuses the advice keeps the pages, which is no error.
            let _ = unsafe { map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, start, length) };
        }
    }
}

impl Deref for Weights {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.0 {
            Source::Owned(values) => values,
            // The constructor has checked the range, the alignment and the byte order.
            Source::Mapped { map, bytes } => bytemuck::cast_slice(&map[bytes.clone()]),
        }
    }
}

impl From<Vec<f32>> for Weights {
    fn from(values: Vec<f32>) -> Self {
        Weights(Source::Owned(Arc::new(values)))
    }
}

impl FromIterator<f32> for Weights {
    fn from_iter<I: IntoIterator<Item = f32>>(values: I) -> Self {
        Weights::from(values.into_iter().collect::<Vec<f32>>())
    }
}

impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Weights({} values)", self.len())
    }
}
