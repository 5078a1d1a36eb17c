//! Targets that depend on what a network answers, and contrasts with all other outputs.

use std::fmt;

use crate::TargetError;
use crate::target::top;

/// An output, by its number or by its place in the order of the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// That of a number.
    Number(usize),
    /// The largest, the first of equals.
    Top,
    /// The largest of the others: the runner-up.
    Second,
}

/// What a [`Relative`] target is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Nothing.
    Nothing,
    /// One other output. Where it is the target itself, the runner-up, or of a target that is no answer, the answer.
    Output(Place),
    /// All others, with equal weights that sum to 1: what lifts the target above their mean.
    Rest,
}

/// A target that other outputs have a part in: `second`, `top-second`, `top-3`, `3-top`, `3-rest`, `top-rest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relative {
    /// The output that counts for the explanation.
    pub of: Place,
    /// What counts against it.
    pub against: Against,
}

impl Place {
    fn read(text: &str) -> Option<Self> {
        match text.trim() {
            "top" => Some(Place::Top),
            "second" => Some(Place::Second),
            text => text.parse().ok().map(Place::Number),
        }
    }

    fn find(self, outputs: &[f32]) -> Result<usize, TargetError> {
        let index = match self {
            Place::Number(index) => index,
            Place::Top => top(outputs),
            Place::Second => second(outputs),
        };
        match index < outputs.len() {
            true => Ok(index),
            false => Err(TargetError::Range { index, outputs: outputs.len() }),
        }
    }
}

impl Relative {
    /// Reads a target that names an output otherwise than by number, or the rest; `None` for any other text.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let of = |text: &str| Place::read(text).filter(|place| *place != Place::Top);
        let Some((left, right)) = text.split_once('-') else {
            return match of(text)? {
                Place::Second => Some(Relative { of: Place::Second, against: Against::Nothing }),
                Place::Number(_) | Place::Top => None,
            };
        };
        let left = Place::read(left)?;
        let against = match right.trim() {
            "rest" => Against::Rest,
            right => Against::Output(Place::read(right)?),
        };
        let are_numbers = matches!((left, against), (Place::Number(_), Against::Output(Place::Number(_))));
        (!are_numbers && against != Against::Output(left)).then_some(Relative { of: left, against })
    }

    /// The outputs meant, with the sign or weight that each starts with.
    ///
    /// # Errors
    /// An output that is not there.
    pub(crate) fn resolve(self, outputs: &[f32]) -> Result<Vec<(usize, f32)>, TargetError> {
        let of = self.of.find(outputs)?;
        let mut targets = vec![(of, 1.0)];
        match self.against {
            Against::Nothing => {}
            Against::Output(place) => {
                let other = match place.find(outputs)? {
                    own if own == of && of == top(outputs) => Place::Second.find(outputs)?,
                    own if own == of => top(outputs),
                    other => other,
                };
                targets.push((other, -1.0));
            }
            Against::Rest => {
                let weight = -1.0 / outputs.len().saturating_sub(1).max(1) as f32;
                targets.extend((0..outputs.len()).filter(|&output| output != of).map(|output| (output, weight)));
            }
        }
        Ok(targets)
    }
}

/// The position of the largest value but one, the first of equals; beyond the end where there is one value only.
fn second(outputs: &[f32]) -> usize {
    let first = top(outputs);
    let others = (0..outputs.len()).filter(|&output| output != first);
    let larger = |best: usize, other: usize| if outputs[other] > outputs[best] { other } else { best };
    others.reduce(larger).unwrap_or(outputs.len())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Number(number) => write!(f, "{number}"),
            Place::Top => f.write_str("top"),
            Place::Second => f.write_str("second"),
        }
    }
}

impl fmt::Display for Relative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.against {
            Against::Nothing => write!(f, "{}", self.of),
            Against::Output(other) => write!(f, "{}-{other}", self.of),
            Against::Rest => write!(f, "{}-rest", self.of),
        }
    }
}
