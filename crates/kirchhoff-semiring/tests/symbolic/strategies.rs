//! Random elements.

use kirchhoff_semiring::{
    Bounded, Count, Lineage, MinimalWitnesses, Monomial, Paths, Polynomial, Semiring, Symbolic, TopK, Variable,
    VariableSet, Witnesses,
};
use proptest::prelude::*;
use std::fmt::Debug;

/// Few variables, so that random values have some in common.
pub const VARIABLES: u32 = 4;

pub fn variables() -> impl Strategy<Value = Vec<Variable>> {
    prop::collection::vec((0..VARIABLES).prop_map(Variable), 0..4)
}

pub fn set() -> impl Strategy<Value = VariableSet> {
    variables().prop_map(VariableSet::from_iter)
}

pub fn lineage() -> impl Strategy<Value = Lineage> {
    prop_oneof![1 => Just(Lineage::BOTTOM), 6 => set().prop_map(Lineage::from)]
}

pub fn witnesses() -> impl Strategy<Value = Witnesses> {
    prop::collection::vec(set(), 0..5).prop_map(Witnesses::from_iter)
}

pub fn minimal_witnesses() -> impl Strategy<Value = MinimalWitnesses> {
    witnesses().prop_map(|witnesses| witnesses.minimal())
}

pub fn coefficient() -> impl Strategy<Value = Count> {
    prop_oneof![4 => (1..4u64).prop_map(Count::from), 1 => Just(Count::from_limbs(&[5, 1]))]
}

pub fn polynomial() -> impl Strategy<Value = Polynomial> {
    prop::collection::vec((variables().prop_map(Monomial::from_iter), coefficient()), 0..5)
        .prop_map(Polynomial::from_iter)
}

/// Weights of which many are equal, and products of which are.
pub fn weight() -> impl Strategy<Value = f32> {
    prop_oneof![4 => prop::sample::select(vec![1.0f32, 0.5, 0.25, 0.125, 0.0, 1e-45]), 1 => 0.0f32..1.0]
}

pub fn paths(k: usize) -> impl Strategy<Value = Paths> {
    let path = (variables(), weight()).prop_map(move |(variables, weight)| {
        let top = TopK::new(k);
        let factors = variables.into_iter().map(|variable| top.variable(variable));
        factors.fold(top.scalar(weight), |product, factor| top.times(&product, &factor))
    });
    prop::collection::vec(path, 0..5).prop_map(move |paths| {
        let top = TopK::new(k);
        paths.iter().fold(top.zero(), |sum, path| top.plus(&sum, path)).expect("short paths")
    })
}

/// A value that did not overflow.
pub fn known<E: Debug>(expression: impl Strategy<Value = E>) -> impl Strategy<Value = Bounded<E>> {
    expression.prop_map(Ok)
}

/// Two values that did not overflow.
pub fn both<E: Debug, S: Strategy<Value = E>>(expression: impl Fn() -> S) -> impl Strategy<Value = [Bounded<E>; 2]> {
    [known(expression()), known(expression())]
}
