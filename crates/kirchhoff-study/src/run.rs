//! Runs that can be stopped at any moment and gone on with.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kirchhoff_data::{Batch, DataSet, Skipped};
use kirchhoff_file::{Draft, Output, write_file};
use kirchhoff_kernel::Monitor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Identity, State, StudyError};

/// States are stored about this often; rarer where storing takes long.
const EVERY: Duration = Duration::from_secs(1);
/// Storing takes at most this share of the time.
const SHARE: u32 = 10;
/// What a stored state begins with.
const MAGIC: &[u8] = b"kirchhoff-study 2\n";
/// What states of every version begin with.
const STUDY: &[u8] = b"kirchhoff-study ";
/// The file by whose lock a run has a folder to itself, and what it holds.
const LOCK: &str = ".study.lock";
const LOCKED: &[u8] = b"kirchhoff-study lock\n";
const HASH: usize = 32;
/// Inputs that could not be taken are listed up to this number, and counted beyond it.
const LISTED: usize = 1000;

/// Watches a study: beside the edges that are done, it is told of passes.
pub trait Watch: Monitor {
    /// A pass begins that takes `total` edges, of which `done` were done before.
    fn pass(&self, name: &str, done: u64, total: u64) {
        let _ = (name, done, total);
    }
}

/// Watches nothing.
impl Watch for () {}

/// A run of a study in a folder, where it stores its state between batches and which it has to itself.
///
/// Each pass has a file `.STUDY-PASS.state` there, which stays until [`finish`](Run::finish): a run of several passes that
/// is stopped in the second does not do the first again. A process that is killed loses what it did in about the last
/// second.
pub struct Run<'a> {
    folder: PathBuf,
    /// Folders that were not there before, the innermost first.
    made: Vec<PathBuf>,
    study: String,
    identity: Identity,
    watch: &'a dyn Watch,
    /// The states that were stored or read.
    states: Vec<PathBuf>,
    lock: (File, PathBuf),
}

/// One pass over a data set.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// A word for it: passes of a run have different ones.
    pub name: &'a str,
    /// Inputs that are computed together. It belongs to the [`Identity`] where results depend on it.
    pub batch: usize,
    /// Edges that one input takes, for the progress.
    pub edges: u64,
}

/// What a pass ends with.
#[derive(Clone, Debug)]
pub struct Folded<S> {
    /// The state.
    pub state: S,
    /// The number of inputs that could not be taken.
    pub skipped: u64,
    /// The first thousand of them.
    pub listed: Vec<Skipped>,
}

/// What is stored.
#[derive(Serialize, Deserialize)]
struct Stored<S> {
    /// The first input that is still to be done.
    next: u64,
    skipped: u64,
    listed: Vec<Skipped>,
    state: S,
}

impl<S: State> Stored<S> {
    /// Whether a pass over so many inputs could have come to it.
    fn follows(&self, start: &S, count: usize) -> bool {
        let count = count as u64;
        let listed = self.listed.len() as u64 == self.skipped.min(LISTED as u64);
        self.next <= count && self.skipped <= self.next && listed && self.state.follows(start)
    }
}

impl<'a> Run<'a> {
    /// Opens a folder, which is made where it is not there, to begin a run or to go on with it. With `restart`, states
    /// that are stored there are removed.
    ///
    /// # Errors
    /// A folder that cannot be written to or in which another process is at work; a state that a run of another identity
    /// has stored there.
    pub fn open(folder: &Path, identity: Identity, restart: bool, watch: &'a dyn Watch) -> Result<Self, StudyError> {
        let write = |error| StudyError::Write { path: folder.to_path_buf(), error };
        let missing = folder.ancestors().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let made = missing.map(Path::to_path_buf).collect();
        fs::create_dir_all(folder).map_err(write)?;
        let path = folder.join(LOCK);
        let lock = lock(&path, folder)?;
        let study = identity.study().to_string();
        let (folder, lock) = (folder.to_path_buf(), (lock, path));
        let run = Run { folder, made, study, identity, watch, states: Vec::new(), lock };
        for entry in fs::read_dir(&run.folder).map_err(write)? {
            let entry = entry.map_err(write)?;
            let (path, name) = (entry.path(), entry.file_name());
            // Links, folders and what else a study does not make are left alone.
            if !entry.file_type().map_err(write)?.is_file() {
                continue;
            }
            if is_part(&name) {
                // Left by a process that was killed while it wrote.
                fs::remove_file(&path).map_err(write)?;
            } else if is_state(&name) {
                if !begins(&path, STUDY)? {
                    if run.owns(&name) {
                        return Err(StudyError::InTheWay { path });
                    }
                } else if restart {
                    fs::remove_file(&path).map_err(write)?;
                } else {
                    let bytes = fs::read(&path).map_err(|error| StudyError::Read { path: path.clone(), error })?;
                    run.content(&path, &bytes)?;
                }
            }
        }
        Ok(run)
    }

    /// Folds a data set: `compute` makes something of each batch, and `add` takes it into the state. Batches are added in
    /// the order of the data; one of which no input could be taken is passed over.
    ///
    /// `compute` may be cancelled or fail; whatever `add` has been given is done. A stored state of the pass is gone on
    /// from.
    ///
    /// # Errors
    /// What reading or `compute` fails with; a state that cannot be written or read. [`StudyError::Interrupted`] if the
    /// monitor asks for it: then the state is stored.
    pub fn pass<S: State, T>(
        &mut self,
        pass: Pass<'_>,
        data: &mut DataSet,
        state: S,
        mut compute: impl FnMut(&Batch) -> Result<T, StudyError>,
        mut add: impl FnMut(&mut S, T),
    ) -> Result<Folded<S>, StudyError> {
        let path = self.folder.join(format!(".{}-{}.state", self.study, pass.name));
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(StudyError::InTheWay { path });
        }
        let count = data.count();
        let mut stored = match self.read::<S>(&path)? {
            Some(stored) if stored.follows(&state, count) => stored,
            Some(_) => return Err(StudyError::State { path }),
            None => Stored { next: 0, skipped: 0, listed: Vec::new(), state },
        };
        self.states.push(path.clone());
        let edges = |inputs: u64| inputs.saturating_mul(pass.edges);
        self.watch.pass(pass.name, edges(stored.next), edges(count as u64));
        let (mut last, mut pause, mut saved) = (Instant::now(), EVERY, stored.next);
        while (stored.next as usize) < count {
            let first = stored.next as usize;
            let range = first..(first + pass.batch.max(1)).min(count);
            let end = range.end;
            let step = || -> Result<_, StudyError> {
                let batch = data.read(range)?;
                let made = if batch.labels.is_empty() { None } else { Some(compute(&batch)?) };
                Ok((made, batch.skipped))
            };
            let cancelled = self.watch.cancelled();
            let (made, skipped) = match if cancelled { None } else { Some(step()) } {
                Some(Ok(made)) => made,
                Some(Err(error)) if !error.is_cancelled() => return Err(error),
                _ => {
                    self.write(&path, &stored)?;
                    return Err(StudyError::Interrupted { pass: pass.name.to_string(), done: first, count });
                }
            };
            if let Some(made) = made {
                add(&mut stored.state, made);
            }
            stored.skipped += skipped.len() as u64;
            let room = LISTED.saturating_sub(stored.listed.len());
            stored.listed.extend(skipped.into_iter().take(room));
            stored.next = end as u64;
            if last.elapsed() >= pause {
                let clock = Instant::now();
                self.write(&path, &stored)?;
                (last, pause, saved) = (Instant::now(), EVERY.max(clock.elapsed() * SHARE), stored.next);
            }
        }
        if saved < stored.next {
            self.write(&path, &stored)?;
        }
        Ok(Folded { state: stored.state, skipped: stored.skipped, listed: stored.listed })
    }

    /// The monitor.
    pub fn watch(&self) -> &'a dyn Watch {
        self.watch
    }

    /// Removes the states, when the run's outputs are written.
    ///
    /// # Errors
    /// A state that cannot be removed.
    pub fn finish(mut self) -> Result<(), StudyError> {
        self.made.clear();
        for path in self.states.iter().chain([&self.lock.1]) {
            fs::remove_file(path).map_err(|error| StudyError::Write { path: path.clone(), error })?;
        }
        Ok(())
    }

    /// Whether a name is that of a state of this study.
    fn owns(&self, name: &OsStr) -> bool {
        name.to_str()
            .and_then(|name| name.strip_prefix('.')?.strip_prefix(&self.study))
            .is_some_and(|rest| rest.starts_with('-'))
    }

    fn read<S: DeserializeOwned>(&self, path: &Path) -> Result<Option<Stored<S>>, StudyError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StudyError::Read { path: path.to_path_buf(), error }),
        };
        let content = self.content(path, &bytes)?;
        let stored = postcard::from_bytes(content).map_err(|_| StudyError::State { path: path.to_path_buf() })?;
        Ok(Some(stored))
    }

    /// What a state's file holds behind its head, checked.
    fn content<'b>(&self, path: &Path, bytes: &'b [u8]) -> Result<&'b [u8], StudyError> {
        let damaged = || StudyError::State { path: path.to_path_buf() };
        let end = bytes.len().checked_sub(HASH).ok_or_else(damaged)?;
        let (body, hash) = bytes.split_at(end);
        if blake3::hash(body).as_bytes() != hash {
            return Err(damaged());
        }
        let body = body.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let (identity, content) = postcard::take_from_bytes::<Identity>(body).map_err(|_| damaged())?;
        if identity != self.identity {
            let differences = self.identity.differences(&identity);
            return Err(StudyError::Other { path: path.to_path_buf(), differences });
        }
        Ok(content)
    }

    /// Writes a state, whole. What a process that was killed leaves half-written is removed by the next one.
    fn write<S: Serialize>(&self, path: &Path, stored: &Stored<S>) -> Result<(), StudyError> {
        let failed = |error| StudyError::Write { path: path.to_path_buf(), error };
        let serialised =
            |result: postcard::Result<Vec<u8>>| result.map_err(|error| failed(std::io::Error::other(error)));
        let mut bytes = MAGIC.to_vec();
        bytes.extend(serialised(postcard::to_stdvec(&self.identity))?);
        bytes.extend(serialised(postcard::to_stdvec(stored))?);
        let hash = blake3::hash(&bytes);
        bytes.extend(hash.as_bytes());
        // What is there is a state: the run has looked.
        write_file(Output::new(path).forced(true), &bytes).map_err(failed)
    }
}

impl Drop for Run<'_> {
    /// A run that has stored nothing leaves nothing.
    fn drop(&mut self) {
        if !self.states.iter().any(|state| state.exists()) {
            let _ = fs::remove_file(&self.lock.1);
            self.made.iter().for_each(|folder| drop(fs::remove_dir(folder)));
        }
    }
}

/// Takes the lock of a folder, in a file that is made where it is not there.
fn lock(path: &Path, folder: &Path) -> Result<File, StudyError> {
    let write = |error| StudyError::Write { path: path.to_path_buf(), error };
    match fs::symlink_metadata(path) {
        // One that was killed before it had written anything leaves an empty one.
        Ok(found) if !found.is_file() || (found.len() > 0 && !begins(path, LOCKED)?) => {
            return Err(StudyError::InTheWay { path: path.to_path_buf() });
        }
        _ => {}
    }
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(write)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(StudyError::Locked { path: folder.to_path_buf() }),
        Err(TryLockError::Error(error)) => return Err(write(error)),
    }
    if file.metadata().map_err(write)?.len() == 0 {
        file.write_all(LOCKED).map_err(write)?;
    }
    Ok(file)
}

/// Whether a file begins with these bytes, or is not there.
fn begins(path: &Path, bytes: &[u8]) -> Result<bool, StudyError> {
    let failed = |error| StudyError::Read { path: path.to_path_buf(), error };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(failed(error)),
    };
    let mut head = Vec::new();
    file.take(bytes.len() as u64).read_to_end(&mut head).map_err(failed)?;
    Ok(head == bytes)
}

fn is_state(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") && name.ends_with(b".state")
}

/// Whether a file was a state that was being written aside, as a [`Draft`].
fn is_part(name: &OsStr) -> bool {
    let state = name.as_encoded_bytes().rsplitn(3, |&byte| byte == b'.').nth(2).unwrap_or_default();
    std::str::from_utf8(state)
        .ok()
        .and_then(|state| state.strip_prefix('.'))
        .is_some_and(|state| is_state(state.as_ref()) && Draft::is_of(name, state.as_ref()))
}
