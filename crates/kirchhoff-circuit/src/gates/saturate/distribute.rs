//! Multiplying out: the sum of products that a gate is, as long as it is short.
//!
//! What was factored one way must be multiplied out before it can be factored another way. Multiplying out step by step
//! would leave every mixture of the two behind; here each gate gets one more form, all multiplied out, and factoring
//! starts from there.

use egg::Id;

use super::super::{Gate, GateCircuit, GateId, GateKind};
use super::graph::Graph;

/// Products of gates, in order.
type Sum = Vec<Vec<GateId>>;

/// Adds to the class of every gate the sum of products that it is, those of the fewest terms first, until the e-graph
/// has `max_nodes`. Gates that take more than `max_terms` products are left as they are, and stand in the products of
/// others as if they were leaves. Returns how many forms were new.
///
/// Takes O(gates · terms · factors) time and memory.
pub(super) fn distribute(
    graph: &mut Graph,
    circuit: &GateCircuit,
    classes: &[Id],
    max_terms: usize,
    max_nodes: usize,
) -> u64 {
    let mut sums: Vec<Sum> = Vec::with_capacity(circuit.gates());
    let mut gates: Vec<usize> = Vec::new();
    for (id, gate) in circuit.iter() {
        let sum = match gate {
            Gate::Plus(children) => plus(&sums, children, max_terms),
            Gate::Times(children) => times(&sums, children, max_terms),
            _ => None,
        };
        if sum.is_some() {
            gates.push(id.index());
        }
        sums.push(sum.unwrap_or_else(|| vec![vec![id]]));
    }
    gates.sort_by_key(|&gate| sums[gate].len());
    let mut fired = 0;
    for gate in gates {
        if graph.egraph.total_size() >= max_nodes {
            break;
        }
        let products: Vec<Id> = sums[gate]
            .iter()
            .map(|product| {
                let factors = product.iter().map(|factor| classes[factor.index()]).collect();
                graph.make(GateKind::Times, factors)
            })
            .collect();
        let sum = graph.make(GateKind::Plus, products);
        fired += graph.equate(classes[gate], sum);
    }
    fired
}

fn plus(sums: &[Sum], children: &[GateId], max_terms: usize) -> Option<Sum> {
    let terms: usize = children.iter().map(|child| sums[child.index()].len()).sum();
    (terms <= max_terms).then(|| children.iter().flat_map(|child| sums[child.index()].iter().cloned()).collect())
}

fn times(sums: &[Sum], children: &[GateId], max_terms: usize) -> Option<Sum> {
    let mut product: Sum = vec![Vec::new()];
    for child in children {
        let sum = &sums[child.index()];
        if product.len() * sum.len() > max_terms {
            return None;
        }
        product = product.iter().flat_map(|left| sum.iter().map(move |right| [&left[..], right].concat())).collect();
        // Deep products of few terms can be as long as there are paths.
        if product.iter().map(Vec::len).sum::<usize>() > FACTORS * max_terms {
            return None;
        }
    }
    Some(product)
}

/// Factors of a product, on average, in a gate that is multiplied out.
const FACTORS: usize = 16;
