//! The leaves of a gate circuit: what their contributions become in a semiring.

use std::ops::Range;

use kirchhoff_circuit::{GateCircuit, LayeredCircuit};
use kirchhoff_kernel::{Cancelled, Monitor, parallel};
use kirchhoff_semiring::{Annotation, Embed, RankTable, Semiring};

use crate::annotate::Annotations;
use crate::error::FoldError;
use crate::layer::AnnotatedLayer;

/// The annotation of the contributions of a gate circuit, for one semiring.
///
/// Implemented by [`Annotations`] and [`RankedAnnotations`] for the built-in Θ, one a layer, by [`PerLeaf`] for any
/// function, and by [`PerBlock`](crate::PerBlock) for functions that take many contributions at a time.
pub trait AnnotateLeaves<S: Semiring> {
    /// Writes `Θ(d)` of contributions for the leaves of the circuit, in the order of its
    /// [arrays](kirchhoff_circuit::GateArrays::contributions): one a leaf, or as many for each, leaf after leaf. There are
    /// as many places in `values` as contributions.
    ///
    /// # Errors
    /// Annotations that do not fit the circuit.
    fn annotate(
        &self,
        semiring: &S,
        circuit: &GateCircuit,
        contributions: &[f32],
        values: &mut [S::Value],
    ) -> Result<(), FoldError>;
}

/// Any function of a layer's position in [`GateCircuit::layers`] and a contribution as Θ.
///
/// The caller answers for values that lie in the carrier.
#[derive(Clone, Copy, Debug)]
pub struct PerLeaf<F>(pub F);

impl<S: Semiring, F: Fn(usize, f32) -> S::Value> AnnotateLeaves<S> for PerLeaf<F> {
    fn annotate(
        &self,
        semiring: &S,
        circuit: &GateCircuit,
        contributions: &[f32],
        values: &mut [S::Value],
    ) -> Result<(), FoldError> {
        each_run(semiring, circuit, contributions, values, |layer, _, contributions, values| {
            values.iter_mut().zip(contributions).for_each(|(value, &d)| *value = (self.0)(layer, d));
            Ok(())
        })
    }
}

/// [`Annotations`] with the tables that the annotation `rank` looks shares up in.
///
/// A gate circuit cannot tell them: edges of equal contributions may share a leaf, and others may have been dropped.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedAnnotations {
    annotations: Annotations,
    tables: Vec<Option<RankTable>>,
}

impl RankedAnnotations {
    /// The annotations with the tables of one execution of the layered circuit that the gates come from.
    ///
    /// Takes a pass over the edges of each layer whose annotation is `rank`.
    ///
    /// # Errors
    /// [`Cancelled`] by the monitor.
    ///
    /// # Panics
    /// If there is not one annotation a layer: [`Annotations::check`] tells.
    pub fn new(
        annotations: Annotations,
        circuit: &LayeredCircuit,
        execution: usize,
        monitor: &dyn Monitor,
    ) -> Result<Self, Cancelled> {
        let table = |(index, layer): (usize, &kirchhoff_circuit::Layer)| {
            if annotations.of(index) != Annotation::Rank || !layer.is_annotated() {
                return Ok(None);
            }
            let contributions = circuit.contributions(layer, monitor)?;
            let layer = AnnotatedLayer { circuit, index, contributions: &contributions, execution, monitor };
            Ok(Some(layer.ranks()?.finish()))
        };
        let tables = circuit.layers().iter().enumerate().map(table).collect::<Result<_, _>>()?;
        Ok(RankedAnnotations { annotations, tables })
    }
}

impl<S: Embed> AnnotateLeaves<S> for Annotations {
    fn annotate(
        &self,
        semiring: &S,
        circuit: &GateCircuit,
        contributions: &[f32],
        values: &mut [S::Value],
    ) -> Result<(), FoldError> {
        annotate(semiring, circuit, contributions, values, self, &[])
    }
}

impl<S: Embed> AnnotateLeaves<S> for RankedAnnotations {
    fn annotate(
        &self,
        semiring: &S,
        circuit: &GateCircuit,
        contributions: &[f32],
        values: &mut [S::Value],
    ) -> Result<(), FoldError> {
        annotate(semiring, circuit, contributions, values, &self.annotations, &self.tables)
    }
}

fn annotate<S: Embed>(
    semiring: &S,
    circuit: &GateCircuit,
    contributions: &[f32],
    values: &mut [S::Value],
    annotations: &Annotations,
    tables: &[Option<RankTable>],
) -> Result<(), FoldError> {
    check_count(circuit, annotations)?;
    each_run(semiring, circuit, contributions, values, |layer, _, contributions, values| {
        let annotation = annotations.of(layer);
        let table = tables.get(layer).and_then(Option::as_ref);
        if annotation == Annotation::Rank && table.is_none() {
            return Err(FoldError::Ranks { layer: circuit.layers()[layer].name.clone() });
        }
        parallel::chunks(values, BLOCK, &|number, values| {
            annotation.apply_all(semiring, table, &contributions[number * BLOCK..][..values.len()], values);
        });
        Ok(())
    })
}

/// Whether there is one annotation for each layer of the circuit.
pub(crate) fn check_count(circuit: &GateCircuit, annotations: &Annotations) -> Result<(), FoldError> {
    let (expected, got) = (circuit.layers().len(), annotations.count());
    if got == expected { Ok(()) } else { Err(FoldError::Annotations { got, expected }) }
}

/// Visits the contributions of neighbouring leaves of one layer, which mostly are all of its leaves, with the layer's
/// position, their numbers and the places for their values. Leaves of layers with [winners](kirchhoff_circuit::GateLayer::chooses) are 1 where
/// their edge is there, and 0 where it is not.
pub(crate) fn each_run<S: Semiring>(
    semiring: &S,
    circuit: &GateCircuit,
    mut contributions: &[f32],
    mut values: &mut [S::Value],
    mut visit: impl FnMut(usize, Range<usize>, &[f32], &mut [S::Value]) -> Result<(), FoldError>,
) -> Result<(), FoldError> {
    let layers = &*circuit.arrays().contribution_layers;
    let lanes = lanes(contributions, layers);
    let mut first = 0;
    for run in layers.chunk_by(|a, b| a == b) {
        let (own, places);
        (own, contributions) = contributions.split_at(run.len() * lanes);
        (places, values) = values.split_at_mut(run.len() * lanes);
        let (layer, leaves) = (run[0] as usize, first..first + run.len());
        first = leaves.end;
        if circuit.layers()[layer].chooses() {
            let (zero, one) = (semiring.zero(), semiring.one());
            let there = |d: f32| if d == 0.0 { zero.clone() } else { one.clone() };
            places.iter_mut().zip(own).for_each(|(place, &d)| *place = there(d));
            continue;
        }
        visit(layer, leaves, own, places)?;
    }
    Ok(())
}

/// How many contributions each leaf has.
fn lanes(contributions: &[f32], leaves: &[u32]) -> usize {
    (contributions.len() / leaves.len().max(1)).max(1)
}

/// Contributions that are worth a thread's while.
pub(crate) const BLOCK: usize = 1 << 15;
