//! A semiring's own Θ beside the thresholds, which suit any semiring.

use std::sync::Arc;

use kirchhoff_circuit::{GateCircuit, Layer};
use kirchhoff_kernel::{Backward, Cancelled, EdgeBlock, Edges, LayerEdges, Run, propagate_blocks};
use kirchhoff_semiring::{Annotation, JoinEdges, Semiring};

use crate::annotate::{Annotate, Annotations};
use crate::error::FoldError;
use crate::functions::{PerBlock, PerEdge};
use crate::layer::AnnotatedLayer;
use crate::leaves::{AnnotateLeaves, PerLeaf, check_count, each_run};
use crate::product::propagate;
use crate::walk::executions;

/// A Θ that a semiring brings: what a contribution `d` of a layer becomes.
///
/// Implemented for functions of a layer's name and a contribution.
pub trait OwnTheta<V>: Send + Sync {
    /// `Θ(d)` on an edge of the layer of a name.
    fn value(&self, layer: &str, d: f32) -> V;
}

impl<V, F: Fn(&str, f32) -> V + Send + Sync> OwnTheta<V> for F {
    #[inline(always)]
    fn value(&self, layer: &str, d: f32) -> V {
        self(layer, d)
    }
}

/// [`Annotations`] of a semiring that takes no numbers: thresholds, which give its own 0 and 1, and
/// [`Annotation::Own`], for which a function stands.
///
/// # Panics
/// Evaluations panic at any other annotation: [`Annotations::check`] refuses it for a carrier of
/// [no numbers](kirchhoff_semiring::Carrier::NONE).
#[derive(Clone, Debug)]
pub struct OwnAnnotations<F> {
    /// One annotation a layer.
    pub annotations: Annotations,
    /// What [`Annotation::Own`] means.
    pub own: F,
}

impl<F> AsRef<Annotations> for OwnAnnotations<F> {
    fn as_ref(&self) -> &Annotations {
        &self.annotations
    }
}

impl<F> AsMut<Annotations> for OwnAnnotations<F> {
    fn as_mut(&mut self) -> &mut Annotations {
        &mut self.annotations
    }
}

impl<F> OwnAnnotations<F> {
    /// `Θ(d)` under an annotation on an edge of a layer.
    #[inline(always)]
    fn value<S: Semiring>(&self, semiring: &S, annotation: Annotation, layer: &str, d: f32) -> S::Value
    where
        F: OwnTheta<S::Value>,
    {
        own_value(&self.own, semiring, annotation, layer, d)
    }
}

/// `Θ(d)` under a threshold, or under a semiring's own Θ.
///
/// # Panics
/// At any other annotation, as for [`OwnAnnotations`].
#[inline(always)]
pub fn own_value<S: Semiring>(
    own: &impl OwnTheta<S::Value>,
    semiring: &S,
    annotation: Annotation,
    layer: &str,
    d: f32,
) -> S::Value {
    let truth = |holds: bool| if holds { semiring.one() } else { semiring.zero() };
    match annotation {
        Annotation::Own => own.value(layer, d),
        Annotation::Threshold(theta) => truth(d >= theta),
        Annotation::ThresholdAbs(theta) => truth(d.abs() > theta),
        other => panic!("annotation `{other}` yields numbers, which this semiring does not take"),
    }
}

impl<S: Semiring, F: OwnTheta<S::Value>> Annotate<S> for OwnAnnotations<F> {
    fn propagate(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        link: usize,
        edges: &LayerEdges<'_>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Result<(), Cancelled> {
        let annotation = self.annotations.of(layer.index);
        if let Some(done) = hoisted(semiring, annotation, layer, edges, destinations, sources) {
            return done;
        }
        // Matched once a layer, so that each loop has nothing to decide.
        match annotation {
            Annotation::Own => PerEdge(|layer: &Layer, d| self.own.value(&layer.name, d)).propagate(
                semiring,
                layer,
                link,
                edges,
                destinations,
                sources,
            ),
            annotation => PerEdge(|layer: &Layer, d| self.value(semiring, annotation, &layer.name, d)).propagate(
                semiring,
                layer,
                link,
                edges,
                destinations,
                sources,
            ),
        }
    }

    fn kept(&self, semiring: &S, layer: &AnnotatedLayer<'_>, link: usize, edges: &Edges<'_>) -> Result<u64, Cancelled> {
        let annotation = self.annotations.of(layer.index);
        let theta = PerEdge(|layer: &Layer, d| self.value(semiring, annotation, &layer.name, d));
        theta.kept(semiring, layer, link, edges)
    }
}

/// Propagates by a kernel made for the semiring's form or for a threshold; `None` where there is none.
fn hoisted<S: Semiring>(
    semiring: &S,
    annotation: Annotation,
    layer: &AnnotatedLayer<'_>,
    edges: &LayerEdges<'_>,
    destinations: &[S::Value],
    sources: &mut [S::Value],
) -> Option<Result<(), Cancelled>> {
    let backward = Backward::new(edges)?;
    propagate(semiring, annotation, layer, &backward, destinations, sources)
}

impl<S: Semiring, F: OwnTheta<S::Value>> AnnotateLeaves<S> for OwnAnnotations<F> {
    fn annotate(
        &self,
        semiring: &S,
        circuit: &GateCircuit,
        contributions: &[f32],
        values: &mut [S::Value],
    ) -> Result<(), FoldError> {
        check_count(circuit, &self.annotations)?;
        let theta =
            |layer: usize, d: f32| self.value(semiring, self.annotations.of(layer), &circuit.layers()[layer].name, d);
        AnnotateLeaves::<S>::annotate(&PerLeaf(theta), semiring, circuit, contributions, values)
    }
}

/// What annotations mean for a [blockwise](Semiring::BLOCKWISE) semiring: `Θ(d)` of many contributions at once, under an
/// annotation.
pub type BlockTheta<V> = dyn Fn(Annotation, &[f32], &mut [V]) + Send + Sync;

/// What a blockwise semiring does on the edges of a layer under an annotation, in one operation; `None` where Θ is known as
/// values alone.
pub type BlockEdges<V> = dyn Fn(Annotation) -> Option<Arc<dyn JoinEdges<V>>> + Send + Sync;

/// A Θ of edges with their neurons, for a block of them: neurons are numbered from 0 in their tensor, sources of a layer of several
/// inputs through all of these, one after the other.
pub type EdgeTheta<V> = dyn Fn(&EdgeBlock<'_>, &mut [V]) + Send + Sync;

/// [`Annotations`] of a blockwise semiring, for which one function stands: it is called once a block.
#[derive(Clone)]
pub struct BlockAnnotations<V> {
    /// One annotation a layer.
    pub annotations: Annotations,
    /// What they mean.
    pub theta: Arc<BlockTheta<V>>,
    /// The annotation under which values keep to what the semiring's [form](Semiring::fused) asks for; thresholds do so
    /// anyway.
    pub fused: Option<Annotation>,
    /// The same Θ with the semiring's operations, where they are faster together.
    pub edges: Option<Arc<BlockEdges<V>>>,
    /// What [`Annotation::Own`] means where it asks for the neurons of an edge; it is then edges that are visited, and no kernel.
    pub neurons: Option<Arc<EdgeTheta<V>>>,
}

impl<V> AsRef<Annotations> for BlockAnnotations<V> {
    fn as_ref(&self) -> &Annotations {
        &self.annotations
    }
}

impl<V> AsMut<Annotations> for BlockAnnotations<V> {
    fn as_mut(&mut self) -> &mut Annotations {
        &mut self.annotations
    }
}

impl<V> BlockAnnotations<V> {
    fn block(&self) -> PerBlock<impl Fn(usize, &[f32], &mut [V]) + Sync + '_> {
        PerBlock(|layer: usize, d: &[f32], values: &mut [V]| (self.theta)(self.annotations.of(layer), d, values))
    }

    /// The Θ of a layer, where it asks for neurons.
    fn of_neurons(&self, layer: usize) -> Option<&EdgeTheta<V>> {
        self.neurons.as_deref().filter(|_| self.annotations.of(layer) == Annotation::Own)
    }
}

/// The number of a link's first source among those of all links of its layer.
fn first_source(layer: &AnnotatedLayer<'_>, link: usize) -> usize {
    layer.layer().links[..link].iter().map(|link| link.wiring.sources()).sum()
}

impl<S: Semiring> Annotate<S> for BlockAnnotations<S::Value> {
    fn propagate(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        link: usize,
        edges: &LayerEdges<'_>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Result<(), Cancelled> {
        let annotation = self.annotations.of(layer.index);
        if (annotation.is_threshold() || self.fused == Some(annotation))
            && let Some(done) = hoisted(semiring, annotation, layer, edges, destinations, sources)
        {
            return done;
        }
        if let Some(neurons) = self.of_neurons(layer.index) {
            let first = first_source(layer, link);
            return executions(layer, edges, destinations, sources, &|layer, edges, destinations, sources| {
                let theta = |block: &EdgeBlock<'_>, values: &mut [S::Value]| {
                    let sources: Vec<usize> = block.sources.iter().map(|source| first + source).collect();
                    neurons(&EdgeBlock { sources: &sources, ..*block }, values);
                };
                propagate_blocks(&edges, semiring, &theta, destinations, sources, layer.monitor)
            });
        }
        let drops_zero = || {
            let mut value = [semiring.one()];
            (self.theta)(annotation, &[0.0], &mut value);
            semiring.is_zero(&value[0])
        };
        if let Some(backward) = Backward::new(edges)
            && let Some(join) = self.edges.as_ref().and_then(|edges| edges(annotation))
            && (backward.terms() == 1 || backward.is_separate() && drops_zero())
        {
            return backward.joined(semiring, &*join, destinations, sources, layer.monitor);
        }
        self.block().propagate(semiring, layer, link, edges, destinations, sources)
    }

    fn kept(&self, semiring: &S, layer: &AnnotatedLayer<'_>, link: usize, edges: &Edges<'_>) -> Result<u64, Cancelled> {
        let Some(neurons) = self.of_neurons(layer.index) else {
            return self.block().kept(semiring, layer, link, edges);
        };
        let first = first_source(layer, link);
        let add = |count: &mut u64, run: &Run, contributions: &[f32]| {
            let number = 0..contributions.len();
            let sources: Vec<usize> = number.clone().map(|i| first + run.source_at(i)).collect();
            let destinations: Vec<usize> = number.map(|i| run.destination_at(i)).collect();
            let mut values = vec![semiring.zero(); contributions.len()];
            neurons(&EdgeBlock { sources: &sources, destinations: &destinations, contributions }, &mut values);
            *count += values.iter().filter(|value| !semiring.is_zero(value)).count() as u64;
        };
        edges.fold_runs(|| 0, add, |a, b| a + b, layer.monitor)
    }
}

impl<S: Semiring> AnnotateLeaves<S> for BlockAnnotations<S::Value> {
    fn annotate(
        &self,
        semiring: &S,
        circuit: &GateCircuit,
        contributions: &[f32],
        values: &mut [S::Value],
    ) -> Result<(), FoldError> {
        check_count(circuit, &self.annotations)?;
        if (0..self.annotations.count()).all(|layer| self.of_neurons(layer).is_none()) {
            return AnnotateLeaves::<S>::annotate(&self.block(), semiring, circuit, contributions, values);
        }
        each_run(semiring, circuit, contributions, values, |layer, leaves, contributions, values| {
            let Some(neurons) = self.of_neurons(layer) else {
                (self.theta)(self.annotations.of(layer), contributions, values);
                return Ok(());
            };
            let Some(edges) = &circuit.arrays().edges else {
                return Err(FoldError::Neurons { layer: circuit.layers()[layer].name.clone() });
            };
            let lanes = contributions.len() / leaves.len();
            let of = |neurons: &[u32]| -> Vec<usize> {
                let neurons = neurons[leaves.clone()].iter();
                neurons.flat_map(|&neuron| std::iter::repeat_n(neuron as usize, lanes)).collect()
            };
            let (sources, destinations) = (of(&edges.sources), of(&edges.destinations));
            neurons(&EdgeBlock { sources: &sources, destinations: &destinations, contributions }, values);
            Ok(())
        })
    }
}
