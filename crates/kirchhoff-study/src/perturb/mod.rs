//! Perturbation: does the network change its answer when what is relevant goes?
//!
//! The core is told relevance as numbers, from wherever they come. [`Order::of`] ranks [`Regions`] of an input by their
//! relevance; a [`Perturbation`] replaces them step by step with a [`Baseline`] and follows the network's answer; the
//! curves are summed up by [`area_over_curve`] (AOPC) and [`area_under_curve`].
//!
//! | metric | here |
//! |---|---|
//! | pixel flipping (Bach et al. 2015; `PixelFlipping` of Quantus) | [`Regions::values`], the curve without its first value |
//! | region perturbation (Samek et al. 2017; `RegionPerturbation` of Quantus) | [`Regions::squares`], one region a step, the first value less the others |
//! | the attack of Groudiev & Maniu (2024), section 4.3 | one order for all inputs, [`drawn`] by `−η · mean \|R\|`, [`Baseline::Invert`] |
//! | their 4 × 4 map | [`Perturbation::single_regions`] on [`Regions::windows`] |
//!
//! `benches/peers/quantus_agreement.py` holds the curves against those of Quantus.

mod attack;
mod baseline;
mod context;
mod curve;
mod order;
mod region;
mod report;
mod settings;
mod study;
mod windows;

pub(crate) use baseline::Perturbed;
pub use baseline::{Baseline, Layout};
pub use curve::{Curve, Perturbation, Subject, area_over_curve, area_under_curve, probability};
pub use order::{Order, drawn};
pub use region::Regions;
pub use report::Faithfulness;
pub use settings::{Attack, Combination, Settings};
pub(crate) use study::questions_of;
pub use study::{Found, Tally, importance};
