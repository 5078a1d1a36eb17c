//! Attempts at a reader: what it does with a file, within which time and memory.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use tempfile::TempDir;

use crate::mutate::mutant;
use crate::{ALLOCATOR, Reader};

/// The processor time that a file may take.
pub const TIME: Duration = Duration::from_secs(10);
/// The bytes that reading a file may hold at once beside [`PER_BYTE`] for each of its own. A formula of twenty bytes may say that it
/// has a million variables, each of which gets a name.
pub const MEMORY: usize = 96 << 20;
/// A mutant is [long](crate::mutate) where it is made of thousands of the same part, each of which may become a layer or gate.
pub const PER_BYTE: usize = 1024;
/// How often the time is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// The exit code of a process that ended since a file took too long.
const TOO_LONG: i32 = 3;

/// A folder in which files are put for readers, which take paths.
pub struct Attempt {
    folder: TempDir,
}

/// A file on which a reader did what it must not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// The number of the [mutant].
    pub number: u64,
    /// What happened.
    pub what: String,
}

/// A new folder for temporary files, which are in memory where the system has such a place: there are thousands in a second.
///
/// # Errors
/// What the system says.
pub fn folder() -> std::io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
}

impl Attempt {
    /// A new folder.
    ///
    /// # Errors
    /// What the system says.
    pub fn new() -> std::io::Result<Self> {
        Ok(Attempt { folder: folder()? })
    }

    /// Has a reader read a file of these bytes, whatever comes of it.
    ///
    /// # Panics
    /// If the file cannot be written, or the reader panics.
    pub fn read(&self, reader: &Reader, bytes: &[u8]) {
        let path = self.folder.path().join(format!("file.{}", reader.extension));
        std::fs::write(&path, bytes).expect("the folder of the attempts can be written to");
        (reader.read)(&path);
    }

    /// As [`read`](Attempt::read): what the reader did that it must not, if it did.
    pub fn fault(&self, reader: &Reader, bytes: &[u8]) -> Option<String> {
        ALLOCATOR.reset_peak_usage();
        let before = ALLOCATOR.current_usage();
        let read = catch_unwind(AssertUnwindSafe(|| self.read(reader, bytes)));
        let held = ALLOCATOR.peak_usage().saturating_sub(before);
        if read.is_err() {
            return Some(PANIC.lock().unwrap_or_else(PoisonError::into_inner).clone());
        }
        let allowed = MEMORY + PER_BYTE * bytes.len();
        (held > allowed).then(|| format!("held {} MiB, more than {} MiB", held >> 20, allowed >> 20))
    }
}

/// Processor time of this process, in nanoseconds.
fn time() -> u64 {
    ProcessTime::now().as_duration().as_nanos() as u64
}

static PANIC: Mutex<String> = Mutex::new(String::new());

/// Keeps what panics say, with the places of them, instead of printing it.
fn remember_panics() {
    std::panic::set_hook(Box::new(|panic| {
        *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string();
    }));
}

static BEGAN: AtomicU64 = AtomicU64::new(u64::MAX);

/// Ends the process if a file takes longer than [`TIME`].
fn watch_time() {
    std::thread::spawn(|| {
        loop {
            std::thread::sleep(LOOK);
            let began = BEGAN.load(Ordering::Relaxed);
            if time().saturating_sub(began) > TIME.as_nanos() as u64 {
                std::process::exit(TOO_LONG);
            }
        }
    });
}

/// Has a reader read the mutants of these numbers, in this process, until a moment. Each number is written to `number` before its
/// turn, so that whoever started the process knows which one ended it. Returns the number to go on with.
///
/// # Errors
/// What the system says about the folder of the attempts, the file of the number, or the output to which finds go, a line each.
pub fn try_reader(
    reader: &Reader,
    numbers: std::ops::Range<u64>,
    until: Instant,
    number_file: &Path,
    mut finds: impl Write,
) -> std::io::Result<u64> {
    let (attempt, seeds) = (Attempt::new()?, reader.all_seeds());
    watch_time();
    remember_panics();
    for number in numbers.clone() {
        if Instant::now() > until {
            return Ok(number);
        }
        let bytes = mutant(&seeds, reader.mutate, number);
        std::fs::write(number_file, number.to_string())?;
        BEGAN.store(time(), Ordering::Relaxed);
        if let Some(what) = attempt.fault(reader, &bytes) {
            writeln!(finds, "{number} {}", what.replace('\n', " "))?;
            finds.flush()?;
        }
        BEGAN.store(u64::MAX, Ordering::Relaxed);
    }
    Ok(numbers.end)
}

/// Has a reader read some files, in this process.
///
/// # Errors
/// What the system says about the folder of the attempts.
pub fn try_files(reader: &Reader, files: &[(String, Vec<u8>)]) -> std::io::Result<Vec<(String, String)>> {
    let attempt = Attempt::new()?;
    watch_time();
    remember_panics();
    let mut faults = Vec::new();
    for (name, bytes) in files {
        BEGAN.store(time(), Ordering::Relaxed);
        faults.extend(attempt.fault(reader, bytes).map(|what| (name.clone(), what)));
        BEGAN.store(u64::MAX, Ordering::Relaxed);
    }
    Ok(faults)
}

/// The find of a process that ended with this status at a mutant.
pub fn find_of(number: u64, status: std::process::ExitStatus) -> Find {
    let what = match status.code() {
        Some(TOO_LONG) => format!("took more than {} s", TIME.as_secs()),
        _ => format!("the process ended: {status}"),
    };
    Find { number, what }
}
