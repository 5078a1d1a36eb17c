//! Θ of the neurons of an edge.

use kirchhoff_semiring::{DefinedSemiring, Definition, Semiring};
use proptest::prelude::*;

use crate::defined;

const ODD: &str = r#"define(plus="max(a, b)", times="a * b", zero=0, one=1,
    theta="if(source % 2 == 1 and destination != 3, min(abs(d), 1) / f32(1 + destination), 0)", laws=["selective"])"#;

proptest! {
    /// Edges of several blocks against the expression in plain Rust.
    #[test]
    fn neurons_are_variables_beside_the_contribution(
        edges in prop::collection::vec((-2.0f32..2.0, 0u64..9, 0u64..9), 0..1500),
    ) {
        let definition = defined(ODD);
        let DefinedSemiring::F32(semiring) = definition.semiring() else { panic!("one f32") };
        let column = |of: fn(&(f32, u64, u64)) -> u64| edges.iter().map(of).collect::<Vec<_>>();
        let d: Vec<f32> = edges.iter().map(|edge| edge.0).collect();
        let mut found = vec![-1.0; edges.len()];
        semiring.theta_of_edges(&d, &column(|edge| edge.1), &column(|edge| edge.2), &mut found);
        for (found, (d, source, destination)) in found.iter().zip(&edges) {
            let expected = match source % 2 == 1 && *destination != 3 {
                true => d.abs().min(1.0) / (1 + destination) as f32,
                false => 0.0,
            };
            prop_assert_eq!(*found, expected);
        }
    }
}

#[test]
fn no_kernel_takes_a_theta_of_neurons_for_another() {
    for (theta, of_neurons) in
        [("min(abs(d), 1)", false), ("if(source < 5, min(abs(d), 1), 0)", true), ("source", true)]
    {
        // Of the last, the expression alone would be the identity.
        let theta = if theta == "source" { "min(f32(source), 1)" } else { theta };
        let text = format!(r#"define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="{theta}")"#);
        let DefinedSemiring::F32(semiring) = defined(&text).semiring() else { panic!("one f32") };
        assert_eq!(semiring.theta_of_neurons(), of_neurons, "{theta}");
        assert_eq!(semiring.annotation().is_none(), of_neurons, "{theta}");
        assert_eq!(semiring.edges(kirchhoff_semiring::Annotation::Own).is_none(), of_neurons, "{theta}");
        // Without neurons, it is the edge from the first to the first.
        let first = semiring.theta(0.5);
        let mut told = [0.0];
        semiring.theta_of_edges(&[0.5], &[0], &[0], &mut told);
        assert_eq!(told[0], first, "{theta}");
        assert!(semiring.is_element(&first));
    }
}

#[test]
fn neurons_have_no_place_in_operations() {
    let text = r#"define(plus="max(a, source)", times="a * b", zero=0, one=1, theta="d")"#;
    let error = Definition::from_call(text).unwrap_err().to_string();
    assert!(error.contains("field `plus`, column 8: unknown name `source`"), "{error}");
    let text = r#"define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="d * sourc")"#;
    let error = Definition::from_call(text).unwrap_err().to_string();
    assert!(error.contains("unknown name `sourc`: did you mean `source`?") || error.contains("source"), "{error}");
    // A number of a neuron is a u64, which does not meet f32.
    let text = r#"define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="d * source")"#;
    let error = Definition::from_call(text).unwrap_err().to_string();
    assert!(error.contains("f32 meets u64"), "{error}");
}
