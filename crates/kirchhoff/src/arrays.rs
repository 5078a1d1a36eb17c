//! Inputs from arrays.

use kirchhoff_data::Inputs;
use ndarray::ArrayViewD;
use thiserror::Error;

/// Why an array makes up no inputs.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ArrayError {
    /// No axis for the inputs, or none for their values.
    #[error("an array of shape {shape:?} holds no inputs: its first axis counts them, and others follow")]
    Axes {
        /// The shape.
        shape: Vec<usize>,
    },
    /// An axis of length 0.
    #[error("an array of shape {shape:?} has no values")]
    Empty {
        /// The shape.
        shape: Vec<usize>,
    },
    /// Names of another number than the inputs.
    #[error("{names} names are given for {inputs} inputs")]
    Names {
        /// How many names are given.
        names: usize,
        /// How many inputs there are.
        inputs: usize,
    },
    /// Two inputs of one name.
    #[error("two inputs are named `{name}`")]
    TwoOfAName {
        /// The name.
        name: String,
    },
}

/// Makes [`Inputs`] of arrays.
pub trait InputsFromArray: Sized {
    /// The inputs that the first axis of an array counts, as they are: already preprocessed. They are named as given, or
    /// `input 0`, `input 1` and so on. Arrays may have any order in memory.
    ///
    /// Where one input has the shape `[height, width]` or `[channels, height, width]` it can be drawn so, and a vector as a
    /// square, where it is one.
    ///
    /// ```
    /// use kirchhoff::arrays::InputsFromArray;
    /// use kirchhoff::ndarray::Array;
    /// use kirchhoff::data::Inputs;
    ///
    /// let array = Array::from_shape_fn([2, 1, 28, 28], |(_, _, y, x)| (x + y) as f32 / 54.0);
    /// let inputs = Inputs::from_array(array.view().into_dyn(), None)?;
    /// assert_eq!((inputs.count, inputs.picture), (2, Some([1, 28, 28])));
    /// # Ok::<(), kirchhoff::arrays::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// An array without an axis for inputs and one for their values, or without values; names of another number than the
    /// inputs, or one that two inputs have.
    fn from_array(array: ArrayViewD<'_, f32>, names: Option<Vec<String>>) -> Result<Self, ArrayError>;
}

impl InputsFromArray for Inputs {
    fn from_array(array: ArrayViewD<'_, f32>, names: Option<Vec<String>>) -> Result<Self, ArrayError> {
        let whole = || array.shape().to_vec();
        let (count, shape) = match array.shape() {
            [] | [_] => return Err(ArrayError::Axes { shape: whole() }),
            [count, shape @ ..] => (*count, shape.to_vec()),
        };
        if array.is_empty() {
            return Err(ArrayError::Empty { shape: whole() });
        }
        let names = names.unwrap_or_else(|| (0..count).map(|number| format!("input {number}")).collect());
        if names.len() != count {
            return Err(ArrayError::Names { names: names.len(), inputs: count });
        }
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ArrayError::TwoOfAName { name: pair[0].clone() });
        }
        let picture = match shape[..] {
            [length] => {
                Some(length.isqrt()).filter(|side| side * side == length && *side > 1).map(|side| [1, side, side])
            }
            [height, width] => Some([1, height, width]),
            [channels, height, width] => Some([channels, height, width]),
            _ => None,
        };
        Ok(Inputs { values: array.iter().copied().collect(), count, shape, picture, parts: Vec::new(), names })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, Dimension, IxDyn};

    use super::*;

    fn inputs(shape: &[usize], names: Option<&[&str]>) -> Result<Inputs, ArrayError> {
        let array = Array::from_shape_fn(IxDyn(shape), |index| index.slice().iter().sum::<usize>() as f32);
        Inputs::from_array(array.view(), names.map(|names| names.iter().map(|name| name.to_string()).collect()))
    }

    #[test]
    fn values_come_in_row_major_order_whatever_the_order_in_memory() {
        let array = Array::from_shape_fn([2, 3, 4], |(a, b, c)| (100 * a + 10 * b + c) as f32);
        let plain = Inputs::from_array(array.view().into_dyn(), None).unwrap();
        assert_eq!(plain.values[..6], [0.0, 1.0, 2.0, 3.0, 10.0, 11.0]);
        let turned = array.view().reversed_axes();
        let turned = Inputs::from_array(turned.into_dyn(), None).unwrap();
        assert_eq!((turned.count, &turned.shape[..], &turned.values[..3]), (4, &[3, 2][..], &[0.0, 100.0, 10.0][..]));
        assert_eq!(turned.names, ["input 0", "input 1", "input 2", "input 3"]);
    }

    #[test]
    fn shapes_say_what_can_be_drawn() {
        let picture = |shape: &[usize]| inputs(shape, None).unwrap().picture;
        assert_eq!(picture(&[2, 784]), Some([1, 28, 28]));
        assert_eq!(picture(&[2, 7]), None);
        assert_eq!(picture(&[2, 1]), None);
        assert_eq!(picture(&[1, 5, 6]), Some([1, 5, 6]));
        assert_eq!(picture(&[1, 3, 5, 6]), Some([3, 5, 6]));
        assert_eq!(picture(&[1, 2, 3, 5, 6]), None);
    }

    #[test]
    fn arrays_that_make_up_no_inputs_are_refused() {
        assert_eq!(inputs(&[3], None), Err(ArrayError::Axes { shape: vec![3] }));
        assert_eq!(inputs(&[0, 3], None), Err(ArrayError::Empty { shape: vec![0, 3] }));
        assert_eq!(inputs(&[2, 3], Some(&["a"])), Err(ArrayError::Names { names: 1, inputs: 2 }));
        assert_eq!(inputs(&[2, 3], Some(&["a", "a"])), Err(ArrayError::TwoOfAName { name: "a".to_string() }));
        assert_eq!(inputs(&[2, 3], Some(&["a", "b"])).unwrap().names, ["a", "b"]);
    }
}
