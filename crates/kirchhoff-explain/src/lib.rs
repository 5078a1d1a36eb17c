//! Explanations: an execution, a [`Question`], and its [`Answer`].

#![forbid(unsafe_code)]

mod answer;
mod choosing;
mod explain;
mod gates;
mod identity;
mod layered;
mod neurons;
mod paths;
mod preset;
mod question;
mod relative;
mod semiring;
mod target;

use kirchhoff_circuit::{EdgeError, GateError, UnrollError};
use kirchhoff_compile::CompileError;
use kirchhoff_evaluate::{AnnotationError, Coverage, EvaluationError, FoldError, GradientError, PathError};
use kirchhoff_kernel::Cancelled;
use kirchhoff_network::{ExecutionError, HASH_VERSION};
use kirchhoff_semiring::{Annotation, DefinitionFault, LookupError, ThetaError};
use thiserror::Error;

pub use answer::{Answer, LayerSetting, QUANTILES, SUMMARY_CHANNELS, TensorRelevance, TensorSummary};
pub use explain::{explain, explain_all, explain_circuit};
pub use gates::{
    GateNotes, GateOptions, NetworkNote, OutputExpression, Pruned, Symbolic, TargetNote, annotated,
    check_laws_of_gates, compile_gates, evaluate_executions, evaluate_executions_with, evaluate_gates,
    evaluate_gates_with, expressions, gradient, is_start, symbolic_values,
};
pub use layered::LayeredNotes;
pub use neurons::Neurons;
pub use paths::strongest_paths;
pub use preset::{ThetaPreset, theta_presets};
pub use question::{Layers, Question, ThetaChoice};
pub use relative::{Against, Place, Relative};
pub use semiring::{
    AnySemiring, Blocks, Described, Expressions, FindPaths, NameError, Named, Own, ReadError, Registry, Thetas,
};
pub use target::{Target, TargetError, target_layer, top};

/// Why a question has no answer.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ExplainError {
    /// A name that nothing has.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// A semiring by a name that it cannot have.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Operations that left the numbers of a semiring that is defined.
    #[error(transparent)]
    Fault(#[from] DefinitionFault),
    /// Rules that do not fit the network.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// Annotations that do not fit the semiring.
    #[error(transparent)]
    Annotation(#[from] AnnotationError),
    /// A threshold that a layer's annotation cannot take.
    #[error("layer `{layer}`: {error}")]
    Theta {
        /// The layer.
        layer: String,
        /// What is wrong.
        error: ThetaError,
    },
    /// An annotation that does not say which neurons are relevant, beside thresholds to be chosen by that.
    #[error(
        "thresholds are chosen by what is relevant, which annotation `{annotation}` of layer `{layer}` does not say: \
         give it a threshold, or leave it open too"
    )]
    InputDependentTheta {
        /// The layer.
        layer: String,
        /// Its annotation.
        annotation: Annotation,
    },
    /// Thresholds by name that are for other semirings.
    #[error("θ `{preset}` has no thresholds for semiring `{semiring}`; it is for {semirings}")]
    Preset {
        /// The preset.
        preset: &'static str,
        /// The semiring.
        semiring: String,
        /// Those that it has thresholds for.
        semirings: String,
    },
    /// A threshold that has to be given.
    #[error(
        "`{coverage}` of layer `{layer}` chooses a threshold by all contributions of an execution, which are not at \
         hand in a gate circuit: give a threshold"
    )]
    Open {
        /// The layer.
        layer: String,
        /// What is left to choose.
        coverage: Coverage,
    },
    /// A choice for layers that are not there, or that take no annotation.
    #[error("no annotated layer is named `{pattern}`{nearest}; the annotated layers are: {layers}")]
    NoLayer {
        /// The name or pattern.
        pattern: String,
        /// The names that come nearest, as a question; often nothing.
        nearest: String,
        /// The names there are.
        layers: String,
    },
    /// A layer to keep the relevance of that is not there.
    #[error("no layer is named `{pattern}`{nearest}; the layers are: {layers}")]
    NoTensor {
        /// The name or pattern.
        pattern: String,
        /// The names that come nearest, as a question; often nothing.
        nearest: String,
        /// The names there are.
        layers: String,
    },
    /// A target that the network does not have.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Relevance that is to go through neurons that it starts before.
    #[error(
        "relevance starts at `{start}` and goes to the input, and `{layer}`, which it is to go through, does not come before \
         that: name a layer in front of it"
    )]
    Behind {
        /// Where relevance starts.
        start: String,
        /// The layer that it is to go through.
        layer: String,
    },
    /// Neither one target nor one an input.
    #[error("{targets} targets are given for {inputs} inputs: give one for all, or one an input")]
    Targets {
        /// How many targets are given.
        targets: usize,
        /// How many inputs there are.
        inputs: usize,
    },
    /// A start value outside the carrier.
    #[error("a start of {value} is no element of semiring `{semiring}`, which takes {carrier}; {hint}")]
    Start {
        /// The value.
        value: f32,
        /// The semiring.
        semiring: String,
        /// Its carrier.
        carrier: String,
        /// What to do instead.
        hint: &'static str,
    },
    /// A formula from a target that counts against others, in a semiring without signs.
    #[error(
        "relevance starts with −1 at `{variable}`, which semiring `{semiring}` does not have: a formula is from 1, of targets \
         such as `3` or `3,8`"
    )]
    Contrast {
        /// What the target starts with.
        variable: String,
        /// The semiring.
        semiring: String,
    },
    /// Targets that count against others, in a symbolic semiring that has no difference.
    #[error(
        "`{variable}` counts against the target, but there is no difference of best paths: ask for each target alone; `why`, \
         `posbool`, `which` and `polynomial` have one"
    )]
    Difference {
        /// What the target starts with.
        variable: String,
    },
    /// A value of a variable outside the carrier.
    #[error("variable `{variable}`: {value} is no element of semiring `{semiring}`, which takes {carrier}")]
    Variable {
        /// The variable.
        variable: String,
        /// The value.
        value: f32,
        /// The semiring.
        semiring: String,
        /// Its carrier.
        carrier: String,
    },
    /// There are no strongest paths.
    #[error(transparent)]
    Paths(PathError),
    /// A circuit has no derivatives.
    #[error(transparent)]
    Gradient(#[from] GradientError),
    /// The network cannot run.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    /// Another annotation than the circuit was pruned for.
    #[error(
        "the circuit was pruned for semiring `{semiring}` with annotation `{by}` of layer `{layer}`; with `{got}` other \
         edges would be 0"
    )]
    Pruned {
        /// The layer.
        layer: String,
        /// Its annotation when the circuit was pruned.
        by: String,
        /// The semiring then.
        semiring: String,
        /// Its annotation now.
        got: String,
    },
    /// The evaluation failed or was stopped.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// The circuit cannot be unrolled, or its unrolling was stopped.
    #[error(transparent)]
    Unroll(#[from] UnrollError),
    /// Gates that cannot be made.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// Gates cannot be evaluated, or their evaluation was stopped.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// Executions that the leaves of a gate circuit are not for.
    #[error(transparent)]
    Edge(#[from] EdgeError),
    /// Stopped while contributions were computed.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// An execution of another network than the circuit's.
    #[error(
        "the circuit is that of another network: it was compiled from `{model}`, and the network that is to be run has \
         other layers or weights"
    )]
    OtherNetwork {
        /// The model that the circuit was compiled from.
        model: String,
    },
    /// A circuit whose network is known by a hash that this version does not compute.
    #[error(
        "the circuit of `{model}` was stored by {} of Kirchhoff, which told networks apart by another hash (version \
         {version}, now {}): compile the circuit again",
        if *version < HASH_VERSION { "an earlier version" } else { "a later version" },
        HASH_VERSION
    )]
    NetworkHash {
        /// The model that the circuit was compiled from.
        model: String,
        /// The version of its hash.
        version: u32,
    },
    /// A circuit for every execution, but without the edges that one does not need.
    #[error(
        "a circuit with a leaf for each edge serves every input, under every Θ: it cannot be pruned for one, and has \
         contributions on its leaves"
    )]
    Leaves,
    /// A circuit for every execution that starts at neurons of a hidden layer, which are active in some of them.
    #[error(
        "a circuit with a leaf for each edge starts from the network's outputs, so that it serves every input: without \
         `--leaves edges` it may start at a hidden layer"
    )]
    HiddenStart,
    /// Another target for a circuit that starts from its own.
    #[error(
        "the circuit starts from the targets that it was compiled for: a circuit with a leaf for each edge (`--leaves \
         edges`) takes others, once it is compiled by this version"
    )]
    FixedTargets,
    /// An annotation that a gate circuit cannot take.
    #[error(
        "annotation `rank` of layer `{layer}` needs all contributions of the layer, which a gate circuit may have \
         dropped: choose another annotation by --theta"
    )]
    Rank {
        /// The layer.
        layer: String,
    },
}

impl From<PathError> for ExplainError {
    fn from(error: PathError) -> Self {
        match error {
            PathError::Cancelled(cancelled) => cancelled.into(),
            error @ (PathError::NotSelective
            | PathError::Annotation { .. }
            | PathError::Relevance { .. }
            | PathError::Neuron { .. }
            | PathError::Steps { .. }) => ExplainError::Paths(error),
        }
    }
}
