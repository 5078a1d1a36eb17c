//! What convolutions and pools share: windows over images and signals.

use kirchhoff_kernel::{Sliding, Window};

use super::as_image;
use crate::encoding::Encoder;
use crate::export::onnx::{Attribute, ints};

/// A shape that has been checked, as `[channels, height, width]`.
pub(super) fn image(shape: &[usize]) -> [usize; 3] {
    as_image(shape).expect("the shape was checked")
}

/// A window over an image or signal.
pub(super) fn sliding(window: Window, groups: usize, source: &[usize], destination: &[usize]) -> Sliding {
    let ([inputs, sh, sw], [outputs, dh, dw]) = (image(source), image(destination));
    Sliding { window, inputs, outputs, groups, source: [sh, sw], destination: [dh, dw] }
}

/// The shape of a result of so many channels, with as many axes as the argument.
pub(super) fn windowed(argument: &[usize], channels: usize, [height, width]: [usize; 2]) -> Vec<usize> {
    if argument.len() == 2 { vec![channels, width] } else { vec![channels, height, width] }
}

/// Takes a window in.
pub(super) fn encode_window(window: &Window, encoder: &mut Encoder) {
    encoder.counts(&window.kernel);
    encoder.counts(&window.stride);
    encoder.sequence(&window.padding, |encoder, sides| encoder.counts(sides));
    encoder.counts(&window.dilation);
    encoder.flag(window.ceil);
}

/// The axes of a window over a tensor of so many axes: signals have only the second.
pub(super) fn axes(rank: usize) -> std::ops::Range<usize> {
    if rank == 2 { 1..2 } else { 0..2 }
}

/// A window as ONNX writes it.
pub(super) fn attributes(window: &Window, axes: std::ops::Range<usize>) -> Vec<Attribute> {
    let of = |values: [usize; 2]| axes.clone().map(|axis| values[axis] as i64).collect();
    let side = |side: usize| axes.clone().map(move |axis| window.padding[axis][side] as i64);
    vec![
        ints("kernel_shape", of(window.kernel)),
        ints("strides", of(window.stride)),
        ints("dilations", of(window.dilation)),
        ints("pads", side(0).chain(side(1)).collect()),
    ]
}
