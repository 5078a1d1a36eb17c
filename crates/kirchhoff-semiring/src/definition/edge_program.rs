//! What happens on the edges of a layer as one program: from contributions to sums, several edges at a time.

use super::column::ColumnType;
use super::edges::EdgeLanes;
use super::error::Faults;
use super::expression::Binary;
use super::graph::{Graph, Id, Value};
use super::lanes::{Block, LANES, Shape, Starts, TOGETHER, Typed};
use super::made::{Contributions, Made};
use super::operation::Operation;
use super::program::{Bound, Coder, Places, Slots, Step};
use super::reduce::{EDGES, Reduction, Within};

/// Bytes of slots that edges fill together: they are to stay in the first-level cache beside what is read.
const HELD: usize = 24 << 10;

/// Code that adds edges to sums.
///
/// Its inputs are the columns of the sums, the contribution, and the columns of the relevance. What does not depend on sums
/// is computed for several edges by each instruction. Columns whose `⊕` is one operation are then reduced; what is left runs
/// edge by edge.
#[derive(Clone, Debug)]
pub(super) struct EdgeProgram {
    steps: Vec<Step>,
    /// Runs for each edge.
    tail: Vec<Step>,
    /// The columns of the sums that the tail makes, and their slots.
    outputs: Vec<(usize, (ColumnType, usize))>,
    places: Places,
    /// Lanes of several edges that are taken together.
    together: usize,
}

impl EdgeProgram {
    /// Code that makes `results`, one a column, of contributions `d` among others.
    pub(super) fn new(graph: &Graph, results: &[Id], d: Id) -> Self {
        let width = results.len();
        let mut coder = Coder::new(graph, results, 2 * width + 1);
        let (made, leaf) = Made::of(&coder, d);
        coder.leaf = Some(leaf);
        coder.sums = width;
        let mut code = Builder { coder, made, width, steps: Vec::new() };
        let later = code.after_sums();
        let mut rest = Vec::new();
        for (column, &result) in results.iter().enumerate() {
            if !code.reduce(column, result, &later) {
                rest.push((column, result));
            }
        }
        for &(_, result) in &rest {
            code.before_sums(result, &later);
        }
        let Builder { mut coder, steps, .. } = code;
        coder.keep();
        let (mut tail, mut outputs, mut taken) = (Vec::new(), Vec::new(), Vec::new());
        for &(_, result) in &rest {
            for id in coder.needed(result) {
                tail.extend(coder.place(id).map(Step::Apply));
            }
        }
        for &(column, result) in &rest {
            let (slot, copy) = coder.output(result, &taken);
            tail.extend(copy.map(Step::Apply));
            taken.push(slot);
            outputs.push((column, slot));
        }
        let sizes = [size_of::<f32>(), size_of::<f64>(), size_of::<u64>(), size_of::<bool>()];
        let lane: usize = sizes.iter().zip(coder.made.slots).map(|(size, slots)| size * slots).sum();
        let together = (HELD / lane.max(1)).clamp(LANES, TOGETHER);
        EdgeProgram { steps, tail, outputs, places: coder.made, together }
    }

    /// Adds edges to the first lanes of `sums`, one after the other; these are of the sources from the one of a number on.
    pub(super) fn run(&self, edges: &EdgeLanes<'_>, first: usize, sums: &mut [Block], slots: &mut Slots) -> Faults {
        slots.grow(&self.places.slots);
        let lanes = edges.own.len();
        let together = match self.together / lanes.max(1) {
            0 => 1,
            few if few < EDGES => few,
            many => many / EDGES * EDGES,
        };
        let mut faults = Faults::NONE;
        let relevance = (&edges.relevance.kept::<Vec<Block>>()[..], first);
        for (starts, weights) in edges.starts.chunks(together).zip(edges.weights.chunks(together)) {
            let shape = Shape { edges: starts.len(), lanes };
            let values = Typed { values: &edges.values[first..], starts: Starts::At(starts) };
            let contributions = Contributions { own: edges.own, weights, values };
            let bound = Bound { inputs: &[], sums: &[], relevance, contributions, shape, edge: 0 };
            faults = faults.and(self.places.run(&self.steps, &bound, sums, slots));
            if self.outputs.is_empty() {
                continue;
            }
            for edge in 0..shape.edges {
                let values = Typed { starts: Starts::At(&starts[edge..=edge]), ..values };
                let contributions = Contributions { values, ..contributions };
                let shape = Shape::of(lanes);
                let bound = Bound { inputs: &[], sums, relevance, contributions, shape, edge };
                faults = faults.and(self.places.run(&self.tail, &bound, &mut [], slots));
                for &(column, (kind, slot)) in &self.outputs {
                    std::mem::swap(&mut sums[column], &mut slots.0[kind as usize][slot]);
                }
            }
        }
        faults
    }
}

struct Builder<'a> {
    coder: Coder<'a>,
    /// What is made of contributions, the coder's leaf.
    made: Made,
    width: usize,
    steps: Vec<Step>,
}

impl Builder<'_> {
    /// Which values depend on sums.
    fn after_sums(&self) -> Vec<bool> {
        let graph = self.coder.graph;
        let mut later = vec![false; graph.len()];
        for id in 0..graph.len() {
            later[id] = match graph.value(id) {
                Value::Input(index) => index < self.width,
                _ => graph.operands(id).any(|operand| later[operand]),
            };
        }
        later
    }

    /// Makes code for what a value needs, as far as it does not depend on sums.
    fn before_sums(&mut self, id: Id, later: &[bool]) {
        for id in self.coder.needed(id) {
            if later[id] {
                continue;
            }
            if self.coder.leaf == Some(id) {
                let to = self.coder.reserve(id);
                self.steps.push(Step::Contributions { made: self.made, to });
            } else if let Some(instruction) = self.coder.place(id) {
                self.steps.push(Step::Apply(instruction));
            }
        }
    }

    /// Makes code for a column whose sum is one operation of itself and of what does not depend on sums; `false` for others.
    fn reduce(&mut self, column: usize, result: Id, later: &[bool]) -> bool {
        let graph = self.coder.graph;
        let kind = graph.kind(result);
        let Value::Apply { operation: Operation::Binary(plus), operands: [a, b, _], .. } = graph.value(result) else {
            return false;
        };
        let is_sum = |id: Id| graph.value(id) == Value::Input(column) && self.coder.uses[id] == self.times(id, result);
        let commutes = matches!(plus, Binary::Add | Binary::And | Binary::Or) || kind == ColumnType::Bool;
        let added = match (is_sum(a), is_sum(b)) {
            (true, _) => b,
            (_, true) if commutes => a,
            _ => return false,
        };
        // Nothing else may ask for the sum, before or after.
        if self.coder.uses[result] > 1 || later[added] || kind == ColumnType::U64 {
            return false;
        }
        let truth = kind == ColumnType::Bool;
        let known = |(within, ..): &(Within, [Id; 3], Vec<Id>)| Reduction::new(plus, *within, truth).is_some();
        let Some((within, operands, inner)) = self.within(added, result).into_iter().find(known) else { return false };
        let Some(reduction) = Reduction::new(plus, within, truth) else { return false };
        operands.into_iter().for_each(|id| self.before_sums(id, later));
        let places = operands.map(|id| self.coder.at(id));
        self.steps.push(Step::Reduce { column, reduction, operands: places });
        // Values in between have no place of their own, and are read here.
        let read = |id: &Id| !inner.contains(id) && *id != result;
        for of in inner.iter().chain([&result]) {
            let operands = graph.operands(*of).filter(|id| read(id) && (*of != result || *id == added));
            operands.for_each(|id| self.coder.read(id));
        }
        true
    }

    /// The operation that a value is, if nothing but `user` asks for it.
    fn one(&self, id: Id, user: Id) -> Option<(Binary, [Id; 2])> {
        let graph = self.coder.graph;
        let Value::Apply { operation: Operation::Binary(operation), operands: [x, y, _], guard: None } =
            graph.value(id)
        else {
            return None;
        };
        let alone = !self.coder.has_place(id)
            && self.coder.leaf != Some(id)
            && self.coder.uses[id] == self.times(id, user)
            && graph.kind(x) == graph.kind(id);
        alone.then_some((operation, [x, y]))
    }

    /// What a reduction may make itself of what it adds, the most first: the operands, and the values in between.
    fn within(&self, added: Id, result: Id) -> Vec<(Within, [Id; 3], Vec<Id>)> {
        let mut found = Vec::new();
        if let Some((operation, [x, y])) = self.one(added, result) {
            for (product, other) in [(x, y), (y, x)] {
                if let (Binary::Add, Some((Binary::Multiply, [a, b]))) = (operation, self.one(product, added))
                    && product != other
                {
                    found.push((Within::ProductAndSum, [a, b, other], vec![added, product]));
                }
            }
            found.push((Within::One(operation), [x, y, x], vec![added]));
        }
        found.push((Within::Nothing, [added; 3], Vec::new()));
        found
    }

    /// How often a value stands among another one's operands.
    fn times(&self, id: Id, of: Id) -> usize {
        self.coder.graph.operands(of).filter(|&operand| operand == id).count()
    }
}
