//! Functions of one value: their values against naive ones in f64, and their way through ONNX files and back.

use std::sync::Arc;

use kirchhoff_network::export::onnx;
use kirchhoff_network::import::ImportOptions;
use kirchhoff_network::{
    Activation, Elementary, Execution, ExecutionError, Network, NetworkBuilder, Operator, import, network_hash,
};
use proptest::prelude::*;

/// A network of one function.
fn network(function: Activation, size: usize) -> Network {
    let mut builder = NetworkBuilder::new();
    let input = builder.input("input", &[size]).unwrap();
    let output = builder.add("layer", Operator::Activation(function), &[input]).unwrap();
    builder.finish(output).unwrap()
}

/// A function by its definition.
type Naive = Box<dyn Fn(f64) -> f64>;

/// Functions with parameters and without, as they are defined, by the standard library.
fn named(a: f32, b: f32) -> Vec<(Activation, Naive)> {
    let (p, q) = (f64::from(a), f64::from(b));
    let exact: fn(f64) -> f64 = |x| (1.0 + x.exp()).ln();
    vec![
        (Activation::HardSigmoid { slope: a, shift: b }, Box::new(move |x| (p * x + q).clamp(0.0, 1.0))),
        (Activation::HardSwish, Box::new(|x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0)),
        (Activation::Mish, Box::new(move |x| x * exact(x).tanh())),
        (Activation::Softplus, Box::new(exact)),
        (Activation::Softsign, Box::new(|x| if x < 0.0 { x / (1.0 - x) } else { x / (1.0 + x) })),
        (
            Activation::Selu { alpha: a, scale: b },
            Box::new(move |x| if x > 0.0 { q * x } else { q * (p * x.exp() - p) }),
        ),
        (Activation::Celu { alpha: a }, Box::new(move |x| if x > 0.0 { x } else { p * (x / p).exp() - p })),
        (Activation::ThresholdedRelu { threshold: a }, Box::new(move |x| if x > p { x } else { 0.0 })),
        (
            Activation::Shrink { bias: a, threshold: b },
            Box::new(move |x| if x.abs() <= q { 0.0 } else { x - p * x.signum() }),
        ),
        (Activation::Power { exponent: 3.0 }, Box::new(|x| x * x * x)),
        (Activation::Power { exponent: -2.0 }, Box::new(|x| 1.0 / (x * x))),
    ]
}

/// The elementary functions by the standard library; the error function by its series.
fn elementary(function: Elementary, x: f64) -> f64 {
    match function {
        Elementary::Absolute => x.abs(),
        Elementary::Exponential => x.exp(),
        Elementary::Logarithm => x.ln(),
        Elementary::SquareRoot => x.sqrt(),
        Elementary::Reciprocal => x.recip(),
        Elementary::ErrorFunction => {
            let (mut sum, mut term) = (0.0, x);
            for n in 0..200 {
                sum += term / f64::from(2 * n + 1);
                term *= -x * x / f64::from(n + 1);
            }
            sum * 2.0 / std::f64::consts::PI.sqrt()
        }
        Elementary::Sign => f64::from(i8::from(x > 0.0) - i8::from(x < 0.0)),
        Elementary::Floor => x.floor(),
        Elementary::Ceiling => x.ceil(),
        Elementary::Round => x.round_ties_even(),
        Elementary::Truncate => x.trunc(),
        Elementary::Sine => x.sin(),
        Elementary::Cosine => x.cos(),
        Elementary::Tangent => x.tan(),
        Elementary::ArcSine => x.asin(),
        Elementary::ArcCosine => x.acos(),
        Elementary::ArcTangent => x.atan(),
        Elementary::HyperbolicSine => x.sinh(),
        Elementary::HyperbolicCosine => x.cosh(),
        Elementary::AreaSine => x.asinh(),
        Elementary::AreaCosine => x.acosh(),
        Elementary::AreaTangent => x.atanh(),
    }
}

/// Every function that has parameters or is in [`Elementary`].
fn all() -> Vec<Activation> {
    let named = named(0.75, 0.5).into_iter().map(|(function, _)| function);
    named.chain(Elementary::all().map(Activation::Elementary)).collect()
}

fn close(function: Activation, x: f32, got: f32, expected: f64) -> Result<(), TestCaseError> {
    let error = (f64::from(got) - expected).abs();
    prop_assert!(error <= 3e-7 * (1.0 + expected.abs()), "{function:?} at {x}: {got}, expected {expected}");
    Ok(())
}

proptest! {
    #[test]
    fn functions_have_the_values_of_their_definitions(
        values in prop::collection::vec(-4f32..4.0, 40), a in 0.25f32..2.0, b in 0.25f32..2.0,
    ) {
        for (function, expected) in named(a, b) {
            let execution = Execution::run(Arc::new(network(function, 40)), &values, 1, &()).unwrap();
            for (&x, &got) in values.iter().zip(execution.outputs()) {
                close(function, x, got, expected(f64::from(x)))?;
            }
        }
        for function in Elementary::all() {
            for &x in &values {
                let (got, expected) = (Activation::Elementary(function).apply(x), elementary(function, f64::from(x)));
                // Without a value both are NaN.
                if !(got.is_nan() && expected.is_nan()) {
                    close(Activation::Elementary(function), x, got, expected)?;
                }
            }
        }
    }
}

#[test]
fn values_do_not_overflow_on_the_way() {
    for (function, x, expected) in [
        (Activation::Softplus, 1e30, 1e30),
        (Activation::Softplus, -1e30, 0.0),
        (Activation::Mish, 200.0, 200.0),
        (Activation::Mish, -200.0, 0.0),
        (Activation::HardSwish, -1e30, 0.0),
        (Activation::Selu { alpha: 1.5, scale: 2.0 }, -1e30, -3.0),
        (Activation::Celu { alpha: 0.5 }, 1e30, 1e30),
    ] {
        assert_eq!(function.apply(x), expected, "{function:?} at {x}");
    }
}

#[test]
fn functions_come_back_from_onnx_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    for function in all() {
        let original = network(function, 3);
        std::fs::write(&path, onnx(&original)).unwrap();
        let read = import::onnx::read(&path, &ImportOptions::default()).unwrap().network;
        assert_eq!(network_hash(&read), network_hash(&original), "{function:?}");
    }
}

#[test]
fn a_function_without_a_value_stops_the_execution() {
    for (function, x) in [
        (Activation::Elementary(Elementary::Logarithm), -1.0),
        (Activation::Elementary(Elementary::Logarithm), 0.0),
        (Activation::Elementary(Elementary::SquareRoot), -0.5),
        (Activation::Elementary(Elementary::Reciprocal), 0.0),
        (Activation::Power { exponent: 0.5 }, -2.0),
    ] {
        let error = Execution::run(Arc::new(network(function, 2)), &[1.0, x], 1, &()).map(|_| ()).unwrap_err();
        assert!(matches!(error, ExecutionError::Overflow { input: 0, .. }), "{function:?} at {x}: {error}");
        assert!(error.to_string().contains("'layer'"), "{error}");
    }
}
