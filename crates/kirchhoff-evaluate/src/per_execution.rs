//! Annotations of which each execution of a batch has its own.

use kirchhoff_kernel::{Cancelled, Edges, LayerEdges};
use kirchhoff_semiring::{Annotation, Semiring};
use rayon::prelude::*;

use crate::annotate::{Annotate, Annotations};
use crate::layer::AnnotatedLayer;

/// Annotations that may differ from execution to execution of a batch. A layer in which they do takes each execution by
/// itself; one in which all are alike takes the batch at once.
///
/// An execution has the same bits as in a circuit of its own.
#[derive(Clone, Debug)]
pub struct PerExecution<A> {
    /// One for all executions as long as they are alike, then one each.
    executions: Vec<A>,
}

impl<A: AsRef<Annotations> + AsMut<Annotations> + Clone> PerExecution<A> {
    /// The same annotations for all executions.
    pub fn alike(annotations: A) -> Self {
        PerExecution { executions: vec![annotations] }
    }

    /// Gives a layer other annotations, one an execution of the batch.
    ///
    /// # Panics
    /// If there is no such layer, or once there were as many annotations as another batch has executions.
    pub fn annotate(&mut self, layer: usize, annotations: &[Annotation]) {
        if self.executions.len() == 1 && annotations.iter().any(|annotation| *annotation != annotations[0]) {
            self.executions = vec![self.executions[0].clone(); annotations.len()];
        }
        let alike = self.executions.len() == 1;
        assert!(alike || self.executions.len() == annotations.len(), "one annotation an execution");
        for (own, annotation) in self.executions.iter_mut().zip(annotations) {
            own.as_mut().set(layer, *annotation);
        }
    }
}

impl<S: Semiring, A: Annotate<S> + AsRef<Annotations>> Annotate<S> for PerExecution<A> {
    fn propagate(
        &self,
        semiring: &S,
        layer: &AnnotatedLayer<'_>,
        link: usize,
        edges: &LayerEdges<'_>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Result<(), Cancelled> {
        let annotation = |own: &A| own.as_ref().of(layer.index);
        if self.executions.iter().all(|own| annotation(own) == annotation(&self.executions[0])) {
            return self.executions[0].propagate(semiring, layer, link, edges, destinations, sources);
        }
        let (from, to) = (edges.wiring.destinations(), edges.wiring.sources());
        let parts = destinations.par_chunks(from).zip(sources.par_chunks_mut(to)).zip(&self.executions).enumerate();
        parts.try_for_each(|(execution, ((destinations, sources), own))| {
            let part = edges.part(execution);
            own.propagate(semiring, &layer.later(execution), link, &part.edges(), destinations, sources)
        })
    }

    fn kept(&self, semiring: &S, layer: &AnnotatedLayer<'_>, link: usize, edges: &Edges<'_>) -> Result<u64, Cancelled> {
        let own = if self.executions.len() == 1 { 0 } else { layer.execution };
        self.executions[own].kept(semiring, layer, link, edges)
    }
}
