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
    pub(crate) fn bound(self, own: f32) -> f32 {
        let passes = |x: f32| self.keeps(own * x);
        let near = self.theta / own;
        if own == 0.0 || !passes(f32::MAX) {
            return f32::INFINITY;
        }
        // Division rounds: the bound is most often this number or a neighbour.
        for x in [near.next_down(), near, near.next_up()] {
            if passes(x) && !passes(x.next_down()) {
                return x;
            }
        }
        // Positive numbers are ordered as their bits are.
        let (mut low, mut high) = (0, f32::MAX.to_bits());
        while low + 1 < high {
            let middle = low.midpoint(high);
            *(if passes(f32::from_bits(middle)) { &mut high } else { &mut low }) = middle;
        }
        f32::from_bits(high)
    }
}
