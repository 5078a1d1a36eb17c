//! Functions as Θ: of a contribution, of an edge, or of many contributions at a time.

use kirchhoff_circuit::{GateCircuit, Layer};
use kirchhoff_kernel::{
    Backward, Cancelled, EdgeBlock, Edges, LayerEdges, parallel, propagate_blocks, propagate_neurons,
};
use kirchhoff_semiring::{AnnotationLoop, Semiring};

use crate::annotate::Annotate;
use crate::error::FoldError;
use crate::layer::AnnotatedLayer;
use crate::leaves::{AnnotateLeaves, BLOCK, each_run};
use crate::product::any;
use crate::walk::{Kept, Walk, executions};

/// Any function of a layer and a contribution as Θ.
///
/// Runs in the compiled loops of the built-in annotations. These also call the function where there is no edge, beside an
/// image, and leave out what it gives: it should be quick, depend on nothing else and have a value for any number.
///
/// The caller answers for values that lie in the carrier.
#[derive(Clone, Copy, Debug)]
pub struct PerEdge<F>(pub F);

impl<S: Semiring, F: Fn(&Layer, f32) -> S::Value + Sync> Annotate<S> for PerEdge<F> {
    fn propagate(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        _: usize,
        edges: &LayerEdges<'_>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Result<(), Cancelled> {
        let theta = |d: f32| (self.0)(layer.layer(), d);
        if let Some(backward) = Backward::new(edges)
            && let Some(product) = any(semiring, &backward, destinations, sources, layer.monitor)
        {
            return product.run(theta);
        }
        executions(layer, edges, destinations, sources, &|_, edges, destinations, sources| {
            Walk { edges, semiring, destinations, sources, monitor: layer.monitor }.run(theta)
        })
    }

    fn kept(&self, semiring: &S, layer: &AnnotatedLayer<'_>, _: usize, edges: &Edges<'_>) -> Result<u64, Cancelled> {
        Kept { edges, semiring, monitor: layer.monitor }.run(|d| (self.0)(layer.layer(), d))
    }
}

/// An edge of a layered circuit in one execution, as an annotation sees it.
#[derive(Clone, Copy, Debug)]
pub struct Edge<'a> {
    /// The layer.
    pub layer: &'a Layer,
    /// Which of the layer's links, in the order of [`Layer::links`].
    pub link: usize,
    /// Which execution of the batch.
    pub execution: usize,
    /// The neuron of the link's source tensor, by its flat position.
    pub source: usize,
    /// The neuron of the layer's destination tensor, by its flat position.
    pub destination: usize,
    /// The contribution.
    pub d: f32,
}

/// Any function of an edge as Θ: variables, labels or derivatives by edge or neuron.
///
/// Every edge is visited on its own, in O(edges) calls, but those from neurons whose relevance is 0; no loop is shared
/// with built-in annotations. Where contributions alone matter, [`PerEdge`] is many times faster.
///
/// The caller answers for values that lie in the carrier.
#[derive(Clone, Copy, Debug)]
pub struct PerNeurons<F>(pub F);

impl<F> PerNeurons<F> {
    /// The value of an edge of one layer and link, by its neurons and contribution.
    fn theta<'a, V>(&'a self, layer: &AnnotatedLayer<'a>, link: usize) -> impl Fn(usize, usize, f32) -> V + 'a
    where
        F: Fn(Edge<'_>) -> V,
    {
        let (execution, layer) = (layer.execution, &layer.circuit.layers()[layer.index]);
        move |source, destination, d| (self.0)(Edge { layer, link, execution, source, destination, d })
    }
}

impl<S: Semiring, F: Fn(Edge<'_>) -> S::Value + Sync> Annotate<S> for PerNeurons<F> {
    fn propagate(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        link: usize,
        edges: &LayerEdges<'_>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Result<(), Cancelled> {
        executions(layer, edges, destinations, sources, &|layer, edges, destinations, sources| {
            propagate_neurons(&edges, semiring, self.theta(layer, link), destinations, sources, layer.monitor)
        })
    }

    fn kept(&self, semiring: &S, layer: &AnnotatedLayer<'_>, link: usize, edges: &Edges<'_>) -> Result<u64, Cancelled> {
        let theta = self.theta(layer, link);
        let kept = |(i, d): (usize, &f32), run: &kirchhoff_kernel::Run| {
            !semiring.is_zero(&theta(run.source_at(i), run.destination_at(i), *d))
        };
        edges.fold_runs(
            || 0,
            |count, run, contributions| {
                *count += contributions.iter().enumerate().filter(|&edge| kept(edge, run)).count() as u64;
            },
            |a, b| a + b,
            layer.monitor,
        )
    }
}

/// Any function of many contributions as Θ: it is given the position of the layer, a block of contributions and as many
/// places for their values.
///
/// With a [blockwise](Semiring::BLOCKWISE) semiring, an evaluation makes two calls a block of edges: one of this function,
/// one of [`Semiring::accumulate`]. A value may depend on its contribution and the layer alone. As with [`PerEdge`], the
/// function is also given contributions of 0 where there is no edge.
///
/// Layers count as in [`LayeredCircuit::layers`](kirchhoff_circuit::LayeredCircuit::layers), and in
/// [`GateCircuit::layers`], whose leaves it annotates too.
///
/// The caller answers for values that lie in the carrier.
#[derive(Clone, Copy, Debug)]
pub struct PerBlock<F>(pub F);

impl<S: Semiring, F: Fn(usize, &[f32], &mut [S::Value]) + Sync> Annotate<S> for PerBlock<F> {
    fn propagate(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        _: usize,
        edges: &LayerEdges<'_>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Result<(), Cancelled> {
        let theta = |d: &[f32], values: &mut [S::Value]| (self.0)(layer.index, d, values);
        let drops_zero = || {
            let mut value = [semiring.one()];
            theta(&[0.0], &mut value);
            semiring.is_zero(&value[0])
        };
        if let Some(backward) = Backward::new(edges)
            && (backward.terms() == 1 || backward.is_separate() && drops_zero())
        {
            return backward.blocks(semiring, &theta, destinations, sources, layer.monitor);
        }
        executions(layer, edges, destinations, sources, &|layer, edges, destinations, sources| {
            let theta = |block: &EdgeBlock<'_>, values: &mut [S::Value]| theta(block.contributions, values);
            propagate_blocks(&edges, semiring, &theta, destinations, sources, layer.monitor)
        })
    }

    fn kept(&self, semiring: &S, layer: &AnnotatedLayer<'_>, _: usize, edges: &Edges<'_>) -> Result<u64, Cancelled> {
        let add = |count: &mut u64, contributions: &[f32]| {
            let mut values = vec![semiring.zero(); contributions.len()];
            (self.0)(layer.index, contributions, &mut values);
            *count += values.iter().filter(|value| !semiring.is_zero(value)).count() as u64;
        };
        edges.fold(|| 0, add, |a, b| a + b, layer.monitor)
    }
}

impl<S: Semiring, F: Fn(usize, &[f32], &mut [S::Value]) + Sync> AnnotateLeaves<S> for PerBlock<F> {
    fn annotate(
        &self,
        semiring: &S,
        circuit: &GateCircuit,
        contributions: &[f32],
        values: &mut [S::Value],
    ) -> Result<(), FoldError> {
        each_run(semiring, circuit, contributions, values, |layer, _, contributions, values| {
            parallel::chunks(values, BLOCK, &|number, values| {
                (self.0)(layer, &contributions[number * BLOCK..][..values.len()], values);
            });
            Ok(())
        })
    }
}
