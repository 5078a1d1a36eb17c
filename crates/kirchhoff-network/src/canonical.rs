//! The canonical form: the network that explanations run on.
//!
//! It computes the logits of the original with as few layers as that takes: nothing that only forwards its
//! argument is left, and every per-channel multiply-add that a neighbouring linear layer can absorb is part of it.

use std::collections::HashMap;

use crate::fold::{Folded, PerChannel};
use crate::network::{Network, NetworkBuilder, NetworkError, NodeId};
use crate::operators::{Input, Operator, Shapes, elements};

/// The canonical form of a network.
///
/// - Dropout disappears, and so does whatever changes nothing: a reshape to the same shape, a border of width 0, a slice
///   of everything, a transposition that keeps the order, a concatenation of one argument, an affine layer that is the
///   identity. Consecutive reshapes merge.
/// - A softmax, log-softmax or sigmoid at an output disappears, unless something else takes it too; reshapes may follow it. The
///   output is the tensor before it.
/// - Consecutive affine layers merge. An affine layer is folded into the dense layer or convolution right before it when
///   that has no other user, else into the one right after it when the affine layer has no other user. Reshapes, and
///   borders of zeros where the affine layer does not shift, may lie between. A shift is not folded into a zero-padded
///   convolution after it, for it would not be exact. The linear layer keeps its name; merged layers keep the first's.
///
/// New weights are computed in f64 from all that is folded into a layer, and rounded once. Layers that nothing is folded
/// into share their weights with the original.
///
/// # Errors
/// A folded weight that exceeds the range of f32.
///
/// # Complexity
/// Time linear in the number of layers, but for multiply-adds that pass through chains of others, plus linear in the number of weights that change. Space for these weights.
pub fn canonical(network: &Network) -> Result<Network, NetworkError> {
    let mut draft = Draft::new(network);
    while draft.rewrite() {}
    draft.finish()
}

/// A network whose nodes are being rewritten.
struct Draft {
    /// Arguments come first.
    nodes: Vec<Step>,
    /// The nodes that take each node's result, once for each argument.
    users: Vec<Vec<usize>>,
    outputs: Vec<usize>,
}

struct Step {
    name: String,
    operation: Operation,
    arguments: Vec<usize>,
    shape: Vec<usize>,
    /// The name of the result in the model file.
    tensor: Option<String>,
    /// The names of the layers that were folded into it.
    folded: Vec<String>,
}

enum Operation {
    /// An input of the network.
    Input(Input),
    /// A multiply-add that merges with others, unrounded.
    Affine(Box<PerChannel>),
    /// Any other operator.
    Other(Box<Folded>),
    /// A node that was removed; it has no arguments and no users.
    Removed,
}

impl Draft {
    fn new(network: &Network) -> Self {
        let positions: HashMap<NodeId, usize> =
            network.nodes().enumerate().map(|(position, (id, _))| (id, position)).collect();
        let step = |(id, node): (NodeId, &crate::Node)| Step {
            name: node.name.clone(),
            operation: match (&node.operator, node.operator.operation().per_channel()) {
                (Operator::Input(input), _) => Operation::Input(*input),
                (_, Some(affine)) => Operation::Affine(Box::new(affine)),
                (other, None) => Operation::Other(Box::new(Folded::new(other.clone()))),
            },
            arguments: network.arguments(id).iter().map(|argument| positions[argument]).collect(),
            shape: node.shape.clone(),
            tensor: node.tensor.clone(),
            folded: node.folded.clone(),
        };
        let nodes: Vec<Step> = network.nodes().map(step).collect();
        let mut users = vec![Vec::new(); nodes.len()];
        for (user, step) in nodes.iter().enumerate() {
            step.arguments.iter().for_each(|&argument| users[argument].push(user));
        }
        Draft { nodes, users, outputs: network.outputs().iter().map(|output| positions[output]).collect() }
    }

    /// Tries every rewrite once at every node; whether one of them applied.
    fn rewrite(&mut self) -> bool {
        let mut changed = self.drop_probability();
        for node in 0..self.nodes.len() {
            changed |= self.simplify(node);
        }
        changed
    }

    /// Tries every rewrite at one node; whether one of them applied.
    fn simplify(&mut self, node: usize) -> bool {
        if self.forwards(node) {
            self.bypass(node);
            return true;
        }
        match &self.nodes[node].operation {
            Operation::Affine(_) => self.fold_backward(node) || self.fold_forward(node),
            Operation::Other(folded) => folded.operation().is_reshape() && self.merge_reshapes(node),
            Operation::Input(_) | Operation::Removed => false,
        }
    }

    /// Whether a node's result is its argument.
    fn forwards(&self, node: usize) -> bool {
        let step = &self.nodes[node];
        match &step.operation {
            Operation::Affine(affine) => affine.is_identity(),
            Operation::Other(folded) => {
                let arguments: Vec<&[usize]> =
                    step.arguments.iter().map(|&argument| &self.nodes[argument].shape[..]).collect();
                folded.operation().is_identity(&Shapes { arguments: &arguments, result: &step.shape })
            }
            Operation::Input(_) | Operation::Removed => false,
        }
    }

    /// The operator of a node, if it is neither the input nor a multiply-add.
    fn operator(&self, node: usize) -> Option<&Folded> {
        match &self.nodes[node].operation {
            Operation::Other(folded) => Some(folded),
            Operation::Input(_) | Operation::Affine(_) | Operation::Removed => None,
        }
    }

    fn is_reshape(&self, node: usize) -> bool {
        self.operator(node).is_some_and(|folded| folded.operation().is_reshape())
    }

    fn is_probability(&self, node: usize) -> bool {
        self.operator(node).is_some_and(|folded| folded.operation().is_probability())
    }

    /// Removes a node of one argument; its users take the argument.
    fn bypass(&mut self, node: usize) {
        let argument = self.nodes[node].arguments[0];
        let users = std::mem::take(&mut self.users[node]);
        for &user in &users {
            for taken in self.nodes[user].arguments.iter_mut().filter(|taken| **taken == node) {
                *taken = argument;
            }
        }
        self.outputs.iter_mut().filter(|output| **output == node).for_each(|output| *output = argument);
        self.remove(node);
        self.users[argument].extend(users);
    }

    /// Removes a node that has no users.
    fn remove(&mut self, node: usize) {
        for argument in std::mem::take(&mut self.nodes[node].arguments) {
            self.leave(node, argument);
        }
        self.nodes[node].operation = Operation::Removed;
    }

    /// One user of a node less, for one of its arguments.
    fn leave(&mut self, user: usize, argument: usize) {
        let users = &mut self.users[argument];
        if let Some(at) = users.iter().position(|&other| other == user) {
            users.swap_remove(at);
        }
    }

    /// The one node that takes a node's result, if it is one, which being the output is not.
    fn only_user(&self, node: usize) -> Option<usize> {
        match self.users[node][..] {
            [user] if !self.outputs.contains(&node) => Some(user),
            _ => None,
        }
    }

    /// Merges a reshape with one before it, if nothing else takes that: else part of its relevance would pass it by.
    fn merge_reshapes(&mut self, node: usize) -> bool {
        let before = self.nodes[node].arguments[0];
        let merges = self.is_reshape(before) && self.only_user(before) == Some(node);
        if merges {
            self.bypass(before);
        }
        merges
    }

    /// A multiply-add on one side of a node of one argument, as one on its other side.
    fn carried(&self, node: usize, affine: &PerChannel, from: &[usize], to: &[usize]) -> Option<PerChannel> {
        match self.nodes[node].arguments[..] {
            [_] => self.operator(node)?.operation().carry(affine, from, to),
            _ => None,
        }
    }

    /// Folds a multiply-add of runs of values into a node that takes any runs; whether it does.
    fn regroup(&mut self, node: usize, affine: &PerChannel) -> bool {
        let size = elements(&self.nodes[node].shape);
        let Operation::Other(folded) = &mut self.nodes[node].operation else { return false };
        match size.and_then(|size| folded.operation().regrouped(affine, size)) {
            Some(operator) => {
                **folded = Folded::new(operator);
                true
            }
            None => false,
        }
    }

    /// Folds an affine node into the linear or affine layer before it.
    fn fold_backward(&mut self, node: usize) -> bool {
        let Operation::Affine(affine) = &self.nodes[node].operation else { return false };
        let mut affine = PerChannel::clone(affine);
        let (mut user, mut before) = (node, self.nodes[node].arguments[0]);
        let taker = loop {
            if self.only_user(before) != Some(user) {
                return false;
            }
            match &mut self.nodes[before].operation {
                Operation::Affine(earlier) => {
                    **earlier = earlier.then(&affine);
                    break before;
                }
                Operation::Other(folded) => {
                    if folded.follow(&affine) {
                        break before;
                    }
                    let step = &self.nodes[before];
                    let Some(&argument) = step.arguments.first() else { return false };
                    // Group normalisation is written with a reshape behind it.
                    if self.is_reshape(before)
                        && self.only_user(argument) == Some(before)
                        && self.regroup(argument, &affine)
                    {
                        break argument;
                    }
                    let step = &self.nodes[before];
                    let (from, to) = (&step.shape, &self.nodes[argument].shape);
                    let Some(carried) = self.carried(before, &affine, from, to) else { return false };
                    (affine, user, before) = (carried, before, argument);
                }
                Operation::Input(_) | Operation::Removed => return false,
            }
        };
        // What the layer computes now is what the affine node did, unless it lies behind something between them.
        if self.nodes[node].arguments[0] == before {
            self.nodes[before].tensor = self.nodes[node].tensor.take();
        }
        self.take_in(node, taker);
        self.bypass(node);
        true
    }

    /// Notes that a node is part of another one.
    fn take_in(&mut self, node: usize, other: usize) {
        let step = &mut self.nodes[node];
        let names: Vec<String> = [step.name.clone()].into_iter().chain(std::mem::take(&mut step.folded)).collect();
        self.nodes[other].folded.extend(names);
    }

    /// Folds an affine node into the linear layer after it.
    fn fold_forward(&mut self, node: usize) -> bool {
        let Operation::Affine(affine) = &self.nodes[node].operation else { return false };
        let mut affine = PerChannel::clone(affine);
        let mut last = node;
        let taker = loop {
            let Some(user) = self.only_user(last) else { return false };
            match &mut self.nodes[user].operation {
                Operation::Other(folded) => {
                    if folded.precede(&affine) {
                        break user;
                    }
                    let (from, to) = (&self.nodes[last].shape, &self.nodes[user].shape);
                    let Some(carried) = self.carried(user, &affine, from, to) else { return false };
                    (affine, last) = (carried, user);
                }
                // Two affine layers merge from the second one's side.
                Operation::Affine(_) | Operation::Input(_) | Operation::Removed => return false,
            }
        };
        self.take_in(node, taker);
        self.bypass(node);
        true
    }

    /// Removes softmaxes and sigmoids that only reshapes separate from an output, and that nothing else takes; whether there
    /// were any.
    fn drop_probability(&mut self) -> bool {
        let mut found = false;
        for output in 0..self.outputs.len() {
            let mut node = self.outputs[output];
            let mut is_last = true;
            while self.is_reshape(node) {
                is_last &= node == self.outputs[output] || self.only_user(node).is_some();
                node = self.nodes[node].arguments[0];
            }
            let users = self.users[node].len();
            if self.is_probability(node) && is_last && users <= usize::from(node != self.outputs[output]) {
                self.bypass(node);
                found = true;
            } else {
                found |= is_last && self.drop_pair(node);
            }
        }
        found
    }

    /// Makes the pair of logits `−z` and `z` of a head `1 − p` and `p` of one sigmoid, in either order; whether it is one.
    fn drop_pair(&mut self, node: usize) -> bool {
        let [a, b] = self.nodes[node].arguments[..] else { return false };
        let joins = self.operator(node).is_some_and(|folded| folded.operation().is_concatenation());
        let complement = |draft: &Self, node: usize| match &draft.nodes[node].operation {
            Operation::Affine(affine) => affine.uniform() == Some((-1.0, 1.0)),
            Operation::Input(_) | Operation::Other(_) | Operation::Removed => false,
        };
        let pair = [(a, b), (b, a)].into_iter().find(|&(opposite, sigmoid)| {
            let takes = self.nodes[opposite].arguments == [sigmoid];
            let is_sigmoid = self.is_probability(sigmoid)
                && self.operator(sigmoid).is_some_and(|folded| folded.operation().keeps_places());
            takes && is_sigmoid && complement(self, opposite) && self.users[sigmoid].len() == 2
        });
        let Some((opposite, sigmoid)) = pair.filter(|(opposite, sigmoid)| {
            joins && self.only_user(*opposite) == Some(node) && !self.outputs.contains(sigmoid)
        }) else {
            return false;
        };
        if let Operation::Affine(affine) = &mut self.nodes[opposite].operation {
            **affine = affine.without_shift();
        }
        self.bypass(sigmoid);
        true
    }

    fn finish(self) -> Result<Network, NetworkError> {
        let mut builder = NetworkBuilder::new();
        let mut built: Vec<Option<NodeId>> = Vec::with_capacity(self.nodes.len());
        for step in self.nodes {
            let arguments: Vec<NodeId> = step.arguments.iter().filter_map(|&argument| built[argument]).collect();
            let id = match step.operation {
                Operation::Removed => {
                    built.push(None);
                    continue;
                }
                Operation::Input(input) => builder.input_of(input, step.name, &step.shape)?,
                Operation::Affine(affine) => builder.add(step.name, Operator::Affine(affine.rounded()), &arguments)?,
                Operation::Other(folded) => builder.add(step.name, folded.finish(), &arguments)?,
            };
            if let Some(tensor) = step.tensor {
                builder.name_tensor(id, tensor);
            }
            builder.name_folded(id, step.folded);
            debug_assert_eq!(elements(builder.shape(id)), elements(&step.shape));
            built.push(Some(id));
        }
        let outputs: Vec<NodeId> =
            self.outputs.iter().map(|&output| built[output].expect("an output is not removed")).collect();
        builder.finish_all(&outputs)
    }
}
