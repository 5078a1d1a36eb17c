//! From destination to source: one step of relevance over any semiring.

use kirchhoff_semiring::Semiring;

use crate::blockwise::{EdgeBlock, propagate_blocks};
use crate::edges::{Contributions, Edges, Scratch};
use crate::{Cancelled, Monitor, Run, Sliding, Wiring, parallel};

/// Adds to `sources` what reaches them from `destinations`: `R[j] ← R[j] ⊕ ⊕_k Θ(d[j,k]) ⊗ R[k]` (2.1.3), with
/// `annotate` for `Θ`.
///
/// Runs in parallel over sources, in O(edges) operations of the semiring; each source's sum is taken in a fixed
/// order, so that the result does not depend on the number of threads. Edges that pass relevance unchanged take no
/// annotation. A semiring that is [blockwise](Semiring::BLOCKWISE) is given blocks, as by [`propagate_blocks`].
///
/// # Errors
/// [`Cancelled`] by the monitor; `sources` is then half done.
///
/// # Panics
/// If a slice has the wrong length for the wiring.
pub fn propagate<S: Semiring>(
    edges: &Edges<'_>,
    semiring: &S,
    annotate: impl Fn(f32) -> S::Value + Sync,
    destinations: &[S::Value],
    sources: &mut [S::Value],
    monitor: &dyn Monitor,
) -> Result<(), Cancelled> {
    if const { S::BLOCKWISE } {
        let annotate = |block: &EdgeBlock<'_>, theta: &mut [S::Value]| {
            theta.iter_mut().zip(block.contributions).for_each(|(theta, &d)| *theta = annotate(d));
        };
        return propagate_blocks(edges, semiring, &annotate, destinations, sources, monitor);
    }
    assert_eq!(destinations.len(), edges.wiring.destinations(), "relevance of the destination");
    assert_eq!(sources.len(), edges.wiring.sources(), "relevance of the source");
    if edges.pass() {
        return pass(edges, semiring, destinations, sources, monitor);
    }
    let step = |run: &Run, contributions: &[f32], first: usize, sources: &mut [S::Value]| {
        step(semiring, &annotate, run, contributions, destinations, first, sources)
    };
    walk(edges, &step, sources, monitor)
}

/// What [`propagate`] does under a Θ that sees the edge: `annotate` is given its source neuron, its destination neuron and
/// its contribution. Edge by edge, without edges from destinations whose relevance is 0; in blocks of edges for a
/// semiring that is [blockwise](Semiring::BLOCKWISE).
///
/// # Errors
/// [`Cancelled`] by the monitor; `sources` is then half done.
///
/// # Panics
/// If a slice has not the length that the wiring asks for.
pub fn propagate_neurons<S: Semiring>(
    edges: &Edges<'_>,
    semiring: &S,
    annotate: impl Fn(usize, usize, f32) -> S::Value + Sync,
    destinations: &[S::Value],
    sources: &mut [S::Value],
    monitor: &dyn Monitor,
) -> Result<(), Cancelled> {
    if const { S::BLOCKWISE } {
        let annotate = |block: &EdgeBlock<'_>, theta: &mut [S::Value]| {
            let edges = block.sources.iter().zip(block.destinations).zip(block.contributions);
            theta.iter_mut().zip(edges).for_each(|(theta, ((&j, &k), &d))| *theta = annotate(j, k, d));
        };
        return propagate_blocks(edges, semiring, &annotate, destinations, sources, monitor);
    }
    assert_eq!(destinations.len(), edges.wiring.destinations(), "relevance of the destination");
    assert_eq!(sources.len(), edges.wiring.sources(), "relevance of the source");
    if edges.pass() {
        return pass(edges, semiring, destinations, sources, monitor);
    }
    let step = |run: &Run, contributions: &[f32], first: usize, sources: &mut [S::Value]| {
        for (i, &d) in contributions.iter().enumerate() {
            let (j, k) = (run.source_at(i), run.destination_at(i));
            if !semiring.is_zero(&destinations[k]) {
                semiring.add_product(&mut sources[j - first], &annotate(j, k, d), &destinations[k]);
            }
        }
    };
    walk(edges, &step, sources, monitor)
}

/// Takes one run of edges to its sources, which begin at a position.
type Step<'a, V> = dyn Fn(&Run, &[f32], usize, &mut [V]) + Sync + 'a;

/// Edges that a task of a walk takes at least.
const FEWEST: u64 = 1 << 12;

/// Walks all edges in parallel over blocks of sources.
///
/// The step is called through a pointer, once a run: the machinery around it is then compiled once a value type, not
/// once a semiring and annotation, which would make up most of a build.
fn walk<V: Send>(
    edges: &Edges<'_>,
    step: &Step<'_, V>,
    sources: &mut [V],
    monitor: &dyn Monitor,
) -> Result<(), Cancelled> {
    let block = edges.wiring.source_block();
    // Blocks of a pool have few edges: a task takes several.
    let own = edges.wiring.edges() / edges.wiring.sources().div_ceil(block).max(1) as u64;
    let task = FEWEST.div_ceil(own.max(1)) as usize * block;
    parallel::try_chunks(sources, task, &|number, sources| {
        let mut scratch = Scratch::default();
        for (position, sources) in sources.chunks_mut(block).enumerate() {
            if monitor.cancelled() {
                return Err(Cancelled);
            }
            let first = number * task + position * block;
            let mut visited = 0;
            edges.leaving(first..first + sources.len(), &mut scratch, |run, contributions| {
                visited += run.length as u64;
                step(run, contributions, first, sources);
            });
            monitor.advance(visited);
        }
        Ok(())
    })
}

/// Adds one run to the relevance of its sources.
#[inline]
fn step<S: Semiring>(
    semiring: &S,
    annotate: impl Fn(f32) -> S::Value,
    run: &Run,
    contributions: &[f32],
    destinations: &[S::Value],
    first: usize,
    sources: &mut [S::Value],
) {
    let edge = |source: &mut S::Value, contribution: f32, destination: &S::Value| {
        // A product with 0 is 0: a look saves values that own memory an operation.
        if const { std::mem::needs_drop::<S::Value>() } && semiring.is_zero(destination) {
            return;
        }
        semiring.add_product(source, &annotate(contribution), destination);
    };
    let start = run.source - first;
    match (run.source_step, run.destination_step) {
        (1, 0) => {
            let destination = &destinations[run.destination];
            if semiring.is_zero(destination) {
                return;
            }
            for (source, &d) in sources[start..start + run.length].iter_mut().zip(contributions) {
                edge(source, d, destination);
            }
        }
        (1, 1) => {
            let destinations = &destinations[run.destination..run.destination + run.length];
            let sources = &mut sources[start..start + run.length];
            for ((source, &d), destination) in sources.iter_mut().zip(contributions).zip(destinations) {
                edge(source, d, destination);
            }
        }
        _ => {
            for (i, &d) in contributions.iter().enumerate() {
                edge(&mut sources[run.source_at(i) - first], d, &destinations[run.destination_at(i)]);
            }
        }
    }
}

/// Takes each destination's relevance to its winner, channel by channel, where no other edge has a value.
fn win<V: Send + Sync>(
    sliding: &Sliding,
    winners: &[u32],
    edge: &(impl Fn(&mut V, &V) + Sync),
    destinations: &[V],
    sources: &mut [V],
) {
    let [from, to] = [sliding.destination, sliding.source].map(|[height, width]| height * width);
    let together = ((1 << 14) / to.max(1)).max(1);
    parallel::chunks(sources, (together * to).max(1), &|number, sources| {
        for (channel, sources) in (number * together..).zip(sources.chunks_mut(to)) {
            let own = channel * from..(channel + 1) * from;
            // In the order of the walk, which takes the first tap of a window first.
            for (destination, &winner) in destinations[own.clone()].iter().zip(&winners[own]).rev() {
                // Of a window that sees padding alone there is none.
                if winner != u32::MAX {
                    edge(&mut sources[winner as usize - channel * to], destination);
                }
            }
        }
    });
}

fn pass<S: Semiring>(
    edges: &Edges<'_>,
    semiring: &S,
    destinations: &[S::Value],
    sources: &mut [S::Value],
    monitor: &dyn Monitor,
) -> Result<(), Cancelled> {
    if monitor.cancelled() {
        return Err(Cancelled);
    }
    if let (Contributions::Winner(winners), Wiring::Pool(sliding)) = (edges.contributions, edges.wiring) {
        let edge = |source: &mut S::Value, destination: &S::Value| semiring.plus_assign(source, destination);
        win(sliding, edges.part(winners), &edge, destinations, sources);
        monitor.advance(edges.wiring.edges());
        return Ok(());
    }
    let block = edges.wiring.source_block();
    // One operation a neuron: a task takes many blocks.
    let task = (1usize << 14).next_multiple_of(block);
    parallel::chunks(sources, task, &|number, sources| {
        let (first, mut scratch) = (number * task, Scratch::default());
        for start in (first..first + sources.len()).step_by(block) {
            let own = start..(start + block).min(first + sources.len());
            edges.leaving(own, &mut scratch, |run, _| {
                for i in 0..run.length {
                    semiring.plus_assign(&mut sources[run.source_at(i) - first], &destinations[run.destination_at(i)]);
                }
            });
        }
    });
    Ok(())
}
