//! Which kernel takes a layer under a semiring and a Θ: by the form of the semiring, and by the laws that it declares.

use kirchhoff_kernel::{Backward, Cancelled, LaneTheta, Monitor, Threshold};
use kirchhoff_semiring::{Annotation, AnnotationLoop, Fused, Interval, Law, Semiring};

use crate::layer::AnnotatedLayer;

/// Propagates by a kernel made for the semiring and Θ; `None` where there is none.
pub(crate) fn propagate<S: Semiring>(
    semiring: &S,
    annotation: Annotation,
    layer: &AnnotatedLayer<'_>,
    backward: &Backward<'_>,
    destinations: &[S::Value],
    sources: &mut [S::Value],
) -> Option<Result<(), Cancelled>> {
    let monitor = layer.monitor;
    // Contributions of at most 1 in magnitude are what `min(|d|, 1)` leaves alone.
    let is_share = || within(layer.layer().rule.range(), -1.0, 1.0);
    let fused = semiring.fused();
    match (&fused, annotation) {
        (Some(Fused::PlusTimes(view)), Annotation::Identity) => {
            return Some(backward.plus_times((view.read)(destinations), (view.write)(sources), monitor));
        }
        _ if !backward.is_separate() => return None,
        (Some(Fused::MaxMin(view)), Annotation::Identity) => {
            let zero = (view.read)(std::slice::from_ref(&semiring.zero()))[0];
            match backward.max_min(zero, (view.read)(destinations), (view.write)(sources), monitor) {
                Ok(false) => {}
                done => return Some(done.map(|_| ())),
            }
        }
        // The carrier check has found that contributions lie in [0, 1].
        (Some(Fused::MaxTimes(view)), Annotation::Identity) => {
            return Some(backward.max_times((view.read)(destinations), (view.write)(sources), monitor));
        }
        (Some(Fused::MaxTimes(view)), Annotation::AbsClamp) if is_share() => {
            return Some(backward.max_times((view.read)(destinations), (view.write)(sources), monitor));
        }
        (Some(Fused::MinPlus(view)), Annotation::NegLog) if is_share() => {
            return Some(backward.min_plus((view.read)(destinations), (view.write)(sources), monitor));
        }
        (Some(Fused::MaxPlus(view)), Annotation::MinusNegLog) if is_share() => {
            return Some(backward.max_plus((view.read)(destinations), (view.write)(sources), monitor));
        }
        _ => {}
    }
    let threshold = threshold(annotation)?;
    match fused {
        Some(Fused::Counts(view)) => {
            Some(backward.count_exactly(threshold, (view.read)(destinations), (view.write)(sources), monitor))
        }
        Some(Fused::RoundedCounts(view)) => {
            let (counts, sums) = ((view.read)(destinations), (view.write)(sources));
            match backward.count_rounded(threshold, counts, sums, monitor) {
                Ok(done) => done.then_some(Ok(())),
                Err(cancelled) => Some(Err(cancelled)),
            }
        }
        // Where ⊕ is idempotent, {0, 1} is closed: relevance that has stayed in it stays in it.
        _ if semiring.laws().has(Law::IdempotentPlus) => {
            let one = semiring.one();
            if !destinations.iter().all(|value| semiring.is_zero(value) || *value == one) {
                return None;
            }
            let relevant = |values: &[S::Value], flags: &mut [bool]| {
                flags.iter_mut().zip(values).for_each(|(flag, value)| *flag = !semiring.is_zero(value));
            };
            let reached = |source: &mut S::Value| semiring.plus_assign(source, &one);
            Some(backward.reach_values(threshold, &relevant, &reached, destinations, sources, monitor))
        }
        _ => None,
    }
}

/// Propagates by the kernel for any semiring, once Θ is known; `None` where edges must be walked.
pub(crate) fn any<'a, S: Semiring>(
    semiring: &'a S,
    backward: &'a Backward<'a>,
    destinations: &'a [S::Value],
    sources: &'a mut [S::Value],
    monitor: &'a dyn Monitor,
) -> Option<AnyProduct<'a, S>> {
    let suits = const { S::BLOCKWISE || suits_lanes::<S::Value>() } && backward.is_separate();
    suits.then_some(AnyProduct { semiring, backward, destinations, sources, monitor })
}

/// The kernel for any semiring, waiting for its Θ.
pub(crate) struct AnyProduct<'a, S: Semiring> {
    semiring: &'a S,
    backward: &'a Backward<'a>,
    destinations: &'a [S::Value],
    sources: &'a mut [S::Value],
    monitor: &'a dyn Monitor,
}

impl<S: Semiring> AnyProduct<'_, S> {
    /// Propagates by a Θ that is called for some contributions at a time, through a pointer: what is compiled here serves every
    /// Θ, with the bits of [`run`](AnnotationLoop::run).
    pub fn run_theta(self, theta: &LaneTheta<'_, S::Value>) -> Result<(), Cancelled> {
        let AnyProduct { semiring, backward, destinations, sources, monitor } = self;
        let single = |d: f32| {
            let mut value = [semiring.zero()];
            theta(&[d], &mut value);
            let [value] = value;
            value
        };
        if backward.terms() == 1 || semiring.is_zero(&single(0.0)) {
            if const { S::BLOCKWISE } {
                return backward.blocks(semiring, theta, destinations, sources, monitor);
            }
            if const { suits_lanes::<S::Value>() } {
                return backward.any_theta(semiring, theta, destinations, sources, monitor);
            }
        }
        AnyProduct { semiring, backward, destinations, sources, monitor }.walk(single)
    }

    /// Walks the edges. Term by term, an edge would count once for each term that is 0 on it, and not at all without terms.
    fn walk(self, theta: impl Fn(f32) -> S::Value + Send + Sync) -> Result<(), Cancelled> {
        let AnyProduct { semiring, backward, destinations, sources, monitor } = self;
        let edges = backward.edges();
        let size = edges.wiring.destinations();
        for (execution, sources) in sources.chunks_exact_mut(edges.wiring.sources()).enumerate() {
            let destinations = &destinations[execution * size..(execution + 1) * size];
            let edges = edges.execution(execution);
            kirchhoff_kernel::propagate(&edges, semiring, &theta, destinations, sources, monitor)?;
        }
        Ok(())
    }
}

impl<S: Semiring> AnnotationLoop<S::Value> for AnyProduct<'_, S> {
    type Output = Result<(), Cancelled>;

    fn run(self, theta: impl Fn(f32) -> S::Value + Copy + Send + Sync) -> Result<(), Cancelled> {
        let AnyProduct { semiring, backward, destinations, sources, monitor } = self;
        if backward.terms() == 1 || semiring.is_zero(&theta(0.0)) {
            // Known when this is compiled, so that no kernel is compiled for values that never reach it.
            if const { S::BLOCKWISE } {
                let annotate = |d: &[f32], values: &mut [S::Value]| {
                    values.iter_mut().zip(d).for_each(|(value, &d)| *value = theta(d));
                };
                return backward.blocks(semiring, &annotate, destinations, sources, monitor);
            }
            if const { suits_lanes::<S::Value>() } {
                return backward.any(semiring, theta, destinations, sources, monitor);
            }
        }
        AnyProduct { semiring, backward, destinations, sources, monitor }.walk(theta)
    }
}

/// Whether values fit the lanes of a vector: those that own memory, and large ones, are better off one at a time.
const fn suits_lanes<V>() -> bool {
    !std::mem::needs_drop::<V>() && size_of::<V>() <= 32
}

/// The threshold of an annotation, if it drops contributions of 0: kernels take zeros for missing edges.
fn threshold(annotation: Annotation) -> Option<Threshold> {
    let threshold = match annotation {
        Annotation::Threshold(theta) => Threshold { theta, absolute: false },
        Annotation::ThresholdAbs(theta) => Threshold { theta, absolute: true },
        _ => return None,
    };
    (!threshold.keeps(0.0)).then_some(threshold)
}

fn within(range: Interval, low: f64, high: f64) -> bool {
    range.low >= low && range.high <= high
}
