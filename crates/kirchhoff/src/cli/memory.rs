//! How much memory the process has held, where the system tells (Linux).

use std::fs;

/// The largest amount of memory in bytes that the process has held since it began, or since [`forget_peak`].
pub fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// Makes [`peak`] begin anew at what the process holds now; whether the system did so.
pub fn forget_peak() -> bool {
    fs::write("/proc/self/clear_refs", "5").is_ok()
}
