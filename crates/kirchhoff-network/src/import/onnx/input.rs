//! The inputs of a file: their axes, and what kind of values they take.

use super::fault::{Fault, Result};
use super::proto::{self, data_type};

/// How the inputs of a file are read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    /// Whether what looks like a batch of inputs is one.
    pub is_whole: bool,
    /// Whether integers are numbers like others, and not given.
    pub are_numbers: bool,
}

/// What a file says of an input.
pub(super) struct Described {
    /// The length of the batch axis, unless it is open.
    pub batch: Option<usize>,
    /// Whether there is one.
    pub has_batch_axis: bool,
    /// The lengths of the other axes.
    pub rest: Vec<usize>,
    /// Whether its values are integers or truth values.
    pub is_integer: bool,
}

impl Described {
    /// An input of the shape that the file says, or where the file leaves it open that is given, or that an array of inputs has;
    /// one of `several` may do without a batch axis.
    pub fn new(
        input: &proto::ValueInfo,
        given: Option<&[usize]>,
        array: Option<&[usize]>,
        several: bool,
    ) -> Result<Self> {
        let label = format!("input '{}'", input.name);
        let Some(tensor) = input.kind.as_ref().and_then(|kind| kind.tensor.as_ref()) else {
            return Err(Fault::unsupported(format!("{label} is not a tensor; export the model with one that is")));
        };
        if !data_type::is_number(tensor.element) {
            let kind = data_type::name(tensor.element);
            return Err(Fault::unsupported(format!(
                "{label} is of type {kind}; export the model with numbers as input"
            )));
        }
        // Bytes are the values of pictures.
        let is_integer = data_type::is_integer(tensor.element) && tensor.element != data_type::UINT8;
        let of = |batch, rest| Ok(Described { batch, has_batch_axis: true, rest, is_integer });
        let Some(shape) = &tensor.shape else {
            return match given {
                Some(shape) => of(None, shape.to_vec()),
                None => Err(Fault::unsupported(format!("{label} has no shape; give the shape of the input"))),
            };
        };
        let known = |dimension: &proto::Dimension| match dimension.value {
            Some(length) if length > 0 => usize::try_from(length).ok(),
            _ => None,
        };
        let [batch, rest @ ..] = &shape.dim[..] else {
            return match several {
                true => Ok(Described { batch: None, has_batch_axis: false, rest: vec![1], is_integer }),
                false => Err(Fault::unsupported(format!("{label} has no axes; the first should be the batch axis"))),
            };
        };
        if let Some(given) = given
            && given.len() != rest.len()
        {
            let what = format!("has {} axes after the batch axis", rest.len());
            return Err(Fault::unsupported(format!("{label} {what}, the given shape {given:?} has {}", given.len())));
        }
        if rest.is_empty() {
            if several {
                let rest = vec![known(batch).unwrap_or(1)];
                return Ok(Described { batch: None, has_batch_axis: false, rest, is_integer });
            }
            let what = "has one axis only; a batch axis is expected before those of the values";
            return Err(Fault::unsupported(format!("{label} {what}: export the model with one")));
        }
        let own = |array: &[usize], axis: usize| match array.len().checked_sub(rest.len()) {
            Some(before @ (0 | 1)) => Some(array[axis + before]).filter(|&length| length > 0),
            _ => None,
        };
        let mut lengths = Vec::new();
        for (axis, dimension) in rest.iter().enumerate() {
            let given = given.map(|shape| shape[axis]);
            match (known(dimension), given) {
                (Some(length), Some(other)) if length != other => {
                    let what = format!("has length {length} on axis {}, the given shape says {other}", axis + 1);
                    return Err(Fault::unsupported(format!("{label} {what}")));
                }
                (Some(length), _) | (None, Some(length)) => lengths.push(length),
                (None, None) if array.is_some_and(|array| own(array, axis).is_some()) => {
                    lengths.extend(array.and_then(|array| own(array, axis)));
                }
                (None, None) => {
                    let name = dimension.parameter.as_deref().map(|name| format!(" ('{name}')")).unwrap_or_default();
                    let what = format!("leaves the length of axis {}{name} open", axis + 1);
                    return Err(Fault::unsupported(format!("{label} {what}; give the shape of the input")));
                }
            }
        }
        of(known(batch), lengths)
    }
}
