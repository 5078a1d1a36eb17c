//! The table of the built-in semirings: every one of them, numeric and symbolic, once.

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::semirings::{
    Boolean, Bottleneck, Counting, CountingFloat, Fuzzy, Log, Lukasiewicz, MaxPlus, Real, Tropical, Viterbi,
};
use crate::symbolic::{DEFAULT_LIMIT, How, PosBool, Symbolic, TopK, Which, Why};
use crate::{
    Annotation, Call, CallError, DefaultStart, Embed, Join, Limit, LookupError, Meaning, Notation, Semiring,
    SemiringInfo, UnknownName,
};

/// An algorithm that runs over any numeric semiring of the table, for [`visit`].
pub trait SemiringVisitor {
    /// What the algorithm yields, whatever the semiring.
    type Output;

    /// Runs the algorithm over `semiring`, which `info` describes.
    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> Self::Output;
}

/// An algorithm that runs over any symbolic semiring of the table, for [`visit_symbolic`].
pub trait SymbolicVisitor {
    /// What the algorithm yields, whatever the semiring.
    type Output;

    /// Runs the algorithm over `semiring`, which `info` describes.
    fn visit<S: Symbolic + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> Self::Output;
}

/// One entry a semiring: its texts, facts and defaults, and how a [`Call`] (a numeric one) or its limit (a symbolic one)
/// builds it. A numeric semiring with parameters reads them from the call,
/// `build: |call| call.arguments_or([("k", 3.0)]).map(|[k]| ...)`, and has defaults for all, since its laws and carrier are
/// asked of the one built from its bare name.
macro_rules! table {
    (
        numeric: [$({
            name: $name:literal,
            build: $build:expr,
            description: $description:literal,
            carrier: $carrier:literal,
            plus: $plus:literal,
            times: $times:literal,
            zero: $zero:literal,
            one: $one:literal,
            rule: $rule:literal,
            annotation: $annotation:expr,
            start: $start:expr,
            meaning: $meaning:expr,
            join: $join:expr,
            zero_number: $zero_number:expr,
            notation: $notation:expr,
            sharpness: $sharpness:expr $(,)?
        }),* $(,)?],
        symbolic: [$({
            name: $symbol:literal,
            parameter: $parameter:literal,
            default: $default:expr,
            numbers: $numbers:literal,
            build: $make:expr,
            description: $means:literal,
            carrier: $set:literal,
            plus: $sum:literal,
            times: $product:literal,
            zero: $neutral:literal,
            one: $unit:literal,
            rule: $usual:literal,
            annotation: $theta:expr $(,)?
        }),* $(,)?] $(,)?
    ) => {
        static NUMERIC: LazyLock<Vec<SemiringInfo>> = LazyLock::new(|| vec![$({
            let semiring = built($build, &Call::named($name)).expect("a semiring's parameters have defaults");
            SemiringInfo {
                description: Cow::Borrowed($description),
                carrier: Cow::Borrowed($carrier),
                plus: Cow::Borrowed($plus),
                times: Cow::Borrowed($times),
                zero: Cow::Borrowed($zero),
                one: Cow::Borrowed($one),
                laws: semiring.laws(),
                monus: semiring.minus(&semiring.zero(), &semiring.zero()).is_some(),
                embeds: semiring.carrier(),
                meaning: $meaning,
                join: Some($join),
                zero_number: $zero_number,
                notation: $notation,
                rule: Cow::Borrowed($rule),
                annotation: $annotation,
                start: $start,
                sharpness: $sharpness,
                ..SemiringInfo::new($name)
            }
        }),*]);

        static SYMBOLIC: LazyLock<Vec<SemiringInfo>> = LazyLock::new(|| vec![$({
            let build: fn(usize) -> _ = $make;
            SemiringInfo {
                description: Cow::Borrowed($means),
                carrier: Cow::Borrowed($set),
                plus: Cow::Borrowed($sum),
                times: Cow::Borrowed($product),
                zero: Cow::Borrowed($neutral),
                one: Cow::Borrowed($unit),
                laws: build($default).laws(),
                monus: build($default).minus(&build($default).zero(), &build($default).zero()).is_some(),
                rule: Cow::Borrowed($usual),
                annotation: $theta,
                limit: Some(Limit { name: $parameter, default: $default, numbers: $numbers }),
                ..SemiringInfo::new($symbol)
            }
        }),*]);

        /// Runs `visitor` over the semiring that `text` names, with arguments where it has parameters.
        ///
        /// ```
        /// use kirchhoff_semiring::{Embed, SemiringInfo, SemiringVisitor, visit};
        ///
        /// struct OnePlusOne;
        ///
        /// impl SemiringVisitor for OnePlusOne {
        ///     type Output = f64;
        ///     fn visit<S: Embed + Clone + 'static>(self, _: &'static SemiringInfo, semiring: S) -> f64 {
        ///         semiring.project(&semiring.plus(&semiring.one(), &semiring.one()))
        ///     }
        /// }
        ///
        /// assert_eq!(visit("counting", OnePlusOne)?, 2.0);
        /// assert_eq!(visit("boolean", OnePlusOne)?, 1.0);
        /// # Ok::<(), kirchhoff_semiring::LookupError>(())
        /// ```
        ///
        /// # Errors
        /// [`LookupError`] if no numeric semiring has the name or its arguments do not fit.
        pub fn visit<V: SemiringVisitor>(text: &str, visitor: V) -> Result<V::Output, LookupError> {
            let call: Call = text.parse()?;
            match call.name.as_str() {
                $($name => {
                    let semiring = built($build, &call)?;
                    Ok(visitor.visit(find($name)?, semiring))
                })*
                unknown => Err(unknown_semiring(unknown)),
            }
        }

        /// Runs `visitor` over the symbolic semiring that `text` names, with its limit as an argument where the
        /// default does not do: `polynomial`, `polynomial(500)`, `top-k(3)`.
        ///
        /// ```
        /// use kirchhoff_semiring::{SemiringInfo, Symbolic, SymbolicVisitor, Variable, visit_symbolic};
        ///
        /// struct Square;
        ///
        /// impl SymbolicVisitor for Square {
        ///     type Output = String;
        ///     fn visit<S: Symbolic + Clone + 'static>(self, _: &'static SemiringInfo, semiring: S) -> String {
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
        /// [`LookupError`] if no symbolic semiring has the name or its argument does not fit.
        pub fn visit_symbolic<V: SymbolicVisitor>(text: &str, visitor: V) -> Result<V::Output, LookupError> {
            let call: Call = text.parse()?;
            match call.name.as_str() {
                $($symbol => {
                    let build: fn(usize) -> _ = $make;
                    let info = find_symbolic($symbol)?;
                    Ok(visitor.visit(info, build(argument(&call, info)?)))
                })*
                unknown => Err(unknown_symbolic(unknown).into()),
            }
        }
    };
}

/// Applies an entry's `build`; a function, so that the closure's argument has a known type.
fn built<S>(build: impl Fn(&Call) -> Result<S, CallError>, call: &Call) -> Result<S, CallError> {
    build(call)
}

/// The `build` of a semiring without parameters.
fn plain<S: Clone>(semiring: S) -> impl Fn(&Call) -> Result<S, CallError> {
    move |call| call.arguments([]).map(|[]| semiring.clone())
}

/// The argument of `call`, or the default.
fn argument(call: &Call, info: &SemiringInfo) -> Result<usize, CallError> {
    let limit = info.limit.expect("a symbolic semiring has a limit");
    let [argument] = call.arguments_or([(limit.name, limit.default as f64)])?;
    if argument < 1.0 || argument > f64::from(u32::MAX) || argument.fract() != 0.0 {
        return Err(call.value_error(&format!("a whole {} ≥ 1", limit.name), argument));
    }
    Ok(argument as usize)
}

/// Every built-in numeric semiring, in the order of the documentation.
pub fn semirings() -> &'static [SemiringInfo] {
    &NUMERIC
}

/// Every built-in symbolic semiring, in the order of the documentation.
pub fn symbolic_semirings() -> &'static [SemiringInfo] {
    &SYMBOLIC
}

/// The numeric semiring of this name, without arguments.
///
/// # Errors
/// [`LookupError`] if there is none, with the nearest names; of a symbolic one, with what takes it.
pub fn find(name: &str) -> Result<&'static SemiringInfo, LookupError> {
    semirings().iter().find(|info| info.name == name).ok_or_else(|| unknown_semiring(name))
}

/// The symbolic semiring of this name, without arguments.
///
/// # Errors
/// [`UnknownName`] if there is none, with the nearest names.
pub fn find_symbolic(name: &str) -> Result<&'static SemiringInfo, UnknownName> {
    symbolic_semirings().iter().find(|info| info.name == name).ok_or_else(|| unknown_symbolic(name))
}

fn unknown_semiring(name: &str) -> LookupError {
    match find_symbolic(name) {
        Ok(info) => LookupError::Symbolic { name: info.name.to_string() },
        Err(_) => UnknownName::new("semiring", name, &names(semirings())).into(),
    }
}

fn unknown_symbolic(name: &str) -> UnknownName {
    UnknownName::new("symbolic semiring", name, &names(symbolic_semirings()))
}

fn names(infos: &'static [SemiringInfo]) -> Vec<&'static str> {
    infos.iter().map(|info| &*info.name).collect()
}

const DEFAULT_THRESHOLD: Annotation = Annotation::Threshold(Annotation::DEFAULT_THETA);

table! {
    numeric: [
        {
            name: "real",
            build: plain(Real),
            description: "the share of the logit, signed: classical LRP",
            carrier: "ℝ",
            plus: "a + b",
            times: "a × b",
            zero: "0",
            one: "1",
            rule: "epsilon",
            annotation: Annotation::Identity,
            start: DefaultStart::Logit,
            meaning: Meaning::Signed,
            join: Join::Add,
            zero_number: 0.0,
            notation: Notation::Arithmetic,
            sharpness: 1.0,
        },
        {
            name: "boolean",
            build: plain(Boolean),
            description: "whether a path of relevant edges leads to the target",
            carrier: "{⊥, ⊤}",
            plus: "a ∨ b",
            times: "a ∧ b",
            zero: "⊥",
            one: "⊤",
            rule: "zero",
            annotation: DEFAULT_THRESHOLD,
            start: DefaultStart::One,
            meaning: Meaning::Truth,
            join: Join::Maximum,
            zero_number: 0.0,
            notation: Notation::Logic,
            sharpness: 200.0,
        },
        {
            name: "counting",
            build: plain(Counting),
            description: "how many paths of relevant edges lead to the target, exactly",
            carrier: "ℕ, exact",
            plus: "a + b",
            times: "a × b",
            zero: "0",
            one: "1",
            rule: "zero",
            annotation: DEFAULT_THRESHOLD,
            start: DefaultStart::One,
            meaning: Meaning::Count,
            join: Join::Add,
            zero_number: 0.0,
            notation: Notation::Arithmetic,
            sharpness: 1.0,
        },
        {
            name: "counting-float",
            build: plain(CountingFloat),
            description: "how many paths of relevant edges lead to the target, to four digits",
            carrier: "ℕ, rounded",
            plus: "a + b",
            times: "a × b",
            zero: "0",
            one: "1",
            rule: "zero",
            annotation: DEFAULT_THRESHOLD,
            start: DefaultStart::One,
            meaning: Meaning::Count,
            join: Join::Add,
            zero_number: 0.0,
            notation: Notation::Arithmetic,
            sharpness: 1.0,
        },
        {
            name: "viterbi",
            build: plain(Viterbi),
            description: "the share of the most relevant path: the product of its edges",
            carrier: "[0, 1]",
            plus: "max(a, b)",
            times: "a × b",
            zero: "0",
            one: "1",
            rule: "max-abs",
            annotation: Annotation::Identity,
            start: DefaultStart::One,
            meaning: Meaning::Share,
            join: Join::Maximum,
            zero_number: 0.0,
            notation: Notation::Semiring,
            sharpness: 20_000.0,
        },
        {
            name: "tropical",
            build: plain(Tropical),
            description: "the cost of the cheapest path: min-plus, −ln of viterbi",
            carrier: "[0, ∞]",
            plus: "min(a, b)",
            times: "a + b",
            zero: "∞",
            one: "0",
            rule: "max-abs",
            annotation: Annotation::NegLog,
            start: DefaultStart::One,
            meaning: Meaning::Cost,
            join: Join::Minimum,
            zero_number: f64::INFINITY,
            notation: Notation::Semiring,
            sharpness: 1.0,
        },
        {
            name: "max-plus",
            build: plain(MaxPlus),
            description: "the log-share of the most relevant path: ln of viterbi",
            carrier: "[−∞, 0]",
            plus: "max(a, b)",
            times: "a + b",
            zero: "−∞",
            one: "0",
            rule: "max-abs",
            annotation: Annotation::MinusNegLog,
            start: DefaultStart::One,
            meaning: Meaning::Score,
            join: Join::Maximum,
            zero_number: f64::NEG_INFINITY,
            notation: Notation::Semiring,
            sharpness: 1.0,
        },
        {
            name: "fuzzy",
            build: plain(Fuzzy),
            description: "the weakest edge of the path whose weakest edge is strongest: max-min, access control",
            carrier: "[0, 1]",
            plus: "max(a, b)",
            times: "min(a, b)",
            zero: "0",
            one: "1",
            rule: "max-abs",
            annotation: Annotation::Identity,
            start: DefaultStart::One,
            meaning: Meaning::Share,
            join: Join::Maximum,
            zero_number: 0.0,
            notation: Notation::Semiring,
            sharpness: 1.0,
        },
        {
            name: "bottleneck",
            build: plain(Bottleneck),
            description: "the critical threshold: the largest θ at which the neuron is still relevant",
            carrier: "[−∞, ∞]",
            plus: "max(a, b)",
            times: "min(a, b)",
            zero: "−∞",
            one: "∞",
            rule: "zero",
            annotation: Annotation::Identity,
            start: DefaultStart::One,
            meaning: Meaning::Threshold,
            join: Join::Maximum,
            zero_number: f64::NEG_INFINITY,
            notation: Notation::Semiring,
            sharpness: 1.0,
        },
        {
            name: "lukasiewicz",
            build: plain(Lukasiewicz),
            description: "1 less the summed shortfalls of the best path's edges",
            carrier: "[0, 1]",
            plus: "max(a, b)",
            times: "max(0, a + b − 1)",
            zero: "0",
            one: "1",
            rule: "max-abs",
            annotation: Annotation::Identity,
            start: DefaultStart::One,
            meaning: Meaning::Share,
            join: Join::Maximum,
            zero_number: 0.0,
            notation: Notation::Semiring,
            sharpness: 1.0,
        },
        {
            name: "log",
            build: plain(Log),
            description: "the logarithm of the sum over all paths of the product of their edges",
            carrier: "[−∞, ∞)",
            plus: "log(eᵃ + eᵇ)",
            times: "a + b",
            zero: "−∞",
            one: "0",
            rule: "max-abs",
            annotation: Annotation::MinusNegLog,
            start: DefaultStart::One,
            meaning: Meaning::Score,
            join: Join::LogAdd,
            zero_number: f64::NEG_INFINITY,
            notation: Notation::Semiring,
            sharpness: 1.0,
        },
    ],
    symbolic: [
    {
        name: "which",
        parameter: "limit",
        default: DEFAULT_LIMIT,
        numbers: "boolean",
        build: Which::with_limit,
        description: "which edges lie on a path to the target: lineage",
        carrier: "sets of variables, or ⊥",
        plus: "a ∪ b, ⊥ neutral",
        times: "a ∪ b, ⊥ absorbing",
        zero: "⊥",
        one: "∅",
        rule: "zero",
        annotation: DEFAULT_THRESHOLD,
    },
    {
        name: "why",
        parameter: "limit",
        default: DEFAULT_LIMIT,
        numbers: "boolean",
        build: Why::with_limit,
        description: "the sets of edges that carry relevance to the target together",
        carrier: "sets of sets of variables",
        plus: "a ∪ b",
        times: "{v ∪ w : v ∈ a, w ∈ b}",
        zero: "∅",
        one: "{∅}",
        rule: "zero",
        annotation: DEFAULT_THRESHOLD,
    },
    {
        name: "posbool",
        parameter: "limit",
        default: DEFAULT_LIMIT,
        numbers: "boolean",
        build: PosBool::with_limit,
        description: "the minimal sets of edges that carry relevance to the target together: a Boolean formula",
        carrier: "positive Boolean formulas",
        plus: "a ∨ b",
        times: "a ∧ b",
        zero: "⊥",
        one: "⊤",
        rule: "zero",
        annotation: DEFAULT_THRESHOLD,
    },
    {
        name: "polynomial",
        parameter: "limit",
        default: DEFAULT_LIMIT,
        numbers: "boolean",
        build: How::with_limit,
        description: "every way in which relevance reaches the target: N[X], from which any commutative semiring follows",
        carrier: "polynomials with coefficients in ℕ, exact",
        plus: "a + b",
        times: "a × b",
        zero: "0",
        one: "1",
        rule: "zero",
        annotation: DEFAULT_THRESHOLD,
    },
    {
        name: "top-k",
        parameter: "k",
        default: 3,
        numbers: "viterbi",
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
    ],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_may_read_parameters() {
        let build = |text: &str| {
            let call: Call = text.parse()?;
            built(|call| call.arguments_or([("k", 3.0)]).map(|[k]| k), &call)
        };
        assert_eq!([build("top-k"), build("top-k(5)")], [Ok(3.0), Ok(5.0)]);
        assert!(build("top-k(1, 2)").is_err());
    }
}
