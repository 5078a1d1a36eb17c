//! The registry: every built-in semiring, once.

use std::sync::LazyLock;

use serde::Serialize;

use crate::semirings::{
    Boolean, Bottleneck, Counting, CountingFloat, Fuzzy, Log, Lukasiewicz, MaxPlus, Real, Tropical, Viterbi,
};
use crate::{Annotation, Call, CallError, Carrier, Embed, Laws, LookupError, Semiring, UnknownName};

/// What there is to know about a built-in semiring, as text and as defaults.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SemiringInfo {
    /// The name that users type.
    pub name: &'static str,
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
    /// The real numbers that stand for elements: what [`Annotation::check`] asks for.
    pub embeds: Carrier,
    /// The rule or composite that fits it best, by name.
    pub rule: &'static str,
    /// The annotation that goes with that rule.
    pub annotation: Annotation,
    /// The relevance that the target starts with.
    pub start: DefaultStart,
}

/// The relevance that a target starts with when the user names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DefaultStart {
    /// The target's logit, as in classical LRP (1.2.2).
    Logit,
    /// The semiring's 1 (2.1.2).
    One,
}

/// An algorithm that runs over any semiring, for [`visit`].
pub trait SemiringVisitor {
    /// What the algorithm yields, whatever the semiring.
    type Output;

    /// Runs the algorithm over `semiring`, which `info` describes.
    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> Self::Output;
}

/// One entry a semiring: its texts and defaults, and how a [`Call`] builds it. A semiring with parameters reads them
/// from the call, `build: |call| call.arguments_or([("k", 3.0)]).map(|[k]| ...)`, and has defaults for all, since its
/// laws and carrier are asked of the one built from its bare name.
macro_rules! registry {
    ($({
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
        start: $start:expr $(,)?
    }),* $(,)?) => {
        const NAMES: &[&str] = &[$($name),*];

        static SEMIRINGS: LazyLock<Vec<SemiringInfo>> = LazyLock::new(|| vec![$({
            let semiring = built($build, &Call::named($name)).expect("a semiring's parameters have defaults");
            SemiringInfo {
                name: $name,
                description: $description,
                carrier: $carrier,
                plus: $plus,
                times: $times,
                zero: $zero,
                one: $one,
                laws: semiring.laws(),
                embeds: semiring.carrier(),
                rule: $rule,
                annotation: $annotation,
                start: $start,
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
        ///
        /// [`LookupError`] if no semiring has the name or its arguments do not fit.
        pub fn visit<V: SemiringVisitor>(text: &str, visitor: V) -> Result<V::Output, LookupError> {
            let call: Call = text.parse()?;
            match call.name.as_str() {
                $($name => {
                    let semiring = built($build, &call)?;
                    Ok(visitor.visit(find($name)?, semiring))
                })*
                unknown => Err(unknown_semiring(unknown).into()),
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

/// Every built-in semiring, in the order of the documentation.
pub fn semirings() -> &'static [SemiringInfo] {
    &SEMIRINGS
}

/// The semiring of this name, without arguments.
///
/// # Errors
///
/// [`UnknownName`] if there is none, with the nearest names.
pub fn find(name: &str) -> Result<&'static SemiringInfo, UnknownName> {
    semirings().iter().find(|info| info.name == name).ok_or_else(|| unknown_semiring(name))
}

fn unknown_semiring(name: &str) -> UnknownName {
    UnknownName::new("semiring", name, NAMES)
}

const DEFAULT_THRESHOLD: Annotation = Annotation::Threshold(Annotation::DEFAULT_THETA);

registry![
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
    },
];

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
