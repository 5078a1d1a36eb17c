//! The k best paths are those that listing all paths finds.

use std::collections::BTreeMap;

use kirchhoff_semiring::{Monomial, Paths, Semiring, Symbolic, TopK, Variable};
use proptest::prelude::*;

use crate::strategies::weight;

/// The paths of a layered network from its one input to its one output, by going along each.
fn listed(layers: &[Vec<f32>]) -> BTreeMap<Monomial, f64> {
    let mut paths = vec![(Vec::new(), 1.0f64)];
    let mut first = 0;
    for layer in layers {
        let extend = |(path, product): (Vec<Variable>, f64)| {
            layer.iter().enumerate().map(move |(i, weight)| {
                let edge = Variable(first + i as u32);
                (path.iter().copied().chain([edge]).collect(), product * f64::from(*weight))
            })
        };
        paths = paths.into_iter().flat_map(extend).collect();
        first += layer.len() as u32;
    }
    let kept = paths.into_iter().filter(|(_, product)| *product > 0.0);
    kept.map(|(path, product)| (path.into_iter().collect(), product)).collect()
}

/// The same from the semiring: each layer is a bundle of parallel edges.
fn best(k: usize, layers: &[Vec<f32>]) -> Paths {
    let top = TopK::new(k);
    let mut first = 0;
    let mut product = top.one();
    for layer in layers {
        let mut bundle = top.zero();
        for (i, weight) in layer.iter().enumerate() {
            top.plus_assign(&mut bundle, &top.weighted(Variable(first + i as u32), *weight));
        }
        product = top.times(&product, &bundle);
        first += layer.len() as u32;
    }
    product.unwrap()
}

proptest! {
    #[test]
    fn agrees_with_listing_all_paths(
        k in 1..8usize,
        layers in prop::collection::vec(prop::collection::vec(weight(), 1..5), 1..5),
    ) {
        let listed = listed(&layers);
        let mut weights: Vec<_> = listed.values().copied().collect();
        weights.sort_by(|a, b| b.total_cmp(a));
        weights.truncate(k);
        let best = best(k, &layers);
        let found: Vec<_> = best.iter().map(|path| path.weight()).collect();
        prop_assert_eq!(found.len(), weights.len());
        for ((path, weight), expected) in best.iter().zip(&found).zip(&weights) {
            prop_assert!((weight - expected).abs() <= 1e-9 * expected, "{} instead of {}", weight, expected);
            let own = listed[path.monomial()];
            prop_assert!((weight - own).abs() <= 1e-9 * own, "the weight belongs to its path");
        }
    }

    #[test]
    fn ties_are_broken_by_length_and_then_by_variables(k in 1..6usize, order in Just(vec![0, 1, 2, 3, 4]).prop_shuffle()) {
        let top = TopK::new(k);
        let x = |number| top.weighted(Variable(number), 1.0);
        let values = [x(2), x(1), top.times(&x(0), &x(9)), top.times(&x(0), &x(3)), top.weighted(Variable(5), 0.5)];
        let sum = order.iter().fold(top.zero(), |sum, &i| top.plus(&sum, &values[i])).unwrap();
        let expected = ["1: x₁", "1: x₂", "1: x₀·x₃", "1: x₀·x₉", "0.5: x₅"];
        prop_assert_eq!(sum.to_string(), format!("{{{}}}", expected[..k.min(5)].join(", ")));
    }
}

#[test]
fn of_several_weights_for_one_path_the_best_counts() {
    let top = TopK::new(3);
    let x = |weight| top.weighted(Variable(1), weight);
    let sum = top.plus(&top.plus(&x(0.25), &x(0.5)), &top.plus(&x(0.125), &top.weighted(Variable(2), 0.0625)));
    assert_eq!(sum.unwrap().to_string(), "{0.5: x₁, 0.0625: x₂}");
    let factor = top.plus(&x(0.5), &top.scalar(0.25));
    assert_eq!(top.times(&factor, &factor).unwrap().to_string(), "{0.25: x₁², 0.125: x₁, 0.0625: ∅}");
}

#[test]
fn weights_neither_underflow_nor_leave_the_unit_interval() {
    let top = TopK::new(1);
    let tiny = (0..100).fold(top.one(), |product, i| top.times(&product, &top.weighted(Variable(i), 1e-30)));
    let path = tiny.clone().unwrap().best().unwrap().clone();
    assert_eq!((path.weight(), path.monomial().degree()), (0.0, 100));
    assert!((path.cost() - 3000.0 * std::f64::consts::LN_10).abs() < 1e-4);
    assert_eq!(tiny.unwrap().to_string().split(':').next(), Some("{e^−6907.755279"));
    assert_eq!(top.scalar(1.5), top.one());
    assert_eq!([top.scalar(0.0), top.scalar(-1.0), top.scalar(f32::NAN)], [top.zero(), top.zero(), top.zero()]);
    assert_eq!(top.scalar(f32::from_bits(1)).unwrap().to_string(), "{1.4013e-45: ∅}");
}

#[test]
fn large_k_does_not_look_at_all_pairs() {
    let top = TopK::new(3000);
    let bundle = |from: u32| {
        let mut sum = top.zero();
        for i in 0..3000 {
            top.plus_assign(&mut sum, &top.weighted(Variable(from + i), 1.0 / (1.0 + i as f32)));
        }
        sum
    };
    let product = top.times(&bundle(0), &bundle(3000)).unwrap();
    assert_eq!(product.iter().count(), 3000);
    assert!(product.iter().is_sorted());
}
