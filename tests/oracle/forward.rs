//! The naive forward pass in `f64`, over explicit edges, and that executions agree with it.

use kirchhoff_network::{Activation, Execution, Operator, Pad, Pool, PoolKind};

use crate::edges::{Edge, biases, edges};
use crate::network::{Description, Layer, Sort, network};
use crate::random::{Random, Verdict, cases};

/// A value, and the magnitude of what it was summed from: what its rounding is relative to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaled {
    /// The value.
    pub value: f64,
    /// The sum of the magnitudes.
    pub scale: f64,
}

/// A layer's result on the given arguments.
fn forward(layer: &Layer, shapes: &[&[usize]], arguments: &[Vec<Scaled>]) -> Vec<Scaled> {
    let edges = edges(&layer.operator, shapes);
    let size: usize = layer.shape.iter().product();
    let of = |edge: &Edge| arguments[edge.argument][edge.source];
    let mut result = vec![Scaled { value: 0.0, scale: 0.0 }; size];
    match &layer.operator {
        Operator::Pool(Pool { kind: PoolKind::Maximum, .. }) => {
            for (k, result) in result.iter_mut().enumerate() {
                let members = edges.iter().filter(|edge| edge.destination == k).map(of);
                *result = members.reduce(|a, b| if b.value > a.value { b } else { a }).unwrap_or(*result);
                let scales = edges.iter().filter(|edge| edge.destination == k).map(|edge| of(edge).scale);
                result.scale = scales.fold(0.0, f64::max);
            }
        }
        Operator::Activation(activation) => {
            for edge in &edges {
                let Scaled { value, scale } = of(edge);
                // No activation is steeper than 1.2; a clip, a sigmoid or a hyperbolic tangent may be larger than
                // its argument.
                let value = activate(*activation, value);
                result[edge.destination] = Scaled { value, scale: 1.2 * scale.max(value.abs()) };
            }
        }
        Operator::Pad(Pad { value, .. }) => {
            let value = f64::from(*value);
            result.fill(Scaled { value, scale: value.abs() });
            edges.iter().for_each(|edge| result[edge.destination] = of(edge));
        }
        operator => {
            for (result, bias) in result.iter_mut().zip(biases(operator, &layer.shape)) {
                *result = Scaled { value: bias, scale: bias.abs() };
            }
            for edge in &edges {
                let Scaled { value, scale } = of(edge);
                result[edge.destination].value += edge.weight * value;
                result[edge.destination].scale += edge.weight.abs() * scale;
            }
        }
    }
    result
}

/// The activation functions from their definitions.
fn activate(activation: Activation, x: f64) -> f64 {
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    match activation {
        Activation::Relu => x.max(0.0),
        Activation::LeakyRelu { slope } => x.max(0.0) + f64::from(slope) * x.min(0.0),
        Activation::Clip { low, high } => x.clamp(f64::from(low), f64::from(high)),
        Activation::Sigmoid => sigmoid,
        Activation::Tanh => 1.0 - 2.0 / ((2.0 * x).exp() + 1.0),
        Activation::Elu { alpha } => x.max(0.0) + f64::from(alpha) * (x.min(0.0).exp() - 1.0),
        Activation::Silu => x * sigmoid,
        Activation::Gelu { tanh: false } => x * (1.0 + error_function(x / 2f64.sqrt())) / 2.0,
        Activation::Gelu { tanh: true } => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
            x * (1.0 + inner.tanh()) / 2.0
        }
        Activation::HardSigmoid { slope, shift } => (f64::from(slope) * x + f64::from(shift)).clamp(0.0, 1.0),
        Activation::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::Mish => x * (1.0 + x.exp()).ln().tanh(),
        Activation::Softplus => (1.0 + x.exp()).ln(),
        Activation::Softsign => x / (1.0 + x.abs()),
        Activation::Selu { alpha, scale } => {
            f64::from(scale) * (x.max(0.0) + f64::from(alpha) * (x.min(0.0).exp() - 1.0))
        }
        Activation::Celu { alpha } => {
            let alpha = f64::from(alpha);
            x.max(0.0) + (alpha * ((x / alpha).exp() - 1.0)).min(0.0)
        }
        Activation::ThresholdedRelu { threshold } => x * f64::from(u8::from(x > f64::from(threshold))),
        Activation::Shrink { bias, threshold } => {
            let kept = f64::from(u8::from(x.abs() > f64::from(threshold)));
            kept * (x - f64::from(bias) * x.signum())
        }
        Activation::Power { exponent } => x.powf(exponent.into()),
        Activation::Elementary(function) => function.at(x),
    }
}

/// `erf x = 2/√π ∫₀ˣ e^−t² dt`, by Simpson's rule.
fn error_function(x: f64) -> f64 {
    const PARTS: usize = 400;
    let end = x.clamp(-6.0, 6.0);
    let step = end / PARTS as f64;
    let value = |i: usize| (-(i as f64 * step).powi(2)).exp();
    let weight = |i: usize| if i == 0 || i == PARTS { 1.0 } else { 2.0 + 2.0 * (i % 2) as f64 };
    let sum: f64 = (0..=PARTS).map(|i| weight(i) * value(i)).sum();
    2.0 / std::f64::consts::PI.sqrt() * sum * step / 3.0
}

/// Compares every tensor of one execution with what the oracle makes of the evaluator's own arguments, and of the input
/// alone.
pub fn check_activations(description: &Description, execution: &Execution, number: usize) -> Result<(), String> {
    let found = |layer: usize| -> Vec<Scaled> {
        let node = execution.network().find(&description.layers[layer].name).unwrap();
        let size: usize = description.layers[layer].shape.iter().product();
        let values = &execution.activations(node)[number * size..(number + 1) * size];
        values.iter().map(|&value| Scaled { value: f64::from(value), scale: f64::from(value.abs()) }).collect()
    };
    let mut whole: Vec<Vec<Scaled>> = vec![found(0)];
    for (index, layer) in description.layers.iter().enumerate().skip(1) {
        let shapes = description.shapes(layer);
        let step: Vec<Vec<Scaled>> = layer.arguments.iter().map(|&argument| found(argument)).collect();
        let chain: Vec<Vec<Scaled>> = layer.arguments.iter().map(|&argument| whole[argument].clone()).collect();
        let (step, chain) = (forward(layer, &shapes, &step), forward(layer, &shapes, &chain));
        for (what, expected, tolerance) in [("one step", &step, 2e-6), ("from the input", &chain, 1e-5)] {
            for (k, (got, expected)) in found(index).iter().zip(expected).enumerate() {
                if (got.value - expected.value).abs() > tolerance * expected.scale {
                    return Err(format!("{what}, {} neuron {k}: {got:?}, expected {expected:?}", layer.name));
                }
            }
        }
        whole.push(chain);
    }
    Ok(())
}

#[test]
fn activations_are_those_of_the_naive_forward_pass() {
    cases("forward", 600, 16, &|seed, size| {
        let mut random = Random::new(seed);
        let description = network(&mut random, size, Sort::default());
        let inputs = description.inputs(&mut random, 2);
        let execution = Execution::run(description.network(), &inputs, 2, &()).map_err(|error| error.to_string())?;
        for number in 0..2 {
            check_activations(&description, &execution, number)?;
        }
        Ok(Verdict::Compared)
    });
}
