//! A semiring's own Θ beside the thresholds, which suit any semiring.

use kirchhoff_circuit::GateCircuit;
use kirchhoff_kernel::{Backward, Cancelled, LayerEdges};
use kirchhoff_semiring::{Annotation, AnnotationLoop, Semiring};

use crate::annotate::{Annotate, Annotations};
use crate::error::FoldError;
use crate::layer::AnnotatedLayer;
use crate::leaves::{AnnotateLeaves, lanes};
use crate::product::{any, propagate};

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
    fn annotate<L: AnnotationLoop<S::Value>>(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        body: L,
    ) -> Result<L::Output, Cancelled> {
        let name = &*layer.layer().name;
        // Matched once a layer, so that each loop has nothing to decide.
        Ok(match self.annotations.of(layer.index) {
            Annotation::Own => body.run(|d| self.own.value(name, d)),
            annotation => body.run(|d| self.value(semiring, annotation, name, d)),
        })
    }

    fn propagate(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        edges: &LayerEdges<'_>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Option<Result<(), Cancelled>> {
        let annotation = self.annotations.of(layer.index);
        let backward = Backward::new(edges)?;
        if let Some(done) = propagate(semiring, annotation, layer, &backward, destinations, sources) {
            return Some(done);
        }
        let propagation = any(semiring, &backward, destinations, sources, layer.monitor)?;
        Some(Annotate::<S>::annotate(self, semiring, layer, propagation).and_then(|done| done))
    }
}

impl<S: Semiring, F: OwnTheta<S::Value>> AnnotateLeaves<S> for OwnAnnotations<F> {
    fn annotate(
        &self,
        semiring: &S,
        circuit: &GateCircuit,
        contributions: &[f32],
        values: &mut [S::Value],
    ) -> Result<(), FoldError> {
        let (expected, got) = (circuit.layers().len(), self.annotations.count());
        if got != expected {
            return Err(FoldError::Annotations { got, expected });
        }
        let layers = &*circuit.arrays().contribution_layers;
        let lanes = lanes(contributions, layers);
        let leaves = layers.iter().zip(contributions.chunks(lanes)).zip(values.chunks_mut(lanes));
        for ((&layer, contributions), values) in leaves {
            let (layer, name) = (layer as usize, &*circuit.layers()[layer as usize].name);
            let annotation = self.annotations.of(layer);
            let theta = |&d: &f32| self.value(semiring, annotation, name, d);
            values.iter_mut().zip(contributions).for_each(|(value, d)| *value = theta(d));
        }
        Ok(())
    }
}
