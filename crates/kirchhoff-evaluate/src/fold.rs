//! The fold: one value a gate, from the leaves up; or several side by side.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use kirchhoff_circuit::{GateCircuit, GateKind};
use kirchhoff_kernel::{Cancelled, Monitor, filled, parallel, vectorised};
use kirchhoff_semiring::Semiring;

use crate::admit::{check, check_laws};
use crate::error::FoldError;
use crate::leaves::AnnotateLeaves;
use crate::release::Releases;

/// Gates and wires, times lanes, that are worth a thread's while; levels with fewer are evaluated by one.
const PARALLEL: usize = 8192;

/// Gates that are evaluated together, in one loop where they are alike.
const BLOCK: usize = 1024;

/// Vectors that are evaluated side by side at most: a cache line of 32-bit values for each gate.
const LANES: usize = 16;

/// Sums that are gathered for [`Semiring::sum_rows`] at a time.
const SUMS: usize = 32;

/// Evaluates a gate circuit over a semiring; returns the value of every [output](GateCircuit::outputs).
///
/// `annotate` gives each contribution its `Θ(d)` (2.1.3), and `variables` holds the value of every
/// [variable](GateCircuit::variables), in their order. Takes what [`fold_gates`] takes, and keeps values that own memory for as
/// long as gates need them.
///
/// ```
/// use kirchhoff_circuit::{GateBuilder, GateLayer};
/// use kirchhoff_evaluate::{PerLeaf, fold};
/// use kirchhoff_semiring::{Real, Viterbi};
///
/// // Two paths of two edges each.
/// let layer = |name: &str| GateLayer { name: name.to_string(), rule: "zero".to_string(), range: None };
/// let mut builder = GateBuilder::new(vec![layer("0"), layer("1")], 1000);
/// let start = builder.declare("start[0]");
/// let start = builder.variable(start)?;
/// let mut paths = Vec::new();
/// for (near, far) in [(0.5, 0.75), (0.25, 0.5)] {
///     let edges = [builder.contribution(0, near)?, builder.contribution(1, far)?];
///     paths.push(builder.times(&[edges[0], edges[1], start])?);
/// }
/// let sum = builder.plus(&paths)?;
/// builder.output("input", &[1], &[sum])?;
/// let circuit = builder.finish()?;
///
/// let theta = PerLeaf(|_layer, d: f32| d);
/// assert_eq!(fold(&circuit, &Real, &theta, &[8.0], &())?, [4.0]);
/// assert_eq!(fold(&circuit, &Viterbi, &theta, &[1.0], &())?, [0.375]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A semiring without a law that the circuit was simplified by, values or annotations that do not fit the circuit, or
/// cancellation.
pub fn fold<S: Semiring>(
    circuit: &GateCircuit,
    semiring: &S,
    annotate: &impl AnnotateLeaves<S>,
    variables: &[S::Value],
    monitor: &dyn Monitor,
) -> Result<Vec<S::Value>, FoldError> {
    check(circuit, semiring, variables)?;
    // Values that own memory are given back once nothing needs them: those of a chain are many, and may be large.
    let releases = std::mem::needs_drop::<S::Value>().then(|| Releases::of(circuit));
    let fold = Fold { circuit, semiring, lanes: 1, variables, releases };
    let values = fold.run(annotate, &circuit.arrays().contributions, monitor)?;
    Ok(circuit.outputs().iter().map(|output| values[output.index()].clone()).collect())
}

/// Evaluates a gate circuit over a semiring; returns the value of every gate, by its id.
///
/// Products are taken from left to right, and so are sums, except where the semiring has a faster way
/// ([`Semiring::sum_rows`]). A [blockwise](Semiring::BLOCKWISE) semiring takes the gates of a level in blocks. Takes O(gates + wires) operations of the semiring, in parallel where a level is large, and
/// memory for one value a gate, and for one more a contribution where contributions do not all stand together. The same
/// circuit gives the same bits whatever the number of threads.
///
/// # Errors
/// As [`fold`].
pub fn fold_gates<S: Semiring>(
    circuit: &GateCircuit,
    semiring: &S,
    annotate: &impl AnnotateLeaves<S>,
    variables: &[S::Value],
    monitor: &dyn Monitor,
) -> Result<Vec<S::Value>, FoldError> {
    check(circuit, semiring, variables)?;
    let fold = Fold { circuit, semiring, lanes: 1, variables, releases: None };
    fold.run(annotate, &circuit.arrays().contributions, monitor)
}

/// Vectors of values for the leaves of a circuit, one vector after the other.
#[derive(Clone, Copy, Debug)]
pub struct LeafVectors<'a, V> {
    /// How many vectors there are.
    pub count: usize,
    /// The contributions of each, in the order of [`GateArrays::contributions`](kirchhoff_circuit::GateArrays).
    pub contributions: &'a [f32],
    /// The values of the variables of each, in the order of [`GateCircuit::variables`].
    pub variables: &'a [V],
}

/// The number of vectors that [`fold_batch`] may evaluate side by side within `memory` bytes, from 1 on.
pub fn fold_lanes<V>(circuit: &GateCircuit, memory: u64) -> usize {
    // A value a gate, and a contribution and, where it stands apart, its annotation a leaf.
    let gates = (circuit.gates() as u64).saturating_mul(size_of::<V>() as u64);
    let leaves = (circuit.leaves() as u64).saturating_mul((size_of::<V>() + size_of::<f32>()) as u64);
    (memory / gates.saturating_add(leaves).max(1)).clamp(1, LANES as u64) as usize
}

/// Evaluates a gate circuit over a semiring for several vectors of contributions: those of many executions, where every
/// edge has a leaf of its own ([`EdgeMap`](kirchhoff_circuit::EdgeMap)). Returns the value of every
/// [output](GateCircuit::outputs), for one vector after the other.
///
/// `lanes` vectors are evaluated side by side, from [`fold_lanes`]: each gate is visited once for all of them, and the
/// operations of the semiring run over their values in loops that the compiler vectorises. Takes O((gates + wires) ·
/// vectors) operations, and memory for `lanes` values a gate and two a contribution at most, beside the result.
///
/// # Errors
/// As [`fold`], and vectors of another size.
pub fn fold_batch<S: Semiring>(
    circuit: &GateCircuit,
    semiring: &S,
    annotate: &impl AnnotateLeaves<S>,
    vectors: LeafVectors<'_, S::Value>,
    lanes: usize,
    monitor: &dyn Monitor,
) -> Result<Vec<S::Value>, FoldError> {
    check_laws(circuit, semiring.laws())?;
    let (leaves, names) = (circuit.arrays().contributions.len(), circuit.variables().len());
    for (what, size, got) in
        [("contributions", leaves, vectors.contributions.len()), ("variables", names, vectors.variables.len())]
    {
        let expected = size.saturating_mul(vectors.count);
        if got != expected {
            return Err(FoldError::Vectors { what, vectors: vectors.count, size, expected, got });
        }
    }
    let mut outputs = Vec::with_capacity(vectors.count * circuit.outputs().len());
    for first in (0..vectors.count).step_by(lanes.max(1)) {
        let lanes = lanes.max(1).min(vectors.count - first);
        let contributions = side_by_side(&vectors.contributions[first * leaves..(first + lanes) * leaves], lanes);
        let variables = side_by_side(&vectors.variables[first * names..(first + lanes) * names], lanes);
        let fold = Fold { circuit, semiring, lanes, variables: &variables, releases: None };
        let values = fold.run(annotate, &contributions, monitor)?;
        for lane in 0..lanes {
            outputs.extend(circuit.outputs().iter().map(|output| values[output.index() * lanes + lane].clone()));
        }
    }
    Ok(outputs)
}

/// Vectors that stand one after the other, with the values of each position side by side.
fn side_by_side<T: Clone>(vectors: &[T], lanes: usize) -> Vec<T> {
    let size = vectors.len() / lanes;
    (0..size).flat_map(|position| (0..lanes).map(move |lane| vectors[lane * size + position].clone())).collect()
}

/// The evaluation of a circuit for some vectors side by side: the values of gate `g` begin at `g · lanes`.
pub(crate) struct Fold<'a, S: Semiring> {
    circuit: &'a GateCircuit,
    pub semiring: &'a S,
    pub lanes: usize,
    variables: &'a [S::Value],
    /// Which values are given back on the way; none where none are.
    releases: Option<Releases>,
}

/// The arrays of a circuit. Each is borrowed once: behind a file, that is a call.
#[derive(Clone, Copy)]
pub(crate) struct Arrays<'a> {
    pub kinds: &'a [u8],
    pub offsets: &'a [u32],
    operands: &'a [u32],
}

impl<'a> Arrays<'a> {
    pub fn own(&self, gate: usize) -> &'a [u32] {
        &self.operands[self.offsets[gate] as usize..self.offsets[gate + 1] as usize]
    }

    /// The gates of so many contributions, if no other gate stands between them.
    fn together(&self, contributions: usize) -> Option<Range<usize>> {
        let kind = GateKind::Contribution as u8;
        let first = self.kinds.iter().position(|&own| own == kind)?;
        let last = first + contributions.checked_sub(1)?;
        // They count up from gate to gate: where the last one is tells that there are no others.
        let is_last = *self.kinds.get(last)? == kind && self.own(last) == [contributions as u32 - 1];
        is_last.then_some(first..last + 1)
    }

    /// The end of the gates from `first` on that are of one kind and have as many operands, up to `end`.
    fn alike(&self, first: usize, end: usize) -> usize {
        let (kind, arity) = (self.kinds[first], self.offsets[first + 1] - self.offsets[first]);
        // Most blocks are of one kind throughout, which loops without branches find out.
        let kinds = self.kinds[first..end].iter().fold(0, |other, &own| other | (own ^ kind));
        let offsets = &self.offsets[first..=end];
        let arities = offsets.iter().zip(&offsets[1..]).fold(0, |other, (&a, &b)| other | (b.wrapping_sub(a) ^ arity));
        if kinds == 0 && arities == 0 {
            return end;
        }
        let is_alike = |&gate: &usize| self.kinds[gate] == kind && self.offsets[gate + 1] - self.offsets[gate] == arity;
        first + (first..end).take_while(is_alike).count()
    }
}

impl<S: Semiring> Fold<'_, S> {
    /// The values of all gates.
    fn run(
        &self,
        annotate: &impl AnnotateLeaves<S>,
        contributions: &[f32],
        monitor: &dyn Monitor,
    ) -> Result<Vec<S::Value>, FoldError> {
        let (arrays, lanes) = (self.circuit.arrays(), self.lanes);
        let arrays = Arrays { kinds: &arrays.kinds, offsets: &arrays.offsets, operands: &arrays.operands };
        let zero = self.semiring.zero();
        let mut values = filled(&zero, self.circuit.gates() * lanes);
        // Annotated where they belong, if they stand together there.
        let mut apart = Vec::new();
        let annotated = match arrays.together(contributions.len() / lanes) {
            Some(gates) => &mut values[gates.start * lanes..gates.end * lanes],
            None => {
                apart = filled(&zero, contributions.len());
                &mut apart[..]
            }
        };
        annotate.annotate(self.semiring, self.circuit, contributions, annotated)?;
        // A single sum of values that are given back may take a second, as of long lists: the monitor is asked more often.
        let size = if self.releases.is_some() { 4 } else { BLOCK };
        let stopped = AtomicBool::new(false);
        for (number, level) in self.circuit.levels().enumerate() {
            let wires = arrays.offsets[level.end] - arrays.offsets[level.start];
            let (known, rest) = values.split_at_mut(level.start * lanes);
            let new = &mut rest[..level.len() * lanes];
            let block = |number: usize, new: &mut [S::Value]| {
                if monitor.cancelled() {
                    stopped.store(true, Ordering::Relaxed);
                }
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let first = level.start + number * size;
                let gates = first..first + new.len() / lanes;
                if level.start == 0 {
                    self.leaves(arrays, gates, &apart, new)
                } else {
                    self.inner(arrays, gates, known, new)
                }
            };
            if (wires as usize + level.len()) * lanes < PARALLEL {
                new.chunks_mut(size * lanes).enumerate().for_each(|(number, new)| block(number, new));
            } else {
                parallel::chunks(new, size * lanes, &block);
            }
            if stopped.load(Ordering::Relaxed) {
                return Err(Cancelled.into());
            }
            monitor.advance(u64::from(wires));
            for gate in self.releases.iter().flat_map(|releases| releases.after(number)) {
                values[gate * lanes..(gate + 1) * lanes].fill(zero.clone());
            }
        }
        Ok(values)
    }

    /// The values of gates without children: those of contributions, unless they are there, from values that stand apart.
    fn leaves(&self, arrays: Arrays<'_>, gates: Range<usize>, apart: &[S::Value], new: &mut [S::Value]) {
        let lanes = self.lanes;
        let mut first = gates.start;
        while first < gates.end {
            let end = arrays.alike(first, gates.end);
            let new = &mut new[(first - gates.start) * lanes..(end - gates.start) * lanes];
            match GateKind::from_number(arrays.kinds[first]).expect("kinds have been checked") {
                GateKind::Zero | GateKind::Plus => {}
                GateKind::One | GateKind::Times => new.fill(self.semiring.one()),
                GateKind::Contribution if apart.is_empty() => {}
                // They count up from gate to gate.
                GateKind::Contribution => {
                    let leaf = arrays.own(first)[0] as usize * lanes;
                    new.clone_from_slice(&apart[leaf..leaf + new.len()]);
                }
                GateKind::Variable => {
                    for (gate, new) in (first..end).zip(new.chunks_exact_mut(lanes)) {
                        let variable = arrays.own(gate)[0] as usize * lanes;
                        new.clone_from_slice(&self.variables[variable..variable + lanes]);
                    }
                }
            }
            first = end;
        }
    }

    /// The values of gates with children, which have theirs.
    fn inner(&self, arrays: Arrays<'_>, gates: Range<usize>, known: &[S::Value], new: &mut [S::Value]) {
        if const { S::BLOCKWISE } {
            return self.blocks(arrays, gates, known, new);
        }
        let lanes = self.lanes;
        let at_once = self.semiring.sum_rows(&mut [], &[]);
        let mut rows = Vec::new();
        let mut first = gates.start;
        while first < gates.end {
            let end = arrays.alike(first, gates.end);
            let new = &mut new[(first - gates.start) * lanes..(end - gates.start) * lanes];
            let arity = arrays.own(first).len();
            let children = &arrays.operands[arrays.offsets[first] as usize..arrays.offsets[end] as usize];
            let sums = arrays.kinds[first] == GateKind::Plus as u8;
            match (sums, arity) {
                (true, 2..) if at_once => self.sums(arity, children, known, new, &mut rows),
                _ if lanes > 1 => {
                    for (children, new) in children.chunks_exact(arity).zip(new.chunks_exact_mut(lanes)) {
                        self.lanes(sums, children, known, new);
                    }
                }
                (true, 2) => self.alike::<2>(children, known, new, |[a, b]| self.semiring.plus(a, b)),
                (true, 4) => self.alike::<4>(children, known, new, |[a, b, c, d]| {
                    let mut sum = self.semiring.plus(a, b);
                    self.semiring.plus_assign(&mut sum, c);
                    self.semiring.plus_assign(&mut sum, d);
                    sum
                }),
                (false, 2) => self.alike::<2>(children, known, new, |[a, b]| self.semiring.times(a, b)),
                _ => {
                    for (children, new) in children.chunks_exact(arity).zip(new) {
                        *new = self.one(sums, children, known);
                    }
                }
            }
            first = end;
        }
    }

    /// Gates of one kind with `N` children.
    #[inline(always)]
    fn alike<const N: usize>(
        &self,
        children: &[u32],
        known: &[S::Value],
        new: &mut [S::Value],
        join: impl Fn([&S::Value; N]) -> S::Value,
    ) {
        for (new, children) in new.iter_mut().zip(children.as_chunks::<N>().0) {
            *new = join(children.map(|child| &known[child as usize]));
        }
    }

    /// One gate of any number of children.
    fn one(&self, sums: bool, children: &[u32], known: &[S::Value]) -> S::Value {
        let value = |child: u32| &known[child as usize];
        let [first, second, others @ ..] = children else { return value(children[0]).clone() };
        let (first, second) = (value(*first), value(*second));
        if sums {
            let mut sum = self.semiring.plus(first, second);
            others.iter().for_each(|&child| self.semiring.plus_assign(&mut sum, value(child)));
            return sum;
        }
        let product = self.semiring.times(first, second);
        others.iter().fold(product, |product, &child| self.semiring.times(&product, value(child)))
    }

    /// One gate for several vectors.
    #[inline]
    fn lanes(&self, sums: bool, children: &[u32], known: &[S::Value], new: &mut [S::Value]) {
        let lanes = new.len();
        let row = |child: u32| &known[child as usize * lanes..(child as usize + 1) * lanes];
        new.clone_from_slice(row(children[0]));
        for &child in &children[1..] {
            let pairs = new.iter_mut().zip(row(child));
            if sums {
                pairs.for_each(|(new, value)| self.semiring.plus_assign(new, value));
            } else {
                pairs.for_each(|(new, value)| *new = self.semiring.times(new, value));
            }
        }
    }

    /// Sums of the same number of children in a semiring that sums rows: of all vectors of a gate, or of one vector of
    /// several gates.
    fn sums(&self, arity: usize, children: &[u32], known: &[S::Value], new: &mut [S::Value], rows: &mut Vec<S::Value>) {
        let lanes = self.lanes;
        let together = if lanes == 1 && arity <= SUMS { SUMS } else { 1 };
        for (children, new) in children.chunks(arity * together).zip(new.chunks_mut(lanes * together)) {
            rows.clear();
            if together > 1 {
                for child in 0..arity {
                    rows.extend(children[child..].iter().step_by(arity).map(|&child| known[child as usize].clone()));
                }
            } else {
                for &child in children {
                    rows.extend_from_slice(&known[child as usize * lanes..(child as usize + 1) * lanes]);
                }
            }
            vectorised(|| self.semiring.sum_rows(new, rows));
        }
    }
}
