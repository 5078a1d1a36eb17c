//! Wirings against edge lists written out from their definitions, on random geometries.

mod axes;

use std::collections::BTreeMap;

use kirchhoff_kernel::{
    Arithmetic, Cancelled, Contributions, EdgeWeights, Edges, Forward, Monitor, Reduction, Scratch, Sliding, Slopes,
    SourceFactor, Term, View, WeightFactor, Weights, Window, Wiring, maximum, propagate,
};
use kirchhoff_semiring::{Counting, Real, Semiring};
use proptest::prelude::*;

/// An edge: source, destination, weight.
pub(crate) type Edge = (usize, usize, usize);

fn sliding() -> impl Strategy<Value = Sliding> {
    let axis = (1usize..8, 1usize..4, 1usize..4, 0usize..3, 0usize..3, 1usize..3);
    (axis.clone(), axis, 1usize..4, 1usize..3, 1usize..3, any::<bool>()).prop_filter_map(
        "a window that fits",
        |(y, x, groups, inputs, outputs, ceil)| {
            let window = Window {
                kernel: [y.1, x.1],
                stride: [y.2, x.2],
                padding: [[y.3, y.4], [x.3, x.4]],
                dilation: [y.5, x.5],
                ceil,
            };
            let source = [y.0, x.0];
            let destination = window.output(source).ok()?;
            Some(Sliding { window, inputs: inputs * groups, outputs: outputs * groups, groups, source, destination })
        },
    )
}

/// Every edge of a convolution, straight from its definition.
fn convolution_edges(sliding: &Sliding, weighted: bool) -> Vec<Edge> {
    let Sliding { window, inputs, outputs, groups, source, destination } = *sliding;
    let mut edges = Vec::new();
    for k in 0..outputs {
        for c in 0..inputs {
            if c / (inputs / groups) != k / (outputs / groups) {
                continue;
            }
            for oy in 0..destination[0] {
                for ox in 0..destination[1] {
                    for ty in 0..window.kernel[0] {
                        for tx in 0..window.kernel[1] {
                            let at = |position: usize, axis: usize, tap: usize| {
                                (position * window.stride[axis] + tap * window.dilation[axis]) as isize
                                    - window.padding[axis][0] as isize
                            };
                            let (y, x) = (at(oy, 0, ty), at(ox, 1, tx));
                            if y < 0 || x < 0 || y >= source[0] as isize || x >= source[1] as isize {
                                continue;
                            }
                            let j = (c * source[0] + y as usize) * source[1] + x as usize;
                            let to = (k * destination[0] + oy) * destination[1] + ox;
                            let inner = c % (inputs / groups);
                            let weight =
                                ((k * (inputs / groups) + inner) * window.kernel[0] + ty) * window.kernel[1] + tx;
                            edges.push((j, to, if weighted { weight } else { 0 }));
                        }
                    }
                }
            }
        }
    }
    edges
}

fn blocks(size: usize, block: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..size).step_by(block).map(move |start| start..(start + block).min(size))
}

/// The edges that a wiring visits, by source and by destination, in the order of the visits.
pub(crate) fn visited(wiring: &Wiring) -> (Vec<Edge>, Vec<Edge>) {
    let (mut leaving, mut entering) = (Vec::new(), Vec::new());
    for block in blocks(wiring.sources(), wiring.source_block()) {
        wiring.leaving(block.clone(), |run| {
            for i in 0..run.length {
                assert!(block.contains(&run.source_at(i)), "a run leaves its block");
                leaving.push((run.source_at(i), run.destination_at(i), run.weight_at(i)));
            }
        });
    }
    for block in blocks(wiring.destinations(), wiring.destination_block()) {
        wiring.entering(block.clone(), |run| {
            for i in 0..run.length {
                assert!(block.contains(&run.destination_at(i)), "a run leaves its block");
                entering.push((run.source_at(i), run.destination_at(i), run.weight_at(i)));
            }
        });
    }
    (leaving, entering)
}

fn check(wiring: &Wiring, mut expected: Vec<Edge>) {
    let (mut leaving, mut entering) = visited(wiring);
    // For each source by ascending destination channel, for each destination by ascending weight: a fixed order.
    let order = |edges: &[Edge], key: fn(&Edge) -> usize| {
        let mut last: BTreeMap<usize, usize> = BTreeMap::new();
        edges.iter().all(|edge| last.insert(key(edge), edge.2).is_none_or(|weight| weight <= edge.2))
    };
    assert!(order(&entering, |edge| edge.1));
    assert_eq!(wiring.edges(), expected.len() as u64);
    let mut fan_in = vec![0; wiring.destinations()];
    expected.iter().for_each(|edge| fan_in[edge.1] += 1);
    assert_eq!(wiring.fan_in(), fan_in);
    let bounds = [fan_in.iter().min(), fan_in.iter().max()].map(|bound| bound.copied().unwrap_or(0));
    assert_eq!(wiring.fan_in_bounds(), bounds);
    expected.sort_unstable();
    leaving.sort_unstable();
    entering.sort_unstable();
    assert_eq!(leaving, expected);
    assert_eq!(entering, expected);
}

/// Numbers that are exact in f32, so that sums do not depend on their order.
pub(crate) fn integers(count: usize, seed: u64) -> Vec<f32> {
    (0..count as u64)
        .map(|i| ((i.wrapping_mul(2_654_435_761).wrapping_add(seed * 40_503) >> 7) % 15) as f32 - 7.0)
        .collect()
}

proptest! {
    #[test]
    fn convolutions_visit_their_edges(sliding in sliding()) {
        check(&Wiring::Convolution(sliding), convolution_edges(&sliding, true));
    }

    #[test]
    fn pools_visit_their_edges(sliding in sliding()) {
        let sliding = Sliding { inputs: sliding.inputs, outputs: sliding.inputs, groups: sliding.inputs, ..sliding };
        check(&Wiring::Pool(sliding), convolution_edges(&sliding, false));
    }

    #[test]
    fn dense_layers_visit_their_edges(inputs in 1usize..1200, outputs in 1usize..5) {
        let edges = (0..outputs).flat_map(|k| (0..inputs).map(move |j| (j, k, k * inputs + j))).collect();
        check(&Wiring::Dense { inputs, outputs }, edges);
    }

    #[test]
    fn views_visit_their_edges(shape in prop::collection::vec(1usize..4, 0..4), flip in any::<bool>()) {
        // Every other element of each axis, backwards or not, to a transposed destination.
        let source_shape: Vec<usize> = shape.iter().map(|length| 2 * length).collect();
        let strides = |shape: &[usize]| -> Vec<isize> {
            (0..shape.len()).map(|axis| shape[axis + 1..].iter().product::<usize>() as isize).collect()
        };
        let source_strides: Vec<isize> = strides(&source_shape);
        let reversed: Vec<usize> = shape.iter().rev().copied().collect();
        let destination_strides: Vec<isize> = strides(&reversed).into_iter().rev().collect();
        let step = if flip { -2 } else { 2 };
        let start = |axis: usize| if flip { 2 * shape[axis] - 1 } else { 0 };
        let view = View {
            source_start: (0..shape.len()).map(|axis| start(axis) * source_strides[axis] as usize).sum(),
            source_strides: source_strides.iter().map(|stride| stride * step).collect(),
            source_size: source_shape.iter().product(),
            destination_start: 0,
            destination_strides: destination_strides.clone(),
            destination_size: shape.iter().product(),
            shape: shape.clone(),
        };
        let mut edges = Vec::new();
        for flat in 0..shape.iter().product::<usize>() {
            let (mut rest, mut source, mut destination) = (flat, view.source_start as isize, 0isize);
            for axis in (0..shape.len()).rev() {
                let index = (rest % shape[axis]) as isize;
                rest /= shape[axis];
                source += index * source_strides[axis] * step;
                destination += index * destination_strides[axis];
            }
            edges.push((source as usize, destination as usize, 0));
        }
        check(&Wiring::View(view), edges);
    }

    #[test]
    fn forward_joins_the_products_of_all_edges(sliding in sliding(), seed in 0u64..100, largest in any::<bool>()) {
        let wiring = Wiring::Convolution(sliding);
        let activations = integers(wiring.sources(), seed);
        let weights = Weights::from(integers(wiring.weights(), seed + 1));
        let reduction = if largest { Reduction::Maximum } else { Reduction::Sum };
        let mut expected = vec![0.0f32; wiring.destinations()];
        for (j, k, w) in convolution_edges(&sliding, true) {
            let product = activations[j].abs() * weights[w].max(0.0);
            expected[k] = if largest { expected[k].max(product) } else { expected[k] + product };
        }
        let forward = Forward {
            wiring: &wiring,
            weights: EdgeWeights::Shared(&weights),
            source: &SourceFactor::Activation(Slopes::ABSOLUTE),
            weight: WeightFactor::Weight(Slopes::POSITIVE),
            reduction,
            bias: None,
            arithmetic: Arithmetic::default(),
        };
        let mut out = vec![f32::NAN; wiring.destinations()];
        forward.run(&activations, &mut out, &()).unwrap();
        prop_assert_eq!(out, expected);
    }

    #[test]
    fn propagation_is_the_formula(sliding in sliding(), seed in 0u64..100, dense in any::<bool>()) {
        let (wiring, edges) = if dense {
            let (inputs, outputs) = (sliding.inputs * 40, sliding.outputs);
            let edges = (0..outputs).flat_map(|k| (0..inputs).map(move |j| (j, k, k * inputs + j))).collect();
            (Wiring::Dense { inputs, outputs }, edges)
        } else {
            (Wiring::Convolution(sliding), convolution_edges(&sliding, true))
        };
        let (a, weights) = (integers(wiring.sources(), seed), integers(wiring.weights(), seed + 1));
        let (v, second, relevance) = (
            integers(wiring.destinations(), seed + 2),
            integers(wiring.destinations(), seed + 3),
            integers(wiring.destinations(), seed + 4),
        );
        let terms = vec![
            Term { source: SourceFactor::Activation(Slopes::POSITIVE), weight: WeightFactor::IDENTITY, destination: v.clone().into() },
            Term { source: SourceFactor::One, weight: WeightFactor::Square, destination: second.clone().into() },
        ];
        let contribution = |&(j, k, w): &Edge| a[j].max(0.0) * weights[w] * v[k] + weights[w] * weights[w] * second[k];
        let layer = Edges {
            wiring: &wiring,
            weights: Some(&weights),
            activations: &a,
            contributions: &Contributions::Terms(terms),
            execution: 0,
        };
        let mut expected = integers(wiring.sources(), seed + 5);
        let mut sources = expected.clone();
        edges.iter().for_each(|edge| expected[edge.0] += contribution(edge) * relevance[edge.1]);
        propagate(&layer, &Real, |d| d, &relevance, &mut sources, &()).unwrap();
        prop_assert_eq!(&sources, &expected);

        // Over counts with a threshold.
        let counting = Counting;
        let relevant: Vec<_> = relevance.iter().map(|&r| if r > 0.0 { counting.one() } else { counting.zero() }).collect();
        let mut counts = vec![counting.zero(); wiring.sources()];
        let theta = |d: f32| if d >= 3.0 { counting.one() } else { counting.zero() };
        propagate(&layer, &counting, theta, &relevant, &mut counts, &()).unwrap();
        let mut expected = vec![0u64; wiring.sources()];
        for edge in &edges {
            expected[edge.0] += u64::from(contribution(edge) >= 3.0 && relevance[edge.1] > 0.0);
        }
        prop_assert_eq!(counts.iter().map(|count| count.to_u64().unwrap()).collect::<Vec<_>>(), expected);

        // The histogram of `rank` leans on this: every contribution once.
        let sum = layer.fold(|| 0.0f64, |sum, ds| *sum += ds.iter().map(|&d| f64::from(d)).sum::<f64>(), |a, b| a + b, &());
        prop_assert_eq!(sum.unwrap(), edges.iter().map(|edge| f64::from(contribution(edge))).sum::<f64>());
    }

    #[test]
    fn the_winner_is_the_first_maximum(sliding in sliding(), seed in 0u64..100) {
        let sliding = Sliding { outputs: sliding.inputs, groups: sliding.inputs, ..sliding };
        let wiring = Wiring::Pool(sliding);
        // Few distinct values: many ties.
        let activations: Vec<f32> = integers(wiring.sources(), seed).into_iter().map(|x| (x / 4.0).trunc()).collect();
        let (mut values, mut winners) = (vec![0.0; wiring.destinations()], vec![0; wiring.destinations()]);
        maximum(&wiring, &activations, &mut values, &mut winners);
        let edges = convolution_edges(&sliding, false);
        for k in 0..wiring.destinations() {
            let mut members: Vec<usize> = edges.iter().filter(|edge| edge.1 == k).map(|edge| edge.0).collect();
            members.sort_unstable();
            let largest = members.iter().map(|&j| activations[j]).fold(f32::NEG_INFINITY, f32::max);
            let first = members.into_iter().find(|&j| activations[j] == largest);
            prop_assert_eq!(values[k], largest);
            prop_assert_eq!(winners[k], first.map_or(u32::MAX, |j| j as u32));
        }
        // One edge a destination is there, and passes all.
        let contributions = Contributions::Winner(winners.clone().into());
        let layer = Edges { wiring: &wiring, weights: None, activations: &activations, contributions: &contributions, execution: 0 };
        let mut visited = 0;
        for block in blocks(wiring.sources(), wiring.source_block()) {
            layer.leaving(block, &mut Scratch::default(), |run, ds| {
                assert_eq!((run.length, ds), (1, &[1.0][..]));
                assert_eq!(winners[run.destination_at(0)] as usize, run.source_at(0));
                visited += 1;
            });
        }
        prop_assert_eq!(visited, winners.iter().filter(|&&winner| winner != u32::MAX).count());
    }
}

/// Cancels at once.
struct Stop;

impl Monitor for Stop {
    fn cancelled(&self) -> bool {
        true
    }
}

#[test]
fn cancelled_work_stops() {
    let wiring = Wiring::Dense { inputs: 2, outputs: 2 };
    let forward = Forward {
        wiring: &wiring,
        weights: EdgeWeights::Shared(&vec![1.0; 4].into()),
        source: &SourceFactor::One,
        weight: WeightFactor::IDENTITY,
        reduction: Reduction::Sum,
        bias: None,
        arithmetic: Arithmetic::default(),
    };
    assert_eq!(forward.run(&[1.0; 2], &mut [0.0; 2], &Stop), Err(Cancelled));
    let contributions = Contributions::Winner([0, 0].into());
    let edges =
        Edges { wiring: &wiring, weights: None, activations: &[1.0; 2], contributions: &contributions, execution: 0 };
    assert_eq!(propagate(&edges, &Real, |d| d, &[1.0; 2], &mut [0.0; 2], &Stop), Err(Cancelled));
}
