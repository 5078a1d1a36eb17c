//! The instruction sets that kernels are compiled for, and the choice among them.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

use pulp::{Arch, WithSimd};
use thiserror::Error;

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

/// The environment variable that names the set to use.
const VARIABLE: &str = "KIRCHHOFF_INSTRUCTIONS";

/// The set that kernels use; 0 before the first one runs.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// A name that no instruction set of this machine has.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{VARIABLE} is `{name}`, but this machine has {available}")]
pub struct UnknownInstructions {
    name: String,
    available: String,
}

impl Instructions {
    const ALL: [Instructions; 4] =
        [Instructions::Portable, Instructions::Avx2, Instructions::Avx512, Instructions::Neon];

    /// The sets that this machine can run, the widest last.
    pub fn available() -> Vec<Instructions> {
        Self::ALL.into_iter().filter(|set| set.arch().is_some()).collect()
    }

    /// The name, as the environment variable `KIRCHHOFF_INSTRUCTIONS` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Instructions::Portable => "portable",
            Instructions::Avx2 => "avx2",
            Instructions::Avx512 => "avx512",
            Instructions::Neon => "neon",
        }
    }

    /// The set that kernels use: that of the environment variable `KIRCHHOFF_INSTRUCTIONS`, else the widest one.
    ///
    /// # Errors
    /// A name that no set of this machine has.
    pub fn from_environment() -> Result<Self, UnknownInstructions> {
        let available = Self::available();
        let Some(name) = std::env::var_os(VARIABLE).filter(|name| !name.is_empty()) else {
            return Ok(available.last().copied().unwrap_or(Instructions::Portable));
        };
        available.iter().copied().find(|set| *name == *set.name()).ok_or_else(|| UnknownInstructions {
            name: name.to_string_lossy().into_owned(),
            available: available.iter().map(|set| set.name()).collect::<Vec<_>>().join(", "),
        })
    }

    /// The set that kernels use. A name in the environment that this machine does not have counts as none.
    pub fn chosen() -> Instructions {
        let number = CHOSEN.load(Ordering::Relaxed);
        Self::ALL.into_iter().find(|&set| set as u8 == number).unwrap_or_else(|| {
            let widest = || Self::available().pop().unwrap_or(Instructions::Portable);
            let set = Self::from_environment().unwrap_or_else(|_| widest());
            CHOSEN.store(set as u8, Ordering::Relaxed);
            set
        })
    }

    /// Makes all kernels of the process use one set, or that of the environment again: for tests and measurements. A set
    /// that the machine lacks changes nothing.
    ///
    /// Sums of floating-point numbers are rounded otherwise under another set. A kernel that runs while the choice changes
    /// may panic.
    pub fn force(set: Option<Instructions>) {
        if set.is_none_or(|set| set.arch().is_some()) {
            CHOSEN.store(set.map_or(0, |set| set as u8), Ordering::Relaxed);
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
        f.write_str(self.name())
    }
}

/// Runs a loop over numbers that the compiler vectorises, compiled for each instruction set, with the chosen one. What the
/// loop calls must be inlined. Results are the same under each set.
#[inline]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    vectorised_by(chosen(), work)
}

/// [`vectorised`], by instructions that were chosen before: for loops of few turns.
#[inline]
pub(crate) fn vectorised_by<R>(arch: Arch, work: impl FnOnce() -> R) -> R {
    struct Loop<F>(F);
    impl<R, F: FnOnce() -> R> WithSimd for Loop<F> {
        type Output = R;
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, _: S) -> R {
            (self.0)()
        }
    }
    arch.dispatch(Loop(work))
}

/// The chosen instructions.
#[inline]
pub(crate) fn chosen() -> Arch {
    Instructions::chosen().arch().unwrap_or_default()
}

/// Runs a kernel with the chosen instructions.
#[doc(hidden)] // For the crates of the project: `pulp` is not a part of what they promise.
#[inline]
pub fn dispatch<K: WithSimd>(kernel: K) -> K::Output {
    chosen().dispatch(kernel)
}
