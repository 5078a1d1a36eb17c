//! What the values of a semiring mean when they are drawn.

use kirchhoff_render::{Curve, Kind, Plot};
use kirchhoff_semiring::{Meaning, SemiringInfo, semirings};

/// How the values of a semiring are drawn.
pub fn kind(semiring: &SemiringInfo) -> Kind {
    match semiring.meaning {
        Meaning::Signed => Kind::Signed,
        Meaning::Share | Meaning::Threshold => Kind::Magnitude,
        Meaning::Count => Kind::Count,
        Meaning::Truth => Kind::Truth,
        Meaning::Cost => Kind::Cost,
        Meaning::Score => Kind::Score,
    }
}

/// A plot with a curve of what a name stands for: of a built-in semiring in its one colour, dashed where it is the other of two.
pub(crate) fn with_curve(plot: Plot, name: &str, other: bool, curve: Curve) -> Plot {
    match semirings().iter().position(|info| info.name == name) {
        Some(place) => plot.with_curve_of(place, other, curve),
        None => plot.with_curve(curve),
    }
}
