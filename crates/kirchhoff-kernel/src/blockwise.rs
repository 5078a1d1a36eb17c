//! One step of relevance in blocks of edges, for semirings whose operations are cheaper by the block.

use kirchhoff_semiring::Semiring;

use crate::edges::{Edges, Scratch};
use crate::{Cancelled, Monitor, parallel};

/// Edges that are taken together at most, and sources that a task handles at least, where there are so many.
const LANES: usize = 1024;
/// Edges that a task holds before it takes them to their sources: some MiB.
const HELD: usize = 1 << 17;

/// Some edges of a layer in one execution, no two of which leave the same source.
#[derive(Clone, Copy, Debug)]
pub struct EdgeBlock<'a> {
    /// The source neuron of each edge.
    pub sources: &'a [usize],
    /// Its destination neuron.
    pub destinations: &'a [usize],
    /// Its contribution `d`.
    pub contributions: &'a [f32],
}

/// What [`propagate`](crate::propagate) does, with Θ and [`Semiring::accumulate`] called once for a block of edges:
/// `annotate` writes `Θ` of each edge of a block.
///
/// A block holds edges of up to 1024 sources that are near to each other, whatever the wiring: the first edge of each, then
/// the second, and so on. Edges from destinations whose relevance is 0 are in no block. Each source's sum is taken in the
/// order of [`propagate`](crate::propagate), with the same bits.
///
/// # Errors
/// [`Cancelled`] by the monitor; `sources` is then half done.
///
/// # Panics
/// If a slice has not the length that the wiring asks for.
pub fn propagate_blocks<S: Semiring>(
    edges: &Edges<'_>,
    semiring: &S,
    annotate: &(dyn Fn(&EdgeBlock<'_>, &mut [S::Value]) + Sync),
    destinations: &[S::Value],
    sources: &mut [S::Value],
    monitor: &dyn Monitor,
) -> Result<(), Cancelled> {
    assert_eq!(destinations.len(), edges.wiring.destinations(), "relevance of the destination");
    assert_eq!(sources.len(), edges.wiring.sources(), "relevance of the source");
    let (zero, one) = (semiring.zero(), semiring.one());
    let passes = edges.pass();
    let theta = |block: &EdgeBlock<'_>, values: &mut [S::Value]| {
        if passes { values.fill(one.clone()) } else { annotate(block, values) }
    };
    let live = live(semiring, destinations);
    let block = edges.wiring.source_block();
    let task = (LANES / block).max(1) * block;
    parallel::try_chunks(sources, task, &|number, sources| {
        if monitor.cancelled() {
            return Err(Cancelled);
        }
        let (first, end) = (number * task, number * task + sources.len());
        let (mut rounds, mut lanes) = (Rounds::new(first, sources.len()), Lanes::default());
        let (mut scratch, mut visited) = (Scratch::default(), 0);
        for start in (first..end).step_by(block) {
            edges.leaving(start..(start + block).min(end), &mut scratch, |run, contributions| {
                visited += run.length as u64;
                for (i, &d) in contributions.iter().enumerate() {
                    let destination = run.destination_at(i);
                    if live[destination] {
                        rounds.push(run.source_at(i), destination, d);
                    }
                }
                if rounds.held >= HELD {
                    rounds.take(|block| lanes.join(semiring, &zero, &theta, block, destinations, first, sources));
                }
            });
        }
        rounds.take(|block| lanes.join(semiring, &zero, &theta, block, destinations, first, sources));
        monitor.advance(visited);
        Ok(())
    })
}

/// Whether each value differs from 0.
pub(crate) fn live<S: Semiring>(semiring: &S, values: &[S::Value]) -> Vec<bool> {
    parallel::flags(values, &|values, flags| {
        flags.iter_mut().zip(values).for_each(|(flag, value)| *flag = !semiring.is_zero(value));
    })
}

/// The edges of some sources: the first of each, the second of each, and so on.
struct Rounds {
    first: usize,
    /// How many edges of each source are held.
    own: Vec<usize>,
    rounds: Vec<Round>,
    held: usize,
}

/// Edges that leave different sources.
#[derive(Default)]
struct Round {
    sources: Vec<usize>,
    destinations: Vec<usize>,
    contributions: Vec<f32>,
}

impl Rounds {
    fn new(first: usize, sources: usize) -> Self {
        Rounds { first, own: vec![0; sources], rounds: Vec::new(), held: 0 }
    }

    fn push(&mut self, source: usize, destination: usize, d: f32) {
        let own = &mut self.own[source - self.first];
        if *own == self.rounds.len() {
            self.rounds.push(Round::default());
        }
        let round = &mut self.rounds[*own];
        round.sources.push(source);
        round.destinations.push(destination);
        round.contributions.push(d);
        *own += 1;
        self.held += 1;
    }

    /// Gives away the edges that are held, in blocks.
    fn take(&mut self, mut join: impl FnMut(&EdgeBlock<'_>)) {
        for round in &mut self.rounds {
            let blocks = round.sources.chunks(LANES).zip(round.destinations.chunks(LANES));
            for ((sources, destinations), contributions) in blocks.zip(round.contributions.chunks(LANES)) {
                join(&EdgeBlock { sources, destinations, contributions });
            }
            round.sources.clear();
            round.destinations.clear();
            round.contributions.clear();
        }
        self.own.fill(0);
        self.held = 0;
    }
}

/// What a task gathers for the edges of a block.
struct Lanes<V> {
    sums: Vec<V>,
    theta: Vec<V>,
    relevance: Vec<V>,
}

impl<V> Default for Lanes<V> {
    fn default() -> Self {
        Lanes { sums: Vec::new(), theta: Vec::new(), relevance: Vec::new() }
    }
}

impl<V: Clone> Lanes<V> {
    /// Adds a block to the sums of its sources, which begin at a position.
    #[allow(clippy::too_many_arguments)] // Private: the two sides of a block, and how they are joined.
    fn join<S: Semiring<Value = V>>(
        &mut self,
        semiring: &S,
        zero: &V,
        theta: &impl Fn(&EdgeBlock<'_>, &mut [V]),
        block: &EdgeBlock<'_>,
        destinations: &[V],
        first: usize,
        sources: &mut [V],
    ) {
        let Lanes { sums, theta: values, relevance } = self;
        sums.clear();
        sums.extend(block.sources.iter().map(|&source| sources[source - first].clone()));
        relevance.clear();
        relevance.extend(block.destinations.iter().map(|&destination| destinations[destination].clone()));
        values.resize(block.sources.len(), zero.clone());
        theta(block, values);
        semiring.accumulate(sums, values, relevance);
        for (&source, sum) in block.sources.iter().zip(sums) {
            std::mem::swap(&mut sources[source - first], sum);
        }
    }
}
