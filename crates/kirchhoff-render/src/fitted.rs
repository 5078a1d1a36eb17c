//! A heat map with its style fitted to its values: which colour each cell takes.

use image::Rgb;

use crate::{HeatMap, Scale, Style, format_value};

/// Room between "not relevant at all" and the least relevant value, and between the most relevant and +∞: in a palette,
/// a step that everyone sees.
pub(crate) const GAP: f64 = 0.12;

/// A style fitted to the values of one map: every value has a position and a colour, and the legend is known.
#[derive(Clone, Debug)]
pub struct Fitted {
    style: Style,
    low: f64,
    high: f64,
    /// Whether the map holds values that are not relevant at all.
    holds_none: bool,
    /// Whether the map holds values beyond every finite one.
    holds_top: bool,
    clips_low: bool,
    clips_high: bool,
    /// Of the values, how many are above zero; reported for truth values.
    truths: usize,
    count: usize,
}

/// The words of a colour bar, from the least relevant end to the most relevant.
#[derive(Clone, Debug, PartialEq)]
pub struct Legend {
    /// The value that is not relevant at all, if the map holds it and the scale sets it apart.
    pub none: Option<String>,
    /// The end of the scale that is least relevant, or most contrary. Begins with ≤ or ≥ where values beyond it were
    /// clipped.
    pub low: String,
    /// The end that is most relevant.
    pub high: String,
    /// The infinity beyond `high`, if the map holds it.
    pub top: Option<String>,
    /// The clipping quantile, if it clipped any value.
    pub clip: Option<f64>,
}

impl Fitted {
    pub(crate) fn new(style: Style, map: &HeatMap) -> Self {
        let (mut holds_none, mut holds_top) = (false, false);
        let mut scaled = Vec::new();
        let (mut truths, mut count) = (0, 0);
        for value in map.values() {
            count += 1;
            truths += usize::from(value > 0.0);
            match style.scale() {
                Scale::Logarithmic if value <= 0.0 => holds_none = true,
                Scale::Cost if value == f64::INFINITY => holds_none = true,
                Scale::Cost if value == f64::NEG_INFINITY => holds_top = true,
                Scale::Score if value == f64::NEG_INFINITY => holds_none = true,
                _ if value == f64::INFINITY => holds_top = true,
                _ if value.is_infinite() => {}
                Scale::Symmetric => scaled.push(value.abs()),
                _ => scaled.push(value),
            }
        }
        scaled.sort_unstable_by(f64::total_cmp);
        let (lowest, highest) = match (scaled.first(), scaled.last()) {
            (Some(&lowest), Some(&highest)) => (lowest, highest),
            _ => (0.0, 0.0),
        };
        let (low, high) =
            style.range().map_or_else(|| ends(style, &scaled, lowest, highest), |[low, high]| (low, high));
        let (low, high) = match style.scale() {
            Scale::Symmetric => {
                let bound = low.abs().max(high.abs());
                (-bound, bound)
            }
            _ => (low, high),
        };
        let least = if style.scale() == Scale::Symmetric { -highest } else { lowest };
        let any = !scaled.is_empty();
        let truths_only = style.scale() == Scale::Truth;
        Self {
            style,
            low,
            high,
            holds_none,
            holds_top,
            clips_low: any && least < low && !truths_only,
            clips_high: any && highest > high && !truths_only,
            truths,
            count,
        }
    }

    /// The style that was fitted.
    pub fn style(&self) -> &Style {
        &self.style
    }

    /// The ends of the scale, the lower first.
    pub(crate) fn ends(&self) -> [f64; 2] {
        [self.low, self.high]
    }

    /// The place of a value in the palette, from −1 to 1. A value that is not a number lies at 0.
    pub fn position(&self, value: f64) -> f64 {
        let top = if self.holds_top { 1.0 - GAP } else { 1.0 };
        match self.style.scale() {
            Scale::Symmetric if value == 0.0 || value.is_nan() => 0.0,
            // With no finite value but 0, the infinities keep their sign.
            Scale::Symmetric if self.high == 0.0 => value.signum(),
            Scale::Symmetric => (value / self.high).clamp(-1.0, 1.0),
            Scale::Linear => share(value, self.low, self.high).unwrap_or(0.0),
            Scale::Logarithmic if value.is_nan() || value <= 0.0 => 0.0,
            Scale::Logarithmic => {
                let logarithm = |value: f64| libm::log(value.max(f64::MIN_POSITIVE));
                apart(share(logarithm(value), logarithm(self.low), logarithm(self.high)), value == f64::INFINITY, top)
            }
            Scale::Cost if value.is_nan() || value == f64::INFINITY => 0.0,
            Scale::Cost => apart(share(-value, -self.high, -self.low), value == f64::NEG_INFINITY, top),
            Scale::Score if value.is_nan() || value == f64::NEG_INFINITY => 0.0,
            Scale::Score => apart(share(value, self.low, self.high), value == f64::INFINITY, top),
            Scale::Truth => f64::from(u8::from(value > 0.0)),
        }
    }

    /// The colour of a value.
    pub fn colour(&self, value: f64) -> Rgb<u8> {
        self.style.palette().colour(self.position(value))
    }

    /// The positions between which the colour bar runs, without the values it sets apart.
    pub(crate) fn bar(&self) -> [f64; 2] {
        match self.style.scale() {
            Scale::Symmetric => [-1.0, 1.0],
            Scale::Linear | Scale::Truth => [0.0, 1.0],
            _ => [GAP, if self.holds_top { 1.0 - GAP } else { 1.0 }],
        }
    }

    /// The words of the colour bar.
    pub fn legend(&self) -> Legend {
        let (none, top) = match self.style.scale() {
            Scale::Logarithmic => (0.0, f64::INFINITY),
            Scale::Cost => (f64::INFINITY, f64::NEG_INFINITY),
            _ => (f64::NEG_INFINITY, f64::INFINITY),
        };
        let mark = |clipped: bool, sign: &str, value: f64| {
            format!("{}{}", if clipped { sign } else { "" }, format_value(value))
        };
        let low = mark(self.clips_low, "≤ ", self.low);
        let high = mark(self.clips_high, "≥ ", self.high);
        let (low, high) = match self.style.scale() {
            Scale::Cost => (high, low),
            Scale::Truth => ("false".to_owned(), format!("true {}", percent(self.truths, self.count))),
            _ => (low, high),
        };
        let sets_apart = !matches!(self.style.scale(), Scale::Symmetric | Scale::Linear | Scale::Truth);
        Legend {
            none: (sets_apart && self.holds_none).then(|| format_value(none)),
            low,
            high,
            top: (sets_apart && self.holds_top).then(|| format_value(top)),
            clip: self.style.clip().filter(|_| self.style.range().is_none() && (self.clips_low || self.clips_high)),
        }
    }
}

impl Legend {
    /// One line of text, such as `∞ | 8.1 … 0.2`.
    pub fn line(&self) -> String {
        let none = self.none.as_ref().map(|none| format!("{none} | ")).unwrap_or_default();
        let top = self.top.as_ref().map(|top| format!(" | {top}")).unwrap_or_default();
        // Only truth values have words at their ends, and "true 25 %" says it all.
        if self.low == "false" {
            return self.high.clone();
        }
        format!("{none}{} … {}{top}", self.low, self.high)
    }
}

/// The ends that the finite values give, clipped where the style asks for it. `sorted` holds magnitudes for a symmetric
/// scale.
fn ends(style: Style, sorted: &[f64], lowest: f64, highest: f64) -> (f64, f64) {
    let (mut low, mut high) = (lowest, highest);
    if let (Some(quantile), false) = (style.clip(), sorted.is_empty()) {
        // Nearest rank, rounded outwards: clipping begins only where a whole value lies beyond the quantile.
        let last = sorted.len() - 1;
        let rank = (quantile * last as f64).ceil() as usize;
        (low, high) = (sorted[last - rank], sorted[rank]);
        // A map that is sparser than the quantile keeps its few values rather than becoming blank.
        if high <= 0.0 && highest > 0.0 && matches!(style.scale(), Scale::Symmetric | Scale::Linear) {
            high = highest;
        }
    }
    if style.scale() == Scale::Linear { (low.min(0.0), high.max(0.0)) } else { (low, high) }
}

/// The share of the way from low to high, between 0 and 1; none if there is no way.
fn share(value: f64, low: f64, high: f64) -> Option<f64> {
    // Halves, since the difference of two finite numbers may be infinite.
    let way = high / 2.0 - low / 2.0;
    (way > 0.0 && !value.is_nan()).then(|| ((value / 2.0 - low / 2.0) / way).clamp(0.0, 1.0))
}

/// A relevant value's position, above the gap; a map with a single level shows it as the most relevant.
fn apart(share: Option<f64>, beyond: bool, top: f64) -> f64 {
    if beyond { 1.0 } else { share.map_or(top, |share| GAP + (top - GAP) * share) }
}

fn percent(part: usize, whole: usize) -> String {
    let percent = 100.0 * part as f64 / whole.max(1) as f64;
    match percent {
        // "0 %" and "100 %" are kept for none and all.
        _ if part > 0 && percent < 0.1 => "< 0.1 %".to_owned(),
        _ if part < whole && percent > 99.9 => "> 99.9 %".to_owned(),
        _ => format!("{} %", format_value((percent * 10.0).round() / 10.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, Join, Kind, Palette};
    use proptest::prelude::*;

    const INFINITY: f64 = f64::INFINITY;

    fn fitted(kind: Kind, values: &[f64]) -> Fitted {
        Style::for_values(kind).fit(&HeatMap::plane(values, [1, values.len()]).unwrap())
    }

    #[test]
    fn signed_values_are_symmetric_around_white() {
        let fit = fitted(Kind::Signed, &[-4.0, 0.0, 2.0]);
        assert_eq!([-4.0, -2.0, 0.0, 2.0, 4.0].map(|value| fit.position(value)), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        assert_eq!(fit.colour(0.0), Rgb([255; 3]));
        assert_eq!(fit.legend().line(), "−4 … 4");
    }

    #[test]
    fn counts_are_logarithmic_and_zero_stands_apart() {
        let fit = fitted(Kind::Count, &[0.0, 1.0, 1e19, 1e38]);
        assert_eq!(fit.position(0.0), 0.0);
        assert_eq!(fit.position(1.0), GAP);
        assert!((fit.position(1e19) - f64::midpoint(GAP, 1.0)).abs() < 1e-12);
        assert_eq!(fit.position(1e38), 1.0);
        assert_eq!(fit.legend().line(), "0 | 1 … 1e38");
        let overflowed = fitted(Kind::Count, &[0.0, 10.0, INFINITY]);
        assert_eq!(overflowed.position(INFINITY), 1.0);
        assert_eq!(overflowed.position(10.0), 1.0 - GAP);
        assert_eq!(overflowed.legend().line(), "0 | 10 … 10 | ∞");
    }

    #[test]
    fn costs_are_reversed() {
        let fit = fitted(Kind::Cost, &[0.0, 8.0, INFINITY]);
        assert_eq!(fit.position(0.0), 1.0);
        assert_eq!(fit.position(8.0), GAP);
        assert_eq!(fit.position(INFINITY), 0.0);
        assert_eq!(fit.legend().line(), "∞ | 8 … 0");
    }

    #[test]
    fn scores_keep_both_infinities_apart() {
        let fit = fitted(Kind::Score, &[f64::NEG_INFINITY, -3.0, 1.0, INFINITY]);
        let positions = [f64::NEG_INFINITY, -3.0, 1.0, INFINITY].map(|value| fit.position(value));
        assert_eq!(positions, [0.0, GAP, 1.0 - GAP, 1.0]);
        assert_eq!(fit.legend().line(), "−∞ | −3 … 1 | ∞");
    }

    #[test]
    fn truth_is_two_colours_and_a_share() {
        let fit = fitted(Kind::Truth, &[1.0, 0.0, 0.0, 0.0]);
        assert_eq!([fit.colour(0.0), fit.colour(1.0)], [0.0, 1.0].map(|position| Palette::Truth.colour(position)));
        assert_eq!(fit.legend().line(), "true 25 %");
        assert_eq!(percent(1, 100_000), "< 0.1 %");
        assert_eq!(percent(99_999, 100_000), "> 99.9 %");
        assert_eq!(percent(784, 784), "100 %");
    }

    #[test]
    fn constant_maps_have_colours() {
        let cases = [
            (Kind::Signed, 0.0, 0.0),
            (Kind::Signed, -3.0, -1.0),
            (Kind::Magnitude, 0.0, 0.0),
            (Kind::Magnitude, 0.7, 1.0),
            (Kind::Count, 0.0, 0.0),
            (Kind::Count, 5.0, 1.0),
            (Kind::Cost, INFINITY, 0.0),
            (Kind::Cost, 0.0, 1.0),
            (Kind::Score, f64::NEG_INFINITY, 0.0),
            (Kind::Score, 0.05, 1.0),
            (Kind::Score, INFINITY, 1.0),
            (Kind::Signed, INFINITY, 1.0),
        ];
        for (kind, value, position) in cases {
            let fit = fitted(kind, &[value; 9]);
            assert_eq!(fit.position(value), position, "{kind:?} {value}");
            assert!(!fit.legend().line().contains("number"));
        }
    }

    #[test]
    fn clipping_is_robust_and_stated() {
        let mut values = vec![1.0; 9_999];
        values.push(1e9);
        let fit = fitted(Kind::Signed, &values);
        assert_eq!(fit.position(1.0), 1.0);
        assert_eq!(
            fit.legend(),
            Legend { none: None, low: "≤ −1".to_owned(), high: "≥ 1".to_owned(), top: None, clip: Some(0.999) }
        );
        // Fewer than a thousand values lose none; nor does a map that is sparser than the quantile.
        let small = fitted(Kind::Signed, &values[9_500..]);
        assert_eq!(small.legend().line(), "−1e9 … 1e9");
        values[..9_999].fill(0.0);
        assert_eq!(fitted(Kind::Magnitude, &values).legend().line(), "0 … 1e9");
        let unclipped = Style::for_values(Kind::Signed).with_clip(1.0).unwrap();
        assert_eq!(unclipped.fit(&HeatMap::grid(&values).unwrap()).legend().clip, None);
    }

    #[test]
    fn a_fixed_range_holds_for_every_map() {
        let style = Style::for_values(Kind::Magnitude).with_range(0.0, 10.0).unwrap();
        let fit = style.fit(&HeatMap::grid(&[5.0, 20.0]).unwrap());
        assert_eq!(fit.position(5.0), 0.5);
        assert_eq!(fit.legend().line(), "0 … ≥ 10");
        assert_eq!(fit.legend().clip, None);
        assert!(matches!(style.with_range(1.0, 0.0), Err(Error::Range { .. })));
        assert!(matches!(style.with_range(0.0, INFINITY), Err(Error::Range { .. })));
        assert!(matches!(style.with_clip(0.5), Err(Error::Quantile { .. })));
        assert!(matches!(style.with_clip(f64::NAN), Err(Error::Quantile { .. })));
    }

    #[test]
    fn empty_cells_do_not_count() {
        let map = HeatMap::grid(&[1.0, 1.0, 0.0, 0.0, 0.0]).unwrap();
        assert_eq!(Style::for_values(Kind::Truth).fit(&map).legend().line(), "true 40 %");
    }

    proptest! {
        #[test]
        fn order_is_kept(values in prop::collection::vec(prop::num::f64::ANY, 1..40)) {
            let mut values: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
            prop_assume!(!values.is_empty());
            values.sort_by(f64::total_cmp);
            for kind in [Kind::Signed, Kind::Magnitude, Kind::Count, Kind::Truth, Kind::Cost, Kind::Score] {
                let fit = fitted(kind, &values);
                let positions: Vec<f64> = values.iter().map(|&value| fit.position(value)).collect();
                prop_assert!(positions.iter().all(|position| (-1.0..=1.0).contains(position)), "{kind:?} {positions:?}");
                let ordered = |pair: &[f64]| if kind == Kind::Cost { pair[0] >= pair[1] } else { pair[0] <= pair[1] };
                prop_assert!(positions.windows(2).all(ordered), "{kind:?} {values:?} {positions:?}");
            }
        }

        #[test]
        fn signed_colours_mirror(value in -1e300..1e300_f64, other in -1e300..1e300_f64) {
            let fit = fitted(Kind::Signed, &[value, other]);
            prop_assert_eq!(fit.position(-value), -fit.position(value));
        }
    }

    #[test]
    fn joins_are_the_sums_of_the_semirings() {
        assert_eq!(Kind::Cost.join(), Join::Min);
        assert_eq!(Kind::Truth.join(), Join::Or);
        assert_eq!(Kind::Signed.join(), Join::Sum);
    }
}
