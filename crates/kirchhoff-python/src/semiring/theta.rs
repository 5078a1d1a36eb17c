//! Built-in semirings under a Θ that is a Python function over blocks of contributions.

use std::sync::Arc;

use kirchhoff::evaluate::{BlockTheta, EdgeTheta};
use kirchhoff::explain::{AnySemiring, Blocks, Described};
use kirchhoff::semiring::{
    Annotation, Columns, EdgeLanes, Embed, JoinEdges, LookupError, SemiringInfo, SemiringVisitor, visit,
};
use kirchhoff_kernel::EdgeBlock;
use numpy::PyArray1;
use pyo3::prelude::*;

use super::dynamic::{Compiled, Dynamic, Operations};
use super::{edge_arrays, takes_neurons};
use crate::errors::Kind;
use crate::work::Failure;

/// The built-in semiring that a text names, with `theta` as its own Θ: a function from an array of contributions to one of
/// elements. It has a name of its own, so that nothing takes it for the one of the table.
pub fn with_theta(text: &str, theta: Py<PyAny>, failure: Arc<Failure>) -> Result<AnySemiring, LookupError> {
    visit(text, Make { theta, failure })
}

struct Make {
    theta: Py<PyAny>,
    failure: Arc<Failure>,
}

impl SemiringVisitor for Make {
    type Output = AnySemiring;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> AnySemiring {
        let Make { theta, failure } = self;
        let (of, carrier) = (semiring.clone(), semiring.carrier());
        let numbers = move |found: &Bound<'_, PyAny>, count: usize| -> PyResult<Vec<f64>> {
            let numbers = crate::arrays::to_f64("theta", &info.name, found, count)?;
            match numbers.iter().find(|number| !carrier.contains(**number)) {
                None => Ok(numbers),
                Some(number) => Err(Kind::Question.error(format!(
                    "theta returned {number}, which is no element of semiring `{}`: its elements are {}",
                    info.name, info.carrier
                ))),
            }
        };
        let theta = Arc::new(theta);
        let neurons = Python::attach(|py| takes_neurons(theta.bind(py))).then(|| {
            let (theta, of, failure) = (theta.clone(), semiring.clone(), failure.clone());
            let annotate = move |edges: &EdgeBlock<'_>, values: &mut [S::Value]| {
                if failure.is_there() {
                    return;
                }
                let call = |py: Python<'_>| numbers(&theta.bind(py).call1(edge_arrays(py, edges))?, values.len());
                match Python::attach(call) {
                    Ok(numbers) => values.iter_mut().zip(numbers).for_each(|(value, x)| *value = of.embed(x as f32)),
                    Err(error) => failure.set(error),
                }
            };
            Arc::new(annotate) as Arc<EdgeTheta<S::Value>>
        });
        let annotate = move |annotation: Annotation, d: &[f32], values: &mut [S::Value]| {
            let pairs = values.iter_mut().zip(d);
            if annotation != Annotation::Own {
                return pairs.for_each(|(value, d)| *value = annotation.apply(&of, *d));
            }
            if failure.is_there() {
                return;
            }
            let call = |py: Python<'_>| numbers(&theta.bind(py).call1((PyArray1::from_slice(py, d),))?, d.len());
            match Python::attach(call) {
                Ok(numbers) => values.iter_mut().zip(numbers).for_each(|(value, x)| *value = of.embed(x as f32)),
                Err(error) => failure.set(error),
            }
        };
        let annotate: Arc<BlockTheta<S::Value>> = Arc::new(annotate);
        let (of, theta) = (semiring.clone(), annotate.clone());
        let edges = move |annotation| -> Option<Arc<dyn JoinEdges<S::Value>>> {
            Some(Arc::new(Joined { semiring: of.clone(), theta: theta.clone(), annotation }))
        };
        let embed = semiring.clone();
        let blocks = Blocks::new(annotate, true).with_numbers(carrier, move |x| embed.embed(x));
        let mut blocks = blocks.with_edges(Arc::new(edges));
        if let Some(neurons) = neurons {
            blocks = blocks.with_neurons(neurons);
        }
        let dynamic = Dynamic(Arc::new(Compiled(semiring)) as Arc<dyn Operations<S::Value>>);
        let name = format!("{}-theta", info.name);
        let facts = |of: &mut SemiringInfo| {
            *of = info.clone();
            of.annotation = Annotation::Own;
            of.own_theta = Some("a Python function".into());
        };
        Described::blockwise(name, dynamic, blocks).with_info(facts).into()
    }
}

/// Θ of many edges in one call, which takes some microseconds whatever it gets.
struct Joined<S: Embed> {
    semiring: S,
    theta: Arc<BlockTheta<S::Value>>,
    annotation: Annotation,
}

impl<S: Embed + 'static> JoinEdges<S::Value> for Joined<S> {
    fn columns(&self, values: &[S::Value]) -> Columns {
        Columns::new(0, values.to_vec())
    }

    fn join(&self, edges: &EdgeLanes<'_>, sums: &mut [S::Value]) {
        let lanes = sums.len();
        let relevance: &Vec<S::Value> = edges.relevance.kept();
        let mut d = Vec::with_capacity(edges.starts.len() * lanes);
        for (&start, weight) in edges.starts.iter().zip(edges.weights) {
            let pairs = edges.own[..lanes].iter().zip(&edges.values[start..start + lanes]);
            d.extend(pairs.map(|(own, value)| own * (weight * value)));
        }
        let mut theta = vec![self.semiring.zero(); d.len()];
        (self.theta)(self.annotation, &d, &mut theta);
        for (&start, theta) in edges.starts.iter().zip(theta.chunks(lanes.max(1))) {
            self.semiring.accumulate(sums, theta, &relevance[start..start + lanes]);
        }
    }

    fn grain(&self) -> usize {
        1
    }
}
