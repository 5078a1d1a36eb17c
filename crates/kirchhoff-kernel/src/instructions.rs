//! The instruction sets that kernels are compiled for, and the choice among them.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

use pulp::{Arch, WithSimd};

/// A set of vector instructions that every kernel is compiled for. One binary holds them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Instructions {
    /// What every processor of the architecture has.
    Portable = 1,
    /// x86-64 with 256-bit vectors and fused multiply-add.
    Avx2 = 2,
    /// x86-64 with 512-bit vectors.
    Avx512 = 3,
    /// AArch64 with 128-bit vectors.
    Neon = 4,
}

/// The set that is used instead of the widest one; 0 for none.
static FORCED: AtomicU8 = AtomicU8::new(0);

impl Instructions {
    const ALL: [Instructions; 4] =
        [Instructions::Portable, Instructions::Avx2, Instructions::Avx512, Instructions::Neon];

    /// The sets that this machine can run, the widest last.
    pub fn available() -> Vec<Instructions> {
        Self::ALL.into_iter().filter(|set| set.arch().is_some()).collect()
    }

    /// The set that kernels use.
    pub fn chosen() -> Instructions {
        let forced = FORCED.load(Ordering::Relaxed);
        let forced = Self::ALL.into_iter().find(|&set| set as u8 == forced);
        forced.unwrap_or_else(|| Self::available().pop().unwrap_or(Instructions::Portable))
    }

    /// Makes all kernels of the process use one set, or the widest one again: for tests and measurements. A set that
    /// the machine lacks changes nothing.
    ///
    /// Sums of floating-point numbers are rounded otherwise under another set. A kernel that runs while the choice changes
    /// may panic.
    pub fn force(set: Option<Instructions>) {
        if set.is_none_or(|set| set.arch().is_some()) {
            FORCED.store(set.map_or(0, |set| set as u8), Ordering::Relaxed);
        }
    }

    fn arch(self) -> Option<Arch> {
        match self {
            Instructions::Portable => Some(Arch::Scalar),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => pulp::x86::V3::try_new().map(Arch::V3),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => pulp::x86::V4::try_new().map(Arch::V4),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => pulp::aarch64::Neon::try_new().map(Arch::Neon),
            _ => None,
        }
    }
}

impl fmt::Display for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Instructions::Portable => "portable",
            Instructions::Avx2 => "AVX2",
            Instructions::Avx512 => "AVX-512",
            Instructions::Neon => "NEON",
        })
    }
}

/// Runs a kernel with the chosen instructions.
#[inline]
pub(crate) fn dispatch<K: WithSimd>(kernel: K) -> K::Output {
    match FORCED.load(Ordering::Relaxed) {
        // What the processor has is looked up once.
        0 => Arch::new(),
        _ => Instructions::chosen().arch().unwrap_or_default(),
    }
    .dispatch(kernel)
}
