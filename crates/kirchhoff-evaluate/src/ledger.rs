//! The ledger of an explanation: what each layer did with the relevance that entered it.

use std::sync::Arc;

use kirchhoff_kernel::{parallel, vectorised};
use serde::Serialize;

/// Neurons whose relevance is added up together: sums do not depend on the number of threads.
pub(crate) const CHUNK: usize = 1 << 13;
/// Neurons whose amounts are written at a time.
pub(crate) const FEW: usize = 1 << 9;

/// What happened to relevance on its way through the layers, for one execution.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ledger {
    /// One entry a layer, from output to input.
    pub layers: Vec<LedgerEntry>,
}

/// What one layer did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LedgerEntry {
    /// Name of the layer.
    pub layer: Arc<str>,
    /// What the layer computes.
    pub operator: Arc<str>,
    /// The rule that it took.
    pub rule: Arc<str>,
    /// Number of edges.
    pub edges: u64,
    /// Number of edges that Θ keeps: does not send to 0. Counted where [`Bookkeeping::kept`] asks
    /// for it.
    pub kept: Option<u64>,
    /// Number of destination neurons, where relevance enters the layer.
    pub neurons: u64,
    /// Number of those whose relevance is not 0.
    pub relevant: u64,
    /// Sums of relevance, where the semiring has them.
    pub conservation: Option<Conservation>,
}

/// Sums of real relevance: what entered a layer, and where it went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Conservation {
    /// `Σ R` over the destination: what enters the layer.
    pub entered: f64,
    /// `Σ R` that reached sources.
    pub left: f64,
    /// What the bias absorbed.
    pub bias: f64,
    /// What the stabiliser absorbed, with that of neurons that the rule gives no contributions.
    pub stabiliser: f64,
    /// What entered neurons that no source is joined to.
    pub uncovered: f64,
    /// Whether the rule makes contributions shares of a whole, so that the books must balance.
    pub shares: bool,
}

impl Conservation {
    /// What is missing from the books: `entered − left − bias − stabiliser − uncovered`.
    ///
    /// Rounding only, for rules whose contributions are shares of a whole.
    pub fn gap(&self) -> f64 {
        self.entered - self.left - self.bias - self.stabiliser - self.uncovered
    }
}

/// The real numbers that values count as in the sums of a [`Conservation`], written one for each
/// value; `None` where they do not add up.
pub type Amount<'a, V> = Option<Arc<dyn Fn(&[V], &mut [f64]) + Send + Sync + 'a>>;

/// What the ledgers of a stream hold beside the sizes of layers.
#[derive(Clone)]
pub struct Bookkeeping<'a, V> {
    /// Sums of relevance, where values add up.
    pub amount: Amount<'a, V>,
    /// How many edges Θ keeps. It asks for a visit to every edge, which kernels that fold Θ into a product save.
    pub kept: bool,
}

impl<V> Default for Bookkeeping<'_, V> {
    /// Sizes alone.
    fn default() -> Self {
        Bookkeeping { amount: None, kept: false }
    }
}

impl<V: Sync> Bookkeeping<'_, V> {
    /// The relevance of each execution of a tensor of `size` neurons, added up; 0 where values do not add up.
    pub(crate) fn totals(&self, relevance: &[V], size: usize) -> Vec<f64> {
        let Some(amount) = &self.amount else { return vec![0.0; relevance.len().checked_div(size).unwrap_or(0)] };
        let chunk = |relevance: &[V]| -> f64 {
            let mut amounts = [0.0; FEW];
            let few = |relevance: &[V]| {
                let amounts = &mut amounts[..relevance.len()];
                amount(relevance, amounts);
                total(amounts)
            };
            relevance.chunks(FEW).map(few).sum()
        };
        let execution = |number: usize| {
            let relevance = &relevance[number * size..][..size];
            if size <= CHUNK {
                return chunk(relevance);
            }
            let part = |number: usize| chunk(&relevance[number * CHUNK..size.min((number + 1) * CHUNK)]);
            parallel::map(size.div_ceil(CHUNK), &part).iter().sum()
        };
        parallel::map(relevance.len().checked_div(size).unwrap_or(0), &execution)
    }
}

/// A sum, in several partial sums: one alone would wait for each addition.
fn total(amounts: &[f64]) -> f64 {
    vectorised(|| {
        let (groups, rest) = amounts.as_chunks::<8>();
        let mut partial = [0.0; 8];
        groups.iter().for_each(|group| partial.iter_mut().zip(group).for_each(|(sum, amount)| *sum += amount));
        partial.iter().sum::<f64>() + rest.iter().sum::<f64>()
    })
}
