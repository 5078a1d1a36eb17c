//! Parts of circuits: some outputs, from one layer on, to a depth.

use std::collections::{HashMap, HashSet, VecDeque};

use kirchhoff_circuit::{Gate, GateBuilder, GateCircuit, GateError, GateId, neuron_name, neurons_at, tensor_label};

use crate::FormulaError;

/// Which part of a circuit to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// The outputs, by their positions in [`GateCircuit::outputs`]; none for all.
    pub outputs: Vec<usize>,
    /// A tensor among the outputs: the relevance of its neurons becomes variables `R(h1[5])`, and what it is made of
    /// is cut off.
    pub layer: Option<String>,
    /// Gates this far from an output become variables `gate[17]`, by their ids, and what they are made of is cut off.
    pub depth: Option<usize>,
}

/// The part of a circuit that `cut` asks for, as a circuit of its own.
///
/// Outputs that were chosen one by one are tensors without axes, under the [names](neuron_name) of their neurons.
/// Variables that do not occur are left out, the others keep their order, and those for what was cut off follow; layers
/// stay. Takes O(gates + wires) time and memory.
///
/// # Errors
/// A layer that is not among the output tensors, or an output that is not there.
pub fn cut(circuit: &GateCircuit, cut: &Cut) -> Result<GateCircuit, FormulaError> {
    let names = output_names(circuit);
    if let Some(&output) = cut.outputs.iter().find(|&&output| output >= names.len()) {
        return Err(missing(circuit, &output.to_string()));
    }
    let stopped = match &cut.layer {
        None => 0..0,
        Some(layer) => tensor(circuit, layer).ok_or_else(|| missing(circuit, layer))?,
    };
    let roots: Vec<usize> = match cut.outputs.is_empty() {
        true => (0..names.len()).filter(|output| !stopped.contains(output)).collect(),
        false => cut.outputs.clone(),
    };
    let outputs = circuit.outputs();
    let asked: Vec<GateId> = roots.iter().filter(|root| stopped.contains(root)).map(|&root| outputs[root]).collect();
    let mut ends: HashMap<GateId, String> = HashMap::new();
    for output in stopped.clone().rev().filter(|&output| !asked.contains(&outputs[output])) {
        ends.insert(outputs[output], format!("R({})", names[output]));
    }

    // Breadth first, so that the distance is the shortest.
    let mut distances: Vec<Option<usize>> = vec![None; circuit.gates()];
    let mut next: VecDeque<GateId> = VecDeque::new();
    for &root in &roots {
        if distances[outputs[root].index()].replace(0).is_none() {
            next.push_back(outputs[root]);
        }
    }
    while let Some(gate) = next.pop_front() {
        let distance = distances[gate.index()].unwrap_or_default();
        let inner = circuit.kind(gate).is_inner();
        if inner && cut.depth.is_some_and(|depth| distance >= depth) {
            ends.entry(gate).or_insert_with(|| format!("gate[{}]", gate.index()));
        }
        if inner && !ends.contains_key(&gate) {
            for &child in circuit.children(gate) {
                if distances[child.index()].is_none() {
                    distances[child.index()] = Some(distance + 1);
                    next.push_back(child);
                }
            }
        }
    }

    let mut builder = GateBuilder::new(circuit.layers().to_vec(), u64::MAX);
    builder.require(circuit.laws());
    let occurs = |(id, gate): (GateId, Gate<'_>)| match gate {
        Gate::Variable(number) if distances[id.index()].is_some() => Some(number),
        _ => None,
    };
    let mut variables: Vec<u32> = circuit.iter().filter_map(occurs).collect();
    variables.sort_unstable();
    for number in variables {
        builder.declare(&circuit.variables()[number as usize]);
    }
    let mapped = circuit.map_gates(|id, gate, mapped| {
        if distances[id.index()].is_none() {
            return Ok(None);
        }
        match ends.get(&id).filter(|_| circuit.kind(id).is_inner()) {
            Some(name) => {
                let number = builder.declare_distinct(name);
                builder.variable(number).map(Some)
            }
            None => builder.copy(circuit, gate, mapped).map(Some),
        }
    })?;
    if cut.outputs.is_empty() {
        let mut first = 0;
        for (tensor, gates) in circuit.outputs_by_tensor() {
            if first >= stopped.end || first + gates.len() <= stopped.start {
                builder.output(&tensor.name, &tensor.shape, &mapped.all(gates))?;
            }
            first += gates.len();
        }
    } else {
        let mut seen = HashSet::new();
        for &root in roots.iter().filter(|&&root| seen.insert(root)) {
            builder.output(&names[root], &[], &[mapped.of(outputs[root])])?;
        }
    }
    Ok(builder.finish()?)
}

/// What a contribution becomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// The constant 0.
    Zero,
    /// The constant 1.
    One,
    /// Another number.
    Number(f32),
}

/// The circuit with Θ applied to its contributions, each of which `theta` is given with the position of its layer, and
/// with 1 or 0 in place of the variables for which `constant` is true or false: thresholds leave constants alone, which
/// simplification can use. Other variables and layers stay. Takes O(gates + wires) time and memory.
///
/// # Errors
/// None for circuits within the limits on gates and wires.
pub fn decide(
    circuit: &GateCircuit,
    theta: &dyn Fn(usize, f32) -> Decision,
    constant: &dyn Fn(&str) -> Option<bool>,
) -> Result<GateCircuit, GateError> {
    let mut builder = GateBuilder::new(circuit.layers().to_vec(), u64::MAX);
    builder.require(circuit.laws());
    circuit.variables().iter().filter(|name| constant(name).is_none()).for_each(|name| {
        builder.declare(name);
    });
    let mapped = circuit.map_gates(|_, gate, mapped| {
        let made = match gate {
            Gate::Contribution { layer, d } => match theta(layer as usize, d) {
                Decision::Zero => builder.zero(),
                Decision::One => builder.one(),
                Decision::Number(d) => builder.contribution(layer, d),
            },
            Gate::Variable(number) => match constant(&circuit.variables()[number as usize]) {
                Some(true) => builder.one(),
                Some(false) => builder.zero(),
                None => builder.copy(circuit, gate, mapped),
            },
            gate => builder.copy(circuit, gate, mapped),
        };
        made.map(Some)
    })?;
    builder.copy_outputs(circuit, &mapped)?;
    builder.finish()?.without_dead_gates()
}

/// The [names](neuron_name) of the outputs, in their order.
pub fn output_names(circuit: &GateCircuit) -> Vec<String> {
    let tensors = circuit.output_tensors().iter();
    tensors
        .flat_map(|tensor| (0..tensor.size()).map(|neuron| neuron_name(&tensor.name, &tensor.shape, neuron)))
        .collect()
}

/// The outputs that a text names, by their positions: `5` is output number 5, `x[3,4]` a neuron, `h1[2]` a channel of an image
/// or whatever else is [at a place](neurons_at) of a tensor, and `input`, `x` or `input[*]` are all neurons of a tensor. A neuron
/// of a tensor whose first axis has length 1 may be named by its number in row-major order: `input[88]`.
///
/// # Errors
/// No such output; the error says what there is.
pub fn find_outputs(circuit: &GateCircuit, asked: &str) -> Result<Vec<usize>, FormulaError> {
    let asked = asked.trim();
    let none = || missing(circuit, asked);
    if let Ok(number) = asked.parse::<usize>() {
        return if number < circuit.outputs().len() { Ok(vec![number]) } else { Err(none()) };
    }
    if let Some(whole) = tensor(circuit, asked) {
        return Ok(whole.collect());
    }
    let (name, place) = asked.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')).ok_or_else(none)?;
    let range = tensor(circuit, name).ok_or_else(none)?;
    let shape = shape_of(circuit, range.start).ok_or_else(none)?;
    if let Some(neurons) = neurons_at(shape, place) {
        return Ok(neurons.into_iter().map(|neuron| range.start + neuron).collect());
    }
    let is_grey = shape.first() == Some(&1);
    let number = place.trim().parse::<usize>().ok().filter(|&number| is_grey && number < range.len());
    number.map(|number| vec![range.start + number]).ok_or_else(none)
}

/// The outputs of the tensor of a name, or of the name that its neurons have.
fn tensor(circuit: &GateCircuit, name: &str) -> Option<std::ops::Range<usize>> {
    circuit.output_range(name).or_else(|| {
        let tensor = circuit.output_tensors().iter().find(|tensor| tensor_label(&tensor.name) == name)?;
        circuit.output_range(&tensor.name)
    })
}

fn shape_of(circuit: &GateCircuit, output: usize) -> Option<&[usize]> {
    let mut first = 0;
    circuit.output_tensors().iter().find_map(|tensor| {
        first += tensor.size();
        (output < first).then_some(&tensor.shape[..])
    })
}

fn missing(circuit: &GateCircuit, asked: &str) -> FormulaError {
    let names = circuit.output_tensors().iter().take(20).map(|tensor| {
        let sizes: Vec<String> = tensor.shape.iter().map(usize::to_string).collect();
        format!("`{}` ({})", tensor.name, if sizes.is_empty() { "1".to_string() } else { sizes.join(" × ") })
    });
    let there = format!("{} outputs: {}", circuit.outputs().len(), names.collect::<Vec<_>>().join(", "));
    FormulaError::NoOutput { asked: asked.to_string(), there }
}
