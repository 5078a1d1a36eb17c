//! Ctrl-C, and what else asks a process to end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

static CANCELLED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
static HANDLER: OnceLock<()> = OnceLock::new();

/// From now on Ctrl-C, SIGTERM and the end of the terminal stop the work in order instead of ending the process, so that nothing
/// half-done is left. A signal that whoever started the process had ignored, as `nohup` does, stays ignored.
pub fn stop_at_interrupt() {
    HANDLER.get_or_init(|| {
        let ignored = ignored();
        #[cfg(not(unix))]
        let stops = [SIGINT, SIGTERM];
        #[cfg(unix)]
        let stops = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
        for signal in stops.into_iter().filter(|&signal| ignored >> (signal - 1) & 1 == 0) {
            // A second one, while the work comes to its stop, ends the process at once. Without a handler, which some
            // sandboxes refuse, the first one does.
            let _ = flag::register_conditional_shutdown(signal, 130, CANCELLED.clone());
            let _ = flag::register(signal, CANCELLED.clone());
        }
    });
}

/// Has the system say that a file has become too large, rather than end the process in the midst of it.
pub fn survive_file_limits() {
    // The handler has nothing to do: what counts is that the signal no longer ends the process.
    #[cfg(unix)]
    let _ = flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

/// Whether the work has been asked to stop.
pub fn cancelled() -> bool {
    CANCELLED.load(Ordering::Relaxed)
}

/// The signals that the process was started with ignored, a bit each, the first one the lowest; none where the system does not
/// say it in a file.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
