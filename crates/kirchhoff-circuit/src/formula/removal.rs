//! Circuits without some of their variables.

use super::cut::copy;
use crate::{Gate, GateBuilder, GateCircuit, GateError, GateId};

/// The circuit with 0 in place of the variables that `removed` accepts: what is left of its outputs without the neurons or
/// edges that these stand on. The variables stay declared. Takes O(gates + wires) time and memory.
///
/// ```
/// use kirchhoff_circuit::formula::{FormulaOptions, parse, text, without};
///
/// let circuit = parse(r#"(circuit (output "x" () (+ (* "h[0]" "w[0]") (* "h[1]" "w[1]"))))"#, 100)?;
/// let left = without(&circuit, &|variable| variable == "h[1]")?;
/// assert_eq!(text(&left, &FormulaOptions::default())?, "R(x) = h[0] ⊗ w[0] ⊕ 𝟘 ⊗ w[1]\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// None for circuits within the limits on gates and wires.
pub fn without(circuit: &GateCircuit, removed: &dyn Fn(&str) -> bool) -> Result<GateCircuit, GateError> {
    let gone: Vec<bool> = circuit.variables().iter().map(|name| removed(name)).collect();
    rebuilt(circuit, |builder, gate, became| match gate {
        Gate::Variable(number) if gone[number as usize] => builder.zero(),
        gate => copy(builder, circuit, gate, became),
    })
    .and_then(|(builder, _)| builder.finish())
}

/// The circuit with one output more: the `⊕` of all of them, as a tensor of this name without axes. Takes O(gates + wires)
/// time and memory.
///
/// # Errors
/// An output tensor that has the name already.
pub fn with_total(circuit: &GateCircuit, name: &str) -> Result<GateCircuit, GateError> {
    let (mut builder, outputs) = rebuilt(circuit, |builder, gate, became| copy(builder, circuit, gate, became))?;
    let total = builder.plus(&outputs)?;
    builder.output(name, &[], &[total])?;
    builder.finish()
}

/// A builder with what `make` makes of each gate, and with the outputs of the circuit.
fn rebuilt(
    circuit: &GateCircuit,
    make: impl Fn(&mut GateBuilder, Gate<'_>, &[Option<GateId>]) -> Result<GateId, GateError>,
) -> Result<(GateBuilder, Vec<GateId>), GateError> {
    let mut builder = GateBuilder::like(circuit, u64::MAX);
    let mut became: Vec<Option<GateId>> = Vec::with_capacity(circuit.gates());
    for (_, gate) in circuit.iter() {
        let made = make(&mut builder, gate, &became)?;
        became.push(Some(made));
    }
    let outputs: Vec<GateId> = circuit.outputs().iter().filter_map(|output| became[output.index()]).collect();
    let mut rest = &outputs[..];
    for tensor in circuit.output_tensors() {
        let own;
        (own, rest) = rest.split_at(tensor.shape.iter().product());
        builder.output(&tensor.name, &tensor.shape, own)?;
    }
    Ok((builder, outputs))
}
