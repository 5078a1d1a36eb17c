//! Targets: the outputs that an explanation starts from.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::Relative;

/// Which outputs an explanation starts from.
///
/// Written `top` (the largest output of each input), `3`, `3,8` (both), `3-8` (what speaks for 3 and against 8), or as a
/// [`Relative`] one: `top-second`, `3-rest`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// The largest output, the first of equals.
    #[default]
    Top,
    /// Chosen outputs.
    Outputs {
        /// Those that count for the explanation.
        plus: Vec<usize>,
        /// Those that count against it.
        minus: Vec<usize>,
    },
    /// An output in relation to others.
    Relative(Relative),
}

/// A text that is no target, or a target that the network does not have.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TargetError {
    /// Not of the right form.
    #[error(
        "`{0}` is no target: write `top`, `second`, an output's number such as `3`, several as `3,8`, or a contrast as `3-8`, \
         `top-second` or `3-rest`"
    )]
    Syntax(String),
    /// A place that an output does not have.
    #[error(
        "target {place} is no place of an output of shape {shape:?}: write an index, a range `2:5` or `:` for each axis"
    )]
    Place {
        /// The place given.
        place: String,
        /// The output's shape.
        shape: Vec<usize>,
    },
    /// An output that is not there.
    #[error("target {index} is out of range: the network has {outputs} outputs, numbered from 0")]
    Range {
        /// The number given.
        index: usize,
        /// How many outputs there are.
        outputs: usize,
    },
}

impl Target {
    /// A single output.
    pub fn output(index: usize) -> Self {
        Target::Outputs { plus: vec![index], minus: Vec::new() }
    }

    /// Reads a target of an output of a shape, whose values may be named by their place: `[3,17,42]` is one value of an image,
    /// `[3,10:20,:]` all of a box of them, from 10 up to 20 on one axis and all along another; `[3,17,42]-[5,17,42]` is a
    /// contrast. Numbers count values in row-major order, as for outputs of one axis.
    ///
    /// ```
    /// use kirchhoff_explain::Target;
    ///
    /// let box_of_four = Target::read("[1,0:2,1:3]", &[2, 3, 4])?;
    /// assert_eq!(box_of_four, "13,14,17,18".parse()?);
    /// # Ok::<(), kirchhoff_explain::TargetError>(())
    /// ```
    ///
    /// # Errors
    /// Another form, or a place that the output does not have.
    pub fn read(text: &str, shape: &[usize]) -> Result<Self, TargetError> {
        if !text.contains('[') {
            return text.parse();
        }
        let syntax = || TargetError::Syntax(text.to_string());
        let (mut plus, mut minus) = (Vec::new(), Vec::new());
        let (mut rest, mut sign) = (text.trim(), '+');
        loop {
            let end = if rest.starts_with('[') { rest.find(']').map(|end| end + 1) } else { rest.find([',', '-']) };
            let (part, others) = rest.split_at(end.unwrap_or(rest.len()));
            let side = if sign == '-' { &mut minus } else { &mut plus };
            match part.strip_prefix('[').and_then(|part| part.strip_suffix(']')) {
                Some(place) => side.extend(places(place, shape, text)?),
                None => side.push(part.trim().parse().map_err(|_| syntax())?),
            }
            let others = others.trim_start();
            match others.chars().next() {
                None => break,
                // Of a contrast, one side is written behind the other.
                Some(next @ (',' | '-')) if !(sign == '-' && next == '-') => {
                    (rest, sign) = (others[1..].trim_start(), next)
                }
                Some(_) => return Err(syntax()),
            }
        }
        let mut all: Vec<_> = plus.iter().chain(&minus).collect();
        all.sort_unstable();
        if all.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(syntax());
        }
        Ok(Target::Outputs { plus, minus })
    }

    /// The outputs meant, with the sign that each starts with, given an input's outputs.
    ///
    /// # Errors
    /// [`TargetError::Range`] if the network has no such output.
    pub fn resolve(&self, outputs: &[f32]) -> Result<Vec<(usize, f32)>, TargetError> {
        match self {
            Target::Top => Ok(vec![(top(outputs), 1.0)]),
            Target::Relative(relative) => relative.resolve(outputs),
            Target::Outputs { plus, minus } => {
                let signed = |sign| move |&index: &usize| (index, sign);
                let targets: Vec<_> = plus.iter().map(signed(1.0)).chain(minus.iter().map(signed(-1.0))).collect();
                match targets.iter().find(|(index, _)| *index >= outputs.len()) {
                    Some(&(index, _)) => Err(TargetError::Range { index, outputs: outputs.len() }),
                    None => Ok(targets),
                }
            }
        }
    }
}

/// The values in a box of an output, by their number: one index, a range `from:to` or `:` an axis.
fn places(place: &str, shape: &[usize], text: &str) -> Result<Vec<usize>, TargetError> {
    let axes: Vec<&str> = place.split(',').map(str::trim).collect();
    let wrong = || TargetError::Place { place: format!("[{place}]"), shape: shape.to_vec() };
    if axes.len() != shape.len() {
        return Err(wrong());
    }
    let number = |part: &str, default: usize| match part.trim() {
        "" => Ok(default),
        part => part.parse::<usize>().map_err(|_| TargetError::Syntax(text.to_string())),
    };
    let mut numbers = vec![0];
    for (axis, &length) in axes.into_iter().zip(shape) {
        let (from, to) = match axis.split_once(':') {
            Some((from, to)) => (number(from, 0)?, number(to, length)?),
            None => {
                let index = number(axis, usize::MAX)?;
                (index, index.saturating_add(1))
            }
        };
        if from >= to || to > length {
            return Err(wrong());
        }
        numbers = numbers.iter().flat_map(|number| (from..to).map(move |index| number * length + index)).collect();
    }
    Ok(numbers)
}

/// The position of the largest value, the first of equals.
pub fn top(values: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if text.trim() == "top" {
            return Ok(Target::Top);
        }
        if let Some(relative) = Relative::read(text) {
            return Ok(Target::Relative(relative));
        }
        let syntax = || TargetError::Syntax(text.to_string());
        let number = |part: &str| part.trim().parse::<usize>().map_err(|_| syntax());
        let (mut plus, mut minus) = (Vec::new(), Vec::new());
        for part in text.split(',') {
            match part.split_once('-') {
                None => plus.push(number(part)?),
                Some((left, right)) => {
                    plus.push(number(left)?);
                    minus.push(number(right)?);
                }
            }
        }
        let mut all: Vec<_> = plus.iter().chain(&minus).collect();
        all.sort_unstable();
        if all.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(syntax());
        }
        Ok(Target::Outputs { plus, minus })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Top => f.write_str("top"),
            Target::Relative(relative) => write!(f, "{relative}"),
            Target::Outputs { plus, minus } => {
                // A contrast was written beside the output that it is held against; the order within is kept.
                let mut minus = minus.iter();
                let parts: Vec<_> = plus
                    .iter()
                    .enumerate()
                    .map(|(position, index)| match plus.len() - position <= minus.len() {
                        true => format!("{index}-{}", minus.next().expect("counted")),
                        false => index.to_string(),
                    })
                    .collect();
                f.write_str(&parts.join(","))
            }
        }
    }
}
