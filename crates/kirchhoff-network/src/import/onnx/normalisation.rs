//! Normalisation by what the input has.

use kirchhoff_kernel::Weights;

use super::fault::Result;
use super::importer::{Importer, Operand, Value};
use super::node::Node;
use crate::Activation;
use crate::operators::{Affine, Interpolate, Normalisation, Operator, WeightedSum, elements};

impl Importer<'_> {
    /// Layer normalisation, over the axes from one on.
    pub fn layer_normalization(&mut self, node: &Node, centred: bool) -> Result<Value> {
        if node.outputs().iter().skip(1).any(|output| self.graph.is_used(output)) {
            return Err(
                node.unsupported("has its mean or deviation used, which are not supported; use its result alone")
            );
        }
        let argument = self.operand(node, 0)?;
        let axis = node.axis(node.int("axis", -1)?, argument.dims.len())?;
        let group = elements(&argument.dims[axis..]).unwrap_or(0);
        let epsilon = node.float("epsilon", 1e-5)?;
        self.normalised(node, argument, Groups { group, part: group, channels: group }, centred, epsilon)
    }

    /// Normalisation of groups of channels; of each on its own where there are as many groups.
    pub fn group_normalization(&mut self, node: &Node, instances: bool) -> Result<Value> {
        let argument = self.operand(node, 0)?;
        if !self.has_batch(&argument.dims) {
            return Err(node.malformed(format!("takes channels behind the batch axis, got shape {:?}", argument.dims)));
        }
        let channels = argument.dims[1];
        let groups = match instances {
            true => channels,
            false => usize::try_from(node.int("num_groups", 0)?).unwrap_or(0),
        };
        let size = elements(&argument.dims[1..]).unwrap_or(0);
        if groups == 0 || !channels.is_multiple_of(groups) {
            return Err(node.malformed(format!("has {groups} groups for {channels} channels")));
        }
        let epsilon = node.float("epsilon", 1e-5)?;
        self.normalised(node, argument, Groups { group: size / groups, part: size, channels }, true, epsilon)
    }

    /// Local response normalisation: each value over a power of the squares of those of neighbouring channels.
    pub fn local_response_normalization(&mut self, node: &Node) -> Result<Value> {
        let argument = self.operand(node, 0)?;
        if !self.has_batch(&argument.dims) || argument.dims.len() < 3 {
            return Err(node.malformed(format!("takes an image, got shape {:?}", argument.dims)));
        }
        let size = usize::try_from(node.int("size", 0)?).ok().filter(|&size| size > 0);
        let size = size.ok_or_else(|| node.malformed("has no size, the number of channels to sum over"))?;
        let (alpha, beta, bias) = (node.float("alpha", 1e-4)?, node.float("beta", 0.75)?, node.float("bias", 1.0)?);
        let (name, channels) = (node.name(), argument.dims[1]);
        let square = Operator::Activation(Activation::Power { exponent: 2.0 });
        let squares = self.emit_as(node, format!("{name}.squares"), square, &[argument.node])?;
        let before = (size - 1) / 2;
        let window = |channel: usize| {
            let from = channel.saturating_sub(before);
            let to = channels.min(channel.saturating_add(size - before));
            (from..to).map(|other| (other, alpha / size as f32)).collect()
        };
        self.count(node, channels.saturating_mul(size.min(channels)))?;
        let mut axes: Vec<Option<Vec<WeightedSum>>> = vec![None; argument.dims.len() - 1];
        axes[0] = Some((0..channels).map(window).collect());
        let sums = Operator::Interpolate(Interpolate { axes });
        let sums = self.emit_as(node, format!("{name}.sums"), sums, &[squares])?;
        let (scale, shift) = (self.repeat(node, 1.0, channels)?, self.repeat(node, bias, channels)?);
        let shifted = Operator::Affine(Affine { scale, shift });
        let shifted = self.emit_as(node, format!("{name}.bias"), shifted, &[sums])?;
        let power = Operator::Activation(Activation::Power { exponent: beta });
        let divisor = self.emit_as(node, format!("{name}.power"), power, &[shifted])?;
        let computed = self.emit(node, Operator::Quotient, &[argument.node, divisor])?;
        self.shaped(node, computed, argument.dims)
    }

    fn normalised(
        &mut self,
        node: &Node,
        argument: Operand,
        Groups { group, part, channels }: Groups,
        centred: bool,
        epsilon: f32,
    ) -> Result<Value> {
        let scale = self.optional_constant(node, 1, "scale")?;
        let shift = self.optional_constant(node, 2, "shift")?;
        let parameters: Vec<_> = scale.iter().chain(&shift).collect();
        let name = self.module_name(node, &parameters);
        let mut parameter = |constant: &Option<super::constant::Constant>, default: f32| -> Result<Weights> {
            match constant {
                None => self.repeat(node, default, channels),
                Some(constant) if constant.len() == channels => Ok(constant.to_weights()),
                // Before version 21 group normalisation has one a group.
                Some(constant) if constant.len() > 0 && channels.is_multiple_of(constant.len()) => {
                    let each = channels / constant.len();
                    Ok(constant.to_weights().iter().flat_map(|&value| std::iter::repeat_n(value, each)).collect())
                }
                Some(constant) => {
                    Err(node.malformed(format!("has parameters of shape {:?} for {channels} channels", constant.dims)))
                }
            }
        };
        let (scale, shift) = (parameter(&scale, 1.0)?, parameter(&shift, 0.0)?);
        let operator = Operator::Normalisation(Normalisation { group, centred, epsilon, scale, shift, part });
        let computed = self.emit_as(node, name, operator, &[argument.node])?;
        self.shaped(node, computed, argument.dims)
    }
}

/// What is normalised together.
struct Groups {
    /// Values of a group.
    group: usize,
    /// Values of a part, which has all channels.
    part: usize,
    /// Channels of a part.
    channels: usize,
}
