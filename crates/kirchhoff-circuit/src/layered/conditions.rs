//! Conditions on the way of relevance: through some neurons only, or without them.

use std::collections::HashSet;

use super::TensorId;

/// Which neurons relevance goes through on its way from the start to an input, in every execution.
///
/// A path is a chain of edges from where relevance starts to an input. With neurons of a tensor [removed](Conditions::without),
/// paths through them are left out. With [some of a tensor wanted](Conditions::through), so are all paths that do not go
/// through one of them: also those that go past the tensor by another branch. Conditions hold together: of several tensors,
/// each has to be passed.
///
/// In a circuit these are zeros: on neurons, and on the edges that lead past a tensor that has to be passed. Tensors stand in
/// an order in which sources come before destinations, so that a path avoids a tensor exactly if it has an edge from before it
/// to behind it, or ends behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    conditions: Vec<Condition>,
}

/// What holds at one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    tensor: TensorId,
    /// Those that relevance may go through; none says all.
    through: Option<HashSet<usize>>,
    without: HashSet<usize>,
}

impl Conditions {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// The same, and relevance goes through these neurons of a tensor only, or through others of it that are named so.
    pub fn through(mut self, tensor: TensorId, neurons: impl IntoIterator<Item = usize>) -> Self {
        self.at(tensor).through.get_or_insert_default().extend(neurons);
        self
    }

    /// The same, and relevance goes through none of these neurons of a tensor.
    pub fn without(mut self, tensor: TensorId, neurons: impl IntoIterator<Item = usize>) -> Self {
        self.at(tensor).without.extend(neurons);
        self
    }

    fn at(&mut self, tensor: TensorId) -> &mut Condition {
        let found = self.conditions.iter().position(|condition| condition.tensor == tensor);
        let place = found.unwrap_or_else(|| {
            self.conditions.push(Condition { tensor, through: None, without: HashSet::new() });
            self.conditions.len() - 1
        });
        &mut self.conditions[place]
    }

    /// The neurons of a tensor of the given size that relevance does not go through, in order.
    pub fn excluded(&self, tensor: TensorId, size: usize) -> Vec<usize> {
        let Some(condition) = self.conditions.iter().find(|condition| condition.tensor == tensor) else {
            return Vec::new();
        };
        let is_out = |neuron: &usize| {
            condition.without.contains(neuron)
                || condition.through.as_ref().is_some_and(|through| !through.contains(neuron))
        };
        (0..size).filter(is_out).collect()
    }

    /// Whether an edge from one tensor to another leads past a tensor that has to be passed.
    pub fn leads_past(&self, source: TensorId, destination: TensorId) -> bool {
        self.passed().any(|tensor| source < tensor && tensor < destination)
    }

    /// Whether a path that ends at an input has not passed a tensor that it has to pass.
    pub fn ends_before(&self, input: TensorId) -> bool {
        self.passed().any(|tensor| tensor < input)
    }

    /// The last of the tensors that have to be passed: relevance cannot start before it.
    pub fn last_passed(&self) -> Option<TensorId> {
        self.passed().max()
    }

    fn passed(&self) -> impl Iterator<Item = TensorId> {
        self.conditions.iter().filter(|condition| condition.through.is_some()).map(|condition| condition.tensor)
    }
}
