//! Mapped files that somebody changes while they are read.
//!
//! What was cut off of a mapped file cannot be read any more: the system says so by a signal (SIGBUS), which ends a process. Here it
//! is handled: zeros take the place of what is missing, so that the work goes on to where it looks, and finds that a file
//! [has changed](check_inputs). Files that were overwritten in place are found by their length and the time of their last change.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use thiserror::Error;

/// Mapped files that are open.
static OPEN: Mutex<Vec<Weak<Guarded>>> = Mutex::new(Vec::new());
/// Files that had changed when their maps were closed.
static CHANGED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file as it was when it was mapped.
#[derive(Debug)]
pub(crate) struct Guarded {
    file: File,
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
    place: signal::Place,
}

impl Guarded {
    /// Guards a file that is mapped at an address.
    pub(crate) fn new(file: File, path: &Path, bytes: &[u8]) -> io::Result<Arc<Self>> {
        let metadata = file.metadata()?;
        let guarded = Arc::new(Guarded {
            path: path.to_path_buf(),
            length: metadata.len(),
            modified: metadata.modified().ok(),
            place: signal::Place::take(bytes),
            file,
        });
        let mut open = locked(&OPEN);
        open.retain(|other| other.strong_count() > 0);
        open.push(Arc::downgrade(&guarded));
        Ok(guarded)
    }

    /// Whether the file is what was mapped, as far as its length and the time of its last change tell.
    pub(crate) fn is_intact(&self) -> bool {
        let same = |metadata: std::fs::Metadata| {
            metadata.len() == self.length && (self.modified.is_none() || metadata.modified().ok() == self.modified)
        };
        !self.place.was_cut() && self.file.metadata().is_ok_and(same)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if !self.is_intact() {
            locked(&CHANGED).push(std::mem::take(&mut self.path));
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A mapped file was cut off or overwritten while it was read: what was made of it may be wrong.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{} was changed while it was read: run again, and replace it by renaming another file to its name", path.display())]
pub struct ChangedInput {
    /// The file.
    pub path: PathBuf,
}

impl From<ChangedInput> for io::Error {
    fn from(changed: ChangedInput) -> Self {
        io::Error::other(changed)
    }
}

/// Whether the files that are mapped now are what they were when they were mapped; with `ever`, also those that the process had
/// mapped before. No [output](crate::Output) takes its name where they are not. Asks the system once a file.
///
/// # Errors
/// One that changed.
pub fn check_inputs(ever: bool) -> Result<(), ChangedInput> {
    // Held on, so that none of them is dropped while the list is locked.
    let open: Vec<Arc<Guarded>> = locked(&OPEN).iter().filter_map(Weak::upgrade).collect();
    let now = open.iter().find(|guarded| !guarded.is_intact()).map(|guarded| guarded.path.clone());
    let before = || if ever { locked(&CHANGED).first().cloned() } else { None };
    now.or_else(before).map_or(Ok(()), |path| Err(ChangedInput { path }))
}

#[cfg(unix)]
mod signal {
    use std::mem::MaybeUninit;
    use std::sync::Once;
    use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

    /// Maps that are guarded at a time; what is mapped beside these is not.
    const PLACES: usize = 1024;

    /// A range of addresses, which a signal handler reads without a lock.
    struct Range {
        start: AtomicUsize,
        length: AtomicUsize,
        taken: AtomicBool,
        cut: AtomicBool,
    }

    static RANGES: [Range; PLACES] = [const {
        Range {
            start: AtomicUsize::new(0),
            length: AtomicUsize::new(0),
            taken: AtomicBool::new(false),
            cut: AtomicBool::new(false),
        }
    }; PLACES];
    static PAGE: AtomicUsize = AtomicUsize::new(0);
    /// What was done about the signal before.
    static BEFORE: AtomicPtr<libc::sigaction> = AtomicPtr::new(std::ptr::null_mut());
    static INSTALL: Once = Once::new();

    /// The place of a map among those that are guarded, if there is one left.
    #[derive(Debug)]
    pub(super) struct Place(Option<usize>);

    impl Place {
        pub(super) fn take(bytes: &[u8]) -> Self {
            INSTALL.call_once(install);
            let free = |range: &Range| !bytes.is_empty() && !range.taken.swap(true, Ordering::AcqRel);
            let found = RANGES.iter().position(free);
            if let Some(found) = found {
                let range = &RANGES[found];
                range.cut.store(false, Ordering::Relaxed);
                range.start.store(bytes.as_ptr() as usize, Ordering::Relaxed);
                range.length.store(bytes.len(), Ordering::Release);
            }
            Place(found)
        }

        pub(super) fn was_cut(&self) -> bool {
            self.0.is_some_and(|place| RANGES[place].cut.load(Ordering::Acquire))
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            if let Some(place) = self.0 {
                RANGES[place].length.store(0, Ordering::Release);
                RANGES[place].taken.store(false, Ordering::Release);
            }
        }
    }

    fn install() {
        // SAFETY: asking for the size of a page has no conditions.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        PAGE.store(usize::try_from(page).unwrap_or(4096), Ordering::Relaxed);
        let mut before = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: all zeros are an action: of no flags and an empty mask.
        let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
        action.sa_sigaction = handle as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        // SAFETY: both point to actions; the handler does what handlers may: atomic operations, `mmap` and `sigaction`.
        if unsafe { libc::sigaction(libc::SIGBUS, &action, before.as_mut_ptr()) } == 0 {
            // SAFETY: the call has succeeded, and has written it. It stays for as long as the handler does: to the end.
            BEFORE.store(Box::into_raw(Box::new(unsafe { before.assume_init() })), Ordering::Release);
        }
    }

    /// Puts zeros in the place of what is missing of a guarded map. Any other signal is left to whoever handled it before.
    extern "C" fn handle(_: libc::c_int, information: *mut libc::siginfo_t, _: *mut libc::c_void) {
        // SAFETY: the system gives a pointer to what it says of the signal, of which this one has an address.
        let address = unsafe { (*information).si_addr() } as usize;
        let page = address & !(PAGE.load(Ordering::Relaxed).max(1) - 1);
        for range in &RANGES {
            let (length, start) = (range.length.load(Ordering::Acquire), range.start.load(Ordering::Relaxed));
            if address.wrapping_sub(start) >= length {
                continue;
            }
            range.cut.store(true, Ordering::Release);
            let (flags, left) = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED, start + length - page);
            // SAFETY: the pages are those of a map that is guarded, from the one that is missing to the last; it is only read, and
            // unmapped in one piece when it is dropped, whatever lies there.
            let zeros = unsafe { libc::mmap(page as *mut libc::c_void, left, libc::PROT_READ, flags, -1, 0) };
            if zeros != libc::MAP_FAILED {
                return;
            }
        }
        // The access is tried again, and the signal comes again, to whoever handled it before.
        let before = BEFORE.load(Ordering::Acquire);
        // SAFETY: nothing is written where the second pointer is null; the first one is so too, or of an action that stays.
        unsafe {
            if before.is_null() {
                libc::signal(libc::SIGBUS, libc::SIG_DFL);
            } else {
                libc::sigaction(libc::SIGBUS, before, std::ptr::null_mut());
            }
        }
    }
}

#[cfg(not(unix))]
mod signal {
    /// Where a file cannot be cut off while it is mapped, nothing is to be guarded.
    #[derive(Debug)]
    pub(super) struct Place;

    impl Place {
        pub(super) fn take(_: &[u8]) -> Self {
            Place
        }

        pub(super) fn was_cut(&self) -> bool {
            false
        }
    }
}
