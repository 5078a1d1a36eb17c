//! How much memory the process has held, where the system tells (Linux).

use std::fs;

/// The largest amount of memory in bytes that the process has held since it began, or since [`forget_peak_memory`]; `None`
/// where the system does not tell.
pub fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// Makes [`peak_memory`] begin anew at what the process holds now; whether the system did so.
pub fn forget_peak_memory() -> bool {
    fs::write("/proc/self/clear_refs", "5").is_ok()
}
