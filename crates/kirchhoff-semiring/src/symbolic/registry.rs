//! The registry of the symbolic semirings, beside that of the numeric ones.

use std::sync::LazyLock;

use serde::Serialize;

use super::{How, PosBool, Symbolic, TopK, Which, Why};
use crate::{Annotation, Call, CallError, Laws, LookupError, Semiring, UnknownName};

/// What there is to know about a symbolic semiring, as text and as defaults.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SymbolicInfo {
    /// The name that users type, and the argument that it takes.
    pub name: &'static str,
    /// The name of its argument: of what there may be at most so much.
    pub parameter: &'static str,
    /// The limit where none is given.
    pub limit: usize,
    /// What a neuron's value says.
    pub description: &'static str,
    /// The set of the elements.
    pub carrier: &'static str,
    /// `a ⊕ b`.
    pub plus: &'static str,
    /// `a ⊗ b`.
    pub times: &'static str,
    /// The neutral element of `⊕`.
    pub zero: &'static str,
    /// The neutral element of `⊗`.
    pub one: &'static str,
    /// The laws beyond the axioms.
    pub laws: Laws,
    /// The rule or composite that fits it best, by name.
    pub rule: &'static str,
    /// The annotation that goes with that rule: it decides which edges are kept, and what their weights are where the
    /// semiring has weights.
    pub annotation: Annotation,
}

/// An algorithm that runs over any symbolic semiring, for [`visit_symbolic`].
pub trait SymbolicVisitor {
    /// What the algorithm yields, whatever the semiring.
    type Output;

    /// Runs the algorithm over `semiring`, which `info` describes.
    fn visit<S: Symbolic + Clone + 'static>(self, info: &'static SymbolicInfo, semiring: S) -> Self::Output;
}

/// One entry a semiring: its texts and defaults, and how its one argument, a whole number above 0, builds it.
macro_rules! registry {
    ($({
        name: $name:literal,
        parameter: $parameter:literal,
        default: $default:expr,
        build: $build:expr,
        description: $description:literal,
        carrier: $carrier:literal,
        plus: $plus:literal,
        times: $times:literal,
        zero: $zero:literal,
        one: $one:literal,
        rule: $rule:literal,
        annotation: $annotation:expr $(,)?
    }),* $(,)?) => {
        const NAMES: &[&str] = &[$($name),*];

        static SYMBOLIC: LazyLock<Vec<SymbolicInfo>> = LazyLock::new(|| vec![$({
            let build: fn(usize) -> _ = $build;
            SymbolicInfo {
                name: $name,
                parameter: $parameter,
                limit: $default,
                description: $description,
                carrier: $carrier,
                plus: $plus,
                times: $times,
                zero: $zero,
                one: $one,
                laws: build($default).laws(),
                rule: $rule,
                annotation: $annotation,
            }
        }),*]);

        /// Runs `visitor` over the symbolic semiring that `text` names, with its limit as an argument where the
        /// default does not do: `polynomial`, `polynomial(500)`, `top-k(3)`.
        ///
        /// ```
        /// use kirchhoff_semiring::{Symbolic, SymbolicInfo, SymbolicVisitor, Variable, visit_symbolic};
        ///
        /// struct Square;
        ///
        /// impl SymbolicVisitor for Square {
        ///     type Output = String;
        ///     fn visit<S: Symbolic + Clone + 'static>(self, _: &'static SymbolicInfo, semiring: S) -> String {
        ///         let sum = semiring.plus(&semiring.one(), &semiring.weighted(Variable(1), 0.5));
        ///         semiring.times(&sum, &sum).map_or_else(|overflow| overflow.to_string(), |value| value.to_string())
        ///     }
        /// }
        ///
        /// assert_eq!(visit_symbolic("polynomial", Square)?, "x₁² + 2·x₁ + 1");
        /// assert_eq!(visit_symbolic("why", Square)?, "{∅, {x₁}}");
        /// assert_eq!(visit_symbolic("top-k(2)", Square)?, "{1: ∅, 0.5: x₁}");
        /// # Ok::<(), kirchhoff_semiring::LookupError>(())
        /// ```
        ///
        /// # Errors
        ///
        /// [`LookupError`] if no symbolic semiring has the name or its argument does not fit.
        pub fn visit_symbolic<V: SymbolicVisitor>(text: &str, visitor: V) -> Result<V::Output, LookupError> {
            let call: Call = text.parse()?;
            match call.name.as_str() {
                $($name => {
                    let build: fn(usize) -> _ = $build;
                    let info = find_symbolic($name)?;
                    Ok(visitor.visit(info, build(argument(&call, info)?)))
                })*
                unknown => Err(unknown_semiring(unknown).into()),
            }
        }
    };
}

/// The argument of `call`, or the default.
fn argument(call: &Call, info: &SymbolicInfo) -> Result<usize, CallError> {
    let [argument] = call.arguments_or([(info.parameter, info.limit as f64)])?;
    if argument < 1.0 || argument > f64::from(u32::MAX) || argument.fract() != 0.0 {
        return Err(call.value_error(&format!("a whole {} ≥ 1", info.parameter), argument));
    }
    Ok(argument as usize)
}

/// Every symbolic semiring, in the order of the documentation.
pub fn symbolic_semirings() -> &'static [SymbolicInfo] {
    &SYMBOLIC
}

/// The symbolic semiring of this name, without arguments.
///
/// # Errors
///
/// [`UnknownName`] if there is none, with the nearest names.
pub fn find_symbolic(name: &str) -> Result<&'static SymbolicInfo, UnknownName> {
    symbolic_semirings().iter().find(|info| info.name == name).ok_or_else(|| unknown_semiring(name))
}

fn unknown_semiring(name: &str) -> UnknownName {
    UnknownName::new("symbolic semiring", name, NAMES)
}

const KEPT: Annotation = Annotation::Threshold(Annotation::DEFAULT_THETA);

registry![
    {
        name: "which",
        parameter: "limit",
        default: super::DEFAULT_LIMIT,
        build: Which::with_limit,
        description: "which edges lie on a path to the target: lineage",
        carrier: "sets of variables, or ⊥",
        plus: "a ∪ b, ⊥ neutral",
        times: "a ∪ b, ⊥ absorbing",
        zero: "⊥",
        one: "∅",
        rule: "zero",
        annotation: KEPT,
    },
    {
        name: "why",
        parameter: "limit",
        default: super::DEFAULT_LIMIT,
        build: Why::with_limit,
        description: "the sets of edges that carry relevance to the target together",
        carrier: "sets of sets of variables",
        plus: "a ∪ b",
        times: "{v ∪ w : v ∈ a, w ∈ b}",
        zero: "∅",
        one: "{∅}",
        rule: "zero",
        annotation: KEPT,
    },
    {
        name: "posbool",
        parameter: "limit",
        default: super::DEFAULT_LIMIT,
        build: PosBool::with_limit,
        description: "the minimal sets of edges that carry relevance to the target together: a Boolean formula",
        carrier: "positive Boolean formulas",
        plus: "a ∨ b",
        times: "a ∧ b",
        zero: "⊥",
        one: "⊤",
        rule: "zero",
        annotation: KEPT,
    },
    {
        name: "polynomial",
        parameter: "limit",
        default: super::DEFAULT_LIMIT,
        build: How::with_limit,
        description: "every way in which relevance reaches the target: N[X], from which any commutative semiring follows",
        carrier: "polynomials with coefficients in ℕ, exact",
        plus: "a + b",
        times: "a × b",
        zero: "0",
        one: "1",
        rule: "zero",
        annotation: KEPT,
    },
    {
        name: "top-k",
        parameter: "k",
        default: 3,
        build: TopK::new,
        description: "the k most relevant paths and their shares",
        carrier: "at most k paths with weights in [0, 1]",
        plus: "merge, keep k",
        times: "combine, keep k",
        zero: "{}",
        one: "{1: ∅}",
        rule: "max-abs",
        annotation: Annotation::Identity,
    },
];
