//! A layer of a layered circuit, as an annotation sees it.

use kirchhoff_circuit::{Layer, LayerContributions, LayeredCircuit};
use kirchhoff_kernel::{Cancelled, Monitor};
use kirchhoff_semiring::Ranks;

/// A layer of one execution about to be annotated.
#[derive(Clone, Copy)]
pub struct AnnotatedLayer<'a> {
    /// The circuit.
    pub circuit: &'a LayeredCircuit,
    /// Position of the layer in [`LayeredCircuit::layers`].
    pub index: usize,
    /// Its contributions.
    pub contributions: &'a LayerContributions,
    /// Which execution of the circuit's batch; where edges of several are taken, the first of them.
    pub execution: usize,
    /// Who watches.
    pub monitor: &'a dyn Monitor,
}

impl AnnotatedLayer<'_> {
    /// The layer.
    pub fn layer(&self) -> &Layer {
        &self.circuit.layers()[self.index]
    }

    /// The layer in an execution so many later.
    pub(crate) fn later(&self, executions: usize) -> Self {
        AnnotatedLayer { execution: self.execution + executions, ..*self }
    }

    /// The histogram of the layer's positive contributions, by one pass over its edges.
    ///
    /// # Errors
    /// [`Cancelled`] by the monitor.
    pub fn ranks(&self) -> Result<Ranks, Cancelled> {
        let join = |mut a: Ranks, b: Ranks| {
            a.merge(&b);
            a
        };
        let mut ranks = Ranks::new();
        for link in 0..self.layer().links.len() {
            let edges = self.circuit.edges_in(self.layer(), link, self.contributions, self.execution);
            let add = |ranks: &mut Ranks, contributions: &[f32]| contributions.iter().for_each(|&d| ranks.add(d));
            ranks.merge(&edges.fold(Ranks::new, add, join, self.monitor)?);
        }
        Ok(ranks)
    }
}
