//! Accuracy and loss of a network with more and more neurons removed.

use std::sync::Arc;

use kirchhoff_data::{Batch, DataSet};
use kirchhoff_network::{Execution, Network, NodeId, Prunable};
use serde::{Deserialize, Serialize};

use super::{Curve, judged};
use crate::{Folded, Pass, Run, State, StudyError, batch_size, edges};

/// Sums over inputs, for each order and point.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Measures {
    pub inputs: u64,
    correct: Vec<u64>,
    loss: Vec<f64>,
    /// Points of an order.
    points: usize,
    /// The order of each curve: some curves have the same.
    orders: Vec<usize>,
}

impl Measures {
    /// The number of right answers and the summed loss at every point, one a curve.
    pub fn of_curves(&self) -> Vec<(Vec<u64>, Vec<f64>)> {
        let part = |&order: &usize| order * self.points..(order + 1) * self.points;
        self.orders.iter().map(|order| (self.correct[part(order)].to_vec(), self.loss[part(order)].to_vec())).collect()
    }
}

impl State for Measures {
    fn follows(&self, start: &Self) -> bool {
        self.inputs.follows(&start.inputs)
            && self.correct.follows(&start.correct)
            && self.loss.follows(&start.loss)
            && (self.points, &self.orders) == (start.points, &start.orders)
    }
}

/// Measures every curve at the given numbers of removed neurons.
pub(super) fn measure(
    run: &mut Run<'_>,
    network: &Arc<Network>,
    data: &mut DataSet,
    prunable: &Prunable,
    curves: &[Curve],
    removed: &[usize],
) -> Result<Folded<Measures>, StudyError> {
    let mut orders: Vec<&[usize]> = Vec::new();
    let mut of_curves = Vec::new();
    for curve in curves {
        let known = orders.iter().position(|order| *order == curve.order);
        of_curves.push(known.unwrap_or(orders.len()));
        if known.is_none() {
            orders.push(&curve.order);
        }
    }
    let points = removed.len();
    let count = orders.len() * points;
    let empty = Measures { inputs: 0, correct: vec![0; count], loss: vec![0.0; count], points, orders: of_curves };
    let behind: u64 = behind(network, prunable.silenced).map(|id| network.edges(id)).sum();
    let pass = Pass { name: "pruning", batch: batch_size(network), edges: edges(network) + count as u64 * behind };
    let watch = run.watch();
    let compute = |batch: &Batch| {
        let execution = Execution::run(network.clone(), &batch.values, batch.labels.len(), watch)?;
        let mut judgements = Vec::with_capacity(count);
        for order in &orders {
            let mut values = execution.activations(prunable.silenced).to_vec();
            let positions = values.len() / (batch.labels.len() * prunable.neurons);
            let mut before = 0;
            for &removed in removed {
                for &neuron in &order[before..removed] {
                    for input in values.chunks_mut(prunable.neurons * positions) {
                        input[neuron * positions..(neuron + 1) * positions].fill(0.0);
                    }
                }
                before = removed;
                let pruned = execution.with_activations(prunable.silenced, values[..].into(), watch)?;
                let mut sum = (0, 0.0);
                for (input, &label) in batch.labels.iter().enumerate() {
                    let (loss, correct) = judged(pruned.output(input), label);
                    sum = (sum.0 + u64::from(correct), sum.1 + loss);
                }
                judgements.push(sum);
            }
        }
        Ok((batch.labels.len() as u64, judgements))
    };
    run.pass(pass, data, empty, compute, |measures, (inputs, judgements)| {
        measures.inputs += inputs;
        for (at, (correct, loss)) in judgements.into_iter().enumerate() {
            measures.correct[at] += correct;
            measures.loss[at] += loss;
        }
    })
}

/// The nodes that depend on a node.
fn behind(network: &Network, node: NodeId) -> impl Iterator<Item = NodeId> {
    let mut found = vec![node];
    let mut next = 0;
    while let Some(&id) = found.get(next) {
        for user in network.users(id) {
            if !found.contains(&user) {
                found.push(user);
            }
        }
        next += 1;
    }
    found.into_iter().skip(1)
}
