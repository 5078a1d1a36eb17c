//! The canonical form: the network that explanations run on.
//!
//! It computes the logits of the original with as few layers as that takes: nothing that only forwards its
//! argument is left, and every per-channel multiply-add that a neighbouring linear layer can absorb is part of it.

use std::collections::HashMap;

use crate::fold::{Folded, PerChannel};
use crate::network::{Network, NetworkBuilder, NetworkError, NodeId};
use crate::operators::{Operator, Shapes, elements};

/// The canonical form of a network.
///
/// - Dropout disappears, and so does whatever changes nothing: a reshape to the same shape, a border of width 0, a slice
///   of everything, a transposition that keeps the order, a concatenation of one argument, an affine layer that is the
///   identity. Consecutive reshapes merge.
/// - A softmax, log-softmax or sigmoid at the output disappears; reshapes may follow it. The output is the tensor before it.
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
    output: usize,
}

struct Step {
    name: String,
    operation: Operation,
    arguments: Vec<usize>,
    shape: Vec<usize>,
    /// The name of the result in the model file.
    tensor: Option<String>,
}

enum Operation {
    /// The network's input.
    Input,
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
            operation: match node.operator.operation().per_channel() {
                _ if id == network.input() => Operation::Input,
                Some(affine) => Operation::Affine(Box::new(affine)),
                None => Operation::Other(Box::new(Folded::new(node.operator.clone()))),
            },
            arguments: network.arguments(id).iter().map(|argument| positions[argument]).collect(),
            shape: node.shape.clone(),
            tensor: node.tensor.clone(),
        };
        let nodes: Vec<Step> = network.nodes().map(step).collect();
        let mut users = vec![Vec::new(); nodes.len()];
        for (user, step) in nodes.iter().enumerate() {
            step.arguments.iter().for_each(|&argument| users[argument].push(user));
        }
        Draft { nodes, users, output: positions[&network.output()] }
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
            Operation::Input | Operation::Removed => false,
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
            Operation::Input | Operation::Removed => false,
        }
    }

    /// The operator of a node, if it is neither the input nor a multiply-add.
    fn operator(&self, node: usize) -> Option<&Folded> {
        match &self.nodes[node].operation {
            Operation::Other(folded) => Some(folded),
            Operation::Input | Operation::Affine(_) | Operation::Removed => None,
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
        if self.output == node {
            self.output = argument;
        }
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
            [user] if self.output != node => Some(user),
            _ => None,
        }
    }

    fn merge_reshapes(&mut self, node: usize) -> bool {
        let before = self.nodes[node].arguments[0];
        if !self.is_reshape(before) {
            return false;
        }
        let argument = self.nodes[before].arguments[0];
        self.leave(node, before);
        self.nodes[node].arguments[0] = argument;
        self.users[argument].push(node);
        if self.output != before && self.users[before].is_empty() {
            self.remove(before);
        }
        true
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
        loop {
            if self.only_user(before) != Some(user) {
                return false;
            }
            match &mut self.nodes[before].operation {
                Operation::Affine(earlier) => {
                    **earlier = earlier.then(&affine);
                    break;
                }
                Operation::Other(folded) => {
                    if folded.follow(&affine) {
                        break;
                    }
                    let step = &self.nodes[before];
                    let Some(&argument) = step.arguments.first() else { return false };
                    // Group normalisation is written with a reshape behind it.
                    if self.is_reshape(before)
                        && self.only_user(argument) == Some(before)
                        && self.regroup(argument, &affine)
                    {
                        break;
                    }
                    let step = &self.nodes[before];
                    let (from, to) = (&step.shape, &self.nodes[argument].shape);
                    let Some(carried) = self.carried(before, &affine, from, to) else { return false };
                    (affine, user, before) = (carried, before, argument);
                }
                Operation::Input | Operation::Removed => return false,
            }
        }
        // What the layer computes now is what the affine node did, unless it lies behind something between them.
        if self.nodes[node].arguments[0] == before {
            self.nodes[before].tensor = self.nodes[node].tensor.take();
        }
        self.bypass(node);
        true
    }

    /// Folds an affine node into the linear layer after it.
    fn fold_forward(&mut self, node: usize) -> bool {
        let Operation::Affine(affine) = &self.nodes[node].operation else { return false };
        let mut affine = PerChannel::clone(affine);
        let mut last = node;
        loop {
            let Some(user) = self.only_user(last) else { return false };
            match &mut self.nodes[user].operation {
                Operation::Other(folded) => {
                    if folded.precede(&affine) {
                        break;
                    }
                    let (from, to) = (&self.nodes[last].shape, &self.nodes[user].shape);
                    let Some(carried) = self.carried(user, &affine, from, to) else { return false };
                    (affine, last) = (carried, user);
                }
                // Two affine layers merge from the second one's side.
                Operation::Affine(_) | Operation::Input | Operation::Removed => return false,
            }
        }
        self.bypass(node);
        true
    }

    /// Removes a softmax or sigmoid that only reshapes separate from the output.
    fn drop_probability(&mut self) -> bool {
        let mut node = self.output;
        while self.is_reshape(node) {
            node = self.nodes[node].arguments[0];
        }
        let found = self.is_probability(node);
        if found {
            self.bypass(node);
        }
        found
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
                Operation::Input => builder.input(step.name, &step.shape)?,
                Operation::Affine(affine) => builder.add(step.name, Operator::Affine(affine.rounded()), &arguments)?,
                Operation::Other(folded) => builder.add(step.name, folded.finish(), &arguments)?,
            };
            if let Some(tensor) = step.tensor {
                builder.name_tensor(id, tensor);
            }
            debug_assert_eq!(elements(builder.shape(id)), elements(&step.shape));
            built.push(Some(id));
        }
        builder.finish(built[self.output].expect("the output was not removed"))
    }
}
