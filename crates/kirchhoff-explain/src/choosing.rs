//! Questions that leave thresholds open, on their way through a layered circuit.

use std::time::Duration;

use kirchhoff_circuit::LayerContributions;
use kirchhoff_evaluate::{Advance, Chooser, EvaluationError, LayerTheta};
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::Annotation;

use crate::semiring::Answering;
use crate::{Answer, ExplainError};

/// A question's stream with what chooses its thresholds, one step ahead of it: a layer's contributions serve both.
pub(crate) struct Choosing<'a> {
    pub chooser: Chooser<'a>,
    /// Which Θ is chosen.
    pub thetas: Vec<LayerTheta>,
    pub stream: Box<dyn Answering + 'a>,
}

impl Advance for Choosing<'_> {
    fn reaches(&self, layer: usize) -> bool {
        self.chooser.reaches(layer) || self.stream.reaches(layer)
    }

    fn advance(
        &mut self,
        layer: usize,
        contributions: &LayerContributions,
        monitor: &dyn Monitor,
    ) -> Result<(), EvaluationError> {
        self.chooser.advance(layer, contributions, monitor)?;
        self.stream.annotate(layer, &self.chooser.chosen(layer));
        self.stream.advance(layer, contributions, monitor)
    }

    fn finish(&mut self) {
        self.chooser.finish();
        self.stream.finish();
    }

    fn charge(&mut self, time: Duration) {
        self.stream.charge(time);
    }
}

impl Answering for Choosing<'_> {
    fn annotate(&mut self, layer: usize, annotations: &[Annotation]) {
        self.stream.annotate(layer, annotations);
    }

    fn answer(self: Box<Self>) -> Result<Answer, ExplainError> {
        let Choosing { chooser, thetas, stream } = *self;
        let mut answer = stream.answer()?;
        answer.time += chooser.time();
        let chosen = chooser.into_annotations();
        for (index, (setting, theta)) in answer.settings.iter_mut().zip(&thetas).enumerate() {
            if let (LayerTheta::Chosen(coverage), Some(annotation)) = (theta, &mut setting.annotation) {
                *annotation = coverage.to_string();
                setting.thresholds = chosen.iter().map(|chosen| chosen.of(index).theta()).collect();
            }
        }
        Ok(answer)
    }
}
