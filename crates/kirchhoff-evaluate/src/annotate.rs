//! Annotations of a layered circuit: which Θ each layer takes.

use kirchhoff_circuit::{GateCircuit, Layer, LayerContributions, LayeredCircuit};
use kirchhoff_kernel::{Backward, Cancelled, LayerEdges, Monitor};
use kirchhoff_semiring::{Annotation, AnnotationLoop, Carrier, CarrierError, Embed, Interval, Ranks, Semiring};

use crate::product::{any, propagate};

/// The annotation of every edge of a layered circuit, for one semiring.
///
/// Implemented by [`Annotations`] for the built-in Θ, and by [`PerEdge`] for any function.
pub trait Annotate<S: Semiring>: Sync {
    /// Runs `body` with the layer's Θ as a closure, so that the closure is compiled into the loop over its edges.
    ///
    /// # Errors
    /// [`Cancelled`] by the layer's monitor, where Θ asks for a pass over the contributions of its own.
    fn annotate<L: AnnotationLoop<S::Value>>(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        body: L,
    ) -> Result<L::Output, Cancelled>;

    /// Propagates along one link as a product, for all executions, where the layer, the semiring and Θ allow it: adds to
    /// `sources` what reaches them from `destinations`. `None`, the default, if the edges have to be walked one by one.
    ///
    /// # Errors
    /// [`Cancelled`] by the layer's monitor.
    fn propagate(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        edges: &LayerEdges<'_>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Option<Result<(), Cancelled>> {
        let _ = (semiring, layer, edges, destinations, sources);
        None
    }
}

/// A layer of one execution about to be annotated.
#[derive(Clone, Copy)]
pub struct AnnotatedLayer<'a> {
    /// The circuit.
    pub circuit: &'a LayeredCircuit,
    /// Position of the layer in [`LayeredCircuit::layers`].
    pub index: usize,
    /// Its contributions.
    pub contributions: &'a LayerContributions,
    /// Which execution of the batch.
    pub execution: usize,
    /// Who watches.
    pub monitor: &'a dyn Monitor,
}

impl AnnotatedLayer<'_> {
    /// The layer.
    pub fn layer(&self) -> &Layer {
        &self.circuit.layers()[self.index]
    }

    /// The histogram of the layer's positive contributions, by one pass over its edges.
    ///
    /// # Errors
    /// [`Cancelled`] by the monitor.
    pub fn ranks(&self) -> Result<Ranks, Cancelled> {
        let join = |mut a: Ranks, b: Ranks| {
            a.merge(&b);
            a
        };
        let mut ranks = Ranks::new();
        for link in &self.layer().links {
            let edges = self.circuit.edges_in(self.layer(), link, self.contributions, self.execution);
            let add = |ranks: &mut Ranks, contributions: &[f32]| contributions.iter().for_each(|&d| ranks.add(d));
            ranks.merge(&edges.fold(Ranks::new, add, join, self.monitor)?);
        }
        Ok(ranks)
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

/// Annotations that do not fit a circuit or a semiring.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
pub enum AnnotationError {
    /// Not one annotation a layer.
    #[error("the circuit has {expected} layers, but {got} annotations are given")]
    Count {
        /// How many layers there are.
        expected: usize,
        /// How many annotations are given.
        got: usize,
    },
    /// Values outside the carrier.
    #[error("layer `{layer}`, rule `{rule}`: {error}")]
    Carrier {
        /// The layer.
        layer: String,
        /// Its rule.
        rule: String,
        /// What leaves what.
        error: Box<CarrierError>,
    },
}

impl<S: Embed> Annotate<S> for Annotations {
    fn annotate<L: AnnotationLoop<S::Value>>(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        body: L,
    ) -> Result<L::Output, Cancelled> {
        let annotation = self.0[layer.index];
        let table = if annotation == Annotation::Rank { Some(layer.ranks()?.finish()) } else { None };
        let table = || table.as_ref().expect("a table is made for every layer annotated with ranks");
        Ok(annotation.specialise(semiring, table, body))
    }

    fn propagate(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        edges: &LayerEdges<'_>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Option<Result<(), Cancelled>> {
        let annotation = self.0[layer.index];
        let backward = Backward::new(edges)?;
        if let Some(done) = propagate(semiring, annotation, layer, &backward, destinations, sources) {
            return Some(done);
        }
        // Ranks are those of one execution, and are counted in a pass over its edges anyway.
        if annotation == Annotation::Rank && edges.batch > 1 {
            return None;
        }
        let propagation = any(semiring, &backward, destinations, sources, layer.monitor)?;
        Some(Annotate::<S>::annotate(self, semiring, layer, propagation).and_then(|done| done))
    }
}

/// Any function of a layer and a contribution as Θ.
///
/// The caller answers for values that lie in the carrier.
#[derive(Clone, Copy, Debug)]
pub struct PerEdge<F>(pub F);

impl<S: Semiring, F: Fn(&Layer, f32) -> S::Value + Sync> Annotate<S> for PerEdge<F> {
    fn annotate<L: AnnotationLoop<S::Value>>(
        &self,
        _: &S,
        layer: &AnnotatedLayer<'_>,
        body: L,
    ) -> Result<L::Output, Cancelled> {
        Ok(body.run(|contribution| (self.0)(layer.layer(), contribution)))
    }
}
