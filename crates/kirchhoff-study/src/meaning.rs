//! What the values of a semiring mean when they are drawn.

use kirchhoff_render::Kind;
use kirchhoff_semiring::{Meaning, SemiringInfo};

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
