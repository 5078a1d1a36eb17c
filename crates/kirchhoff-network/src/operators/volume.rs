//! Convolutions of any number of axes, and transposed ones.

use kirchhoff_kernel::{Axes, Axis, AxisEdges, AxisWindows, Values, Weights, WindowError, Wiring};

use super::operation::LinkWeights;
use super::{
    LayerKind, Link, Operation, Operator, Parameter, ShapeError, Shapes, Side, Step, check_parameter, mismatch, only,
};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, int, ints};
use crate::fold::PerChannel;

/// A convolution over one to three axes behind that of channels, or a transposed one, which spreads each value over a window.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Source channels.
    pub inputs: usize,
    /// Destination channels.
    pub outputs: usize,
    /// Number of groups.
    pub groups: usize,
    /// The window along each axis.
    pub axes: Vec<VolumeAxis>,
    /// Whether it is transposed.
    pub transposed: bool,
    /// `[outputs, inputs / groups, …]`, or `[inputs, outputs / groups, …]` where it is transposed.
    pub weights: Weights,
    /// One summand a destination channel, if any.
    pub bias: Option<Weights>,
}

/// A window along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeAxis {
    /// Taps.
    pub kernel: usize,
    /// Distance of neighbouring windows.
    pub stride: usize,
    /// Distance of neighbouring taps.
    pub dilation: usize,
    /// Padding before and after; what a transposed convolution leaves out of its result there.
    pub padding: [usize; 2],
    /// What a transposed convolution adds to its result at the end.
    pub output_padding: usize,
}

impl VolumeAxis {
    /// The length of the result along the axis.
    fn output(&self, length: usize, transposed: bool) -> Result<usize, ShapeError> {
        let overflow = || ShapeError::Window(WindowError::Overflow);
        if self.kernel == 0 || self.stride == 0 || self.dilation == 0 {
            let value = [self.kernel.min(self.dilation), self.stride];
            return Err(WindowError::Zero { what: "kernel, stride and dilation", value }.into());
        }
        let extent = (self.kernel - 1).checked_mul(self.dilation).and_then(|extent| extent.checked_add(1));
        let extent = extent.ok_or_else(overflow)?;
        let padding = self.padding[0].checked_add(self.padding[1]).ok_or_else(overflow)?;
        let too_large = || ShapeError::Window(WindowError::TooLarge { extent, length, padding: self.padding });
        if transposed {
            let whole = (length - 1).checked_mul(self.stride).and_then(|whole| whole.checked_add(extent));
            let whole = whole.and_then(|whole| whole.checked_add(self.output_padding)).ok_or_else(overflow)?;
            return whole.checked_sub(padding).filter(|&length| length > 0).ok_or_else(too_large);
        }
        let padded = length.checked_add(padding).ok_or_else(overflow)?;
        padded.checked_sub(extent).map(|rest| rest / self.stride + 1).ok_or_else(too_large)
    }
}

impl Volume {
    fn taps(&self) -> usize {
        self.axes.iter().map(|axis| axis.kernel).product()
    }

    fn wiring(&self, shapes: &Shapes<'_>) -> Wiring {
        let [from, to] = [shapes.first(), shapes.result].map(super::strides);
        let step = |strides: &[isize], axis: usize| strides[axis] as usize;
        let (inputs, outputs, taps) = (self.inputs / self.groups, self.outputs / self.groups, self.taps());
        let weights = if self.transposed { [outputs * taps, taps] } else { [taps, inputs * taps] };
        let mut axes = vec![
            Axis {
                source_step: inputs * step(&from, 0),
                destination_step: outputs * step(&to, 0),
                edges: AxisEdges::Same { length: self.groups, weight: inputs * outputs * taps },
            },
            Axis {
                source_step: step(&from, 0),
                destination_step: step(&to, 0),
                edges: AxisEdges::All { sources: inputs, destinations: outputs, weights },
            },
        ];
        for (number, axis) in self.axes.iter().enumerate() {
            let (source, destination) = (shapes.first()[number + 1], shapes.result[number + 1]);
            let (seen, windows) = if self.transposed { (destination, source) } else { (source, destination) };
            let windows = AxisWindows {
                seen,
                windows,
                kernel: axis.kernel,
                stride: axis.stride,
                dilation: axis.dilation,
                padding: axis.padding[0],
                weight: self.axes[number + 1..].iter().map(|axis| axis.kernel).product(),
            };
            axes.push(Axis {
                source_step: step(&from, number + 1),
                destination_step: step(&to, number + 1),
                edges: if self.transposed { AxisEdges::Spread(windows) } else { AxisEdges::Windows(windows) },
            });
        }
        Wiring::Axes(Axes::new(axes, self.weights.len()).expect("windows were checked with the shape"))
    }
}

impl Operation for Volume {
    fn name(&self) -> &'static str {
        if self.transposed { "transposed convolution" } else { "convolution" }
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Convolution
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("volume");
        encoder.counts(&[self.inputs, self.outputs, self.groups]);
        encoder.sequence(&self.axes, |encoder, axis| {
            let VolumeAxis { kernel, stride, dilation, padding: [before, after], output_padding } = *axis;
            encoder.counts(&[kernel, stride, dilation, before, after, output_padding]);
        });
        encoder.flag(self.transposed);
        encoder.values(&self.weights);
        encoder.optional_values(self.bias.as_ref());
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let argument = only(arguments)?;
        let divides = |channels: usize| self.groups > 0 && channels.is_multiple_of(self.groups);
        if argument.len() != self.axes.len() + 1 || argument[0] != self.inputs || !divides(self.inputs) {
            return mismatch(format!("{} channels of {} axes", self.inputs, self.axes.len()), argument);
        }
        if !divides(self.outputs) {
            return mismatch(format!("{} groups that divide {} channels", self.groups, self.outputs), argument);
        }
        let expected = super::elements(&[self.inputs / self.groups, self.outputs, self.taps()]).unwrap_or(0);
        check_parameter("weights", expected, Some(&self.weights))?;
        check_parameter("bias", self.outputs, self.bias.as_ref())?;
        let mut shape = vec![self.outputs];
        for (axis, &length) in self.axes.iter().zip(&argument[1..]) {
            shape.push(axis.output(length, self.transposed)?);
        }
        Ok(shape)
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.linear(&self.links(&step.shapes)[0], self.bias.as_ref())?)
    }

    fn links(&self, shapes: &Shapes<'_>) -> Vec<Link> {
        let weights = LinkWeights::Shared(self.weights.clone());
        vec![Link { argument: 0, wiring: self.wiring(shapes), weights }]
    }

    fn bias(&self) -> Option<&Weights> {
        self.bias.as_ref()
    }

    fn parameters(&self, _rank: usize) -> Vec<Parameter<'_>> {
        let channels = match self.transposed {
            true => [self.inputs, self.outputs / self.groups],
            false => [self.outputs, self.inputs / self.groups],
        };
        let shape = channels.into_iter().chain(self.axes.iter().map(|axis| axis.kernel)).collect();
        let weights = Parameter { name: "weights", tensor: "weight", shape, values: &self.weights };
        let bias = |values| Parameter { name: "bias", tensor: "bias", shape: vec![self.outputs], values };
        std::iter::once(weights).chain(self.bias.as_ref().map(bias)).collect()
    }

    fn absorbs(&self, _affine: &PerChannel, side: Side) -> bool {
        side == Side::After
    }

    fn absorbed(&self, _before: Option<&PerChannel>, after: Option<&PerChannel>) -> Option<Operator> {
        let after = after?;
        let (taps, outputs) = (self.taps(), self.outputs / self.groups);
        // The destination channel of each weight.
        let channel = |weight: usize| match self.transposed {
            true => {
                let input = weight / (outputs * taps);
                input / (self.inputs / self.groups) * outputs + weight / taps % outputs
            }
            false => weight / (self.inputs / self.groups * taps),
        };
        let weights = self.weights.iter().enumerate();
        let weights = weights.map(|(place, &weight)| (after.at(channel(place)).0 * f64::from(weight)) as f32).collect();
        let old = |output: usize| self.bias.as_ref().map_or(0.0, |bias| f64::from(bias[output]));
        let new = |output: usize| {
            let (scale, shift) = after.at(output);
            (scale * old(output) + shift) as f32
        };
        let bias: Weights = (0..self.outputs).map(new).collect();
        let bias = (self.bias.is_some() || bias.iter().any(|&bias| bias != 0.0)).then_some(bias);
        Some(Operator::Volume(Volume { weights, bias, ..self.clone() }))
    }

    fn export(&self, export: &mut Export<'_>) {
        let mut inputs = export.first();
        for parameter in self.parameters(self.axes.len() + 1) {
            inputs.push(export.floats(parameter.tensor, &parameter.shape, parameter.values));
        }
        let of = |value: fn(&VolumeAxis) -> usize| self.axes.iter().map(|axis| value(axis) as i64).collect::<Vec<_>>();
        let pads = [of(|axis| axis.padding[0]), of(|axis| axis.padding[1])].concat();
        let mut attributes = vec![
            ints("kernel_shape", of(|axis| axis.kernel)),
            ints("strides", of(|axis| axis.stride)),
            ints("dilations", of(|axis| axis.dilation)),
            ints("pads", pads),
            int("group", self.groups as i64),
        ];
        if self.transposed {
            attributes.push(ints("output_padding", of(|axis| axis.output_padding)));
        }
        export.result(if self.transposed { "ConvTranspose" } else { "Conv" }, inputs, attributes);
    }
}
