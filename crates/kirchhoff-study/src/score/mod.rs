//! Scores: metrics of explanations over a data set, input by input.
//!
//! A metric takes the relevance of the values of an input; the pointing game that of its pixels, with channels joined by the semiring's
//! ⊕. Relevance from elsewhere is scored beside that of semirings, by the same metrics on the same random subsets.
//!
//! `benches/peers/quantus_scores.py` holds the scores against those of Quantus.

mod metric;
mod report;
mod study;

pub use metric::{Metric, MetricInfo, complexity, pearson, pointing_game, sparseness};
pub use study::{Found, Settings};
