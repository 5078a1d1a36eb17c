//! The conditions that the law checker tests, as code and as text.

use serde::{Deserialize, Serialize};

use super::operations::{Id, Operations};
use crate::Law;
#[cfg(doc)]
use crate::Semiring;

/// A condition on a semiring: an axiom, a declared law, or that its methods agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Every value equals itself: NaN, which does not, is no element.
    Reflexive,
    /// [`is_zero`](Semiring::is_zero) holds for 0 and nothing else.
    ZeroTest,
    /// [`plus_assign`](Semiring::plus_assign) agrees with [`plus`](Semiring::plus).
    PlusAssign,
    /// [`add_product`](Semiring::add_product) agrees with `⊕` and `⊗`.
    AddProduct,
    /// [`accumulate`](Semiring::accumulate) agrees with `⊕` and `⊗` in every lane, alone and in blocks.
    Accumulate,
    /// [`sum_rows`](Semiring::sum_rows), where there is one, agrees with `⊕` in every lane.
    SumRows,
    /// The operations and the 0 of the form that [`fused`](Semiring::fused) names, if it names one, are the semiring's.
    Fused,
    /// `a ⊕ b = b ⊕ a`.
    PlusCommutative,
    /// `(a ⊕ b) ⊕ c = a ⊕ (b ⊕ c)`.
    PlusAssociative,
    /// `0 ⊕ a = a`.
    PlusNeutral,
    /// `(a ⊗ b) ⊗ c = a ⊗ (b ⊗ c)`.
    TimesAssociative,
    /// `1 ⊗ a = a`.
    TimesNeutralLeft,
    /// `a ⊗ 1 = a`.
    TimesNeutralRight,
    /// `a ⊗ (b ⊕ c) = (a ⊗ b) ⊕ (a ⊗ c)`.
    DistributiveLeft,
    /// `(a ⊕ b) ⊗ c = (a ⊗ c) ⊕ (b ⊗ c)`.
    DistributiveRight,
    /// `0 ⊗ a = 0`.
    AbsorbingLeft,
    /// `a ⊗ 0 = 0`.
    AbsorbingRight,
    /// `a ⊖ a = 0`, of semirings that have a [difference](Semiring::minus).
    MonusSelf,
    /// `0 ⊖ a = 0`.
    MonusZero,
    /// `a ⊕ (b ⊖ a) = b ⊕ (a ⊖ b)`.
    MonusExchange,
    /// `a ⊖ (b ⊕ c) = (a ⊖ b) ⊖ c`.
    MonusSum,
    /// A law beyond the axioms.
    #[serde(untagged)]
    Law(Law),
}

use Condition::*;

impl Condition {
    /// What every semiring must satisfy, apart from [`Reflexive`], and from what methods promise that it need not have.
    pub(super) const AXIOMS: [Condition; 14] = [
        ZeroTest,
        PlusAssign,
        AddProduct,
        Accumulate,
        PlusCommutative,
        PlusAssociative,
        PlusNeutral,
        TimesAssociative,
        TimesNeutralLeft,
        TimesNeutralRight,
        DistributiveLeft,
        DistributiveRight,
        AbsorbingLeft,
        AbsorbingRight,
    ];

    /// What a [difference](Semiring::minus) must satisfy, where there is one: the axioms of a monus (Amer, "Equationally complete
    /// classes of commutative monoids with monus", 1984).
    pub(super) const MONUS: [Condition; 4] = [MonusSelf, MonusZero, MonusExchange, MonusSum];

    /// The condition in words.
    pub const fn name(self) -> &'static str {
        match self {
            Reflexive => "equality reflexive",
            ZeroTest => "is_zero",
            PlusAssign => "plus_assign",
            AddProduct => "add_product",
            Accumulate => "accumulate",
            SumRows => "sum_rows",
            Fused => "fused",
            PlusCommutative => "⊕ commutative",
            PlusAssociative => "⊕ associative",
            PlusNeutral => "0 neutral for ⊕",
            TimesAssociative => "⊗ associative",
            TimesNeutralLeft => "1 neutral on the left of ⊗",
            TimesNeutralRight => "1 neutral on the right of ⊗",
            DistributiveLeft => "⊗ distributive on the left",
            DistributiveRight => "⊗ distributive on the right",
            AbsorbingLeft => "0 absorbing on the left of ⊗",
            AbsorbingRight => "0 absorbing on the right of ⊗",
            MonusSelf => "⊖ of a value and itself",
            MonusZero => "⊖ from 0",
            MonusExchange => "⊖ and ⊕ reach the same sum",
            MonusSum => "⊖ of a sum",
            Law(law) => law.name(),
        }
    }

    /// The condition as an equation.
    pub const fn equation(self) -> &'static str {
        match self {
            Reflexive => "a = a",
            ZeroTest => "is_zero(a) ⇔ a = 0",
            PlusAssign => "plus_assign(a, b) = a ⊕ b",
            AddProduct => "add_product(a, b, c) = a ⊕ (b ⊗ c)",
            Accumulate => "accumulate(a, b, c) = a ⊕ (b ⊗ c)",
            SumRows => "sum_rows(a, b, c) = a ⊕ b ⊕ c",
            Fused => "the form's 0, a ⊕ b and a ⊗ b are the semiring's",
            PlusCommutative => "a ⊕ b = b ⊕ a",
            PlusAssociative => "(a ⊕ b) ⊕ c = a ⊕ (b ⊕ c)",
            PlusNeutral => "0 ⊕ a = a",
            TimesAssociative => "(a ⊗ b) ⊗ c = a ⊗ (b ⊗ c)",
            TimesNeutralLeft => "1 ⊗ a = a",
            TimesNeutralRight => "a ⊗ 1 = a",
            DistributiveLeft => "a ⊗ (b ⊕ c) = (a ⊗ b) ⊕ (a ⊗ c)",
            DistributiveRight => "(a ⊕ b) ⊗ c = (a ⊗ c) ⊕ (b ⊗ c)",
            AbsorbingLeft => "0 ⊗ a = 0",
            AbsorbingRight => "a ⊗ 0 = 0",
            MonusSelf => "a ⊖ a = 0",
            MonusZero => "0 ⊖ a = 0",
            MonusExchange => "a ⊕ (b ⊖ a) = b ⊕ (a ⊖ b)",
            MonusSum => "a ⊖ (b ⊕ c) = (a ⊖ b) ⊖ c",
            Law(law) => law.equation(),
        }
    }

    /// The number of variables in the equation, named `a`, `b`, `c` in this order.
    pub(super) const fn variables(self) -> usize {
        match self {
            Reflexive | ZeroTest | PlusNeutral | TimesNeutralLeft | TimesNeutralRight | AbsorbingLeft
            | AbsorbingRight | MonusSelf | MonusZero => 1,
            Law(Law::IdempotentPlus | Law::IdempotentTimes) => 1,
            PlusAssign | PlusCommutative | Fused | MonusExchange => 2,
            Law(Law::CommutativeTimes | Law::Absorptive | Law::Selective) => 2,
            AddProduct | Accumulate | SumRows => 3,
            PlusAssociative | TimesAssociative | DistributiveLeft | DistributiveRight | MonusSum => 3,
        }
    }

    /// Both sides of the equation as text, if they differ for these values. Variables that the equation does not have
    /// may be anything. Values made on the way stay held.
    pub(super) fn violation(self, s: &dyn Operations, [a, b, c]: [Id; 3]) -> Option<[String; 2]> {
        let plus = |a: Id, b: Id| s.plus(a, b);
        let times = |a: Id, b: Id| s.times(a, b);
        let minus = |a: Id, b: Id| s.minus(a, b);
        let (left, right) = match self {
            Reflexive => {
                return (!s.equal(a, a)).then(|| [s.text(a), format!("{}, which is not equal to itself", s.text(a))]);
            }
            ZeroTest => {
                let (test, truth) = (s.is_zero(a), s.equal(a, s.zero()));
                return (test != truth).then(|| [test.to_string(), truth.to_string()]);
            }
            Law(Law::Selective) => {
                let sum = plus(a, b);
                let selected = s.close(sum, a) || s.close(sum, b);
                return (!selected).then(|| [s.text(sum), format!("{} or {}", s.text(a), s.text(b))]);
            }
            Fused => return s.form_violation(a, b),
            PlusAssign => (s.plus_assign(a, b), plus(a, b)),
            AddProduct => (s.add_product(a, b, c), plus(a, times(b, c))),
            Accumulate => (s.accumulate(&[a], &[b], &[c]).start, plus(a, times(b, c))),
            // What is there before must not matter.
            SumRows => (s.sum_rows(&[b], [&[a], &[b], &[c]]).start, plus(plus(a, b), c)),
            PlusCommutative => (plus(a, b), plus(b, a)),
            PlusAssociative => (plus(plus(a, b), c), plus(a, plus(b, c))),
            PlusNeutral => (plus(s.zero(), a), a),
            TimesAssociative => (times(times(a, b), c), times(a, times(b, c))),
            TimesNeutralLeft => (times(s.one(), a), a),
            TimesNeutralRight => (times(a, s.one()), a),
            DistributiveLeft => (times(a, plus(b, c)), plus(times(a, b), times(a, c))),
            DistributiveRight => (times(plus(a, b), c), plus(times(a, c), times(b, c))),
            AbsorbingLeft => (times(s.zero(), a), s.zero()),
            AbsorbingRight => (times(a, s.zero()), s.zero()),
            MonusSelf => (minus(a, a), s.zero()),
            MonusZero => (minus(s.zero(), a), s.zero()),
            MonusExchange => (plus(a, minus(b, a)), plus(b, minus(a, b))),
            MonusSum => (minus(a, plus(b, c)), minus(minus(a, b), c)),
            Law(Law::CommutativeTimes) => (times(a, b), times(b, a)),
            Law(Law::IdempotentPlus) => (plus(a, a), a),
            Law(Law::IdempotentTimes) => (times(a, a), a),
            Law(Law::Absorptive) => (plus(a, times(a, b)), a),
        };
        (!s.close(left, right)).then(|| [s.text(left), s.text(right)])
    }
}
