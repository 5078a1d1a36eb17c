//! Sums over the edges of a layer, in either direction and over any semiring.
//!
//! This crate knows no network and no circuit. It knows [`Wiring`]s: which neurons of one flat tensor are joined to
//! which of another, without storing the edges. Over a wiring it computes
//!
//! - [`Forward`] passes, `out[k] = Σ_j u(j) · ρ(w[j,k])`, which make activations and normalisers, and
//! - [`propagate`], `R[j] ← R[j] ⊕ ⊕_k Θ(d[j,k]) ⊗ R[k]`, one step of relevance (Groudiev & Maniu 2024, 2.1.3), whose
//!   contributions `d` are sums of separable [`Term`]s `u(j) · ρ(w[j,k]) · v(k)` and are never stored.
//!
//! Both run in parallel and give the same bits whatever the number of threads. Long work is watched by a [`Monitor`].
//!
//! ```
//! use kirchhoff_kernel::{Contributions, Edges, Slopes, SourceFactor, Term, WeightFactor, Wiring, propagate};
//! use kirchhoff_semiring::{Real, Viterbi};
//!
//! // Two sources, one destination: z = 3·0.5 + 1·0.5 = 2, and LRP-0 shares out n / z.
//! let (activations, weights) = ([3.0, 1.0], [0.5, 0.5]);
//! let z = 2.0;
//! let term = Term {
//!     source: SourceFactor::Activation(Slopes::IDENTITY),
//!     weight: WeightFactor::IDENTITY,
//!     destination: [1.0 / z].into(),
//! };
//! let edges = Edges {
//!     wiring: &Wiring::Dense { inputs: 2, outputs: 1 },
//!     weights: Some(&weights),
//!     activations: &activations,
//!     contributions: &Contributions::Terms(vec![term]),
//!     execution: 0,
//! };
//!
//! let mut relevance = [0.0; 2];
//! propagate(&edges, &Real, |d| d, &[8.0], &mut relevance, &())?;
//! assert_eq!(relevance, [6.0, 2.0]);
//!
//! let mut best = [0.0; 2];
//! propagate(&edges, &Viterbi, |d| d, &[1.0], &mut best, &())?;
//! assert_eq!(best, [0.75, 0.25]);
//! # Ok::<(), kirchhoff_kernel::Cancelled>(())
//! ```

mod arithmetic;
mod backward;
mod blockwise;
mod check;
mod count;
mod edges;
mod factors;
mod finite;
mod floats;
mod forward;
mod memory;
mod monitor;
pub mod parallel;
mod product;
mod propagate;
mod term;
mod threshold;
mod window;
mod wiring;

pub use arithmetic::{Arithmetic, UnknownArithmetic};
pub use backward::Backward;
pub use blockwise::{EdgeBlock, propagate_blocks};
pub use check::WiringError;
pub use edges::{Contributions, EdgeWeights, Edges, LayerEdges, LayerPart, Scratch};
pub use finite::first_not_finite;
pub use floats::{Floats, Values, Weights};
pub use forward::{Forward, Reduction, join_channels, maxima, maximum};
pub use kirchhoff_semiring::{Instructions, UnknownInstructions, vectorised};
pub use memory::{filled, zeros};
pub use monitor::{Cancelled, Monitor};
pub use product::LaneTheta;
pub use propagate::{propagate, propagate_neurons};
pub use term::{Slopes, SourceFactor, Term, WeightFactor};
pub use threshold::Threshold;
pub use window::{Window, WindowError};
pub use wiring::{Axes, Axis, AxisEdges, AxisWindows, Run, Sliding, View, Wiring};
