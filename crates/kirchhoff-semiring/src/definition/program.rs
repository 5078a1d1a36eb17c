//! Graphs as code for blocks: instructions in order, with few places for what they compute.

use super::column::ColumnType;
use super::error::Faults;
use super::graph::{Graph, Id, Value};
use super::lanes::{Block, LANES, Lanes, Operation, apply};

/// The most inputs of a program: three values of eight columns.
pub(super) const INPUTS: usize = 24;

/// Where lanes are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Input(usize),
    Constant(usize),
    Slot(ColumnType, usize),
}

#[derive(Clone, Debug)]
struct Instruction {
    operation: Operation,
    operands: [Place; 3],
    guard: Option<Place>,
    to: (ColumnType, usize),
}

/// Code for a block of lanes.
#[derive(Clone, Debug)]
pub(super) struct Program {
    instructions: Vec<Instruction>,
    /// Filled blocks, so that a constant is an operand like any other.
    constants: Vec<Block>,
    /// The slots of each type, in the order of [`ColumnType::ALL`].
    slots: [usize; 4],
    outputs: Vec<(ColumnType, usize)>,
    /// Which inputs the code reads.
    reads: Vec<bool>,
}

/// The places of a thread for what instructions compute.
#[derive(Debug, Default)]
pub(super) struct Slots([Vec<Block>; 4]);

impl Program {
    /// The code that computes `outputs`; what they do not need is left out.
    pub(super) fn new(graph: &Graph, outputs: &[Id], inputs: usize) -> Self {
        // How often a value is still to be read.
        let mut uses = vec![0usize; graph.len()];
        let mut needed = vec![false; graph.len()];
        outputs.iter().for_each(|&id| needed[id] = true);
        for id in (0..graph.len()).rev() {
            if let (true, Value::Apply { operands, guard, .. }) = (needed[id], graph.value(id)) {
                for operand in operands.into_iter().chain(guard) {
                    needed[operand] = true;
                    uses[operand] += 1;
                }
            }
        }
        let mut program = Program {
            instructions: Vec::new(),
            constants: Vec::new(),
            slots: [0; 4],
            outputs: Vec::new(),
            reads: vec![false; inputs],
        };
        let mut free: [Vec<usize>; 4] = Default::default();
        let mut places: Vec<Option<Place>> = vec![None; graph.len()];
        for id in (0..graph.len()).filter(|&id| needed[id]) {
            let place = match graph.value(id) {
                Value::Input(index) => {
                    program.reads[index] = true;
                    Place::Input(index)
                }
                Value::Constant(constant) => {
                    program.constants.push(Block::filled(constant));
                    Place::Constant(program.constants.len() - 1)
                }
                Value::Apply { operation, operands, guard } => {
                    let kind = graph.kind(id);
                    // The result's slot is none of the operands', which are freed afterwards.
                    let to = program.slot(kind, &mut free);
                    let at = |id: Id| places[id].expect("operands come before what is made of them");
                    let instruction =
                        Instruction { operation, operands: operands.map(at), guard: guard.map(at), to: (kind, to) };
                    program.instructions.push(instruction);
                    for operand in operands.into_iter().chain(guard) {
                        uses[operand] -= 1;
                        if let (0, Some(Place::Slot(kind, slot))) = (uses[operand], places[operand])
                            && !outputs.contains(&operand)
                        {
                            free[kind as usize].push(slot);
                        }
                    }
                    Place::Slot(kind, to)
                }
            };
            places[id] = Some(place);
        }
        // Outputs are read from slots, so that inputs may be overwritten by them.
        for &id in outputs {
            let place = places[id].expect("outputs are needed");
            let (kind, slot) = match place {
                Place::Slot(kind, slot) => (kind, slot),
                Place::Input(_) | Place::Constant(_) => {
                    let kind = graph.kind(id);
                    let to = program.slot(kind, &mut free);
                    let copy =
                        Instruction { operation: Operation::Copy, operands: [place; 3], guard: None, to: (kind, to) };
                    program.instructions.push(copy);
                    (kind, to)
                }
            };
            program.outputs.push((kind, slot));
        }
        program
    }

    fn slot(&mut self, kind: ColumnType, free: &mut [Vec<usize>; 4]) -> usize {
        free[kind as usize].pop().unwrap_or_else(|| {
            self.slots[kind as usize] += 1;
            self.slots[kind as usize] - 1
        })
    }

    /// Whether the code reads an input.
    pub(super) fn reads(&self, input: usize) -> bool {
        self.reads[input]
    }

    /// Runs the code on the first `lanes` lanes of `inputs`.
    #[inline(always)]
    pub(super) fn run(&self, inputs: &[Lanes<'_>; INPUTS], slots: &mut Slots, lanes: usize) -> Faults {
        debug_assert!(lanes <= LANES);
        slots.grow(&self.slots);
        let mut faults = Faults::NONE;
        for instruction in &self.instructions {
            let (kind, to) = instruction.to;
            // An empty block takes its place meanwhile, which owns no memory.
            let mut out = std::mem::replace(&mut slots.0[kind as usize][to], Block::Bool(Vec::new()));
            let at = |place: Place| match place {
                Place::Input(index) => inputs[index],
                Place::Constant(index) => self.constants[index].lanes().first(lanes),
                Place::Slot(kind, slot) => slots.0[kind as usize][slot].lanes().first(lanes),
            };
            let guard = match instruction.guard.map(at) {
                Some(Lanes::Bool(guard)) => Some(guard),
                _ => None,
            };
            faults = faults.and(apply(instruction.operation, instruction.operands.map(at), guard, &mut out, lanes));
            slots.0[kind as usize][to] = out;
        }
        faults
    }

    /// An output of the last run.
    pub(super) fn output<'a>(&self, index: usize, slots: &'a Slots, lanes: usize) -> Lanes<'a> {
        let (kind, slot) = self.outputs[index];
        slots.0[kind as usize][slot].lanes().first(lanes)
    }
}

impl Slots {
    fn grow(&mut self, sizes: &[usize; 4]) {
        for ((blocks, &size), kind) in self.0.iter_mut().zip(sizes).zip(ColumnType::ALL) {
            while blocks.len() < size {
                blocks.push(Block::new(kind));
            }
        }
    }
}
