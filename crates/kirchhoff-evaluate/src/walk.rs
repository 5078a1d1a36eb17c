//! The walk along the edges of a layer, execution by execution, once Θ is known.

use kirchhoff_kernel::{Cancelled, Edges, LayerEdges, Monitor, parallel, propagate};
use kirchhoff_semiring::{AnnotationLoop, Semiring};

use crate::layer::AnnotatedLayer;

/// The walk along the edges of one execution: from the relevance of its destination to that of its source.
type Execution<'a, V> = dyn Fn(&AnnotatedLayer<'_>, Edges<'_>, &[V], &mut [V]) -> Result<(), Cancelled> + Sync + 'a;

/// Runs `walk` for every execution of a batch, in parallel, with its part of the relevance of either side.
pub(crate) fn executions<V: Send + Sync>(
    layer: &AnnotatedLayer<'_>,
    edges: &LayerEdges<'_>,
    destinations: &[V],
    sources: &mut [V],
    walk: &Execution<'_, V>,
) -> Result<(), Cancelled> {
    let (from, to) = (edges.wiring.destinations(), edges.wiring.sources());
    parallel::try_chunks(sources, to.max(1), &|execution, sources| {
        let destinations = &destinations[execution * from..(execution + 1) * from];
        walk(&layer.later(execution), edges.execution(execution), destinations, sources)
    })
}

/// The walk along one link's edges, waiting for its Θ.
pub(crate) struct Walk<'a, S: Semiring> {
    pub edges: Edges<'a>,
    pub semiring: &'a S,
    pub destinations: &'a [S::Value],
    pub sources: &'a mut [S::Value],
    pub monitor: &'a dyn Monitor,
}

impl<S: Semiring> AnnotationLoop<S::Value> for Walk<'_, S> {
    type Output = Result<(), Cancelled>;

    fn run(self, theta: impl Fn(f32) -> S::Value + Copy + Send + Sync) -> Result<(), Cancelled> {
        propagate(&self.edges, self.semiring, theta, self.destinations, self.sources, self.monitor)
    }
}

/// The count of the edges that a Θ keeps, waiting for it.
pub(crate) struct Kept<'a, S> {
    pub edges: &'a Edges<'a>,
    pub semiring: &'a S,
    pub monitor: &'a dyn Monitor,
}

impl<S: Semiring> AnnotationLoop<S::Value> for Kept<'_, S> {
    type Output = Result<u64, Cancelled>;

    fn run(self, theta: impl Fn(f32) -> S::Value + Copy + Send + Sync) -> Result<u64, Cancelled> {
        let kept = |d: &&f32| !self.semiring.is_zero(&theta(**d));
        let add = |count: &mut u64, contributions: &[f32]| *count += contributions.iter().filter(kept).count() as u64;
        self.edges.fold(|| 0, add, |a, b| a + b, self.monitor)
    }
}
