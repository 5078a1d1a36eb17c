//! Random layers that products are made for, and the walk along each of their edges.

use std::sync::Mutex;

use kirchhoff_kernel::{
    Arithmetic, Contributions, EdgeWeights, Forward, Instructions, LayerEdges, Reduction, Sliding, Slopes,
    SourceFactor, Term, WeightFactor, Weights, Window, Wiring, propagate,
};
use kirchhoff_semiring::Semiring;
use proptest::prelude::*;

/// Runs a test under every instruction set, one test at a time: the choice is the process's.
pub fn under_all_instructions(mut test: impl FnMut() -> Result<(), TestCaseError>) -> Result<(), TestCaseError> {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let done = Instructions::available().into_iter().try_for_each(|set| {
        Instructions::force(Some(set));
        test()
    });
    Instructions::force(None);
    done
}

pub fn sliding() -> impl Strategy<Value = Sliding> {
    // Widths beyond one strip of registers, channels beyond one panel of rows.
    let axis = (1usize..40, 1usize..5, 1usize..4, 0usize..4, 0usize..4, 1usize..4);
    (axis.clone(), axis, 1usize..3, 3usize..11, 3usize..11).prop_filter_map(
        "a window that fits",
        |(y, x, groups, inputs, outputs)| {
            let window = Window {
                kernel: [y.1, x.1],
                stride: [y.2, x.2],
                padding: [[y.3, y.4], [x.3, x.4]],
                dilation: [y.5, x.5],
                ceil: false,
            };
            let source = [y.0, x.0];
            let destination = window.output(source).ok()?;
            Some(Sliding { window, inputs: inputs * groups, outputs: outputs * groups, groups, source, destination })
        },
    )
}

/// Small integers: every sum of products is exact in f32, whatever its order.
pub fn integers(count: usize, seed: u64) -> Vec<f32> {
    let mixed = |i: u64| {
        (i.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed.wrapping_mul(1_442_695_040_888_963_407))) >> 33
    };
    (0..count as u64).map(|i| (mixed(i) % 9) as f32 - 4.0).collect()
}

/// The forward pass, edge by edge.
pub fn walked(wiring: &Wiring, weights: &[f32], factors: &[f32], reduction: Reduction) -> Vec<f32> {
    let mut out = vec![0.0f32; wiring.destinations()];
    let block = wiring.destination_block();
    for first in (0..out.len()).step_by(block) {
        wiring.entering(first..first + block, |run| {
            for i in 0..run.length {
                let product = factors[run.source_at(i)] * weights[run.weight_at(i)];
                let out = &mut out[run.destination_at(i)];
                *out = if reduction == Reduction::Sum { *out + product } else { out.max(product) };
            }
        });
    }
    out
}

/// A wiring that products are made for: a convolution, or a dense layer of about as many neurons.
pub fn wiring() -> impl Strategy<Value = Wiring> {
    (sliding(), any::<bool>()).prop_map(|(sliding, dense)| match dense {
        true => {
            Wiring::Dense { inputs: sliding.inputs * sliding.source[0] * sliding.source[1], outputs: sliding.outputs }
        }
        false => Wiring::Convolution(sliding),
    })
}

/// One layer in a batch of executions, of numbers whose products are exact in f32.
pub struct Layer {
    pub wiring: Wiring,
    pub weights: Weights,
    pub activations: Vec<f32>,
    pub contributions: Contributions,
    pub batch: usize,
    pub arithmetic: Arithmetic,
}

impl Layer {
    /// A layer with one term, or with two that are apart by the sign of the source; `scale` is what contributions are
    /// divided by.
    pub fn new(wiring: Wiring, batch: usize, two: bool, scale: f32, seed: u64) -> Self {
        let slopes = if two { vec![Slopes::POSITIVE, Slopes::NEGATIVE] } else { vec![Slopes::IDENTITY] };
        let term = |(number, slopes): (usize, Slopes)| {
            let destination = integers(batch * wiring.destinations(), seed + 2 + number as u64);
            Term {
                source: SourceFactor::Activation(slopes),
                weight: WeightFactor::Weight(Slopes { positive: 1.0 + number as f32, negative: 1.0 }),
                destination: destination.into_iter().map(|v| v / scale).collect(),
            }
        };
        Layer {
            weights: integers(wiring.weights(), seed + 1).into(),
            activations: integers(batch * wiring.sources(), seed),
            contributions: Contributions::Terms(slopes.into_iter().enumerate().map(term).collect()),
            wiring,
            batch,
            arithmetic: Arithmetic::default(),
        }
    }

    pub fn edges(&self) -> LayerEdges<'_> {
        LayerEdges {
            wiring: &self.wiring,
            weights: EdgeWeights::Shared(&self.weights),
            activations: &self.activations,
            contributions: &self.contributions,
            batch: self.batch,
            arithmetic: self.arithmetic,
        }
    }

    /// The forward pass, by the product.
    pub fn forward(&self, weight: WeightFactor, out: &mut [f32]) {
        let forward = Forward {
            wiring: &self.wiring,
            weights: EdgeWeights::Shared(&self.weights),
            source: &SourceFactor::Activation(Slopes::IDENTITY),
            weight,
            reduction: Reduction::Sum,
            bias: None,
            arithmetic: self.arithmetic,
        };
        forward.run(&self.activations, out, &()).unwrap();
    }

    /// Relevance along every edge, added to what sources had.
    pub fn walked<S: Semiring>(
        &self,
        semiring: &S,
        theta: impl Fn(f32) -> S::Value + Sync,
        relevance: &[S::Value],
        before: &[S::Value],
    ) -> Vec<S::Value> {
        let (edges, mut sources) = (self.edges(), before.to_vec());
        let (from, to) = (self.wiring.destinations(), self.wiring.sources());
        for (execution, sources) in sources.chunks_mut(to).enumerate() {
            let relevance = &relevance[execution * from..(execution + 1) * from];
            propagate(&edges.execution(execution), semiring, &theta, relevance, sources, &()).unwrap();
        }
        sources
    }

    /// Values at the destinations, and at the sources before: some of them 0.
    pub fn values<S: Semiring>(&self, semiring: &S, of: impl Fn(f32) -> S::Value, seed: u64) -> [Vec<S::Value>; 2] {
        let of = |x: &f32| if *x <= -2.0 { semiring.zero() } else { of(*x) };
        [self.wiring.destinations(), self.wiring.sources()]
            .map(|size| integers(self.batch * size, seed + size as u64).iter().map(of).collect())
    }
}
