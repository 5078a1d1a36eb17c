//! Real relevance, `R[j] ← R[j] + Σ_k d[j,k] R[k]`: contributions are separable, and so is their sum.

use rayon::prelude::*;

use crate::edges::{Contributions, Edges};
use crate::{Cancelled, Monitor, Term, WeightFactor, Wiring, product, propagate};

/// Sources of a dense layer that one task takes.
const DENSE_BLOCK: usize = 1024;

/// [`propagate`] over the real semiring without an annotation, in fewer operations: a term's `v(k)` is multiplied into
/// the relevance before the sum over edges, and its `u(j)` after (3.1.2), so that one product an edge is left.
///
/// Takes O(edges · terms) operations at the speed of a matrix product for convolutions, of memory for dense layers. The
/// same bits whatever the number of threads.
///
/// # Errors
/// [`Cancelled`] by the monitor; `sources` is then half done.
///
/// # Panics
/// If a slice has not the length that the wiring asks for.
pub fn propagate_linear(
    edges: &Edges<'_>,
    destinations: &[f32],
    sources: &mut [f32],
    monitor: &dyn Monitor,
) -> Result<(), Cancelled> {
    let (Contributions::Terms(terms), Some(weights)) = (edges.contributions, edges.weights) else {
        return edge_by_edge(edges, destinations, sources, monitor);
    };
    match edges.wiring {
        Wiring::Convolution(sliding) if product::pays(sliding) => {
            let mut sums = vec![0.0; sources.len()];
            for term in terms {
                let values = scaled(edges, term, destinations);
                product::backward(sliding, &values, weights, term.weight, &mut sums, monitor)?;
                add(edges, term, &sums, 0, sources);
            }
            Ok(())
        }
        Wiring::Dense { inputs, .. } => {
            for term in terms {
                let values = scaled(edges, term, destinations);
                sources.par_chunks_mut(DENSE_BLOCK).enumerate().try_for_each(|(number, sources)| {
                    if monitor.cancelled() {
                        return Err(Cancelled);
                    }
                    let first = number * DENSE_BLOCK;
                    let mut sums = [0.0; DENSE_BLOCK];
                    let sums = &mut sums[..sources.len()];
                    dense(&values, weights, *inputs, first, term.weight, sums);
                    add(edges, term, sums, first, sources);
                    monitor.advance((sums.len() * values.len()) as u64);
                    Ok(())
                })?;
            }
            Ok(())
        }
        _ => edge_by_edge(edges, destinations, sources, monitor),
    }
}

fn edge_by_edge(
    edges: &Edges<'_>,
    destinations: &[f32],
    sources: &mut [f32],
    monitor: &dyn Monitor,
) -> Result<(), Cancelled> {
    propagate(edges, &kirchhoff_semiring::Real, |d| d, destinations, sources, monitor).map(|_| ())
}

/// `v(k) · R[k]`.
fn scaled(edges: &Edges<'_>, term: &Term, destinations: &[f32]) -> Vec<f32> {
    edges.part(&term.destination).iter().zip(destinations).map(|(v, relevance)| v * relevance).collect()
}

/// `R[j] ← R[j] + u(j) · sum[j]`, for sources from `first` on.
fn add(edges: &Edges<'_>, term: &Term, sums: &[f32], first: usize, sources: &mut [f32]) {
    let mut factors = vec![0.0; sums.len()];
    term.source.fill(edges.activations, first, &mut factors);
    for ((source, sum), factor) in sources.iter_mut().zip(sums).zip(factors) {
        *source += factor * sum;
    }
}

/// `sums[j] = Σ_k ρ(w[k, j]) · values[k]` for sources from `first` on. Destinations without relevance, all but the
/// target's at an output, are passed over.
fn dense(values: &[f32], weights: &[f32], inputs: usize, first: usize, weight: WeightFactor, sums: &mut [f32]) {
    for (row, &value) in weights.chunks_exact(inputs).zip(values) {
        if value == 0.0 {
            continue;
        }
        let row = &row[first..first + sums.len()];
        match weight {
            WeightFactor::IDENTITY => sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += w * value),
            _ => sums.iter_mut().zip(row).for_each(|(sum, &w)| *sum += weight.apply(w) * value),
        }
    }
}
