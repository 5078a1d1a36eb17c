//! Thresholds on contributions.

/// Which contributions a threshold keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// θ.
    pub theta: f32,
    /// `|d| > θ` instead of `d ≥ θ`.
    pub absolute: bool,
}

impl Threshold {
    /// Whether a contribution passes.
    #[inline(always)]
    pub fn keeps(self, d: f32) -> bool {
        if self.absolute { d.abs() > self.theta } else { d >= self.theta }
    }

    /// The least `x` for which `own · x` passes, as it is rounded, of `own ≥ 0`; `∞` if there is none.
    #[inline]
    pub(crate) fn bound(self, own: f32) -> f32 {
        // Many neurons are 0, as behind a ReLU.
        if own == 0.0 || !self.keeps(own * f32::MAX) {
            return f32::INFINITY;
        }
        let near = self.theta / own;
        let passes = |x: f32| self.keeps(own * x);
        // Division rounds: the bound is most often this number or a neighbour.
        let neighbours = [near.next_down(), near, near.next_up()];
        let bound = neighbours.into_iter().find(|&x| passes(x) && !passes(x.next_down()));
        bound.unwrap_or_else(|| self.bound_by_search(own))
    }

    /// [`bound`](Threshold::bound) of a number that has one.
    #[cold]
    fn bound_by_search(self, own: f32) -> f32 {
        let passes = |x: f32| self.keeps(own * x);
        // Positive numbers are ordered as their bits are.
        let (mut low, mut high) = (0, f32::MAX.to_bits());
        while low + 1 < high {
            let middle = low.midpoint(high);
            *(if passes(f32::from_bits(middle)) { &mut high } else { &mut low }) = middle;
        }
        f32::from_bits(high)
    }
}
