//! Metrics of explanations, each of the relevance of one input.

use std::fmt;
use std::str::FromStr;

use kirchhoff_semiring::UnknownName;

/// A metric. Names, definitions and defaults are those of Quantus 0.6 (Hedström et al., 2023).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// How well the relevance of random values tells how far the logit falls without them.
    FaithfulnessCorrelation,
    /// The Gini index of relevance.
    Sparseness,
    /// The entropy of the shares of relevance.
    Complexity,
    /// Whether the most relevant pixel lies on the object.
    PointingGame,
}

/// What there is to know of a metric.
#[derive(Clone, Copy, Debug)]
pub struct MetricInfo {
    /// The metric.
    pub metric: Metric,
    /// Its name.
    pub name: &'static str,
    /// What it is, in words.
    pub description: &'static str,
    /// Whether larger scores are better.
    pub larger_is_better: bool,
}

impl Metric {
    /// Every metric.
    pub const ALL: [MetricInfo; 4] = [
        MetricInfo {
            metric: Metric::FaithfulnessCorrelation,
            name: "faithfulness-correlation",
            description: "Pearson correlation of the relevance of random subsets of values and the fall of the logit without them \
                          (Bhatt et al. 2020)",
            larger_is_better: true,
        },
        MetricInfo {
            metric: Metric::Sparseness,
            name: "sparseness",
            description: "Gini index of |R|, 0 where all values are equal (Chalasani et al. 2020)",
            larger_is_better: true,
        },
        MetricInfo {
            metric: Metric::Complexity,
            name: "complexity",
            description: "entropy of the shares |R| / Σ |R|, in nats (Bhatt et al. 2020)",
            larger_is_better: false,
        },
        MetricInfo {
            metric: Metric::PointingGame,
            name: "pointing-game",
            description: "1 if a most relevant pixel lies in the mask of the object, else 0 (Zhang et al. 2018)",
            larger_is_better: true,
        },
    ];

    /// What there is to know of it.
    pub fn info(self) -> &'static MetricInfo {
        Metric::ALL.iter().find(|info| info.metric == self).expect("every metric is listed")
    }

    /// Whether it is of how large relevance is, so that costs and scores have none.
    pub fn needs_magnitudes(self) -> bool {
        match self {
            Metric::FaithfulnessCorrelation | Metric::Sparseness | Metric::Complexity => true,
            Metric::PointingGame => false,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}

impl FromStr for Metric {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let found = Metric::ALL.iter().find(|info| info.name == text.trim());
        let known: Vec<&str> = Metric::ALL.iter().map(|info| info.name).collect();
        found.map(|info| info.metric).ok_or_else(|| UnknownName::new("metric", text.trim(), &known))
    }
}

/// What Quantus adds to magnitudes, of which the largest is 1, so that there is an index where all are 0.
const SHIFT: f64 = 1e-7;

/// The Gini index of magnitudes, scaled so that the largest is 1; `None` where there is no relevance.
///
/// Takes time for sorting.
pub fn sparseness(relevance: &[f64]) -> Option<f64> {
    let largest = largest_magnitude(relevance)?;
    let mut magnitudes: Vec<f64> = relevance.iter().map(|value| value.abs() / largest + SHIFT).collect();
    magnitudes.sort_by(f64::total_cmp);
    let count = magnitudes.len() as f64;
    let weighted = |(rank, value): (usize, &f64)| (2.0 * (rank + 1) as f64 - count - 1.0) * value;
    let sum: f64 = magnitudes.iter().enumerate().map(weighted).sum();
    Some(sum / (count * magnitudes.iter().sum::<f64>()))
}

/// The entropy of the shares of magnitudes, in nats; `None` where there is no relevance.
pub fn complexity(relevance: &[f64]) -> Option<f64> {
    largest_magnitude(relevance)?;
    let sum: f64 = relevance.iter().map(|value| value.abs()).sum();
    let shares = relevance.iter().map(|value| value.abs() / sum).filter(|&share| share > 0.0);
    Some(shares.map(|share| -share * share.ln()).sum())
}

/// Whether one of the most relevant pixels lies in a mask: 1 or 0. `None` where the mask is empty.
pub fn pointing_game(relevance: &[f64], mask: &[bool]) -> Option<f64> {
    if !mask.contains(&true) {
        return None;
    }
    let best = relevance.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(f64::from(relevance.iter().zip(mask).any(|(&value, &inside)| inside && value == best)))
}

/// Pearson's correlation coefficient of two series; `None` where one of them does not vary.
pub fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut own, mut other) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        both += (a - mean_a) * (b - mean_b);
        own += (a - mean_a).powi(2);
        other += (b - mean_b).powi(2);
    }
    let scale = own.sqrt() * other.sqrt();
    // Of equal numbers, rounding alone is left.
    let varies = |sum: f64, mean: f64| sum.sqrt() > 1e-13 * mean.abs() * (a.len() as f64).sqrt();
    (varies(own, mean_a) && varies(other, mean_b)).then(|| (both / scale).clamp(-1.0, 1.0))
}

fn largest_magnitude(relevance: &[f64]) -> Option<f64> {
    let largest = relevance.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    (largest > 0.0 && largest.is_finite()).then_some(largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_hand() {
        let near = |got: Option<f64>, wanted: f64| {
            let got = got.unwrap();
            assert!((got - wanted).abs() < 1e-6, "{got} {wanted}");
        };
        // One of four has all: the Gini index is 3/4, and there is no entropy.
        near(sparseness(&[0.0, -3.0, 0.0, 0.0]), 0.75);
        near(complexity(&[0.0, -3.0, 0.0, 0.0]), 0.0);
        near(sparseness(&[2.0, 2.0]), 0.0);
        near(complexity(&[2.0, -2.0]), 2.0_f64.ln());
        // (−1 · 1 + 1 · 3) / (2 · 4).
        near(sparseness(&[3.0, 1.0]), 0.25);
        near(complexity(&[3.0, 1.0]), -(0.75 * 0.75_f64.ln() + 0.25 * 0.25_f64.ln()));
        assert_eq!((sparseness(&[0.0; 3]), complexity(&[0.0; 3])), (None, None));
        assert_eq!(pointing_game(&[1.0, 5.0, 5.0], &[false, false, true]), Some(1.0));
        assert_eq!(pointing_game(&[1.0, 5.0, 4.0], &[true, false, true]), Some(0.0));
        assert_eq!(pointing_game(&[1.0, 5.0], &[false; 2]), None);
        near(pearson(&[1.0, 2.0, 3.0], &[2.0, 4.0, 7.0]), 0.993_399_267_798_782_8);
        near(pearson(&[1.0, 2.0], &[5.0, 1.0]), -1.0);
        assert_eq!(pearson(&[0.1; 7], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), None);
    }

    #[test]
    fn metrics_are_found_by_their_names() {
        for info in Metric::ALL {
            assert_eq!(info.name.parse(), Ok(info.metric));
            assert_eq!(info.metric.to_string(), info.name);
        }
        assert!("sparsness".parse::<Metric>().unwrap_err().to_string().contains("sparseness"));
    }
}
