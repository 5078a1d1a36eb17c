//! Questions on their way through layered circuits.

use kirchhoff_circuit::{LayerContributions, LayeredCircuit, TensorId};
use kirchhoff_evaluate::{Advance, EvaluationError, PerExecution, Stream};
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::{Annotation, Project};

use super::described::Described;
use super::recorder::Recorder;
use super::theta::Thetas;
use super::{Answering, AnySemiring};
use crate::{Answer, ExplainError, LayerSetting};

/// A stream that keeps the relevance of some tensors.
pub(super) type Kept<'a, S, T> = Stream<'a, S, PerExecution<<T as Thetas<S>>::Bound>, Recorder<'a, S>>;

/// A question on its way through a layered circuit.
pub(super) struct Questioned<'a, S: Project + Clone + 'static, T: Thetas<S>> {
    pub(super) described: &'a Described<S, T>,
    pub(super) handle: &'a AnySemiring,
    pub(super) circuit: &'a LayeredCircuit,
    pub(super) stream: Kept<'a, S, T>,
    /// That of the targets that count against the others.
    pub(super) against: Option<Kept<'a, S, T>>,
    pub(super) settings: Vec<LayerSetting>,
    pub(super) targets: Vec<Vec<(usize, f32)>>,
}

impl<S: Project + Clone + 'static, T: Thetas<S>> Advance for Questioned<'_, S, T> {
    fn reaches(&self, layer: usize) -> bool {
        self.stream.reaches(layer) || self.against.as_ref().is_some_and(|stream| stream.reaches(layer))
    }

    fn advance(
        &mut self,
        layer: usize,
        contributions: &LayerContributions,
        monitor: &dyn Monitor,
    ) -> Result<(), EvaluationError> {
        for stream in [Some(&mut self.stream), self.against.as_mut()].into_iter().flatten() {
            if stream.reaches(layer) {
                stream.advance(layer, contributions, monitor)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) {
        self.stream.finish();
        self.against.iter_mut().for_each(Advance::finish);
    }

    fn charge(&mut self, time: std::time::Duration) {
        self.stream.charge(time);
    }
}

impl<S: Project + Clone + 'static, T: Thetas<S>> Answering for Questioned<'_, S, T> {
    fn annotate(&mut self, layer: usize, annotations: &[Annotation]) {
        for stream in [Some(&mut self.stream), self.against.as_mut()].into_iter().flatten() {
            stream.annotations_mut().annotate(layer, annotations);
        }
    }

    fn answer(self: Box<Self>) -> Result<Answer, ExplainError> {
        let Questioned { described, handle, circuit, stream, against, settings, targets } = *self;
        described.check_fault()?;
        let mut time = stream.time();
        let (ledgers, Recorder { keep, summaries }) = stream.into_parts();
        let mut relevance: Vec<(TensorId, Vec<S::Value>)> = keep.into_relevance().collect();
        if let Some(against) = against {
            time += against.time();
            let (_, others) = against.into_parts();
            for (id, values) in &mut relevance {
                *values = described.beyond(std::mem::take(values), others.keep.relevance(*id).unwrap_or_default());
            }
        }
        let input = circuit.tensor(circuit.input());
        let own = relevance.iter().find(|(id, _)| *id == circuit.input()).map_or(&[][..], |(_, values)| values);
        let joined = described.joined(own, &input.shape);
        let tensor = |(id, relevance): (TensorId, Vec<S::Value>)| {
            let tensor = circuit.tensor(id);
            described.tensor(&tensor.name, &tensor.shape, relevance)
        };
        Ok(Answer {
            semiring: handle.clone(),
            tensors: relevance.into_iter().map(tensor).collect(),
            joined,
            summaries: summaries.map_or_else(Vec::new, |summaries| summaries.found),
            ledgers,
            settings,
            targets,
            time,
        })
    }
}
