//! Makes gate circuits gate by gate; equal gates are made once.

use std::collections::HashMap;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use kirchhoff_semiring::Laws;

use super::order::arranged;
use super::{GateArrays, GateCircuit, GateError, GateId, GateKind, GateLayer, LeafEdges, OutputTensor};

/// Builds a [`GateCircuit`] from the leaves up.
///
/// Equal gates are made once (hash-consing): gates of one kind with the same children in the same order, contributions
/// of the same layer and the same bits. A `⊕` or `⊗` of nothing is the constant 0 or 1, and of one child it is that
/// child: these hold by definition, in every semiring. Nothing else is simplified.
///
/// ```
/// use kirchhoff_circuit::{Gate, GateBuilder, GateLayer};
///
/// let layer = GateLayer { name: "0".to_string(), rule: "zero".to_string(), range: None };
/// let mut builder = GateBuilder::new(vec![layer], 1000);
/// let target = builder.declare("start[0]");
/// let target = builder.variable(target)?;
/// let [above, below] = [builder.contribution(0, 0.75)?, builder.contribution(0, 0.25)?];
/// let relevance = [builder.times(&[above, target])?, builder.times(&[below, target])?];
/// builder.output("input", &[2], &relevance)?;
///
/// let circuit = builder.finish()?;
/// assert_eq!((circuit.gates(), circuit.wires(), circuit.depth()), (5, 4, 1));
/// assert!(matches!(circuit.gate(circuit.outputs()[0]), Gate::Times([_, _])));
/// # Ok::<(), kirchhoff_circuit::GateError>(())
/// ```
#[derive(Clone, Debug)]
pub struct GateBuilder {
    max_gates: u64,
    kinds: Vec<u8>,
    offsets: Vec<u32>,
    operands: Vec<u32>,
    contributions: Vec<f32>,
    contribution_layers: Vec<u32>,
    /// The source and the destination neurons of the contributions, as far as each has its edge.
    edges: [Vec<u32>; 2],
    outputs: Vec<u32>,
    output_tensors: Vec<OutputTensor>,
    variables: Vec<String>,
    variable_numbers: HashMap<String, u32>,
    layers: Vec<GateLayer>,
    laws: Laws,
    known: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// What a gate is recognised by: its kind, and its children, its variable, or the layer and the bits of its
/// contribution.
type Key<'a> = (u8, &'a [u32]);

impl GateBuilder {
    /// A builder of a circuit whose contributions come from the given layers, with at most `max_gates` gates.
    ///
    /// Memory is taken as gates are made: 5 bytes a gate, 4 a wire and 12 a leaf, and up to 12 a gate for finding equal
    /// ones.
    pub fn new(layers: Vec<GateLayer>, max_gates: u64) -> Self {
        GateBuilder {
            // Ids are 32 bits wide, and the highest is left out, so that a number of gates fits as well.
            max_gates: max_gates.min(u64::from(u32::MAX) - 1),
            kinds: Vec::new(),
            offsets: vec![0],
            operands: Vec::new(),
            contributions: Vec::new(),
            contribution_layers: Vec::new(),
            edges: [Vec::new(), Vec::new()],
            outputs: Vec::new(),
            output_tensors: Vec::new(),
            variables: Vec::new(),
            variable_numbers: HashMap::new(),
            layers,
            laws: Laws::NONE,
            known: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// A builder with the layers, the variables and the laws of a circuit, but none of its gates.
    pub fn like(circuit: &GateCircuit, max_gates: u64) -> Self {
        let mut builder = GateBuilder::new(circuit.layers().to_vec(), max_gates);
        for name in circuit.variables() {
            builder.declare(name);
        }
        builder.laws = circuit.laws();
        builder
    }

    /// Adds a layer that contributions may come from; returns its position.
    pub fn add_layer(&mut self, layer: GateLayer) -> u32 {
        self.layers.push(layer);
        self.layers.len() as u32 - 1
    }

    /// The number of gates made so far.
    pub fn gates(&self) -> usize {
        self.kinds.len()
    }

    /// The kind of a gate.
    ///
    /// # Panics
    /// If the builder has made no such gate.
    pub fn kind(&self, gate: GateId) -> GateKind {
        GateKind::from_number(self.kinds[gate.index()]).expect("the builder makes known kinds")
    }

    /// The children of a gate; none of a leaf.
    ///
    /// # Panics
    /// If the builder has made no such gate.
    pub fn children(&self, gate: GateId) -> &[GateId] {
        if self.kind(gate).is_inner() { bytemuck::cast_slice(self.operands_of(gate.0)) } else { &[] }
    }

    fn operands_of(&self, gate: u32) -> &[u32] {
        &self.operands[self.offsets[gate as usize] as usize..self.offsets[gate as usize + 1] as usize]
    }

    /// The constant 0.
    ///
    /// # Errors
    /// Too many gates.
    pub fn zero(&mut self) -> Result<GateId, GateError> {
        self.gate((GateKind::Zero as u8, &[]))
    }

    /// The constant 1.
    ///
    /// # Errors
    /// Too many gates.
    pub fn one(&mut self) -> Result<GateId, GateError> {
        self.gate((GateKind::One as u8, &[]))
    }

    /// A leaf for the contribution `d` of the layer at a position.
    ///
    /// # Errors
    /// A layer that is not there, or too many gates.
    pub fn contribution(&mut self, layer: u32, d: f32) -> Result<GateId, GateError> {
        self.check_layer(layer)?;
        self.gate((GateKind::Contribution as u8, &[layer, d.to_bits()]))
    }

    fn check_layer(&self, layer: u32) -> Result<(), GateError> {
        let limit = self.layers.len();
        match (layer as usize) < limit {
            true => Ok(()),
            false => Err(GateError::Reference { gate: self.gates(), what: "layer", got: layer, limit }),
        }
    }

    /// A leaf of its own for the contribution of an edge, from the source neuron and to the destination neuron of the
    /// given numbers ([`LeafEdges`]). The circuit knows the edges of its leaves if all its contributions are made so.
    ///
    /// # Errors
    /// A layer that is not there, or too many gates.
    pub fn edge(&mut self, layer: u32, edge: [u32; 2], d: f32) -> Result<GateId, GateError> {
        self.check_layer(layer)?;
        let leaf = self.contributions.len();
        let gate = self.push(GateKind::Contribution as u8, &[layer, d.to_bits()])?;
        for (neurons, neuron) in self.edges.iter_mut().zip(edge) {
            if neurons.len() == leaf {
                neurons.push(neuron);
            }
        }
        Ok(GateId(gate))
    }

    /// The number of the variable of a name, which need not have been there before. A variable that no gate refers to
    /// takes a value at evaluation all the same.
    pub fn declare(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.variable_numbers.get(name) {
            return number;
        }
        let number = self.variables.len() as u32;
        self.variables.push(name.to_string());
        self.variable_numbers.insert(name.to_string(), number);
        number
    }

    /// The number of a new variable: of this name, or where there is one already, of `name#2` or the next that is free.
    pub fn declare_distinct(&mut self, name: &str) -> u32 {
        let taken = |name: &str| self.variable_numbers.contains_key(name);
        if !taken(name) {
            return self.declare(name);
        }
        let other = (2u64..).map(|number| format!("{name}#{number}")).find(|name| !taken(name));
        self.declare(&other.expect("fewer variables than numbers"))
    }

    /// A leaf for the variable of a number.
    ///
    /// # Errors
    /// A variable that is not declared, or too many gates.
    pub fn variable(&mut self, number: u32) -> Result<GateId, GateError> {
        let limit = self.variables.len();
        if number as usize >= limit {
            return Err(GateError::Reference { gate: self.gates(), what: "variable", got: number, limit });
        }
        self.gate((GateKind::Variable as u8, &[number]))
    }

    /// `⊕` of the children.
    ///
    /// # Errors
    /// A child that is not there, too many gates, or too many operands.
    pub fn plus(&mut self, children: &[GateId]) -> Result<GateId, GateError> {
        match children {
            [] => self.zero(),
            _ => self.inner(GateKind::Plus, children),
        }
    }

    /// `⊗` of the children, from left to right.
    ///
    /// # Errors
    /// A child that is not there, too many gates, or too many operands.
    pub fn times(&mut self, children: &[GateId]) -> Result<GateId, GateError> {
        match children {
            [] => self.one(),
            _ => self.inner(GateKind::Times, children),
        }
    }

    fn inner(&mut self, kind: GateKind, children: &[GateId]) -> Result<GateId, GateError> {
        children.iter().try_for_each(|&child| self.is_there("gate", child))?;
        match children {
            [child] => Ok(*child),
            _ => self.gate((kind as u8, bytemuck::cast_slice(children))),
        }
    }

    fn is_there(&self, what: &'static str, gate: GateId) -> Result<(), GateError> {
        let limit = self.gates();
        if gate.index() < limit {
            return Ok(());
        }
        Err(GateError::Reference { gate: limit, what, got: gate.0, limit })
    }

    /// Finds the gate of a key or makes it.
    fn gate(&mut self, key: Key<'_>) -> Result<GateId, GateError> {
        let hash = self.hasher.hash_one(key);
        if let Some(&known) = self.known.find(hash, |&gate| self.is(gate, key)) {
            return Ok(GateId(known));
        }
        let (kind, content) = key;
        let id = self.push(kind, content)?;
        let GateBuilder { known, kinds, offsets, operands, contributions, contribution_layers, hasher, .. } = self;
        let rehash = |&gate: &u32| {
            let gate = gate as usize;
            let content = &operands[offsets[gate] as usize..offsets[gate + 1] as usize];
            if kinds[gate] == GateKind::Contribution as u8 {
                let leaf = content[0] as usize;
                hasher.hash_one((kinds[gate], &[contribution_layers[leaf], contributions[leaf].to_bits()][..]))
            } else {
                hasher.hash_one((kinds[gate], content))
            }
        };
        known.insert_unique(hash, id, rehash);
        Ok(GateId(id))
    }

    /// Makes the gate of a key.
    fn push(&mut self, kind: u8, content: &[u32]) -> Result<u32, GateError> {
        let leaf = kind == GateKind::Contribution as u8;
        if self.gates() as u64 >= self.max_gates {
            return Err(GateError::Limit { what: "gates", limit: self.max_gates });
        }
        let end = self.operands.len() + if leaf { 1 } else { content.len() };
        let Ok(end) = u32::try_from(end) else {
            return Err(GateError::Limit { what: "operands", limit: u64::from(u32::MAX) });
        };
        let id = self.gates() as u32;
        if leaf {
            self.operands.push(self.contributions.len() as u32);
            self.contribution_layers.push(content[0]);
            self.contributions.push(f32::from_bits(content[1]));
        } else {
            self.operands.extend_from_slice(content);
        }
        self.kinds.push(kind);
        self.offsets.push(end);
        Ok(id)
    }

    fn is(&self, gate: u32, (kind, content): Key<'_>) -> bool {
        if self.kinds[gate as usize] != kind {
            return false;
        }
        let operands = self.operands_of(gate);
        if kind == GateKind::Contribution as u8 {
            let leaf = operands[0] as usize;
            content == [self.contribution_layers[leaf], self.contributions[leaf].to_bits()]
        } else {
            content == operands
        }
    }

    /// Makes gates the outputs of a tensor: as many as the product of its shape.
    ///
    /// # Errors
    /// A gate that is not there.
    pub fn output(&mut self, name: &str, shape: &[usize], gates: &[GateId]) -> Result<(), GateError> {
        gates.iter().try_for_each(|&gate| self.is_there("gate", gate))?;
        self.outputs.extend_from_slice(bytemuck::cast_slice(gates));
        self.output_tensors.push(OutputTensor { name: name.to_string(), shape: shape.to_vec() });
        Ok(())
    }

    /// The laws that a semiring must have for the circuit to mean what it is made from, beside those of before.
    pub fn require(&mut self, laws: Laws) {
        self.laws = self.laws | laws;
    }

    /// The circuit, with all gates that were made.
    ///
    /// Gates are brought into the order of their levels, so that the builder's ids are not the circuit's: find gates by
    /// the [outputs](GateCircuit::outputs). Takes O(gates + wires) time and memory.
    ///
    /// # Errors
    /// Two outputs of one name, or a number of outputs that does not fit their shapes.
    pub fn finish(self) -> Result<GateCircuit, GateError> {
        let [sources, destinations] = self.edges;
        let has_edges = !sources.is_empty() && sources.len() == self.contributions.len();
        let arrays = GateArrays {
            kinds: self.kinds.into(),
            offsets: self.offsets.into(),
            operands: self.operands.into(),
            contributions: self.contributions.into(),
            contribution_layers: self.contribution_layers.into(),
            edges: has_edges.then(|| LeafEdges { sources: sources.into(), destinations: destinations.into() }),
            outputs: self.outputs.into(),
            output_tensors: self.output_tensors,
            variables: self.variables,
            layers: self.layers,
            laws: self.laws,
        };
        // The table of known gates is large: it goes before the arrays are copied.
        drop(self.known);
        GateCircuit::new(arranged(&arrays, None)?)
    }
}
