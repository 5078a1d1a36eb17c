//! Work without the interpreter: on threads of its own, with Ctrl-C, progress, and what Python functions raise meanwhile.

use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kirchhoff::Monitor;
use kirchhoff::study::Watch;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// How often the thread that waits looks for signals and tells of progress.
const LOOK: Duration = Duration::from_millis(50);

/// What a Python function raised during a run. Its work then ends at the next occasion, and the caller gets the exception.
#[derive(Default)]
pub struct Failure {
    failed: AtomicBool,
    error: Mutex<Option<PyErr>>,
}

impl Failure {
    /// Whether something was raised: operations need not go on then.
    pub fn is_there(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Keeps an exception, unless there is one.
    pub fn set(&self, error: PyErr) {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.failed.store(true, Ordering::Relaxed);
    }

    /// The value, unless something was raised.
    ///
    /// # Errors
    /// What was raised.
    pub fn check(&self) -> PyResult<()> {
        match self.error.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// A run of some work: what stops it, and what it tells.
pub struct Run {
    /// What Python functions of the run raise.
    pub failure: Arc<Failure>,
    interrupted: AtomicBool,
    done: AtomicU64,
    total: AtomicU64,
    stage: Mutex<String>,
    progress: Option<Py<PyAny>>,
}

impl Run {
    /// A run that tells `progress(stage, done, total)`, if that is a function. Work is counted in edges.
    pub fn new(progress: Option<Py<PyAny>>, total: u64) -> Self {
        Run {
            failure: Arc::default(),
            interrupted: AtomicBool::new(false),
            done: AtomicU64::new(0),
            total: AtomicU64::new(total),
            stage: Mutex::default(),
            progress,
        }
    }

    /// Says what the work is about now.
    pub fn say(&self, stage: &str) {
        if self.progress.is_some() {
            *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage.to_string();
        }
    }

    /// Looks for signals, and tells of progress.
    fn look(&self, py: Python<'_>) -> PyResult<()> {
        py.check_signals()?;
        let Some(progress) = &self.progress else { return Ok(()) };
        let stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (done, total) = (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed));
        // The total is an estimate.
        progress.call1(py, (stage, done.min(total), total)).map(|_| ())
    }

    /// Does some work without the interpreter, on the threads of a pool, and looks for Ctrl-C meanwhile.
    ///
    /// # Errors
    /// What a signal handler or a Python function of the run raised.
    pub fn detached<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&Run) -> T + Send) -> PyResult<T> {
        let found = if rayon::current_thread_index().is_some() {
            // Called by a function that a run calls: its thread must not wait for itself.
            py.detach(|| work(self))
        } else {
            let pool = pool()?;
            let (send, receive) = channel();
            py.detach(move || {
                pool.in_place_scope(|scope| {
                    scope.spawn(move |_| {
                        // The one who waits is there until the scope ends.
                        let _ = send.send(work(self));
                    });
                    loop {
                        match receive.recv_timeout(LOOK) {
                            Ok(found) => return Some(found),
                            Err(RecvTimeoutError::Disconnected) => return None,
                            Err(RecvTimeoutError::Timeout) => {
                                if let Err(error) = Python::attach(|py| self.look(py)) {
                                    self.failure.set(error);
                                    self.interrupted.store(true, Ordering::Relaxed);
                                }
                            }
                        }
                    }
                })
            })
            // A panic of the work has come through the scope.
            .ok_or_else(|| PyRuntimeError::new_err("the work ended without a result"))?
        };
        self.failure.check()?;
        Ok(found)
    }
}

impl Monitor for Run {
    fn advance(&self, edges: u64) {
        self.done.fetch_add(edges, Ordering::Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) || self.failure.is_there()
    }
}

impl Watch for Run {
    fn pass(&self, name: &str, done: u64, total: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.say(name);
    }
}

/// A pool and the process that its threads belong to.
struct Pool {
    process: u32,
    threads: usize,
    pool: Arc<ThreadPool>,
}

/// The threads that all runs share. A process that was forked has none of its parent's, and makes its own.
static POOL: Mutex<Option<Pool>> = Mutex::new(None);

fn pool() -> PyResult<Arc<ThreadPool>> {
    let mut place = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = place.as_ref().filter(|found| found.process == process::id()) {
        return Ok(found.pool.clone());
    }
    let threads = place.as_ref().map_or(0, |found| found.threads);
    make(&mut place, threads)
}

fn make(place: &mut Option<Pool>, threads: usize) -> PyResult<Arc<ThreadPool>> {
    let error = |error| PyRuntimeError::new_err(format!("cannot start threads: {error}"));
    let pool = Arc::new(ThreadPoolBuilder::new().num_threads(threads).build().map_err(error)?);
    let old = place.replace(Pool { process: process::id(), threads, pool: pool.clone() });
    if let Some(old) = old.filter(|old| old.process != process::id()) {
        // Its threads are not there to be waited for.
        std::mem::forget(old);
    }
    Ok(pool)
}

/// Sets how many threads work from now on; 0 for one a core. Runs that are under way keep theirs.
#[pyfunction]
pub fn set_threads(threads: usize) -> PyResult<()> {
    let mut place = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    make(&mut place, threads).map(|_| ())
}
