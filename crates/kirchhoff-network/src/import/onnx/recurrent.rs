//! Recurrent operators, unrolled over the length of the input into those that networks know.

use kirchhoff_kernel::Weights;

use super::constant::Constant;
use super::fault::Result;
use super::importer::{Importer, Value};
use super::node::Node;
use crate::Activation;
use crate::network::NodeId;
use crate::operators::{Concatenate, Dense, DenseSum, Multiple, Offset, Operator, Reshape, Slice, SliceAxis};

/// Steps of all recurrent operators together, at most: each becomes some twenty layers.
const STEPS: usize = 10_000;

/// The kinds of recurrent operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// One function of the input and the last state.
    Plain,
    /// Long short-term memory: gates in the order input, output, forget, cell.
    Lstm,
    /// Gated recurrent units: update, reset, hidden.
    Gru,
}

impl Cell {
    fn gates(self) -> usize {
        match self {
            Cell::Plain => 1,
            Cell::Lstm => 4,
            Cell::Gru => 3,
        }
    }
}

/// What one direction computes with.
struct Direction {
    /// `[gates · hidden, inputs]`.
    input: Vec<f32>,
    /// `[gates · hidden, hidden]`.
    state: Vec<f32>,
    /// Biases of the input and of the state, `gates · hidden` each.
    input_bias: Vec<f32>,
    state_bias: Vec<f32>,
    inputs: usize,
    hidden: usize,
    functions: Vec<Activation>,
    /// The dense layers of input and state, and those of the input alone, made once for all steps: one a gate.
    joined: Vec<Dense>,
    alone: Vec<Dense>,
    /// Whether a reset gate multiplies what the state has become, and not the state.
    linear_before_reset: bool,
}

/// A state: none where it is 0, so that all terms that it multiplies are left out.
type State = Option<NodeId>;

impl Importer<'_> {
    /// An LSTM, GRU or plain RNN.
    pub fn recurrent(&mut self, node: &Node, cell: Cell) -> Result<Vec<Value>> {
        let argument = self.operand(node, 0)?;
        let hidden = usize::try_from(node.int("hidden_size", 0)?).unwrap_or(0);
        let steps_first = !node.flag("layout", false)?;
        let [first, second, inputs] = argument.dims[..] else {
            return Err(
                node.malformed(format!("takes a sequence of shape {:?}, which should have three axes", argument.dims))
            );
        };
        let (steps, batch) = if steps_first { (first, second) } else { (second, first) };
        if batch != 1 || self.batch != 1 {
            return Err(node.unsupported(format!("takes {batch} sequences at once; export the model for one")));
        }
        self.unrolled += steps;
        if self.unrolled > STEPS {
            return Err(node.unsupported(format!(
                "runs over {steps} steps, more than {STEPS} with all others; shorten the input"
            )));
        }
        if node.has("clip") || (cell == Cell::Lstm && node.flag("input_forget", false)?) {
            return Err(node.unsupported("clips its gates or couples them, which is not supported"));
        }
        if cell == Cell::Lstm && self.optional(node, 7)?.is_some() {
            return Err(node.unsupported("has peepholes, which are not supported"));
        }
        if let Some(lengths) = self.optional_constant(node, 4, "sequence lengths")?
            && lengths.scalar() != Some(steps as f32)
        {
            return Err(node.unsupported("stops before the end of the sequence; cut the input instead"));
        }
        let directions: &[bool] = match &node.text("direction", "forward")?[..] {
            "forward" => &[false],
            "reverse" => &[true],
            "bidirectional" => &[false, true],
            other => return Err(node.malformed(format!("has the unknown direction '{other}'"))),
        };
        let parameters = self.directions(node, cell, [inputs, hidden, directions.len()])?;
        let rows = self.arranged(node, argument.node, &[steps, inputs])?;
        let name = node.name();
        let mut elements = Vec::with_capacity(steps);
        for step in 0..steps {
            let axes = [(step, 1), (0, inputs)].map(|(start, length)| SliceAxis { start, step: 1, length }).to_vec();
            let row = self.emit_as(node, format!("{name}.row{step}"), Operator::Slice(Slice { axes }), &[rows])?;
            let flat = Operator::Reshape(Reshape { shape: vec![inputs] });
            elements.push(self.emit_as(node, format!("{name}.x{step}"), flat, &[row])?);
        }
        let initial = [
            self.initial(node, 5, directions.len(), hidden)?,
            match cell {
                Cell::Lstm => self.initial(node, 6, directions.len(), hidden)?,
                Cell::Plain | Cell::Gru => vec![None; directions.len()],
            },
        ];
        let mut states = vec![Vec::new(); directions.len()];
        let mut last = Vec::new();
        for (number, (&backwards, parameters)) in directions.iter().zip(&parameters).enumerate() {
            let mut state = [initial[0][number], initial[1][number]];
            let order: Vec<usize> = if backwards { (0..steps).rev().collect() } else { (0..steps).collect() };
            for step in order {
                let at = Step { node, name: format!("{name}.{number}.{step}"), x: elements[step], parameters };
                state = match cell {
                    Cell::Plain => [Some(self.plain_step(&at, state[0])?), None],
                    Cell::Lstm => self.lstm_step(&at, state)?.map(Some),
                    Cell::Gru => [Some(self.gru_step(&at, state[0])?), None],
                };
                states[number].push(state[0].expect("a step makes a state"));
            }
            last.push(state);
            if backwards {
                states[number].reverse();
            }
        }
        // `[steps, directions, batch, hidden]`, or the batch first and the directions last but one.
        let all: Vec<NodeId> =
            (0..steps).flat_map(|step| states.iter().map(move |direction| direction[step])).collect();
        let count = directions.len();
        let (all_dims, last_dims) = match steps_first {
            true => (vec![steps, count, 1, hidden], vec![count, 1, hidden]),
            false => (vec![1, steps, count, hidden], vec![1, count, hidden]),
        };
        let joined = self.joined(node, name.clone(), &all)?;
        let mut values = vec![self.shaped(node, joined, all_dims)?];
        let outputs = if cell == Cell::Lstm { 2 } else { 1 };
        for output in 0..outputs {
            let ends: Vec<NodeId> = last.iter().filter_map(|state| state[output]).collect();
            let joined = self.joined(node, format!("{name}.last{output}"), &ends)?;
            values.push(self.shaped(node, joined, last_dims.clone())?);
        }
        Ok(values)
    }

    fn joined(&mut self, node: &Node, name: String, parts: &[NodeId]) -> Result<NodeId> {
        self.emit_as(node, name, Operator::Concatenate(Concatenate { axis: 0 }), parts)
    }

    /// The parameters of each direction.
    fn directions(&self, node: &Node, cell: Cell, [inputs, hidden, count]: [usize; 3]) -> Result<Vec<Direction>> {
        let rows = cell.gates() * hidden;
        let take = |constant: &Constant, dims: [usize; 3]| -> Result<Vec<Vec<f32>>> {
            if constant.dims != dims && constant.dims != dims[..2] {
                return Err(node.malformed(format!("has parameters of shape {:?}, not {dims:?}", constant.dims)));
            }
            Ok(constant.to_weights().chunks(constant.len() / count.max(1)).map(<[f32]>::to_vec).collect())
        };
        let input = take(&self.constant(node, 1, "weights of the input")?, [count, rows, inputs])?;
        let state = take(&self.constant(node, 2, "weights of the state")?, [count, rows, hidden])?;
        let bias = match self.optional_constant(node, 3, "bias")? {
            Some(bias) => take(&bias, [count, 2 * rows, 1])?,
            None => vec![vec![0.0; 2 * rows]; count],
        };
        let names = node.texts("activations")?;
        let defaults: &[&str] = match cell {
            Cell::Plain => &["Tanh"],
            Cell::Lstm => &["Sigmoid", "Tanh", "Tanh"],
            Cell::Gru => &["Sigmoid", "Tanh"],
        };
        let mut directions = Vec::new();
        for (number, ((input, state), bias)) in input.into_iter().zip(state).zip(bias).enumerate() {
            let mut functions = Vec::new();
            for (place, default) in defaults.iter().enumerate() {
                let name = names.get(number * defaults.len() + place).map_or(*default, |name| &name[..]);
                functions.push(match name {
                    "Sigmoid" => Activation::Sigmoid,
                    "Tanh" => Activation::Tanh,
                    "Relu" => Activation::Relu,
                    other => {
                        let what = format!("has the activation '{other}'");
                        return Err(node.unsupported(format!("{what}; Sigmoid, Tanh and Relu are supported")));
                    }
                });
            }
            let (input_bias, state_bias) = (bias[..rows].to_vec(), bias[rows..].to_vec());
            let linear_before_reset = cell == Cell::Gru && node.flag("linear_before_reset", false)?;
            let mut direction = Direction {
                input,
                state,
                input_bias,
                state_bias,
                inputs,
                hidden,
                functions,
                joined: Vec::new(),
                alone: Vec::new(),
                linear_before_reset,
            };
            direction.joined = (0..cell.gates()).map(|gate| direction.of_both(gate)).collect();
            direction.alone = (0..cell.gates()).map(|gate| direction.of_both_biases(gate)).collect();
            directions.push(direction);
        }
        if directions.len() != count || hidden == 0 {
            return Err(node.malformed(format!("has parameters of {} directions, not {count}", directions.len())));
        }
        Ok(directions)
    }

    /// The initial states of each direction; none that are 0.
    fn initial(&mut self, node: &Node, position: usize, count: usize, hidden: usize) -> Result<Vec<State>> {
        let Some(constant) = self.optional_constant(node, position, "initial state")? else {
            return Ok(vec![None; count]);
        };
        if constant.len() != count * hidden {
            return Err(node.malformed(format!("has initial states of shape {:?}", constant.dims)));
        }
        let mut states = Vec::new();
        for values in constant.to_weights().chunks(hidden) {
            let whole = Constant::floats(values.to_vec());
            states.push(match values.iter().all(|&value| value == 0.0) {
                true => None,
                false => Some(self.node_of(node, &Value::Constant(whole))?),
            });
        }
        Ok(states)
    }

    fn plain_step(&mut self, at: &Step<'_, '_>, state: State) -> Result<NodeId> {
        let pre = self.gate(at, 0, "pre", state)?;
        self.function(at, "h", at.parameters.functions[0], pre)
    }

    fn lstm_step(&mut self, at: &Step<'_, '_>, [state, cell]: [State; 2]) -> Result<[NodeId; 2]> {
        let [gate, candidate, output] = [0, 1, 2].map(|function| at.parameters.functions[function]);
        let pre = self.gate(at, 0, "pre_i", state)?;
        let i = self.function(at, "i", gate, pre)?;
        let pre = self.gate(at, 1, "pre_o", state)?;
        let o = self.function(at, "o", gate, pre)?;
        let pre = self.gate(at, 3, "pre_c", state)?;
        let c = self.function(at, "c", candidate, pre)?;
        let mut new = self.part(at, "new", Operator::Product, &[i, c])?;
        if let Some(cell) = cell {
            let pre = self.gate(at, 2, "pre_f", state)?;
            let f = self.function(at, "f", gate, pre)?;
            let kept = self.part(at, "kept", Operator::Product, &[f, cell])?;
            new = self.part(at, "cell", Operator::Add, &[kept, new])?;
        }
        let shown = self.function(at, "cell_function", output, new)?;
        Ok([self.part(at, "h", Operator::Product, &[o, shown])?, new])
    }

    fn gru_step(&mut self, at: &Step<'_, '_>, state: State) -> Result<NodeId> {
        let Direction { hidden, functions, linear_before_reset, .. } = at.parameters;
        let pre = self.gate(at, 0, "pre_z", state)?;
        let z = self.function(at, "z", functions[0], pre)?;
        let candidate = match (state, linear_before_reset) {
            (None, false) => self.gate(at, 2, "pre_h", None)?,
            (Some(state), false) => {
                let pre = self.gate(at, 1, "pre_r", Some(state))?;
                let r = self.function(at, "r", functions[0], pre)?;
                let reset = self.part(at, "reset", Operator::Product, &[r, state])?;
                self.gate(at, 2, "pre_h", Some(reset))?
            }
            (state, true) => {
                let pre = self.gate(at, 1, "pre_r", state)?;
                let r = self.function(at, "r", functions[0], pre)?;
                let bias: Weights = at.parameters.state_bias[2 * hidden..].into();
                let u = match state {
                    // The reset gate alone multiplies the bias.
                    None => self.part(at, "u", Operator::Multiple(Multiple { values: bias }), &[r])?,
                    Some(state) => {
                        let weights = at.parameters.state[2 * hidden * hidden..].into();
                        let dense = Dense { inputs: *hidden, outputs: *hidden, weights, bias: Some(bias) };
                        let transformed = self.part(at, "Rh", Operator::Dense(dense), &[state])?;
                        self.part(at, "u", Operator::Product, &[r, transformed])?
                    }
                };
                let dense = at.parameters.of_input(2);
                self.part(at, "pre_h", Operator::DenseSum(DenseSum { dense }), &[at.x, u])?
            }
        };
        let candidate = self.function(at, "candidate", functions[1], candidate)?;
        let ones = self.repeat(at.node, 1.0, *hidden)?;
        let rest = self.part(at, "1-z", Operator::Offset(Offset { values: ones, negative: true }), &[z])?;
        let new = self.part(at, "new", Operator::Product, &[rest, candidate])?;
        let Some(state) = state else { return Ok(new) };
        let kept = self.part(at, "kept", Operator::Product, &[z, state])?;
        self.part(at, "h", Operator::Add, &[new, kept])
    }

    /// What a gate is before its function: one dense layer of the input and the state.
    fn gate(&mut self, at: &Step<'_, '_>, gate: usize, part: &str, state: State) -> Result<NodeId> {
        let Some(state) = state else {
            return self.part(at, part, Operator::Dense(at.parameters.alone[gate].clone()), &[at.x]);
        };
        let joined =
            self.part(at, &format!("{part}.xh"), Operator::Concatenate(Concatenate { axis: 0 }), &[at.x, state])?;
        self.part(at, part, Operator::Dense(at.parameters.joined[gate].clone()), &[joined])
    }

    fn function(&mut self, at: &Step<'_, '_>, part: &str, function: Activation, argument: NodeId) -> Result<NodeId> {
        self.part(at, part, Operator::Activation(function), &[argument])
    }

    fn part(&mut self, at: &Step<'_, '_>, part: &str, operator: Operator, arguments: &[NodeId]) -> Result<NodeId> {
        self.emit_as(at.node, format!("{}.{part}", at.name), operator, arguments)
    }
}

/// One step of one direction.
struct Step<'a, 'n> {
    node: &'a Node<'n>,
    name: String,
    x: NodeId,
    parameters: &'a Direction,
}

impl Direction {
    fn rows(&self, gate: usize) -> std::ops::Range<usize> {
        gate * self.hidden..(gate + 1) * self.hidden
    }

    /// The dense layer of the input alone, with the bias of the input.
    fn of_input(&self, gate: usize) -> Dense {
        let rows = self.rows(gate);
        let weights = self.input[rows.start * self.inputs..rows.end * self.inputs].into();
        let bias = Some(self.input_bias[rows].into());
        Dense { inputs: self.inputs, outputs: self.hidden, weights, bias }
    }

    /// The same with both biases.
    fn of_both_biases(&self, gate: usize) -> Dense {
        let rows = self.rows(gate);
        let biases = self.input_bias[rows.clone()].iter().zip(&self.state_bias[rows]);
        Dense { bias: Some(biases.map(|(input, state)| input + state).collect()), ..self.of_input(gate) }
    }

    /// The dense layer of input and state, one behind the other.
    fn of_both(&self, gate: usize) -> Dense {
        let row = |row: usize| {
            let input = &self.input[row * self.inputs..(row + 1) * self.inputs];
            input.iter().chain(&self.state[row * self.hidden..(row + 1) * self.hidden]).copied()
        };
        let weights = self.rows(gate).flat_map(row).collect();
        Dense { inputs: self.inputs + self.hidden, weights, ..self.of_both_biases(gate) }
    }
}
