//! The geometry of convolutions and pools: which source positions a destination position sees.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A sliding window over an image of `height × width`; index 0 of every pair is the vertical axis.
///
/// One-dimensional windows have a vertical kernel of 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Extent of the window, in taps.
    pub kernel: [usize; 2],
    /// Distance of neighbouring windows.
    pub stride: [usize; 2],
    /// Zero padding before and after each axis.
    pub padding: [[usize; 2]; 2],
    /// Distance of neighbouring taps.
    pub dilation: [usize; 2],
    /// Whether a last window that the border cuts still counts (pools only).
    pub ceil: bool,
}

/// A window that no image, or not the given image, can have.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WindowError {
    /// A kernel extent, stride or dilation is zero.
    #[error("{what} must be at least 1 on both axes, got {value:?}")]
    Zero {
        /// Which of the three.
        what: &'static str,
        /// Its value.
        value: [usize; 2],
    },
    /// The window does not fit into the padded image.
    #[error("a window of {extent} taps does not fit an axis of {length} with padding {padding:?}")]
    TooLarge {
        /// Extent of the dilated window on the offending axis.
        extent: usize,
        /// Length of that axis.
        length: usize,
        /// Its padding.
        padding: [usize; 2],
    },
    /// The numbers are too large to compute with.
    #[error("the window's extent overflows")]
    Overflow,
}

impl Window {
    /// A window of the given kernel with stride 1, no padding and no dilation.
    pub const fn new(kernel: [usize; 2]) -> Self {
        Window { kernel, stride: [1, 1], padding: [[0, 0], [0, 0]], dilation: [1, 1], ceil: false }
    }

    /// The same window with another stride.
    pub const fn with_stride(self, stride: [usize; 2]) -> Self {
        Window { stride, ..self }
    }

    /// The same window with the same padding before and after each axis.
    pub const fn with_padding(self, padding: [usize; 2]) -> Self {
        Window { padding: [[padding[0], padding[0]], [padding[1], padding[1]]], ..self }
    }

    /// The same window with another dilation.
    pub const fn with_dilation(self, dilation: [usize; 2]) -> Self {
        Window { dilation, ..self }
    }

    /// The number of taps.
    pub const fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// The image that the window makes of one of `height × width`.
    ///
    /// With `ceil`, a last window that the border cuts counts as long as it starts inside the image or the padding
    /// before it (PyTorch's rule, which ONNX follows).
    ///
    /// # Errors
    /// A zero kernel, stride or dilation, or a window larger than the padded image.
    pub fn output(&self, source: [usize; 2]) -> Result<[usize; 2], WindowError> {
        for (what, value) in [("kernel", self.kernel), ("stride", self.stride), ("dilation", self.dilation)] {
            if value.contains(&0) {
                return Err(WindowError::Zero { what, value });
            }
        }
        let mut output = [0; 2];
        for axis in 0..2 {
            let [before, after] = self.padding[axis];
            let (length, stride) = (source[axis], self.stride[axis]);
            let extent = (self.kernel[axis] - 1)
                .checked_mul(self.dilation[axis])
                .and_then(|taps| taps.checked_add(1))
                .ok_or(WindowError::Overflow)?;
            let padded =
                length.checked_add(before).and_then(|sum| sum.checked_add(after)).ok_or(WindowError::Overflow)?;
            if extent > padded {
                return Err(WindowError::TooLarge { extent, length, padding: [before, after] });
            }
            let room = padded - extent;
            output[axis] = room / stride + 1;
            if self.ceil && room % stride != 0 && output[axis] * stride < length + before {
                output[axis] += 1;
            }
        }
        Ok(output)
    }

    /// The source position that tap `tap` of the window at `position` sees on `axis`, if it is inside the image.
    pub fn source(&self, axis: usize, position: usize, tap: usize, length: usize) -> Option<usize> {
        (position * self.stride[axis] + tap * self.dilation[axis])
            .checked_sub(self.padding[axis][0])
            .filter(|&source| source < length)
    }
}
