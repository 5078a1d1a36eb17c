//! Targets: the outputs that an explanation starts from.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Which outputs an explanation starts from.
///
/// Written `top` (the largest output of each input), `3`, `3,8` (both), or `3-8` (what speaks for 3 and against 8;
/// real relevance only).
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
}

/// A text that is no target, or a target that the network does not have.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TargetError {
    /// Not of the right form.
    #[error(
        "`{0}` is no target: write `top`, an output's number such as `3`, several as `3,8`, or a contrast as `3-8`"
    )]
    Syntax(String),
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

    /// The outputs meant, with the sign that each starts with, given an input's outputs.
    ///
    /// # Errors
    /// [`TargetError::Range`] if the network has no such output.
    pub fn resolve(&self, outputs: &[f32]) -> Result<Vec<(usize, f32)>, TargetError> {
        match self {
            Target::Top => Ok(vec![(top(outputs), 1.0)]),
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
