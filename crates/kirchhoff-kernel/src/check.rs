//! Whether wirings that come from elsewhere, a file say, can be walked.

use thiserror::Error;

use crate::{Sliding, View, WindowError, Wiring};

/// Neither sizes nor steps may be larger, so that products of two of them can be computed.
pub(crate) const LARGEST: usize = i32::MAX as usize;

/// The longest side of a window that is longer than the image it slides over: taps beyond the image cost time, and see
/// nothing.
const LONGEST_KERNEL: usize = 1024;

/// Why a wiring cannot be walked.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WiringError {
    /// A size that is 0, or too large to compute with.
    #[error("{what} is {got}, but must be from 1 to {LARGEST}")]
    Size {
        /// Which one.
        what: &'static str,
        /// Its value.
        got: usize,
    },
    /// A repeated wiring that is a repeated one itself.
    #[error("it repeats what is repeated already; repeat that more often")]
    Nested,
    /// More edges than can be counted.
    #[error("it has more edges than can be counted")]
    Edges,
    /// Channels that groups do not divide.
    #[error("{groups} groups do not divide {inputs} channels into {outputs}")]
    Groups {
        /// Number of groups.
        groups: usize,
        /// Source channels.
        inputs: usize,
        /// Destination channels.
        outputs: usize,
    },
    /// A window that does not fit the source.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// A window that makes another image of the source.
    #[error("its windows make an image of {expected:?} from the source, not of {got:?}")]
    Destination {
        /// The destination given.
        got: [usize; 2],
        /// The destination that follows from the window.
        expected: [usize; 2],
    },
    /// A window far larger than the image.
    #[error("a kernel of {kernel} taps is too long for an axis of {length}")]
    Kernel {
        /// Taps along an axis.
        kernel: usize,
        /// Length of the axis.
        length: usize,
    },
    /// A selection that has not one distance an axis.
    #[error("a selection along {axes} axes has {sources} distances of sources and {destinations} of destinations")]
    Axes {
        /// Number of axes.
        axes: usize,
        /// Distances of sources.
        sources: usize,
        /// Distances of destinations.
        destinations: usize,
    },
    /// A selection that leaves its tensor, or takes more than there is.
    #[error("a selection of {what} leaves the {size} that there are")]
    Selection {
        /// Sources or destinations.
        what: &'static str,
        /// How many there are.
        size: usize,
    },
}

impl Wiring {
    /// Whether the wiring joins neurons that there are, and can be walked in time in its edges and neurons.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), WiringError> {
        match self {
            Wiring::Dense { inputs, outputs } => {
                size("the number of sources", *inputs)?;
                size("the number of destinations", *outputs)
            }
            Wiring::Convolution(sliding) => sliding.check(),
            Wiring::Pool(sliding) => {
                let Sliding { inputs, outputs, groups, .. } = *sliding;
                // Each channel on its own.
                if groups != inputs || outputs != inputs {
                    return Err(WiringError::Groups { groups, inputs, outputs });
                }
                sliding.check()
            }
            Wiring::Identity { size: neurons } => size("the number of neurons", *neurons),
            Wiring::View(view) => view.check(),
            Wiring::Repeated { count, wiring } => {
                size("the number of repetitions", *count)?;
                // A repetition of repetitions is one: what is nested without end is not followed.
                if matches!(**wiring, Wiring::Repeated { .. }) {
                    return Err(WiringError::Nested);
                }
                wiring.check()?;
                for neurons in [wiring.sources(), wiring.destinations()] {
                    neurons.checked_mul(*count).filter(|&neurons| neurons <= LARGEST).ok_or(WiringError::Edges)?;
                }
                wiring.edges().checked_mul(*count as u64).map(|_| ()).ok_or(WiringError::Edges)
            }
            // They were checked when they were made.
            Wiring::Axes(_) => Ok(()),
        }
    }
}

impl Sliding {
    fn check(&self) -> Result<(), WiringError> {
        let Sliding { window, inputs, outputs, groups, source, destination } = *self;
        for (what, values) in [
            ("a number of channels or groups", &[inputs, outputs, groups][..]),
            ("a side of an image", &[source[0], source[1], destination[0], destination[1]]),
            ("a side of the kernel", &window.kernel),
            ("a stride", &window.stride),
            ("a dilation", &window.dilation),
        ] {
            values.iter().try_for_each(|&value| size(what, value))?;
        }
        // One more than a padding, which may be 0.
        window.padding.as_flattened().iter().try_for_each(|&value| size("a padding", value.saturating_add(1)))?;
        if !inputs.is_multiple_of(groups) || !outputs.is_multiple_of(groups) {
            return Err(WiringError::Groups { groups, inputs, outputs });
        }
        for (kernel, length) in window.kernel.into_iter().zip(source) {
            if kernel > length.max(LONGEST_KERNEL) {
                return Err(WiringError::Kernel { kernel, length });
            }
        }
        let expected = window.output(source)?;
        if expected != destination {
            return Err(WiringError::Destination { got: destination, expected });
        }
        let product = |factors: &[usize]| factors.iter().map(|&factor| factor as u128).product::<u128>();
        let fan_in = product(&[inputs / groups, window.kernel[0], window.kernel[1]]);
        let neurons = [product(&[inputs, source[0], source[1]]), product(&[outputs, destination[0], destination[1]])];
        let countable = fan_in <= u128::from(u32::MAX)
            && neurons.iter().all(|&neurons| neurons <= LARGEST as u128)
            && fan_in * neurons[1] <= i64::MAX as u128;
        if countable { Ok(()) } else { Err(WiringError::Edges) }
    }
}

impl View {
    fn check(&self) -> Result<(), WiringError> {
        size("the number of sources", self.source_size)?;
        size("the number of destinations", self.destination_size)?;
        let (axes, sources, destinations) =
            (self.shape.len(), self.source_strides.len(), self.destination_strides.len());
        if axes != sources || axes != destinations {
            return Err(WiringError::Axes { axes, sources, destinations });
        }
        self.shape.iter().try_for_each(|&length| size("a length of the selection", length))?;
        // No destination is selected twice.
        let places = self.shape.iter().try_fold(1usize, |product, &length| product.checked_mul(length));
        if places.is_none_or(|places| places > self.destination_size) {
            return Err(WiringError::Selection { what: "destinations", size: self.destination_size });
        }
        for (what, start, strides, size) in [
            ("sources", self.source_start, &self.source_strides, self.source_size),
            ("destinations", self.destination_start, &self.destination_strides, self.destination_size),
        ] {
            let steps = self.shape.iter().zip(strides).map(|(&length, &stride)| (length as i128 - 1) * stride as i128);
            let start = start as i128;
            let (low, high) = steps.fold((start, start), |(low, high), step| (low + step.min(0), high + step.max(0)));
            if low < 0 || high >= size as i128 {
                return Err(WiringError::Selection { what, size });
            }
        }
        Ok(())
    }
}

pub(crate) fn size(what: &'static str, got: usize) -> Result<(), WiringError> {
    if (1..=LARGEST).contains(&got) { Ok(()) } else { Err(WiringError::Size { what, got }) }
}
