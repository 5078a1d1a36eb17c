//! Files that are read where they lie.

use std::io;
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytemuck::AnyBitPattern;
use memmap2::Mmap;

use crate::guard::Guarded;
use crate::open_input;

/// A mapped file and the path that it was opened by.
#[derive(Debug)]
pub struct MappedFile {
    // Dropped before the map is.
    guarded: Arc<Guarded>,
    map: Mmap,
    path: PathBuf,
}

impl MappedFile {
    /// Maps a regular file.
    ///
    /// Whoever replaces a file that is in use must rename another to its name, as [`Draft`](crate::Draft) does, and not overwrite
    /// it: then what is read may be of either, and where the file was cut off it is 0. [`is_intact`](MappedFile::is_intact) and
    /// [`check_inputs`](crate::check_inputs) tell, and no [output](crate::Output) is written afterwards. On Unix a handler of
    /// SIGBUS sees to it, which leaves what concerns no mapped file to the handler that was there before.
    ///
    /// # Errors
    /// What the system says, or a folder, pipe or device.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = open_input(path)?;
        // SAFETY: the map is only read. Nothing can keep another process from changing the file meanwhile, which is noticed.
        let map = unsafe { Mmap::map(&file)? };
        let guarded = Guarded::new(file, path, &map)?;
        Ok(MappedFile { guarded, map, path: path.to_path_buf() })
    }

    /// Whether the file is still what was mapped, as far as its length and the time of its last change tell.
    pub fn is_intact(&self) -> bool {
        self.guarded.is_intact()
    }

    /// The path that it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The BLAKE3 hash of the file, in hexadecimal. Takes little memory: what has been read is released.
    pub fn checksum(&self) -> String {
        const PART: usize = 1 << 26;
        let mut hasher = blake3::Hasher::new();
        for (number, part) in self.map.chunks(PART).enumerate() {
            hasher.update_rayon(part);
            self.release(number * PART..number * PART + part.len());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Reads a range of bytes into memory at once, which is quicker than page by page as they are first used. A hint: systems
    /// without the means leave it.
    ///
    /// # Panics
    /// If the range leaves the file.
    pub fn fetch(&self, bytes: Range<usize>) {
        assert!(bytes.start <= bytes.end && bytes.end <= self.map.len(), "the range leaves the file");
        #[cfg(target_os = "linux")]
        let _ = self.map.advise_range(memmap2::Advice::PopulateRead, bytes.start, bytes.len());
    }

    /// Gives the memory of a range of bytes back to the system, which reads them again when they are next used.
    ///
    /// # Panics
    /// If the range leaves the file.
    pub fn release(&self, bytes: Range<usize>) {
        assert!(bytes.start <= bytes.end && bytes.end <= self.map.len(), "the range leaves the file");
        // SAFETY: what is given up of a mapping that is only read comes back from the file unchanged.
        // A system that refuses the advice keeps the pages, which is no error.
        #[cfg(unix)]
        let _ =
            unsafe { self.map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, bytes.start, bytes.len()) };
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

/// Values in a mapped file, read in place.
#[derive(Debug)]
pub struct MappedSlice<T> {
    file: Arc<MappedFile>,
    bytes: Range<usize>,
    values: PhantomData<fn() -> T>,
}

impl<T: AnyBitPattern> MappedSlice<T> {
    /// The little-endian values in a range of bytes. `None` if the range leaves the file, does not hold whole values,
    /// or cannot be read in place: it is not aligned, or the machine is big-endian.
    pub fn new(file: &Arc<MappedFile>, bytes: Range<usize>) -> Option<Self> {
        let readable = cfg!(target_endian = "little") || size_of::<T>() == 1;
        let in_place = bytemuck::try_cast_slice::<u8, T>(file.get(bytes.clone())?).is_ok();
        (readable && in_place).then(|| MappedSlice { file: file.clone(), bytes, values: PhantomData })
    }

    /// The file.
    pub fn file(&self) -> &Arc<MappedFile> {
        &self.file
    }

    /// Where in the file the values are.
    pub fn bytes(&self) -> Range<usize> {
        self.bytes.clone()
    }
}

impl<T: AnyBitPattern> AsRef<[T]> for MappedSlice<T> {
    fn as_ref(&self) -> &[T] {
        // Range and alignment have been checked.
        bytemuck::cast_slice(&self.file[self.bytes.clone()])
    }
}

impl<T> Clone for MappedSlice<T> {
    fn clone(&self) -> Self {
        MappedSlice { file: self.file.clone(), bytes: self.bytes.clone(), values: PhantomData }
    }
}
