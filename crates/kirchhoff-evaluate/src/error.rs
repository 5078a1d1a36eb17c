//! Why circuits cannot be evaluated.

use kirchhoff_kernel::Cancelled;
use kirchhoff_semiring::{CarrierError, Law};
use thiserror::Error;

/// Why a circuit cannot be evaluated.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EvaluationError {
    /// A start that is not one value an output neuron.
    #[error("{got} start values are given for {batch} executions of {outputs} outputs")]
    Start {
        /// Number of values given.
        got: usize,
        /// Number of executions.
        batch: usize,
        /// Number of output neurons of one.
        outputs: usize,
    },
    /// A value that is no element of the semiring.
    #[error(
        "layer `{layer}`: the relevance that it gives to neuron {neuron} of `{tensor}` is {value}, which is no element of the \
         semiring: sums left the numbers that the machine has; another rule bounds them, such as `epsilon` with a larger ε or \
         `gamma`"
    )]
    NoElement {
        /// The layer whose sources received it.
        layer: String,
        /// The execution, from 0.
        execution: usize,
        /// The tensor.
        tensor: String,
        /// The neuron.
        neuron: usize,
        /// The value.
        value: String,
    },
    /// Stopped by the monitor.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Annotations that do not fit a circuit or a semiring.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum AnnotationError {
    /// Not one annotation a layer.
    #[error("the circuit has {expected} layers, but {got} annotations are given")]
    Count {
        /// How many layers there are.
        expected: usize,
        /// How many annotations are given.
        got: usize,
    },
    /// Values outside the carrier.
    #[error("layer `{layer}`, rule `{rule}`: {error}")]
    Carrier {
        /// The layer.
        layer: String,
        /// Its rule.
        rule: String,
        /// What leaves what.
        error: Box<CarrierError>,
    },
}

/// Why a gate circuit cannot be evaluated.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FoldError {
    /// The circuit was simplified by a law that the semiring does not declare.
    #[error(
        "the circuit was simplified for semirings with {} ({}), which this one does not declare",
        law.name(),
        law.equation()
    )]
    Law {
        /// The first law that is missing.
        law: Law,
    },
    /// Not one value a variable.
    #[error("the circuit has {expected} variables, but {got} values are given")]
    Variables {
        /// Number of values given.
        got: usize,
        /// Number of variables.
        expected: usize,
    },
    /// Not one annotation a layer.
    #[error("the circuit has {expected} layers, but {got} annotations are given")]
    Annotations {
        /// Number of annotations given.
        got: usize,
        /// How many there should be.
        expected: usize,
    },
    /// Not as many vectors of contributions, or of values of variables, as there should be.
    #[error("{vectors} vectors of {size} {what} are {expected} values, but {got} are given")]
    Vectors {
        /// What the values are.
        what: &'static str,
        /// How many vectors there are.
        vectors: usize,
        /// How many values each has.
        size: usize,
        /// How many values there should be.
        expected: usize,
        /// How many are given.
        got: usize,
    },
    /// A value that is no element of the semiring.
    #[error(
        "the value of output {output} is {value}, which is no element of the semiring: sums or products left the numbers that \
         the machine has, or an annotation is none"
    )]
    NoElement {
        /// The output.
        output: usize,
        /// The value.
        value: String,
    },
    /// The annotation `rank` without the table of the layer's contributions.
    #[error("annotation `rank` of layer `{layer}` needs all contributions of the layer, which gates no longer have")]
    Ranks {
        /// The layer.
        layer: String,
    },
    /// A Θ of an edge's neurons for leaves that several edges share.
    #[error(
        "Θ of layer `{layer}` asks for the neurons of an edge, but edges of equal contributions share a leaf: make a circuit \
         with a leaf for each edge (`kirchhoff compile --leaves edges`), or explain the model"
    )]
    Neurons {
        /// The layer.
        layer: String,
    },
    /// Stopped by the monitor.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
