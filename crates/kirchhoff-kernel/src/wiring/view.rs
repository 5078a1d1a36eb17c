//! Regular selections: slices, transpositions, padding, concatenation.

use serde::{Deserialize, Serialize};

use super::Run;

/// `destination[destination_start + i · destination_strides] = source[source_start + i · source_strides]` for every
/// index `i` within `shape`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// How many positions along each axis.
    pub shape: Vec<usize>,
    /// Flat position of the first source neuron.
    pub source_start: usize,
    /// Flat distance of neighbouring source neurons along each axis.
    pub source_strides: Vec<isize>,
    /// Number of source neurons.
    pub source_size: usize,
    /// Flat position of the first destination neuron.
    pub destination_start: usize,
    /// Flat distance of neighbouring destination neurons along each axis.
    pub destination_strides: Vec<isize>,
    /// Number of destination neurons.
    pub destination_size: usize,
}

impl View {
    pub(super) fn runs(&self, visit: &mut dyn FnMut(&Run)) {
        self.axis_runs(0, self.source_start as isize, self.destination_start as isize, visit);
    }

    fn axis_runs(&self, axis: usize, source: isize, destination: isize, visit: &mut dyn FnMut(&Run)) {
        let (length, source_step, destination_step) = match self.shape.get(axis) {
            Some(&length) => (length, self.source_strides[axis], self.destination_strides[axis]),
            None => (1, 0, 0),
        };
        if axis + 1 >= self.shape.len() {
            visit(&Run {
                source: source as usize,
                source_step,
                destination: destination as usize,
                destination_step,
                weight: 0,
                weight_step: 0,
                length,
            });
            return;
        }
        for i in 0..length as isize {
            self.axis_runs(axis + 1, source + i * source_step, destination + i * destination_step, visit);
        }
    }
}
