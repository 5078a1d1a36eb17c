//! The strongest paths in a semiring of some type.

use kirchhoff_circuit::TensorId;
use kirchhoff_evaluate::{PathError, PathStep, Paths, RelevancePath};
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::Project;

/// The strongest paths of the executions of a circuit, with weights as numbers: see [`strongest_paths`](crate::strongest_paths).
pub trait FindPaths {
    /// Goes on to the paths of another execution than the first.
    ///
    /// # Panics
    /// If there is no such execution.
    fn choose(&mut self, execution: usize);

    /// The strongest paths from a neuron to where relevance starts, the strongest first: see [`Paths::from`].
    ///
    /// # Errors
    /// A neuron that is not there; more steps than allowed; cancellation.
    fn from(
        &mut self,
        tensor: TensorId,
        neuron: usize,
        monitor: &dyn Monitor,
    ) -> Result<Vec<RelevancePath<f64>>, PathError>;

    /// The strongest paths from any neuron of the inputs, the strongest first: see [`Paths::overall`].
    ///
    /// # Errors
    /// More steps than allowed; cancellation.
    fn overall(&mut self, monitor: &dyn Monitor) -> Result<Vec<RelevancePath<f64>>, PathError>;
}

/// Paths whose weights are shown as numbers.
pub(super) struct Shown<'a, S: Project, W> {
    pub(super) semiring: &'a S,
    pub(super) paths: Paths<'a, S, W>,
}

impl<S: Project, W> Shown<'_, S, W> {
    fn shown(&self, paths: Vec<RelevancePath<S::Value>>) -> Vec<RelevancePath<f64>> {
        let step = |step: PathStep<S::Value>| PathStep {
            layer: step.layer,
            link: step.link,
            neuron: step.neuron,
            contribution: step.contribution,
            weight: self.semiring.project(&step.weight),
        };
        let path = |path: RelevancePath<S::Value>| RelevancePath {
            weight: self.semiring.project(&path.weight),
            tensor: path.tensor,
            neuron: path.neuron,
            steps: path.steps.into_iter().map(step).collect(),
        };
        paths.into_iter().map(path).collect()
    }
}

impl<S: Project, W: Fn(usize, f32) -> S::Value> FindPaths for Shown<'_, S, W> {
    fn choose(&mut self, execution: usize) {
        self.paths.choose(execution);
    }

    fn from(
        &mut self,
        tensor: TensorId,
        neuron: usize,
        monitor: &dyn Monitor,
    ) -> Result<Vec<RelevancePath<f64>>, PathError> {
        let found = self.paths.from(tensor, neuron, monitor)?;
        Ok(self.shown(found))
    }

    fn overall(&mut self, monitor: &dyn Monitor) -> Result<Vec<RelevancePath<f64>>, PathError> {
        let found = self.paths.overall(monitor)?;
        Ok(self.shown(found))
    }
}
