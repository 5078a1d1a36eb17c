//! How many multiplications a sum of products takes.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::{Wiring, product};

/// How sums of products of real numbers are computed: forward passes, normalisers and real relevance.
///
/// Both are rounded in `f32`, otherwise; neither is exact. What compares, counts or takes the best of contributions, edge by
/// edge, is the same in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// Convolutions of 3 × 3 and stride 1 that are large enough take four ninths of the multiplications (`F(2 × 2, 3 × 3)`, Lavin
    /// & Gray 2016); all others one an edge.
    #[default]
    Winograd,
    /// One multiplication an edge, everywhere.
    Direct,
}

/// No arithmetic has this name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("no arithmetic is named `{0}`; there are `winograd` and `direct`")]
pub struct UnknownArithmetic(String);

impl Arithmetic {
    /// Both.
    pub const ALL: [Arithmetic; 2] = [Arithmetic::Winograd, Arithmetic::Direct];

    /// What it comes to in a forward pass over a wiring with the weights of every execution: direct, but for the convolutions
    /// that take fewer multiplications. The way back is most often the same.
    pub fn over(self, wiring: &Wiring) -> Arithmetic {
        match wiring {
            Wiring::Convolution(sliding) if self == Arithmetic::Winograd && product::saves(sliding) => self,
            Wiring::Repeated { wiring, .. } => self.over(wiring),
            _ => Arithmetic::Direct,
        }
    }

    /// The name that users write.
    pub fn name(self) -> &'static str {
        match self {
            Arithmetic::Winograd => "winograd",
            Arithmetic::Direct => "direct",
        }
    }
}

impl fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Arithmetic {
    type Err = UnknownArithmetic;

    fn from_str(name: &str) -> Result<Self, UnknownArithmetic> {
        Self::ALL.into_iter().find(|own| own.name() == name).ok_or_else(|| UnknownArithmetic(name.to_owned()))
    }
}
