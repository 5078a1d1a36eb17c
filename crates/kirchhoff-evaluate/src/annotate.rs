//! Annotations of a layered circuit: which Θ each layer takes.

use kirchhoff_circuit::{GateCircuit, LayeredCircuit};
use kirchhoff_kernel::{Backward, Cancelled, Edges, LayerEdges, propagate as propagate_edges};
use kirchhoff_semiring::{Annotation, AnnotationLoop, Carrier, Embed, Interval, RankTable, Semiring};

use crate::error::AnnotationError;
use crate::layer::AnnotatedLayer;
use crate::product::{any, propagate};
use crate::walk::{Kept, executions};

/// The annotation of every edge of a layered circuit, for one semiring.
///
/// Implemented by [`Annotations`] for the built-in Θ; by [`PerEdge`](crate::PerEdge) and
/// [`PerNeurons`](crate::PerNeurons) for any function of a contribution or of an edge, and by
/// [`PerBlock`](crate::PerBlock) for functions that take many contributions at a time.
pub trait Annotate<S: Semiring>: Sync {
    /// Adds to `sources` what reaches them along one link of a layer: `R[j] ← R[j] ⊕ ⊕_k Θ(d[j,k]) ⊗ R[k]` (2.1.3), for all
    /// executions that `edges` has. The layer is that of the first of them. Layers that pass relevance on unchanged do not come
    /// here.
    ///
    /// # Errors
    /// [`Cancelled`] by the layer's monitor.
    fn propagate(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        link: usize,
        edges: &LayerEdges<'_>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Result<(), Cancelled>;

    /// The number of edges of a link that Θ keeps, does not send to 0, in the layer's execution.
    ///
    /// # Errors
    /// [`Cancelled`] by the layer's monitor.
    fn kept(&self, semiring: &S, layer: &AnnotatedLayer<'_>, link: usize, edges: &Edges<'_>) -> Result<u64, Cancelled>;
}

/// Annotations that somebody else owns.
impl<S: Semiring, A: Annotate<S>> Annotate<S> for &A {
    fn propagate(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        link: usize,
        edges: &LayerEdges<'_>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Result<(), Cancelled> {
        (**self).propagate(semiring, layer, link, edges, destinations, sources)
    }

    fn kept(&self, semiring: &S, layer: &AnnotatedLayer<'_>, link: usize, edges: &Edges<'_>) -> Result<u64, Cancelled> {
        (**self).kept(semiring, layer, link, edges)
    }
}

/// One built-in [`Annotation`] a layer, in the order of [`LayeredCircuit::layers`].
///
/// Layers that only pass relevance on take none, whatever stands here for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotations(Vec<Annotation>);

impl Annotations {
    /// The given annotations, one a layer.
    pub fn new(annotations: Vec<Annotation>) -> Self {
        Annotations(annotations)
    }

    /// The same annotation for every layer of `circuit`.
    pub fn uniform(circuit: &LayeredCircuit, annotation: Annotation) -> Self {
        Annotations(vec![annotation; circuit.layers().len()])
    }

    /// The annotation of the layer at a position.
    pub fn of(&self, index: usize) -> Annotation {
        self.0[index]
    }

    /// Gives the layer at a position another annotation.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn set(&mut self, index: usize, annotation: Annotation) {
        self.0[index] = annotation;
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether there is one annotation a layer, and all values are elements of the semiring of the given name and
    /// carrier.
    ///
    /// # Errors
    /// The first layer whose annotation could leave the carrier, given the range of its rule.
    pub fn check(&self, circuit: &LayeredCircuit, semiring: &str, carrier: Carrier) -> Result<(), AnnotationError> {
        let layers = circuit.layers().iter();
        self.check_layers(
            layers.map(|layer| (&*layer.name, &*layer.rule_name, layer.is_annotated().then(|| layer.rule.range()))),
            semiring,
            carrier,
        )
    }

    /// As [`check`](Annotations::check), for a gate circuit.
    ///
    /// # Errors
    /// The first layer whose annotation could leave the carrier, given the range of its rule.
    pub fn check_gates(&self, circuit: &GateCircuit, semiring: &str, carrier: Carrier) -> Result<(), AnnotationError> {
        let layers = circuit.layers().iter();
        self.check_layers(layers.map(|layer| (&*layer.name, &*layer.rule, layer.range)), semiring, carrier)
    }

    /// Checks layers of which the name, the rule and the range of the contributions are given; a layer without range
    /// passes relevance on.
    fn check_layers<'a>(
        &self,
        layers: impl ExactSizeIterator<Item = (&'a str, &'a str, Option<Interval>)>,
        semiring: &str,
        carrier: Carrier,
    ) -> Result<(), AnnotationError> {
        if self.0.len() != layers.len() {
            return Err(AnnotationError::Count { expected: layers.len(), got: self.0.len() });
        }
        for ((layer, rule, range), annotation) in layers.zip(&self.0) {
            let Some(range) = range else { continue };
            annotation.check(semiring, carrier, range).map_err(|error| AnnotationError::Carrier {
                layer: layer.to_string(),
                rule: rule.to_string(),
                error: Box::new(error),
            })?;
        }
        Ok(())
    }
}

impl AsRef<Annotations> for Annotations {
    fn as_ref(&self) -> &Annotations {
        self
    }
}

impl AsMut<Annotations> for Annotations {
    fn as_mut(&mut self) -> &mut Annotations {
        self
    }
}

impl Annotations {
    /// The ranks of a layer that is annotated with them.
    fn table(&self, layer: &AnnotatedLayer<'_>) -> Result<Option<RankTable>, Cancelled> {
        match self.0[layer.index] {
            Annotation::Rank => Ok(Some(layer.ranks()?.finish())),
            _ => Ok(None),
        }
    }
}

impl<S: Embed> Annotate<S> for Annotations {
    fn propagate(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        _: usize,
        edges: &LayerEdges<'_>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Result<(), Cancelled> {
        let annotation = self.0[layer.index];
        if let Some(backward) = Backward::new(edges) {
            if let Some(done) = propagate(semiring, annotation, layer, &backward, destinations, sources) {
                return done;
            }
            // Ranks are those of one execution, and are counted in a pass over its edges anyway.
            let alike = annotation != Annotation::Rank || edges.batch == 1;
            if alike && let Some(product) = any(semiring, &backward, destinations, sources, layer.monitor) {
                if annotation == Annotation::Identity {
                    return product.run(|d| semiring.embed(d));
                }
                let table = self.table(layer)?;
                return product.run_theta(&|d, values| annotation.apply_all(semiring, table.as_ref(), d, values));
            }
        }
        executions(layer, edges, destinations, sources, &|layer, edges, destinations, sources| {
            let table = self.table(layer)?;
            let theta = |d: f32| annotation.apply_with(semiring, table.as_ref(), d);
            propagate_edges(&edges, semiring, theta, destinations, sources, layer.monitor)
        })
    }

    fn kept(&self, semiring: &S, layer: &AnnotatedLayer<'_>, _: usize, edges: &Edges<'_>) -> Result<u64, Cancelled> {
        let (annotation, table) = (self.0[layer.index], self.table(layer)?);
        Kept { edges, semiring, monitor: layer.monitor }.run(|d| annotation.apply_with(semiring, table.as_ref(), d))
    }
}
