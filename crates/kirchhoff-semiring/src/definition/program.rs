//! Graphs as code for blocks: instructions in order, with few places for what they compute.

use pulp::Arch;

use super::column::ColumnType;
use super::error::Faults;
use super::graph::{Graph, Id, Value};
use super::lanes::{Block, LANES, Lanes, Operand, Shape, Starts, TOGETHER};
use super::made::{Contributions, Made};
use super::operation::{Operation, apply};
use super::reduce::Reduction;
use crate::instructions::{chosen, vectorised_by};

/// The most inputs of a program: three values of eight columns.
pub(super) const INPUTS: usize = 24;

/// Where lanes are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Input(usize),
    /// A column of sums.
    Sum(usize),
    /// A column of relevance.
    Relevance(usize),
    Constant(usize),
    Slot(ColumnType, usize),
    /// A slot that code before this one has filled.
    Kept(ColumnType, usize),
}

#[derive(Clone, Debug)]
pub(super) struct Instruction {
    pub(super) operation: Operation,
    pub(super) operands: [Place; 3],
    pub(super) guard: Option<Place>,
    pub(super) to: (ColumnType, usize),
}

/// A part of a program.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Fills a slot with what is made of contributions.
    Contributions {
        made: Made,
        to: (ColumnType, usize),
    },
    Apply(Instruction),
    /// Adds to the sums of a column.
    Reduce {
        column: usize,
        reduction: Reduction,
        operands: [Place; 3],
    },
}

/// What a part of a program runs on.
pub(super) struct Bound<'a> {
    pub(super) inputs: &'a [Operand<'a>],
    /// The columns of the sums, where they are only read.
    pub(super) sums: &'a [Block],
    /// The columns of the relevance from a place on.
    pub(super) relevance: (&'a [Block], usize),
    pub(super) contributions: Contributions<'a>,
    pub(super) shape: Shape,
    /// The first of the edges that it takes of what parts before it have filled.
    pub(super) edge: usize,
}

/// Code for a block of lanes.
#[derive(Clone, Debug)]
pub(super) struct Program {
    steps: Vec<Step>,
    places: Places,
    outputs: Vec<(ColumnType, usize)>,
}

/// What code needs beside its instructions.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// Filled blocks, so that a constant is an operand like any other.
    pub(super) constants: Vec<Block>,
    /// The slots of each type, in the order of [`ColumnType::ALL`].
    pub(super) slots: [usize; 4],
    /// Which inputs the code reads.
    pub(super) reads: Vec<bool>,
}

/// The places of a thread for what instructions compute.
#[derive(Debug, Default)]
pub(super) struct Slots(pub(super) [Vec<Block>; 4]);

/// Gives places to values, one after the other.
pub(super) struct Coder<'a> {
    pub(super) graph: &'a Graph,
    /// How often a value is still to be read.
    pub(super) uses: Vec<usize>,
    /// Columns of sums, which are the first inputs of edges.
    pub(super) sums: usize,
    /// A value that is made without its operands.
    pub(super) leaf: Option<Id>,
    places: Vec<Option<Place>>,
    free: [Vec<usize>; 4],
    pub(super) made: Places,
}

impl<'a> Coder<'a> {
    /// For code that computes `outputs` of so many inputs; what they do not need is left out.
    pub(super) fn new(graph: &'a Graph, outputs: &[Id], inputs: usize) -> Self {
        let mut uses = vec![0usize; graph.len()];
        // Being read at the end, so that no output's slot is ever free.
        outputs.iter().for_each(|&id| uses[id] += 1);
        for id in (0..graph.len()).rev() {
            if uses[id] > 0 {
                graph.operands(id).for_each(|operand| uses[operand] += 1);
            }
        }
        let made = Places { reads: vec![false; inputs], ..Places::default() };
        Coder { graph, uses, sums: 0, leaf: None, places: vec![None; graph.len()], free: Default::default(), made }
    }

    /// The values that have no place yet and that one needs, with itself at the end.
    pub(super) fn needed(&self, id: Id) -> Vec<Id> {
        let mut needed = vec![false; id + 1];
        needed[id] = true;
        for at in (0..=id).rev() {
            if self.places[at].is_some() {
                needed[at] = false;
            } else if needed[at] && self.leaf != Some(at) {
                self.graph.operands(at).for_each(|operand| needed[operand] = true);
            }
        }
        (0..=id).filter(|&at| needed[at]).collect()
    }

    /// Gives a value a place, with the instruction that fills it. Operands have theirs.
    pub(super) fn place(&mut self, id: Id) -> Option<Instruction> {
        let (place, instruction) = match self.graph.value(id) {
            Value::Input(index) => {
                self.made.reads[index] = true;
                let place = match self.sums {
                    0 => Place::Input(index),
                    sums if index < sums => Place::Sum(index),
                    // Behind the contribution.
                    sums => Place::Relevance(index - sums - 1),
                };
                (place, None)
            }
            Value::Constant(constant) => {
                self.made.constants.push(Block::filled(constant, LANES));
                (Place::Constant(self.made.constants.len() - 1), None)
            }
            Value::Apply { operation, operands, guard } => {
                // The result's slot is none of the operands', which are freed afterwards.
                let to = (self.graph.kind(id), self.slot(self.graph.kind(id)));
                let (operands, guard) = (operands.map(|id| self.at(id)), guard.map(|id| self.at(id)));
                self.graph.operands(id).for_each(|operand| self.read(operand));
                (Place::Slot(to.0, to.1), Some(Instruction { operation, operands, guard, to }))
            }
        };
        self.places[id] = Some(place);
        instruction
    }

    /// Gives a value a slot that something else than an instruction fills.
    pub(super) fn reserve(&mut self, id: Id) -> (ColumnType, usize) {
        let (kind, slot) = (self.graph.kind(id), self.slot(self.graph.kind(id)));
        self.places[id] = Some(Place::Slot(kind, slot));
        (kind, slot)
    }

    pub(super) fn has_place(&self, id: Id) -> bool {
        self.places[id].is_some()
    }

    /// The place of a value that has one.
    pub(super) fn at(&self, id: Id) -> Place {
        self.places[id].expect("operands come before what is made of them")
    }

    /// The value that alone asks for one, if there is one.
    pub(super) fn only_use(&self, id: Id) -> Option<Id> {
        let asking = |&other: &Id| self.uses[other] > 0 && self.graph.operands(other).any(|operand| operand == id);
        let mut others = (id + 1..self.graph.len()).filter(asking);
        let only = others.next().filter(|_| others.next().is_none())?;
        let times = self.graph.operands(only).filter(|&operand| operand == id).count();
        // No output, which is read at the end too.
        (self.uses[id] == times).then_some(only)
    }

    /// Notes that a value is read once, after which its slot may be free.
    pub(super) fn read(&mut self, id: Id) {
        self.uses[id] -= 1;
        if let (0, Some(Place::Slot(kind, slot))) = (self.uses[id], self.places[id]) {
            self.free[kind as usize].push(slot);
        }
    }

    /// Makes code begin that runs once for each edge of what has a slot so far.
    pub(super) fn keep(&mut self) {
        for place in self.places.iter_mut().flatten() {
            if let Place::Slot(kind, slot) = *place {
                *place = Place::Kept(kind, slot);
            }
        }
    }

    /// A slot of its own for an output, with the copy that fills it, if one is needed.
    pub(super) fn output(
        &mut self,
        id: Id,
        taken: &[(ColumnType, usize)],
    ) -> ((ColumnType, usize), Option<Instruction>) {
        match self.at(id) {
            Place::Slot(kind, slot) if !taken.contains(&(kind, slot)) => ((kind, slot), None),
            place => {
                let kind = self.graph.kind(id);
                let to = (kind, self.slot(kind));
                (to, Some(Instruction { operation: Operation::Copy, operands: [place; 3], guard: None, to }))
            }
        }
    }

    fn slot(&mut self, kind: ColumnType) -> usize {
        self.free[kind as usize].pop().unwrap_or_else(|| {
            self.made.slots[kind as usize] += 1;
            self.made.slots[kind as usize] - 1
        })
    }
}

impl Program {
    /// The code that computes `outputs`; what they do not need is left out.
    pub(super) fn new(graph: &Graph, outputs: &[Id], inputs: usize) -> Self {
        let mut coder = Coder::new(graph, outputs, inputs);
        let (mut steps, mut places) = (Vec::new(), Vec::new());
        for &id in outputs {
            for id in coder.needed(id) {
                steps.extend(coder.place(id).map(Step::Apply));
            }
        }
        // Outputs are read from slots, so that inputs may be overwritten by them.
        for &id in outputs {
            let (place, copy) = coder.output(id, &[]);
            places.push(place);
            steps.extend(copy.map(Step::Apply));
        }
        Program { steps, places: coder.made, outputs: places }
    }

    /// Whether the code reads an input.
    pub(super) fn reads(&self, input: usize) -> bool {
        self.places.reads[input]
    }

    /// Runs the code on the first lanes of `inputs`, [`LANES`] at most.
    pub(super) fn run(&self, inputs: &[Operand<'_>], slots: &mut Slots, lanes: usize) -> Faults {
        debug_assert!(lanes <= LANES);
        slots.grow(&self.places.slots);
        let (contributions, shape) = (Contributions::NONE, Shape::of(lanes));
        let bound = Bound { inputs, sums: &[], relevance: (&[], 0), contributions, shape, edge: 0 };
        self.places.run(&self.steps, &bound, &mut [], slots)
    }

    /// An output of the last run.
    pub(super) fn output<'a>(&self, index: usize, slots: &'a Slots, lanes: usize) -> Lanes<'a> {
        let (kind, slot) = self.outputs[index];
        slots.block(kind, slot).lanes().first(lanes)
    }
}

impl Places {
    /// Runs a part of a program.
    pub(super) fn run(&self, steps: &[Step], bound: &Bound<'_>, sums: &mut [Block], slots: &mut Slots) -> Faults {
        let arch = chosen();
        let mut faults = Faults::NONE;
        for step in steps {
            faults = faults.and(self.step(arch, step, bound, sums, slots));
        }
        faults
    }

    /// Each kind of step is compiled by itself, once for each instruction set: one function with all loops would take longer.
    #[inline(always)]
    fn step(&self, arch: Arch, step: &Step, bound: &Bound<'_>, sums: &mut [Block], slots: &mut Slots) -> Faults {
        let shape = bound.shape;
        let (kind, to) = match step {
            Step::Contributions { to, .. } => *to,
            Step::Apply(instruction) => instruction.to,
            Step::Reduce { column, reduction, operands } => {
                let operands = self.operands(operands, bound, slots);
                let sums = &mut sums[*column];
                vectorised_by(
                    arch,
                    #[inline(always)]
                    || reduction.run(operands, sums, shape),
                );
                return Faults::NONE;
            }
        };
        // An empty block takes its place meanwhile, which owns no memory.
        let mut out = std::mem::replace(&mut slots.0[kind as usize][to], Block::NONE);
        let faults = match step {
            Step::Apply(Instruction { operation, operands, guard, .. }) => {
                let operands = self.operands(operands, bound, slots);
                let guard = guard.map(|guard| self.operand(guard, bound, slots));
                apply(arch, *operation, operands, guard, &mut out, shape)
            }
            Step::Contributions { made, .. } => {
                vectorised_by(
                    arch,
                    #[inline(always)]
                    || made.run(&bound.contributions, &mut out, shape),
                );
                Faults::NONE
            }
            Step::Reduce { .. } => Faults::NONE,
        };
        slots.0[kind as usize][to] = out;
        faults
    }

    /// Written out: a closure over an array would be a call for each.
    #[inline(always)]
    fn operands<'a>(&'a self, [a, b, c]: &[Place; 3], bound: &Bound<'a>, slots: &'a Slots) -> [Operand<'a>; 3] {
        [self.operand(*a, bound, slots), self.operand(*b, bound, slots), self.operand(*c, bound, slots)]
    }

    #[inline(always)]
    fn operand<'a>(&'a self, place: Place, bound: &Bound<'a>, slots: &'a Slots) -> Operand<'a> {
        let starts = Starts::Every(bound.shape.lanes);
        match place {
            Place::Input(index) => bound.inputs[index],
            Place::Sum(column) => Operand::same(bound.sums[column].lanes()),
            Place::Relevance(column) => {
                let (columns, first) = bound.relevance;
                Operand { lanes: columns[column].lanes().from(first), starts: bound.contributions.values.starts }
            }
            Place::Constant(index) => Operand::same(self.constants[index].lanes()),
            Place::Slot(kind, slot) => Operand { lanes: slots.block(kind, slot).lanes(), starts },
            Place::Kept(kind, slot) => {
                Operand { lanes: slots.block(kind, slot).lanes().from(bound.edge * bound.shape.lanes), starts }
            }
        }
    }
}

impl Slots {
    #[inline(always)]
    pub(super) fn block(&self, kind: ColumnType, slot: usize) -> &Block {
        &self.0[kind as usize][slot]
    }

    pub(super) fn grow(&mut self, sizes: &[usize; 4]) {
        for ((blocks, &size), kind) in self.0.iter_mut().zip(sizes).zip(ColumnType::ALL) {
            while blocks.len() < size {
                blocks.push(Block::new(kind, TOGETHER));
            }
        }
    }
}
