//! Thresholds chosen for an execution, so that each layer keeps a wanted share of its neurons.

use std::fmt;
use std::str::FromStr;

use kirchhoff_circuit::LayeredCircuit;
use kirchhoff_kernel::{Monitor, filled};
use kirchhoff_semiring::{Annotation, Bottleneck, Call, LookupError, UnknownName};

use crate::annotate::Annotations;
use crate::error::EvaluationError;
use crate::ledger::Bookkeeping;
use crate::step::LayerStep;

/// The share of a layer's source neurons that a threshold is to keep, above 0 and at most 1; written `auto(0.2)`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Coverage(f64);

impl Coverage {
    /// The name that it is written by.
    pub const NAME: &'static str = "auto";

    /// A share; `None` if it is not above 0 and at most 1.
    pub fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share <= 1.0).then_some(Coverage(share))
    }

    /// The share.
    pub fn share(self) -> f64 {
        self.0
    }

    /// How many of `neurons` it is: rounded up, one at least where there are any.
    pub fn of(self, neurons: usize) -> usize {
        ((self.0 * neurons as f64).ceil() as usize).clamp(neurons.min(1), neurons)
    }

    /// The largest threshold that as many of the given critical thresholds reach, but no smaller one than
    /// [`Annotation::DEFAULT_THETA`]: negligible and negative contributions stay out, and with them neurons that have no
    /// others. Where several are equal to it, all of these are kept.
    ///
    /// Takes O(n) time; the order of `critical` changes.
    pub fn threshold(self, critical: &mut [f32]) -> f32 {
        let Some(last) = self.of(critical.len()).checked_sub(1) else { return Annotation::DEFAULT_THETA };
        let (_, threshold, _) = critical.select_nth_unstable_by(last, |a, b| b.total_cmp(a));
        threshold.clamp(Annotation::DEFAULT_THETA, f32::MAX)
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Call { name: Self::NAME.to_string(), arguments: vec![self.0] }.fmt(f)
    }
}

impl FromStr for Coverage {
    type Err = LookupError;

    fn from_str(text: &str) -> Result<Self, LookupError> {
        let call: Call = text.parse()?;
        if call.name != Self::NAME {
            return Err(UnknownName::new("choice of thresholds", &call.name, &[Self::NAME]).into());
        }
        let [share] = call.arguments(["share of the neurons to keep"])?;
        Ok(Coverage::new(share).ok_or_else(|| call.value_error("a share above 0 and at most 1", share))?)
    }
}

/// The Θ of a layer, as far as it is known before an execution is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LayerTheta {
    /// This one.
    Given(Annotation),
    /// The threshold that keeps so many of the layer's source neurons.
    Chosen(Coverage),
}

/// Chooses the threshold of every layer that leaves it open, for each execution of a circuit on its own.
///
/// From the output on, layer by layer: a source neuron's critical threshold is the largest contribution that it makes to a
/// neuron that is boolean-relevant under the thresholds of the layers above; θ is the [`threshold`](Coverage::threshold)
/// that the wanted share of the layer's source neurons reach. Those that do are relevant for the layers below. The
/// neurons of all tensors that a layer starts from count together. A layer that no relevance reaches takes
/// [`Annotation::DEFAULT_THETA`].
///
/// `thetas` holds one Θ a layer, in the order of [`LayeredCircuit::layers`]; what is given is used as it stands, and has
/// to yield the semiring's 0 and 1 only, as thresholds do. `start` says which outputs explanations start from, one truth
/// an output neuron and execution. The result has one list of annotations an execution.
///
/// Takes one pass over the edges in the bottleneck semiring, O(edges · batch), and memory as a stream does. The same
/// circuit gives the same bits whatever the number of threads.
///
/// # Errors
/// A start of the wrong size, or cancellation.
pub fn choose_thresholds(
    circuit: &LayeredCircuit,
    thetas: &[LayerTheta],
    start: &[bool],
    monitor: &dyn Monitor,
) -> Result<Vec<Annotations>, EvaluationError> {
    let (batch, outputs) = (circuit.batch(), circuit.tensor(circuit.output()).size());
    if start.len() != batch * outputs {
        return Err(EvaluationError::Start { got: start.len(), batch, outputs });
    }
    // Relevance is ∞, irrelevance −∞: the 1 and 0 of the bottleneck semiring, in which a product is the edge's own Θ(d).
    let truth = |relevant: bool| if relevant { f32::INFINITY } else { f32::NEG_INFINITY };
    let mut relevance: Vec<Option<Vec<f32>>> = vec![None; circuit.tensors().len()];
    relevance[circuit.output().index()] = Some(start.iter().map(|&relevant| truth(relevant)).collect());
    let given = |theta: &LayerTheta| match theta {
        LayerTheta::Given(annotation) => *annotation,
        LayerTheta::Chosen(_) => Annotation::Identity,
    };
    let annotations = Annotations::new(thetas.iter().map(given).collect());
    let open = |theta: &LayerTheta| match theta {
        LayerTheta::Given(annotation) => *annotation,
        LayerTheta::Chosen(_) => Annotation::Threshold(Annotation::DEFAULT_THETA),
    };
    let mut chosen: Vec<Vec<Annotation>> = vec![thetas.iter().map(open).collect(); batch];
    let bookkeeping = Bookkeeping::default();
    for (index, layer) in circuit.layers().iter().enumerate().rev() {
        let Some(destinations) = relevance[layer.destination.index()].take() else { continue };
        let contributions = &circuit.contributions(layer, monitor)?;
        let step =
            LayerStep { circuit, index, contributions, semiring: &Bottleneck, bookkeeping: &bookkeeping, monitor };
        let mut sources: Vec<Vec<f32>> = Vec::with_capacity(layer.links.len());
        for (number, link) in layer.links.iter().enumerate() {
            let mut reached = filled(&f32::NEG_INFINITY, batch * link.wiring.sources());
            step.propagate(number, &annotations, &destinations, &mut reached)?;
            sources.push(reached);
        }
        if let (LayerTheta::Chosen(coverage), true) = (thetas[index], layer.is_annotated()) {
            for (execution, chosen) in chosen.iter_mut().enumerate() {
                let part = |reached: &Vec<f32>| -> std::ops::Range<usize> {
                    let size = reached.len() / batch;
                    execution * size..(execution + 1) * size
                };
                let mut critical: Vec<f32> =
                    sources.iter().flat_map(|reached| &reached[part(reached)]).copied().collect();
                let threshold = coverage.threshold(&mut critical);
                for reached in &mut sources {
                    let part = part(reached);
                    reached[part].iter_mut().for_each(|critical| *critical = truth(*critical >= threshold));
                }
                chosen[index] = Annotation::Threshold(threshold);
            }
        }
        for (link, reached) in layer.links.iter().zip(sources) {
            match &mut relevance[link.source.index()] {
                Some(earlier) => earlier.iter_mut().zip(reached).for_each(|(earlier, now)| *earlier = earlier.max(now)),
                none => *none = Some(reached),
            }
        }
    }
    Ok(chosen.into_iter().map(Annotations::new).collect())
}
