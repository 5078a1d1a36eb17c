//! One layer of the stream, with its entry in the books.

use std::sync::Arc;

use kirchhoff_circuit::{Absorbed, Layer, LayerContributions, LayerRule, LayeredCircuit, TensorId};
use kirchhoff_kernel::{Cancelled, Contributions, Monitor, Wiring, parallel, propagate, vectorised};
use kirchhoff_semiring::Semiring;

use crate::annotate::Annotate;
use crate::layer::AnnotatedLayer;
use crate::ledger::{Bookkeeping, CHUNK, Conservation, FEW, LedgerEntry};
use crate::walk::executions;

/// Adds to sums what belongs to a few amounts, given the position of the first.
type Add<'a> = dyn Fn(usize, &[f64], &mut [f64; 2]) + Sync + 'a;

/// The relevance that has reached a tensor, with its sum in each execution.
pub(crate) struct Reached<V> {
    pub relevance: Vec<V>,
    /// 0 where values do not add up.
    pub totals: Vec<f64>,
}

/// How a layer passes relevance on without contributions.
#[derive(Default)]
struct Passing {
    /// Whether each neuron gives it to one source at most: an addition gives all of it to every branch.
    shares: bool,
    /// The number of edges that enter each destination neuron, where some may have none.
    fan_in: Option<Vec<u64>>,
}

impl Passing {
    /// Told from bounds where they tell: a layer has many neurons.
    fn of(circuit: &LayeredCircuit, layer: &Layer) -> Passing {
        let bounds = layer.links.iter().map(|link| link.wiring.fan_in_bounds());
        let [fewest, most] = bounds.fold([0; 2], |[a, b], [c, d]| [a + u64::from(c), b + u64::from(d)]);
        let wins = layer.chooses();
        if fewest > 0 && (wins || most <= 1 || fewest > 1) {
            return Passing { shares: wins || most <= 1, fan_in: None };
        }
        let mut fan_in = vec![0; circuit.tensor(layer.destination).size()];
        for link in &layer.links {
            fan_in.iter_mut().zip(link.wiring.fan_in()).for_each(|(sum, edges)| *sum += u64::from(edges));
        }
        Passing { shares: wins || fan_in.iter().all(|&edges| edges <= 1), fan_in: Some(fan_in) }
    }
}

/// One layer of the stream.
pub(crate) struct LayerStep<'a, S: Semiring> {
    pub circuit: &'a LayeredCircuit,
    pub index: usize,
    pub contributions: &'a LayerContributions,
    pub semiring: &'a S,
    pub bookkeeping: &'a Bookkeeping<'a, S::Value>,
    pub monitor: &'a dyn Monitor,
}

impl<S: Semiring> LayerStep<'_, S> {
    fn layer(&self) -> &Layer {
        &self.circuit.layers()[self.index]
    }

    /// The tensor that receives the relevance of the destination as it is: the source of a layer that passes it, neuron
    /// by neuron, to one tensor.
    pub fn moves_to(&self) -> Option<TensorId> {
        match &self.layer().links[..] {
            [link] if self.layer().rule == LayerRule::Pass && matches!(link.wiring, Wiring::Identity { .. }) => {
                Some(link.source)
            }
            _ => None,
        }
    }

    /// Enters into the books that all relevance is passed on.
    pub fn keep_all(&self, entries: &mut [LedgerEntry]) {
        for entry in entries {
            entry.kept = self.bookkeeping.kept.then_some(entry.edges);
            if let Some(conservation) = &mut entry.conservation {
                conservation.left = conservation.entered;
            }
        }
    }

    /// Enters into the books that they need not balance: some relevance is passed to no source.
    pub fn leave_open(&self, entries: &mut [LedgerEntry]) {
        for conservation in entries.iter_mut().filter_map(|entry| entry.conservation.as_mut()) {
            conservation.shares = false;
        }
    }

    /// Propagates along one link, for every execution.
    pub fn link(
        &self,
        number: usize,
        annotations: &impl Annotate<S>,
        destinations: &[S::Value],
        sources: &mut Reached<S::Value>,
        entries: &mut [LedgerEntry],
    ) -> Result<(), Cancelled> {
        self.propagate(number, annotations, destinations, &mut sources.relevance)?;
        let size = self.layer().links[number].wiring.sources();
        let totals = self.bookkeeping.totals(&sources.relevance, size);
        for (entry, (total, before)) in entries.iter_mut().zip(totals.iter().zip(&sources.totals)) {
            if let Some(conservation) = &mut entry.conservation {
                conservation.left += total - before;
            }
        }
        sources.totals = totals;
        if self.bookkeeping.kept {
            self.count_kept(number, annotations, entries)?;
        }
        Ok(())
    }

    /// Adds what reaches the sources of one link, for every execution.
    pub fn propagate(
        &self,
        number: usize,
        annotations: &impl Annotate<S>,
        destinations: &[S::Value],
        sources: &mut [S::Value],
    ) -> Result<(), Cancelled> {
        let layer = self.layer();
        let edges = self.circuit.edges_of(layer, number, self.contributions);
        let view = self.annotated(0);
        if layer.is_annotated() {
            return annotations.propagate(self.semiring, &view, number, &edges, destinations, sources);
        }
        executions(&view, &edges, destinations, sources, &|_, edges, destinations, sources| {
            propagate(&edges, self.semiring, |_| self.semiring.one(), destinations, sources, self.monitor)
        })
    }

    /// Adds up how many edges of a link Θ keeps.
    fn count_kept(
        &self,
        number: usize,
        annotations: &impl Annotate<S>,
        entries: &mut [LedgerEntry],
    ) -> Result<(), Cancelled> {
        let layer = self.layer();
        let link = &layer.links[number];
        for (execution, entry) in entries.iter_mut().enumerate() {
            let kept = match layer.rule {
                LayerRule::Pass => link.wiring.edges(),
                LayerRule::Winner | LayerRule::Least | LayerRule::Chosen => self.winners(number, execution),
                LayerRule::Separable(_) => {
                    let edges = self.circuit.edges_in(layer, number, self.contributions, execution);
                    annotations.kept(self.semiring, &self.annotated(execution), number, &edges)?
                }
            };
            entry.kept = Some(entry.kept.unwrap_or(0) + kept);
        }
        Ok(())
    }

    /// How many destinations have their winner behind a link.
    fn winners(&self, number: usize, execution: usize) -> u64 {
        let Contributions::Winner(winners) = self.contributions.edges(number) else { return 0 };
        let size = self.layer().links[number].wiring.destinations();
        winners[execution * size..(execution + 1) * size].iter().filter(|&&winner| winner != u32::MAX).count() as u64
    }

    fn annotated(&self, execution: usize) -> AnnotatedLayer<'_> {
        AnnotatedLayer {
            circuit: self.circuit,
            index: self.index,
            contributions: self.contributions,
            execution,
            monitor: self.monitor,
        }
    }

    /// The ledger's entries as far as they are known before any edge is walked.
    pub fn entries(&self, destinations: &Reached<S::Value>) -> Vec<LedgerEntry> {
        let layer = self.layer();
        let size = self.circuit.tensor(layer.destination).size();
        let passing = match &layer.rule {
            LayerRule::Separable(_) => Passing::default(),
            LayerRule::Pass | LayerRule::Winner | LayerRule::Least | LayerRule::Chosen => {
                Passing::of(self.circuit, layer)
            }
        };
        // Shared by all executions.
        let shared = |name: &str| -> Arc<str> { name.into() };
        let [name, operator, rule] = [&layer.name, &*layer.operator, &layer.rule_name].map(shared);
        let books = parallel::map(destinations.totals.len(), &|execution| {
            let relevance = &destinations.relevance[execution * size..][..size];
            self.books(execution, relevance, destinations.totals[execution], &passing)
        });
        let entry = |(relevant, conservation): (u64, Conservation)| LedgerEntry {
            layer: name.clone(),
            operator: operator.clone(),
            rule: rule.clone(),
            edges: layer.edges(),
            kept: None,
            neurons: size as u64,
            relevant,
            conservation: self.bookkeeping.amount.as_ref().map(|_| conservation),
        };
        books.into_iter().map(entry).collect()
    }

    /// How many neurons have relevance, and what of it no source receives.
    fn books(
        &self,
        execution: usize,
        destinations: &[S::Value],
        entered: f64,
        passing: &Passing,
    ) -> (u64, Conservation) {
        let mut books = Conservation { entered, ..Conservation::default() };
        let relevant;
        match &self.layer().rule {
            LayerRule::Pass | LayerRule::Winner | LayerRule::Least | LayerRule::Chosen => {
                books.shares = passing.shares;
                relevant = match &passing.fan_in {
                    None => self.survey(destinations, None).0,
                    Some(fan_in) => {
                        let uncovered = |first: usize, amounts: &[f64], sums: &mut [f64; 2]| {
                            let uncovered = amounts.iter().zip(&fan_in[first..]).filter(|(_, edges)| **edges == 0);
                            sums[0] += uncovered.map(|(amount, _)| amount).sum::<f64>();
                        };
                        let (relevant, [sum, _]) = self.survey(destinations, Some(&uncovered));
                        books.uncovered = sum;
                        relevant
                    }
                };
            }
            LayerRule::Separable(_) if self.contributions.are_shares() => {
                books.shares = true;
                let offset = execution * destinations.len();
                let absorbed = |first: usize, amounts: &[f64], sums: &mut [f64; 2]| {
                    let (mut bias, mut stabiliser) = ([0.0; FEW], [0.0; FEW]);
                    let (bias, stabiliser) = (&mut bias[..amounts.len()], &mut stabiliser[..amounts.len()]);
                    self.contributions.absorbed(offset + first, Absorbed { bias, stabiliser });
                    sums[0] += dot(bias, amounts);
                    sums[1] += dot(stabiliser, amounts);
                };
                (relevant, [books.bias, books.stabiliser]) = self.survey(destinations, Some(&absorbed));
            }
            LayerRule::Separable(_) => (relevant, _) = self.survey(destinations, None),
        }
        (relevant, books)
    }

    /// One pass over destinations, in parallel: how many have relevance, and sums over their amounts, of which `add` is
    /// given a few with the position of the first.
    fn survey(&self, relevance: &[S::Value], add: Option<&Add<'_>>) -> (u64, [f64; 2]) {
        let amount = self.bookkeeping.amount.as_ref().zip(add);
        let chunk = |number: usize| {
            let relevance = &relevance[number * CHUNK..relevance.len().min((number + 1) * CHUNK)];
            let (mut amounts, mut sums) = ([0.0; FEW], [0.0; 2]);
            let mut relevant = 0;
            for (part, relevance) in relevance.chunks(FEW).enumerate() {
                relevant += vectorised(|| {
                    let is_relevant = |relevance: &S::Value| u32::from(!self.semiring.is_zero(relevance));
                    u64::from(relevance.iter().map(is_relevant).sum::<u32>())
                });
                if let Some((amount, add)) = amount {
                    let amounts = &mut amounts[..relevance.len()];
                    amount(relevance, amounts);
                    add(number * CHUNK + part * FEW, amounts, &mut sums);
                }
            }
            (relevant, sums)
        };
        if relevance.len() <= CHUNK {
            return chunk(0);
        }
        let chunks: Vec<(u64, [f64; 2])> = parallel::map(relevance.len().div_ceil(CHUNK), &chunk);
        chunks.iter().fold((0, [0.0; 2]), |(all, [a, b]), (few, [c, d])| (all + few, [a + c, b + d]))
    }
}

/// The sum of amounts times their shares; amounts of 0 have none, be the shares infinite.
fn dot(shares: &[f32], amounts: &[f64]) -> f64 {
    let product = |(&share, &amount): (&f32, &f64)| {
        let product = f64::from(share) * amount;
        if amount == 0.0 { 0.0 } else { product }
    };
    vectorised(|| {
        let ((shares, others), (amounts, rest)) = (shares.as_chunks::<8>(), amounts.as_chunks::<8>());
        let mut partial = [0.0; 8];
        for (shares, amounts) in shares.iter().zip(amounts) {
            partial.iter_mut().zip(shares.iter().zip(amounts)).for_each(|(sum, pair)| *sum += product(pair));
        }
        partial.iter().sum::<f64>() + others.iter().zip(rest).map(product).sum::<f64>()
    })
}
