//! The edges of a layer as one operation over columns.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::DefinedTheta;
use super::cells::Cells;
use super::column::{Column, ColumnType, Constant};
use super::compile::inputs;
use super::defined::{Defined, Shared};
use super::edge_program::EdgeProgram;
use super::expression::{Binary, Unary};
use super::graph::{Graph, Id};
use super::lanes::{Block, LANES};
use super::operation::Operation;
use super::run;
use crate::{Annotation, Semiring};

/// The relevance of a layer's destinations, in the form in which whoever [joins edges](JoinEdges) reads it in every call:
/// definitions have columns of numbers.
pub struct Columns {
    number: usize,
    kept: Box<dyn Any + Send + Sync>,
}

impl Columns {
    /// Relevance in a form of one's own, of so many numbers a value.
    pub fn new(number: usize, kept: impl Any + Send + Sync) -> Self {
        Columns { number, kept: Box::new(kept) }
    }

    /// How many numbers a value has: the more, the fewer edges a call gets.
    pub fn number(&self) -> usize {
        self.number
    }

    /// What was kept.
    ///
    /// # Panics
    /// If it is of another type: columns are given back to who made them.
    pub fn kept<T: Any>(&self) -> &T {
        self.kept.downcast_ref().expect("columns are read by who made them")
    }
}

impl fmt::Debug for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Columns").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Some edges of each of some source neurons, as a layer finds them: edge `e` of source `i` has the contribution
/// `own[i] · (weights[e] · values[starts[e] + i])` and the relevance of place `starts[e] + i`.
#[derive(Clone, Copy, Debug)]
pub struct EdgeLanes<'a> {
    /// What belongs to each source.
    pub own: &'a [f32],
    /// What belongs to destinations.
    pub values: &'a [f32],
    /// The relevance of destinations, in the places of their values.
    pub relevance: &'a Columns,
    /// The place of the first source's destination, an edge.
    pub starts: &'a [usize],
    /// One an edge.
    pub weights: &'a [f32],
}

/// Θ, `⊗` and `⊕` of the edges of many source neurons in one operation, for semirings that compute in blocks: without it, a
/// block of edges takes a call for Θ and one of [`accumulate`](Semiring::accumulate), and each has to gather what it takes.
pub trait JoinEdges<V>: Send + Sync {
    /// Values as columns.
    fn columns(&self, values: &[V]) -> Columns;

    /// `sums[i] ← sums[i] ⊕ (Θ(d) ⊗ relevance)` of every edge of each source. Definitions take the edges in their order, with the
    /// bits of the operations one by one. There may be fewer sums than sources: what is beyond them is computed and not used.
    fn join(&self, edges: &EdgeLanes<'_>, sums: &mut [V]);

    /// The multiple up to which sources are worth filling up.
    fn grain(&self) -> usize;
}

/// What a definition does on edges under an annotation.
#[derive(Debug)]
struct DefinedEdges<V> {
    shared: Arc<Shared>,
    program: EdgeProgram,
    zero: V,
}

impl<V: Cells> Defined<V> {
    /// What happens on the edges of a layer under an annotation, where that is known as expressions: the definition's own Θ,
    /// thresholds, and those that yield numbers where a value is one f32 or f64. `None` also for a Θ of an edge's neurons.
    pub fn edges(&self, annotation: Annotation) -> Option<Arc<dyn JoinEdges<V>>> {
        let compiled = &self.shared().compiled;
        let width = compiled.columns.len();
        let mut graph = Graph::default();
        let sums = inputs(&mut graph, &compiled.columns, compiled.single, 0);
        let d = graph.signed_input(width, ColumnType::F32);
        let theta = self.theta_graph(annotation, &mut graph, d)?;
        let relevance = inputs(&mut graph, &compiled.columns, compiled.single, width + 1);
        let product = graph.inline(&compiled.times, &[theta, relevance].concat());
        let results = graph.inline(&compiled.plus, &[sums, product].concat());
        let program = EdgeProgram::new(&graph, &results, d);
        Some(Arc::new(DefinedEdges { shared: self.shared().clone(), program, zero: self.zero() }))
    }

    /// Θ under an annotation, one value a column.
    fn theta_graph(&self, annotation: Annotation, graph: &mut Graph, d: Id) -> Option<Vec<Id>> {
        let compiled = &self.shared().compiled;
        let truth = |graph: &mut Graph, condition: Id| {
            let columns = compiled.columns.iter().zip(compiled.one.iter().zip(&compiled.zero));
            let select = |(column, (&one, &zero)): (&Column, (&u64, &u64))| {
                let kind = column.kind;
                let [one, zero] = [one, zero].map(|bits| graph.add_constant(Constant { kind, bits }));
                graph.apply(Operation::Select, &[condition, one, zero], None, kind)
            };
            columns.map(select).collect()
        };
        let constant = |graph: &mut Graph, x: f32| graph.add_constant(Constant::f32(x));
        let magnitude = |graph: &mut Graph| graph.apply(Operation::Unary(Unary::Abs), &[d], None, ColumnType::F32);
        match annotation {
            Annotation::Own => match (&self.shared().theta, &compiled.theta) {
                (DefinedTheta::Expression(_), Some(theta)) if !compiled.theta_of_neurons => {
                    return Some(graph.inline(theta, &[d]));
                }
                _ => return None,
            },
            Annotation::Threshold(theta) => {
                let theta = constant(graph, theta);
                let holds = graph.apply(Operation::Binary(Binary::LessEqual), &[theta, d], None, ColumnType::Bool);
                return Some(truth(graph, holds));
            }
            Annotation::ThresholdAbs(theta) => {
                let (theta, d) = (constant(graph, theta), magnitude(graph));
                let holds = graph.apply(Operation::Binary(Binary::Less), &[theta, d], None, ColumnType::Bool);
                return Some(truth(graph, holds));
            }
            _ => {}
        }
        // Where a form is known, its elements are fewer than the numbers, and what stands for them is cut off.
        if !compiled.single || !compiled.columns[0].kind.is_float() || self.has_form() {
            return None;
        }
        let clamped = |graph: &mut Graph| {
            let (one, d) = (constant(graph, 1.0), magnitude(graph));
            graph.apply(Operation::Binary(Binary::Min), &[d, one], None, ColumnType::F32)
        };
        let logarithm = |graph: &mut Graph| {
            let d = clamped(graph);
            graph.apply(Operation::Unary(Unary::Log), &[d], None, ColumnType::F32)
        };
        let number = match annotation {
            Annotation::Identity => d,
            Annotation::Scale(scale) => {
                let scale = constant(graph, scale);
                graph.apply(Operation::Binary(Binary::Divide), &[d, scale], None, ColumnType::F32)
            }
            Annotation::AbsClamp => clamped(graph),
            Annotation::MinusNegLog => logarithm(graph),
            Annotation::NegLog => {
                let (zero, logarithm) = (constant(graph, 0.0), logarithm(graph));
                graph.apply(Operation::Binary(Binary::Subtract), &[zero, logarithm], None, ColumnType::F32)
            }
            Annotation::Own
            | Annotation::Threshold(_)
            | Annotation::ThresholdAbs(_)
            | Annotation::Keep(_)
            | Annotation::Rank => return None,
        };
        Some(vec![graph.convert(number, compiled.columns[0].kind, None)])
    }
}

impl<V: Cells> JoinEdges<V> for DefinedEdges<V> {
    fn columns(&self, values: &[V]) -> Columns {
        let columns: Vec<Block> = run::columns(&self.shared.compiled.columns, values);
        Columns::new(columns.len(), columns)
    }

    fn join(&self, edges: &EdgeLanes<'_>, sums: &mut [V]) {
        let columns = &self.shared.compiled.columns;
        let mut pieces = sums.chunks_mut(LANES);
        for first in (0..edges.own.len()).step_by(LANES) {
            let own = &edges.own[first..(first + LANES).min(edges.own.len())];
            let Some(sums) = pieces.next() else { return };
            let piece = EdgeLanes { own, ..*edges };
            self.shared.compiled.note(run::edges(&self.program, columns, &piece, first, self.zero, sums));
        }
    }

    /// Of u64, sources that there are not might leave their numbers, which would be a fault.
    fn grain(&self) -> usize {
        let natural = |column: &Column| column.kind == ColumnType::U64;
        if self.shared.compiled.columns.iter().any(natural) { 1 } else { 64 }
    }
}
