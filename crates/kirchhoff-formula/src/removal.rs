//! Circuits without some of their variables.

use kirchhoff_circuit::{Gate, GateBuilder, GateCircuit, GateError};

/// The circuit with 0 in place of the variables that `removed` accepts: what is left of its outputs without the neurons or
/// edges that these stand on. The variables stay declared. Takes O(gates + wires) time and memory.
///
/// ```
/// use kirchhoff_formula::{FormulaOptions, parse, text, without};
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
    let mut builder = GateBuilder::like(circuit, u64::MAX);
    let mapped = circuit.map_gates(|_, gate, mapped| match gate {
        Gate::Variable(number) if gone[number as usize] => builder.zero().map(Some),
        gate => builder.copy(circuit, gate, mapped).map(Some),
    })?;
    builder.copy_outputs(circuit, &mapped)?;
    builder.finish()
}

/// The circuit with one output more: the `⊕` of all of them, as a tensor of this name without axes. Takes O(gates + wires)
/// time and memory.
///
/// # Errors
/// An output tensor that has the name already.
pub fn with_total(circuit: &GateCircuit, name: &str) -> Result<GateCircuit, GateError> {
    let mut builder = GateBuilder::like(circuit, u64::MAX);
    let mapped = circuit.map_gates(|_, gate, mapped| builder.copy(circuit, gate, mapped).map(Some))?;
    builder.copy_outputs(circuit, &mapped)?;
    let total = builder.plus(&mapped.all(circuit.outputs()))?;
    builder.output(name, &[], &[total])?;
    builder.finish()
}
