//! What can be wrong with the assignment of rules to layers.

use kirchhoff_circuit::{CircuitError, RuleError};
use kirchhoff_semiring::CallError;
use thiserror::Error;

/// Why an execution cannot be compiled.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CompileError {
    /// Arguments that a rule does not take.
    #[error(transparent)]
    Arguments(#[from] CallError),
    /// A name that a rule of the user's own cannot have.
    #[error("a rule cannot be called `{name}`: {reason}")]
    RuleName {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Parts that make no rule.
    #[error("rule `{rule}`: {error}")]
    Terms {
        /// The rule.
        rule: String,
        /// What is wrong with its parts.
        error: RuleError,
    },
    /// A rule that was named for a layer that it does not fit.
    #[error("rule `{rule}` does not fit layer `{layer}` ({operator}): it is for {fits}{hint}")]
    Unfit {
        /// The rule.
        rule: String,
        /// The layer.
        layer: String,
        /// What the layer computes.
        operator: &'static str,
        /// What the rule is for.
        fits: String,
        /// What to do instead, or nothing.
        hint: &'static str,
    },
    /// A choice for layers that the network does not have.
    #[error("no layer is named `{pattern}`{nearest}; the layers with edges are: {layers}")]
    NoLayer {
        /// The name or pattern.
        pattern: String,
        /// The names that come nearest, as a question; often nothing.
        nearest: String,
        /// The names there are.
        layers: String,
    },
    /// A pattern that cannot be read.
    #[error("`{pattern}` is not a layer name or pattern: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A composite that numbers layers, on a network without that numbering.
    #[error(
        "composite `{composite}` numbers layers as torchvision's VGG does (features.0 … classifier.6); layer `{layer}` has no such number"
    )]
    Unnumbered {
        /// The composite.
        composite: String,
        /// The layer.
        layer: String,
    },
    /// Bounds whose number fits no channel count.
    #[error(
        "z-box on layer `{layer}` needs bounds with low ≤ high, 1 or one for each of its {channels} source channels; got {low} low and {high} high"
    )]
    Bounds {
        /// The layer.
        layer: String,
        /// Channels of its source.
        channels: usize,
        /// Number of lower bounds.
        low: usize,
        /// Number of upper bounds.
        high: usize,
    },
    /// Layers that do not make a circuit.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
}
