//! The built-in semirings, one to a file.

mod boolean;
mod bottleneck;
mod counting;
mod counting_float;
mod fuzzy;
mod log;
mod lukasiewicz;
mod max_plus;
mod product;
mod real;
mod tropical;
mod viterbi;
mod worlds;

pub use boolean::Boolean;
pub use bottleneck::Bottleneck;
pub use counting::Counting;
pub use counting_float::CountingFloat;
pub use fuzzy::Fuzzy;
pub use log::Log;
pub use lukasiewicz::Lukasiewicz;
pub use max_plus::MaxPlus;
pub use product::Product;
pub use real::Real;
pub use tropical::Tropical;
pub use viterbi::Viterbi;
pub use worlds::Worlds;

// Values are never NaN, so one comparison decides: in registers this form is a single `maxps` or `minps`, where
// `f32::max` and `f32::min`, made for NaN, take three instructions.

/// The greater of two numbers, neither of them NaN.
#[inline(always)]
fn maximum(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The lesser of two numbers, neither of them NaN.
#[inline(always)]
fn minimum(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// `x` where it lies in `[low, high]`, else the nearer end. −0 becomes 0, so that the bits of a maximum do not depend
/// on the order of its arguments.
#[inline(always)]
pub(crate) fn clamp(x: f32, low: f32, high: f32) -> f32 {
    minimum(maximum(x, low), high) + 0.0
}

/// Whether `a` and `b` differ by at most `relative` of the larger magnitude or by `absolute`. Infinities are close to
/// themselves only.
pub(crate) fn near(a: f32, b: f32, relative: f32, absolute: f32) -> bool {
    a == b
        || (a - b).abs()
            <= absolute + relative * if a.is_finite() && b.is_finite() { a.abs().max(b.abs()) } else { 0.0 }
}
