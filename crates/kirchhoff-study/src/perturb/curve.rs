//! How a network's answer changes as more and more of an input is perturbed.

use std::sync::Arc;

use kirchhoff_kernel::Monitor;
use kirchhoff_network::{Execution, ExecutionError, Network};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::baseline::{Baseline, Layout, Perturbed};
use super::region::Regions;

/// A network and a way to perturb its inputs.
#[derive(Clone, Debug)]
pub struct Perturbation<'a> {
    /// The network.
    pub network: &'a Arc<Network>,
    /// How inputs are laid out.
    pub layout: &'a Layout,
    /// What is perturbed together.
    pub regions: &'a Regions,
    /// What takes its place.
    pub baseline: Baseline,
    /// How many regions a step perturbs, one at least.
    pub regions_a_step: usize,
    /// Steps beyond this one are not made.
    pub steps: usize,
    /// Copies that go through the network together, one at least. Memory is that of their activations. Results may
    /// depend on it in the last bits.
    pub batch: usize,
    /// The seed of what the baseline draws; each input has a stream of its own.
    pub seed: u64,
}

/// What the network answers to an input and to its perturbed copies.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The softmax probability of the target: of the input as it is, then after each step.
    pub probability: Vec<f64>,
    /// The class that the network names, likewise.
    pub class: Vec<u32>,
}

/// An input, and how it is to be perturbed.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its number in the data set: the stream that random baselines are drawn from.
    pub number: u64,
    /// Its values.
    pub values: &'a [f32],
    /// The output whose probability is followed.
    pub target: usize,
    /// The regions in the order in which they are perturbed.
    pub order: &'a [u32],
}

impl Perturbation<'_> {
    /// The number of steps that are made.
    pub fn steps(&self) -> usize {
        self.steps.min(self.regions.count().div_ceil(self.regions_a_step))
    }

    /// Perturbs each input step by step, and follows what the network says. Copies of several inputs go through the
    /// network together.
    ///
    /// Takes the network's time for `inputs · (steps + 1)` inputs.
    ///
    /// # Errors
    /// Perturbed inputs that the network's values overflow on, or cancellation.
    ///
    /// # Panics
    /// If an input or an order is of another size than the layout and the regions, or a target is no output.
    pub fn curves(&self, subjects: &[Subject<'_>], monitor: &dyn Monitor) -> Result<Vec<Curve>, ExecutionError> {
        let steps = self.steps();
        let none = Curve { probability: Vec::with_capacity(steps + 1), class: Vec::with_capacity(steps + 1) };
        let mut curves = vec![none; subjects.len()];
        let mut copies = Copies { perturbation: self, values: Vec::new(), owners: Vec::new(), monitor };
        for (index, subject) in subjects.iter().enumerate() {
            let mut random = ChaCha8Rng::seed_from_u64(self.seed);
            random.set_stream(subject.number);
            let mut perturbed = Perturbed::new(self.layout, self.baseline, subject.values, random);
            copies.add(index, &perturbed.values, subjects, &mut curves)?;
            for regions in subject.order.chunks(self.regions_a_step).take(steps) {
                perturbed.step(regions.iter().flat_map(|&region| self.regions.members(region)));
                copies.add(index, &perturbed.values, subjects, &mut curves)?;
            }
        }
        copies.run(subjects, &mut curves)?;
        Ok(curves)
    }

    /// The class that the network names for each input when a single region of it is perturbed, region by region. Orders
    /// and targets of the subjects do not matter.
    ///
    /// Takes the network's time for `inputs · regions` inputs.
    ///
    /// # Errors
    /// As for [`curves`](Perturbation::curves).
    ///
    /// # Panics
    /// If an input is of another size than the layout.
    pub fn single_regions(
        &self,
        subjects: &[Subject<'_>],
        monitor: &dyn Monitor,
    ) -> Result<Vec<Vec<u32>>, ExecutionError> {
        let mut curves = vec![Curve { probability: Vec::new(), class: Vec::new() }; subjects.len()];
        let mut copies = Copies { perturbation: self, values: Vec::new(), owners: Vec::new(), monitor };
        for (index, subject) in subjects.iter().enumerate() {
            for region in 0..self.regions.count() as u32 {
                let mut random = ChaCha8Rng::seed_from_u64(self.seed);
                random.set_stream(subject.number);
                let mut perturbed = Perturbed::new(self.layout, self.baseline, subject.values, random);
                perturbed.step(self.regions.members(region));
                copies.add(index, &perturbed.values, subjects, &mut curves)?;
            }
        }
        copies.run(subjects, &mut curves)?;
        Ok(curves.into_iter().map(|curve| curve.class).collect())
    }
}

/// Copies that wait to go through the network together.
struct Copies<'a> {
    perturbation: &'a Perturbation<'a>,
    values: Vec<f32>,
    /// The position of the subject that each copy is of.
    owners: Vec<usize>,
    monitor: &'a dyn Monitor,
}

impl Copies<'_> {
    fn add(
        &mut self,
        owner: usize,
        values: &[f32],
        subjects: &[Subject<'_>],
        curves: &mut [Curve],
    ) -> Result<(), ExecutionError> {
        self.values.extend_from_slice(values);
        self.owners.push(owner);
        if self.owners.len() >= self.perturbation.batch { self.run(subjects, curves) } else { Ok(()) }
    }

    fn run(&mut self, subjects: &[Subject<'_>], curves: &mut [Curve]) -> Result<(), ExecutionError> {
        if self.owners.is_empty() {
            return Ok(());
        }
        let network = self.perturbation.network.clone();
        let execution = Execution::run(network, &self.values, self.owners.len(), self.monitor)?;
        for (copy, &owner) in self.owners.iter().enumerate() {
            let outputs = execution.output(copy);
            curves[owner].probability.push(probability(outputs, subjects[owner].target));
            curves[owner].class.push(kirchhoff_explain::top(outputs) as u32);
        }
        self.values.clear();
        self.owners.clear();
        Ok(())
    }
}

/// The softmax probability of one output.
pub fn probability(outputs: &[f32], target: usize) -> f64 {
    let largest = f64::from(outputs.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let exponential = |output: f32| libm::exp(f64::from(output) - largest);
    exponential(outputs[target]) / outputs.iter().copied().map(exponential).sum::<f64>()
}

/// The area over a perturbation curve, of the first value and those after each step:
/// `1/(L+1) Σ_{k=0..L} (f(x₀) − f(x_k))` (Samek et al., *Evaluating the visualization of what a deep neural network has
/// learned*, 2017, eq. 12). 0 for an empty curve.
pub fn area_over_curve(curve: &[f64]) -> f64 {
    let Some(first) = curve.first() else { return 0.0 };
    curve.iter().map(|value| first - value).sum::<f64>() / curve.len() as f64
}

/// The area under a curve by the trapezoidal rule with points one apart, as `calculate_auc` of Quantus computes it.
pub fn area_under_curve(curve: &[f64]) -> f64 {
    curve.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0).sum()
}
