//! Circuits as JSON.

use kirchhoff_circuit::{Gate, GateCircuit, GateId};
use serde::Serialize;
use serde_json::{Value, json as value};

use crate::number::number;
use crate::{FormulaError, FormulaOptions, output_names};

#[derive(Serialize)]
struct Circuit<'a> {
    requires: kirchhoff_semiring::Laws,
    layers: Vec<Value>,
    variables: &'a [String],
    gates: Vec<Value>,
    outputs: Vec<Value>,
}

/// A circuit as JSON: its `layers`, `variables`, `gates` and `outputs`, and the laws that it `requires`.
///
/// Gates refer to others by their positions in the list; children come before users. Numbers that JSON does not have are
/// the strings `inf`, `-inf` and `nan`.
///
/// # Errors
/// More gates than the options allow.
pub fn json(circuit: &GateCircuit, options: &FormulaOptions) -> Result<String, FormulaError> {
    let (gates, limit) = (circuit.gates() as u64, options.max_gates);
    if gates > limit {
        return Err(FormulaError::TooLong { gates, limit });
    }
    let finite =
        |d: f64, text: String| if d.is_finite() { text.parse().unwrap_or(Value::String(text)) } else { text.into() };
    let ids = |gates: &[GateId]| -> Vec<usize> { gates.iter().map(|gate| gate.index()).collect() };
    let gate = |(_, gate): (GateId, Gate<'_>)| match gate {
        Gate::Zero => value!({ "kind": "zero" }),
        Gate::One => value!({ "kind": "one" }),
        Gate::Contribution { layer, d } => {
            value!({ "kind": "contribution", "layer": layer, "d": finite(d.into(), number(d, options.digits)) })
        }
        Gate::Variable(number) => value!({ "kind": "variable", "variable": number }),
        Gate::Plus(children) => value!({ "kind": "plus", "children": ids(children) }),
        Gate::Times(children) => value!({ "kind": "times", "children": ids(children) }),
    };
    let end = |d: f64| finite(d, d.to_string());
    let layers = circuit.layers().iter().map(|layer| {
        let range = layer.range.map(|range| [end(range.low), end(range.high)]);
        value!({ "name": layer.name, "rule": layer.rule, "range": range })
    });
    let mut names = output_names(circuit).into_iter();
    let tensors = circuit.outputs_by_tensor().map(|(tensor, own)| {
        let names: Vec<String> = names.by_ref().take(own.len()).collect();
        value!({ "tensor": tensor.name, "shape": tensor.shape, "gates": ids(own), "names": names })
    });
    let view = Circuit {
        requires: circuit.laws(),
        layers: layers.collect(),
        variables: circuit.variables(),
        gates: circuit.iter().map(gate).collect(),
        outputs: tensors.collect(),
    };
    Ok(serde_json::to_string_pretty(&view).expect("strings and numbers alone") + "\n")
}
