//! Semirings as values: what stands between a semiring and everything above its evaluation.

mod definition;
mod described;
mod paths;
mod questioned;
mod recorder;
mod registry;
mod theta;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use kirchhoff_circuit::{GateCircuit, LayeredCircuit};
use kirchhoff_evaluate::{Advance, Annotations};
use kirchhoff_formula::Decision;
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::{Annotation, DefinitionFault, LawReport, Project, SemiringInfo};

use crate::{Answer, ExplainError, Question};

pub use definition::Expressions;
pub use described::Described;
pub use paths::FindPaths;
pub use registry::{NameError, ReadError, Registry};
pub use theta::{Blocks, Named, Own, Thetas};

/// A semiring as a value, whatever its type: one of the built-in ones, or anybody's. It derefs to what there is to know of it.
///
/// Everything above the evaluation of circuits holds semirings so: questions, answers, pictures, studies and the command line
/// are compiled once, and not for each semiring.
///
/// ```
/// use kirchhoff::explain::{AnySemiring, Described, Question};
/// use kirchhoff::semiring::{Project, Semiring};
///
/// /// The longest path, by number of edges; `None` where there is no path.
/// #[derive(Clone)]
/// struct Longest;
///
/// impl Semiring for Longest {
///     type Value = Option<u32>;
///     fn zero(&self) -> Option<u32> { None }
///     fn one(&self) -> Option<u32> { Some(0) }
///     fn plus(&self, a: &Option<u32>, b: &Option<u32>) -> Option<u32> { *a.max(b) }
///     fn times(&self, a: &Option<u32>, b: &Option<u32>) -> Option<u32> { Some((*a)? + (*b)?) }
/// }
///
/// impl Project for Longest {
///     fn project(&self, a: &Option<u32>) -> f64 { a.map_or(f64::NEG_INFINITY, f64::from) }
/// }
///
/// let longest = Described::new("longest", Longest).with_theta(|_: &str, d: f32| (d > 0.0).then_some(1));
/// let question = Question::of(longest);
/// assert_eq!(question.semiring.name, "longest");
///
/// let viterbi = AnySemiring::named("viterbi")?;
/// assert_eq!(viterbi.plus, "max(a, b)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct AnySemiring(Arc<dyn Erased>);

impl AnySemiring {
    /// The built-in numeric semiring that a text names, with arguments where it has parameters.
    ///
    /// # Errors
    /// No such semiring, with the nearest names.
    pub fn named(text: &str) -> Result<Self, kirchhoff_semiring::LookupError> {
        registry::built_in(text)
    }

    /// Whether it is one of the built-in semirings.
    pub fn is_built_in(&self) -> bool {
        self.0.is_built_in()
    }

    /// Whether −1 is an element whose product with itself is 1, so that targets may count against the explanation by a sign.
    pub fn has_signs(&self) -> bool {
        self.0.has_signs()
    }

    /// Checks the axioms and the declared laws on the semiring's [elements](kirchhoff_semiring::Semiring::elements).
    pub fn check_laws(&self) -> LawReport {
        self.0.check_laws()
    }

    /// What Θ makes of a contribution of the layer of a name, for formulas: the semiring's 0 or 1, or a number.
    ///
    /// # Panics
    /// If the annotation is not one that the semiring takes, or is [`Annotation::Rank`].
    pub fn decide(&self, annotation: Annotation, layer: &str, d: f32) -> Decision {
        self.0.decide(annotation, layer, d)
    }

    /// The way of a question through a layered circuit: see [`Answering`].
    pub(crate) fn stream<'a>(
        &'a self,
        circuit: &'a LayeredCircuit,
        question: &Question,
    ) -> Result<Box<dyn Answering + 'a>, ExplainError> {
        self.0.stream(self, circuit, question)
    }

    /// The strongest paths through a layered circuit.
    pub(crate) fn paths<'a>(
        &'a self,
        circuit: &'a LayeredCircuit,
        question: &Question,
        count: usize,
        monitor: &dyn Monitor,
    ) -> Result<Box<dyn FindPaths + 'a>, ExplainError> {
        self.0.paths(circuit, question, count, monitor)
    }

    /// The answer of a gate circuit.
    pub(crate) fn fold(&self, fold: GateFold<'_>) -> Result<Answer, ExplainError> {
        self.0.fold(self, fold)
    }

    /// Checks the axioms and the declared laws on the values of the gates of a circuit.
    pub(crate) fn check_laws_of_gates(&self, fold: GateFold<'_>) -> Result<LawReport, ExplainError> {
        self.0.check_laws_of_gates(fold)
    }
}

impl Deref for AnySemiring {
    type Target = SemiringInfo;

    fn deref(&self) -> &SemiringInfo {
        self.0.info()
    }
}

impl fmt::Debug for AnySemiring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnySemiring").field(&self.name).finish()
    }
}

/// Two values are the same semiring if they have the same name: no two of a run have.
impl PartialEq for AnySemiring {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl<S: Project + Clone + 'static, T: Thetas<S>> From<Described<S, T>> for AnySemiring {
    fn from(described: Described<S, T>) -> Self {
        AnySemiring(Arc::new(described))
    }
}

/// What [`Described`] semirings do behind an [`AnySemiring`], compiled once for each of them.
pub(crate) trait Erased: Send + Sync {
    fn info(&self) -> &SemiringInfo;

    fn is_built_in(&self) -> bool;

    fn has_signs(&self) -> bool;

    fn check_laws(&self) -> LawReport;

    fn decide(&self, annotation: Annotation, layer: &str, d: f32) -> Decision;

    fn stream<'a>(
        &'a self,
        handle: &'a AnySemiring,
        circuit: &'a LayeredCircuit,
        question: &Question,
    ) -> Result<Box<dyn Answering + 'a>, ExplainError>;

    fn paths<'a>(
        &'a self,
        circuit: &'a LayeredCircuit,
        question: &Question,
        count: usize,
        monitor: &dyn Monitor,
    ) -> Result<Box<dyn FindPaths + 'a>, ExplainError>;

    fn fold(&self, handle: &AnySemiring, fold: GateFold<'_>) -> Result<Answer, ExplainError>;

    fn check_laws_of_gates(&self, fold: GateFold<'_>) -> Result<LawReport, ExplainError>;
}

/// A stream that becomes an answer, once it has come to the input.
pub(crate) trait Answering: Advance {
    /// Gives a layer that is still to be taken other annotations, one an execution.
    fn annotate(&mut self, layer: usize, annotations: &[Annotation]);

    /// The answer.
    ///
    /// # Errors
    /// Operations that left the numbers of the semiring.
    fn answer(self: Box<Self>) -> Result<Answer, ExplainError>;
}

/// The evaluation of a gate circuit, before a semiring is chosen.
pub(crate) struct GateFold<'a> {
    pub circuit: &'a GateCircuit,
    pub annotations: &'a Annotations,
    /// The values of the variables of each execution, one execution after the other.
    pub variables: Vec<VariableValue>,
    /// What targets start with.
    pub start: kirchhoff_semiring::DefaultStart,
    /// The contributions of each execution; those of the circuit's leaves where none are given.
    pub contributions: Option<&'a [f32]>,
    /// How many executions there are.
    pub count: usize,
    /// Bytes for the values of executions that are evaluated side by side.
    pub memory: u64,
    /// The outputs that each execution is explained from, with their signs.
    pub targets: Vec<Vec<(usize, f32)>>,
    pub monitor: &'a dyn Monitor,
}

/// The value of a variable of a gate circuit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum VariableValue {
    /// The semiring's 0.
    Zero,
    /// The semiring's 1.
    One,
    /// What a target of a sign and a logit starts with.
    Target { sign: f32, logit: f32 },
    /// The element that a number stands for.
    Number(f32),
}
