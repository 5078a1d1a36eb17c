//! What there is to know about a semiring beside its operations: texts, and the facts that pictures, studies and formulas
//! go by.

use std::borrow::Cow;

use serde::Serialize;

use crate::{Annotation, Carrier, Laws};

/// What there is to know about a semiring, as texts, facts and defaults.
///
/// The built-in ones stand in one table ([`semirings`](crate::semirings)); whoever brings a semiring of their own starts from
/// [`SemiringInfo::new`] and sets the fields that differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SemiringInfo {
    /// The name that users type.
    pub name: Cow<'static, str>,
    /// What a neuron's value says.
    pub description: Cow<'static, str>,
    /// The set of the elements.
    pub carrier: Cow<'static, str>,
    /// `a ⊕ b`.
    pub plus: Cow<'static, str>,
    /// `a ⊗ b`.
    pub times: Cow<'static, str>,
    /// The neutral element of `⊕`.
    pub zero: Cow<'static, str>,
    /// The neutral element of `⊗`.
    pub one: Cow<'static, str>,
    /// The laws beyond the axioms.
    pub laws: Laws,
    /// Whether it has a [difference](crate::Semiring::minus) `a ⊖ b`, so that a contrast such as `7-3` is what is relevant to 7
    /// beyond what is to 3.
    pub monus: bool,
    /// The real numbers that stand for elements: what [`Annotation::check`] asks for.
    pub embeds: Carrier,
    /// What values mean when they are taken as numbers.
    #[serde(skip)]
    pub meaning: Meaning,
    /// What `⊕` is on values taken as numbers, where it is one of these.
    #[serde(skip)]
    pub join: Option<Join>,
    /// The neutral element of `⊕` as a number.
    #[serde(skip)]
    pub zero_number: f64,
    /// How formulas write `⊕` and `⊗`.
    #[serde(skip)]
    pub notation: Notation,
    /// The rule or composite that fits it best, by name.
    pub rule: Cow<'static, str>,
    /// The annotation that goes with that rule. Of a symbolic semiring it decides which edges are kept, and what their
    /// weights are where the semiring has weights.
    pub annotation: Annotation,
    /// Θ of its own as text, where the semiring brings one that can be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_theta: Option<Cow<'static, str>>,
    /// Whether this Θ asks for the neurons of an edge, beside its contribution: circuits whose edges share leaves do not know them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub theta_of_neurons: bool,
    /// The relevance that the target starts with.
    pub start: DefaultStart,
    /// η of the attack that draws pixels by `softmax(−η · mean |R|)` (Groudiev & Maniu 2024, 4.3).
    #[serde(skip)]
    pub sharpness: f64,
    /// The argument of a semiring that has a limit: of what there may be at most so much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
}

/// The argument of a semiring, a whole number above 0: of what there may be at most so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// The name of the argument.
    pub name: &'static str,
    /// The limit where none is given.
    pub default: usize,
    /// The numeric semiring whose annotation decides which edges there are, and what their weights are.
    pub numbers: &'static str,
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

/// What the values of a semiring mean when they are taken as numbers: which are more relevant, and what is not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// For and against, around 0.
    Signed,
    /// From 0, which is nothing, up: more is more.
    Share,
    /// Numbers of paths, from 0 to far beyond 10³⁸.
    Count,
    /// 0 or 1.
    Truth,
    /// 0 is the most relevant, ∞ not relevant at all: less is more.
    Cost,
    /// Of any size: −∞ is not relevant at all.
    Score,
    /// Critical thresholds: −∞ is not relevant at all, what is below 0 at no threshold that is meant.
    Threshold,
}

impl Meaning {
    /// A value as a number of which larger ones mean more: costs count the other way round.
    pub fn importance(self, value: f64) -> f64 {
        match self {
            Meaning::Cost => -value,
            Meaning::Signed | Meaning::Share | Meaning::Count | Meaning::Truth => value,
            Meaning::Score | Meaning::Threshold => value,
        }
    }
}

/// `⊕` on values taken as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Join {
    /// `a + b`.
    Add,
    /// The greater.
    Maximum,
    /// The lesser.
    Minimum,
    /// `log(eᵃ + eᵇ)`.
    LogAdd,
}

impl Join {
    /// Every join.
    pub const ALL: [Join; 4] = [Join::Maximum, Join::Minimum, Join::Add, Join::LogAdd];

    /// `a ⊕ b`.
    pub fn join(self, a: f64, b: f64) -> f64 {
        match self {
            Join::Add => a + b,
            Join::Maximum => a.max(b),
            Join::Minimum => a.min(b),
            Join::LogAdd => {
                let (low, high) = (a.min(b), a.max(b));
                if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
            }
        }
    }
}

/// How formulas write `⊕` and `⊗` and their neutral elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Notation {
    /// `⊕`, `⊗`, `𝟘`, `𝟙`: for any semiring. Contributions are numbers whose Θ is still to come.
    #[default]
    Semiring,
    /// `+`, `·`, `0`, `1`: real numbers, and polynomials.
    Arithmetic,
    /// `∨`, `∧`, `⊥`, `⊤`.
    Logic,
}

impl SemiringInfo {
    /// A semiring of the given name, with defaults that suit any: rule `zero`, a threshold as Θ, 1 as start, values of which
    /// more is more.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        SemiringInfo {
            name: name.into(),
            description: Cow::Borrowed(""),
            carrier: Cow::Borrowed(""),
            plus: Cow::Borrowed("a ⊕ b"),
            times: Cow::Borrowed("a ⊗ b"),
            zero: Cow::Borrowed("0"),
            one: Cow::Borrowed("1"),
            laws: Laws::NONE,
            monus: false,
            embeds: Carrier::NONE,
            meaning: Meaning::Share,
            join: None,
            zero_number: 0.0,
            notation: Notation::Semiring,
            rule: Cow::Borrowed("zero"),
            annotation: Annotation::Threshold(Annotation::DEFAULT_THETA),
            own_theta: None,
            theta_of_neurons: false,
            start: DefaultStart::One,
            sharpness: 1.0,
            limit: None,
        }
    }

    /// Whether values are expressions over variables, which formulas and questions for a circuit evaluate.
    pub fn is_symbolic(&self) -> bool {
        self.limit.is_some()
    }
}
