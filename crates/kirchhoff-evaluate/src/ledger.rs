//! The ledger of an explanation: what each layer did with the relevance that entered it.

use std::sync::Arc;

use serde::Serialize;

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
    /// Number of edges that Θ keeps: does not send to 0. Counted where [`Bookkeeping::kept`](crate::Bookkeeping) asks
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
