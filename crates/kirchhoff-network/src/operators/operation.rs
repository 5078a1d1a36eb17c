//! What an operator says about itself: all that the rest of the workspace knows of it.

use kirchhoff_kernel::{Values, Weights, Wiring};

use super::{LayerKind, Operator, ShapeError, Shapes, Step};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::Export;
use crate::fold::PerChannel;

/// One operator. Each lives in a file of its own and implements this; [`Operator`] passes every call on.
///
/// Methods with a default have one that is right, if not always quick, for an operator that knows nothing of what the
/// method is about: nothing is folded into it, and no neuron before it is removed.
pub(crate) trait Operation {
    /// Its name in messages and docs.
    fn name(&self) -> &'static str;

    /// How rules tell it from others.
    fn kind(&self) -> LayerKind;

    /// Takes everything in that it computes with. Stored circuits know networks by this: it begins with a name that no
    /// other operator has, and never changes.
    fn encode(&self, encoder: &mut Encoder);

    /// The shape of the result on arguments of the given shapes. Whether it is empty or too large is checked elsewhere.
    ///
    /// # Errors
    /// Arguments or parameters that do not fit.
    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError>;

    /// Computes the result of a batch of executions.
    ///
    /// # Errors
    /// Values that cannot be computed, or cancellation.
    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError>;

    /// Whether finite arguments always make a finite result, or [`run`](Operation::run) itself refuses others.
    fn is_bounded(&self) -> bool {
        false
    }

    /// The edges into the result, by argument. An argument may have several links, or none: relevance does not go to it
    /// then.
    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link>;

    /// What is added to each channel of the result, if anything is.
    fn bias(&self) -> Option<&Weights> {
        None
    }

    /// Neurons of a part of the result that has all channels of the bias; the whole, unless these repeat.
    fn bias_part(&self, shapes: &Shapes<'_>) -> usize {
        shapes.size()
    }

    /// What the weights into each destination neuron are multiplied by in a batch of executions, where that depends on the
    /// values of the arguments, which are given.
    fn factors(&self, _arguments: &[&Values], _shapes: &Shapes<'_>) -> Option<Vec<f32>> {
        None
    }

    /// What the sum over the edges into each neuron is divided by, of an operator that averages or may be treated so.
    fn divisors(&self, _wiring: &Wiring) -> Option<Vec<f32>> {
        None
    }

    /// Its parameters, for a result of so many axes.
    fn parameters(&self, _rank: usize) -> Vec<Parameter<'_>> {
        Vec::new()
    }

    /// Whether the result is the argument itself, so that it can be left out.
    fn is_identity(&self, _shapes: &Shapes<'_>) -> bool {
        false
    }

    /// Whether each value of the result is a function of the one at the same place of its only argument.
    fn keeps_places(&self) -> bool {
        false
    }

    /// Whether what it computes says which of others to take, and is a constant of an execution whatever it is computed from.
    fn is_condition(&self) -> bool {
        false
    }

    /// Whether what it computes is a gate: a share by which others are multiplied.
    fn is_gate(&self) -> bool {
        false
    }

    /// Whether it makes probabilities of logits, from which explanations start where it is the last.
    fn is_probability(&self) -> bool {
        false
    }

    /// Whether its result is a gate where its only argument is one.
    fn keeps_gates(&self) -> bool {
        false
    }

    /// Whether it puts its arguments one after the other.
    fn is_concatenation(&self) -> bool {
        false
    }

    /// Whether it only gives its argument another shape, of which the last of several counts.
    fn is_reshape(&self) -> bool {
        false
    }

    /// The per-channel multiply-add that it is, if it is one.
    fn per_channel(&self) -> Option<PerChannel> {
        None
    }

    /// Whether a multiply-add on one side of it can become part of its weights, exactly.
    fn absorbs(&self, _affine: &PerChannel, _side: Side) -> bool {
        false
    }

    /// Itself with multiply-adds of its argument and of its result in its weights, which it said that it
    /// [absorbs](Operation::absorbs); `None` if it absorbs none.
    fn absorbed(&self, _before: Option<&PerChannel>, _after: Option<&PerChannel>) -> Option<Operator> {
        None
    }

    /// Itself with a multiply-add of the runs of its result in it, whatever axes these runs are along: where it normalises.
    fn regrouped(&self, _affine: &PerChannel, _size: usize) -> Option<Operator> {
        None
    }

    /// A multiply-add on one side of it, as the one on its other side that has the same effect; `None` if there is none.
    /// `from` and `to` are the shapes on the two sides, in either direction.
    fn carry(&self, _affine: &PerChannel, _from: &[usize], _to: &[usize]) -> Option<PerChannel> {
        None
    }

    /// The number of neurons, or filters, that can be removed from it.
    fn neurons(&self) -> Option<usize> {
        None
    }

    /// What it does where some of the `neurons` equal parts of its argument are 0 because they were removed.
    fn pruning(&self, _neurons: usize) -> Pruning {
        Pruning::Refuses
    }

    /// Itself with those of its neurons that are kept; `None` if it has none.
    fn with_results(&self, _kept: &[bool]) -> Option<Operator> {
        None
    }

    /// Itself on an argument of which only some parts are kept; `None` if it is the same then.
    fn with_sources(&self, _kept: &[bool]) -> Option<Operator> {
        None
    }

    /// Adds the ONNX nodes that compute it to a file.
    fn export(&self, export: &mut Export<'_>);
}

/// Edges from one argument of an operator to its result.
#[derive(Clone, Debug)]
pub struct Link {
    /// Which argument, from 0.
    pub argument: usize,
    /// The edges.
    pub wiring: Wiring,
    /// Their weights.
    pub weights: LinkWeights,
}

/// The weights of a link.
#[derive(Clone, Debug)]
pub enum LinkWeights {
    /// All are 1.
    One,
    /// Parameters.
    Shared(Weights),
    /// The values of an argument, by its number.
    Argument(usize),
    /// 1 where an argument, by its number, is not 0, and 0 elsewhere; or, unless it `holds`, the other way round.
    Where {
        /// The argument.
        condition: usize,
        /// Whether the weight is 1 where the argument is not 0.
        holds: bool,
    },
    /// Of the result `s` of a softmax: `1 − s[i]` from source `i` to its own place, and `−s[i]` to the others.
    Softmax,
}

impl Link {
    /// Edges of weight 1 from the first argument.
    pub(crate) fn new(wiring: Wiring) -> Self {
        Link { argument: 0, wiring, weights: LinkWeights::One }
    }

    /// The same edges with weights.
    pub(crate) fn weighted(self, weights: &Weights) -> Self {
        Link { weights: LinkWeights::Shared(weights.clone()), ..self }
    }
}

/// A tensor that an operator computes with.
pub(crate) struct Parameter<'a> {
    /// How messages speak of it: `weights`, `bias`.
    pub name: &'static str,
    /// How files name it, behind the name of the layer and a dot: `weight`, `bias`.
    pub tensor: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values, in row-major order.
    pub values: &'a Weights,
}

/// A side of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// That of its argument.
    Before,
    /// That of its result.
    After,
}

/// What an operator does with parts of its argument that are 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pruning {
    /// It has weights for each part, and loses those of the parts that are gone.
    Weighs,
    /// The same parts of its result are 0, and go as well.
    Passes,
    /// It needs all parts.
    Refuses,
}
