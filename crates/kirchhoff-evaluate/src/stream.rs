//! The stream: relevance from output to input, one layer at a time.

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::{Duration, Instant};

use kirchhoff_circuit::{Conditions, LayerContributions, LayeredCircuit, TensorId};
use kirchhoff_kernel::{Monitor, filled, vectorised};
use kirchhoff_semiring::Semiring;

use crate::annotate::Annotate;
use crate::error::EvaluationError;
use crate::ledger::{Bookkeeping, FEW, Ledger};
use crate::step::{LayerStep, Reached};

/// Takes the relevance of tensors as the stream reaches them, from output to input.
pub trait Sink<V: Clone>: Send {
    /// Called once for every tensor when its relevance is complete: for all executions of the batch, one after the
    /// other. What is not copied here is gone afterwards; the input's may be taken.
    fn tensor(&mut self, tensor: TensorId, relevance: Cow<'_, [V]>);
}

/// Keeps the relevance of chosen tensors.
#[derive(Clone, Debug)]
pub struct Keep<V> {
    chosen: Vec<TensorId>,
    kept: Vec<Option<Vec<V>>>,
}

impl<V> Keep<V> {
    /// Keeps the given tensors.
    pub fn tensors(chosen: impl IntoIterator<Item = TensorId>) -> Self {
        let mut chosen: Vec<_> = chosen.into_iter().collect();
        let mut seen = HashSet::new();
        chosen.retain(|tensor| seen.insert(*tensor));
        Keep { kept: chosen.iter().map(|_| None).collect(), chosen }
    }

    /// Keeps the inputs.
    pub fn input(circuit: &LayeredCircuit) -> Self {
        Keep::tensors(circuit.inputs().iter().copied())
    }

    /// Keeps every tensor.
    pub fn all(circuit: &LayeredCircuit) -> Self {
        Keep::tensors((0..circuit.tensors().len()).map(|index| TensorId(index as u32)))
    }

    /// The relevance of a tensor that was chosen, for all executions, one after the other.
    pub fn relevance(&self, tensor: TensorId) -> Option<&[V]> {
        let position = self.chosen.iter().position(|&chosen| chosen == tensor)?;
        self.kept[position].as_deref()
    }

    /// The tensors that were chosen, with their relevance.
    pub fn into_relevance(self) -> impl Iterator<Item = (TensorId, Vec<V>)> {
        self.chosen.into_iter().zip(self.kept).filter_map(|(tensor, kept)| Some((tensor, kept?)))
    }
}

impl<V: Clone + Send> Sink<V> for Keep<V> {
    fn tensor(&mut self, tensor: TensorId, relevance: Cow<'_, [V]>) {
        if let Some(position) = self.chosen.iter().position(|&chosen| chosen == tensor) {
            self.kept[position] = Some(relevance.into_owned());
        }
    }
}

/// A sink that its owner keeps.
impl<V: Clone, K: Sink<V> + ?Sized> Sink<V> for &mut K {
    fn tensor(&mut self, tensor: TensorId, relevance: Cow<'_, [V]>) {
        (**self).tensor(tensor, relevance);
    }
}

/// Evaluates a layered circuit over a semiring: `R[j] = ⊕_k Θ(d[j,k]) ⊗ R[k]` (2.1.3) from `start` at the output
/// down to the input, for every execution of the batch.
///
/// `start` holds one value an output neuron and execution (2.1.2). `sink` is given every tensor's relevance.
///
/// Takes O(edges · batch) operations of the semiring, in parallel, and memory for the relevance of the tensors that
/// the stream is between: two for a chain of layers. The same circuit gives the same bits whatever the number of
/// threads.
///
/// # Errors
/// A start of the wrong size, relevance that is no element of the semiring, or cancellation.
pub fn stream<S: Semiring>(
    circuit: &LayeredCircuit,
    semiring: &S,
    annotations: &impl Annotate<S>,
    start: &[S::Value],
    bookkeeping: Bookkeeping<'_, S::Value>,
    sink: &mut dyn Sink<S::Value>,
    monitor: &dyn Monitor,
) -> Result<Vec<Ledger>, EvaluationError> {
    let mut stream = Stream::new(circuit, semiring, annotations, start.to_vec(), bookkeeping, sink)?;
    run(circuit, &mut [&mut stream], monitor)?;
    Ok(stream.into_parts().0)
}

/// Takes several streams over one circuit, side by side: what a layer's edges contribute is computed once for all. Each
/// layer is taken by the streams in their order.
///
/// # Errors
/// Relevance that is no element of its semiring, with the layer that gives it; cancellation.
pub fn run(
    circuit: &LayeredCircuit,
    streams: &mut [&mut dyn Advance],
    monitor: &dyn Monitor,
) -> Result<(), EvaluationError> {
    // On a thread of the pool: from any other one, each parallel step of each layer would wake one up and wait for it.
    rayon::scope(|_| layers(circuit, streams, monitor))
}

fn layers(
    circuit: &LayeredCircuit,
    streams: &mut [&mut dyn Advance],
    monitor: &dyn Monitor,
) -> Result<(), EvaluationError> {
    for (index, layer) in circuit.layers().iter().enumerate().rev() {
        let reaching = streams.iter().filter(|stream| stream.reaches(index)).count();
        if reaching == 0 {
            continue;
        }
        let clock = Instant::now();
        let contributions = circuit.contributions(layer, monitor)?;
        let share = clock.elapsed() / reaching as u32;
        for stream in streams.iter_mut().filter(|stream| stream.reaches(index)) {
            stream.charge(share);
            stream.advance(index, &contributions, monitor)?;
        }
    }
    streams.iter_mut().for_each(|stream| stream.finish());
    Ok(())
}

/// What goes from output to input, layer by layer, for [`run`]: a [`Stream`] over some semiring, or a
/// [`Chooser`](crate::Chooser).
pub trait Advance: Send {
    /// Whether relevance has come to the destination of the layer at a position of
    /// [`LayeredCircuit::layers`](kirchhoff_circuit::LayeredCircuit::layers).
    fn reaches(&self, layer: usize) -> bool;

    /// Takes the relevance of the layer's destination to its sources, given the layer's contributions.
    ///
    /// # Errors
    /// Relevance that is no element of its semiring; cancellation.
    fn advance(
        &mut self,
        layer: usize,
        contributions: &LayerContributions,
        monitor: &dyn Monitor,
    ) -> Result<(), EvaluationError>;

    /// Is told that all layers are taken: a stream gives the input's relevance to its sink.
    fn finish(&mut self);

    /// Adds to the stream's [time](Stream::time): its share of what is done for several.
    fn charge(&mut self, time: Duration);
}

/// The evaluation of a layered circuit over one semiring, on its way from output to input. It owns its annotations, its sink
/// and what has reached each tensor; of either of the first two a reference does as well.
pub struct Stream<'a, S: Semiring, A, K> {
    circuit: &'a LayeredCircuit,
    semiring: &'a S,
    annotations: A,
    bookkeeping: Bookkeeping<'a, S::Value>,
    sink: K,
    conditions: Conditions,
    /// What each tensor that some layer has reached and no layer has left has received so far.
    reached: Vec<Option<Reached<S::Value>>>,
    ledgers: Vec<Ledger>,
    time: Duration,
}

impl<'a, S: Semiring, A: Annotate<S>, K: Sink<S::Value>> Stream<'a, S, A, K> {
    /// A stream that starts at the output: see [`stream`].
    ///
    /// # Errors
    /// A start of the wrong size.
    pub fn new(
        circuit: &'a LayeredCircuit,
        semiring: &'a S,
        annotations: A,
        start: Vec<S::Value>,
        bookkeeping: Bookkeeping<'a, S::Value>,
        sink: K,
    ) -> Result<Self, EvaluationError> {
        let (batch, outputs) = (circuit.batch(), circuit.tensor(circuit.output()).size());
        if start.len() != batch * outputs {
            return Err(EvaluationError::Start { got: start.len(), batch, outputs });
        }
        let mut reached: Vec<Option<Reached<S::Value>>> = circuit.tensors().iter().map(|_| None).collect();
        let totals = bookkeeping.totals(&start, outputs);
        reached[circuit.output().index()] = Some(Reached { relevance: start, totals });
        let ledgers = vec![Ledger::default(); batch];
        let (conditions, time) = (Conditions::default(), Duration::ZERO);
        Ok(Stream { circuit, semiring, annotations, bookkeeping, sink, conditions, reached, ledgers, time })
    }

    /// The same stream where relevance goes through some neurons only, or without them: the others have 0.
    pub fn with_conditions(self, conditions: Conditions) -> Self {
        Stream { conditions, ..self }
    }

    /// Puts 0 on the neurons of a tensor that relevance does not go through.
    fn exclude(&self, tensor: TensorId, reached: &mut Reached<S::Value>) {
        let size = self.circuit.tensor(tensor).size();
        let excluded = self.conditions.excluded(tensor, size);
        if excluded.is_empty() {
            return;
        }
        for relevance in reached.relevance.chunks_mut(size) {
            excluded.iter().for_each(|&neuron| relevance[neuron] = self.semiring.zero());
        }
        reached.totals = self.bookkeeping.totals(&reached.relevance, size);
    }

    /// How long it has taken, with its share of what was done for several streams.
    pub fn time(&self) -> Duration {
        self.time
    }

    /// The annotations, which may change before the next layer is taken.
    pub fn annotations_mut(&mut self) -> &mut A {
        &mut self.annotations
    }

    /// Refuses relevance that is none, where a layer has just given it to the sources of a link.
    fn check(&self, layer: usize, link: usize, relevance: &[S::Value]) -> Result<(), EvaluationError> {
        let is_none = |value: &S::Value| !self.semiring.is_element(value);
        // A few at a time, without a branch each.
        let found = relevance
            .chunks(FEW)
            .position(|few| vectorised(|| few.iter().fold(false, |any, value| any | is_none(value))));
        let Some(chunk) = found else { return Ok(()) };
        let first = chunk * FEW;
        let place = first + relevance[first..].iter().position(is_none).unwrap_or_default();
        let layer = &self.circuit.layers()[layer];
        let tensor = self.circuit.tensor(layer.links[link].source);
        Err(EvaluationError::NoElement {
            layer: layer.name.clone(),
            execution: place / tensor.size(),
            tensor: tensor.name.clone(),
            neuron: place % tensor.size(),
            value: format!("{:?}", relevance[place]),
        })
    }

    /// One ledger an execution, and the sink.
    pub fn into_parts(self) -> (Vec<Ledger>, K) {
        (self.ledgers, self.sink)
    }
}

impl<S: Semiring, A: Annotate<S> + Send, K: Sink<S::Value>> Advance for Stream<'_, S, A, K> {
    fn reaches(&self, layer: usize) -> bool {
        self.reached[self.circuit.layers()[layer].destination.index()].is_some()
    }

    fn advance(
        &mut self,
        index: usize,
        contributions: &LayerContributions,
        monitor: &dyn Monitor,
    ) -> Result<(), EvaluationError> {
        let clock = Instant::now();
        let layer = &self.circuit.layers()[index];
        // Layers are in the order of their destinations, and every user of a tensor comes later: it is complete.
        let Some(mut destinations) = self.reached[layer.destination.index()].take() else { return Ok(()) };
        self.exclude(layer.destination, &mut destinations);
        self.sink.tensor(layer.destination, Cow::Borrowed(&destinations.relevance));
        let step = LayerStep {
            circuit: self.circuit,
            index,
            contributions,
            semiring: self.semiring,
            bookkeeping: &self.bookkeeping,
            monitor,
        };
        let mut entries = step.entries(&destinations);
        let leads_past = |source: TensorId| self.conditions.leads_past(source, layer.destination);
        if layer.links.iter().any(|link| leads_past(link.source)) {
            step.leave_open(&mut entries);
        }
        let can_move = |source: &TensorId| self.reached[source.index()].is_none() && !leads_past(*source);
        if let Some(source) = step.moves_to().filter(can_move) {
            step.keep_all(&mut entries);
            self.reached[source.index()] = Some(destinations);
        } else {
            for (number, link) in layer.links.iter().enumerate() {
                if self.conditions.leads_past(link.source, layer.destination) {
                    continue;
                }
                let size = self.circuit.batch() * self.circuit.tensor(link.source).size();
                let mut sources = self.reached[link.source.index()].take().unwrap_or_else(|| Reached {
                    relevance: filled(&self.semiring.zero(), size),
                    totals: vec![0.0; self.circuit.batch()],
                });
                step.link(number, &self.annotations, &destinations.relevance, &mut sources, &mut entries)?;
                self.check(index, number, &sources.relevance)?;
                self.reached[link.source.index()] = Some(sources);
            }
        }
        for (ledger, entry) in self.ledgers.iter_mut().zip(entries) {
            ledger.layers.push(entry);
        }
        self.charge(clock.elapsed());
        Ok(())
    }

    fn finish(&mut self) {
        for &input in self.circuit.inputs() {
            let size = self.circuit.batch() * self.circuit.tensor(input).size();
            let reached = self.reached[input.index()].take().filter(|_| !self.conditions.ends_before(input));
            let reached = reached.map(|mut reached| {
                self.exclude(input, &mut reached);
                reached
            });
            let relevance = reached.map_or_else(|| vec![self.semiring.zero(); size], |reached| reached.relevance);
            self.sink.tensor(input, Cow::Owned(relevance));
        }
    }

    fn charge(&mut self, time: Duration) {
        self.time += time;
    }
}
