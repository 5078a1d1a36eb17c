//! Targets: the outputs, or neurons of a hidden layer, that an explanation starts from.

use std::fmt;
use std::str::FromStr;

use kirchhoff_circuit::{LayeredCircuit, neurons_at};
use thiserror::Error;

use crate::{Against, ExplainError, Neurons, Relative};

/// Which outputs an explanation starts from, or which neurons of a hidden layer.
///
/// Written `top` (the largest output of each input), `3`, `3,8` (both), `3-8` (what speaks for 3 and against 8), or as a
/// [`Relative`] one: `top-second`, `3-rest`; `features.28[3]` is a channel of a layer, or whatever else of it [`Neurons`] name.
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
    /// Neurons of what a hidden layer computes: an explanation of a concept rather than of an answer. Those whose activation is
    /// 0 do not start, in any semiring.
    Neurons {
        /// Those that count for the explanation.
        plus: Vec<Neurons>,
        /// Those that count against it.
        minus: Vec<Neurons>,
    },
}

/// A text that is no target, or a target that the network does not have.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TargetError {
    /// Not of the right form.
    #[error(
        "`{0}` is no target: write `top`, `second`, an output's number such as `3`, several as `3,8`, a contrast as `3-8`, \
         `top-second` or `3-rest`, or a channel of a layer as `features.28[3]`"
    )]
    Syntax(String),
    /// No neurons of a layer.
    #[error(
        "`{0}` names no neurons: write a layer with a place in brackets, such as `h1[17]`, or `h1[*]` for all of it"
    )]
    NoNeurons(String),
    /// Neurons that a layer does not have.
    #[error(
        "there are no neurons {neurons}: layer `{layer}` has the shape {shape:?}; write an index, a range `2:5` or `:` for each \
         axis, the first alone for a channel, or `*`"
    )]
    Neurons {
        /// The neurons asked for.
        neurons: String,
        /// The layer.
        layer: String,
        /// The shape of what it computes.
        shape: Vec<usize>,
    },
    /// A neuron that is named more than once.
    #[error("target `{0}` names a neuron twice")]
    Twice(String),
    /// Neurons of several layers.
    #[error("targets are neurons of `{0}` and of `{1}`: an explanation starts from one layer")]
    Layers(String, String),
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

    /// What counts for the explanation alone.
    pub fn without_minus(&self) -> Self {
        match self {
            Target::Top => Target::Top,
            Target::Outputs { plus, .. } => Target::Outputs { plus: plus.clone(), minus: Vec::new() },
            Target::Relative(relative) => Target::Relative(Relative { against: Against::Nothing, ..*relative }),
            Target::Neurons { plus, .. } => Target::Neurons { plus: plus.clone(), minus: Vec::new() },
        }
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
        if !text.contains('[') || target_layer(text).is_some() {
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
                Some(place) => {
                    let wrong = || TargetError::Place { place: format!("[{place}]"), shape: shape.to_vec() };
                    side.extend(neurons_at(shape, place).ok_or_else(wrong)?);
                }
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
    /// [`TargetError::Range`] if the network has no such output; neurons of a layer, which outputs do not tell:
    /// [`Question::resolve`](crate::Question::resolve) does.
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
            Target::Neurons { .. } => Err(TargetError::Syntax(self.to_string())),
        }
    }

    /// The outputs meant in an execution of a circuit, or the neurons meant and active, with the sign that each starts with.
    pub(crate) fn resolve_in(
        &self,
        circuit: &LayeredCircuit,
        execution: usize,
    ) -> Result<Vec<(usize, f32)>, ExplainError> {
        let outputs = circuit.outputs(execution);
        if !matches!(self, Target::Neurons { .. }) {
            return Ok(self.resolve(outputs)?);
        }
        let mut signs: Vec<f32> = vec![0.0; outputs.len()];
        for (neurons, sign) in self.neurons() {
            let (tensor, places) = neurons.find(circuit)?;
            if tensor != circuit.output() {
                return Err(ExplainError::FixedTargets);
            }
            for neuron in places {
                if signs[neuron] != 0.0 {
                    return Err(TargetError::Twice(self.to_string()).into());
                }
                signs[neuron] = sign;
            }
        }
        // What is not active has no part in the concept, whatever others start with.
        let active = |&(neuron, sign): &(usize, f32)| sign != 0.0 && outputs[neuron] != 0.0;
        Ok(signs.into_iter().enumerate().filter(active).collect())
    }

    /// The neurons of a layer that are meant, if any are, with the sign that each starts with.
    pub fn neurons(&self) -> impl Iterator<Item = (&Neurons, f32)> {
        let (plus, minus) = match self {
            Target::Top | Target::Outputs { .. } | Target::Relative(_) => (&[][..], &[][..]),
            Target::Neurons { plus, minus } => (&plus[..], &minus[..]),
        };
        plus.iter().map(|neurons| (neurons, 1.0)).chain(minus.iter().map(|neurons| (neurons, -1.0)))
    }
}

/// The name of the layer, or of the output, in front of the first place of a target: `conv` of `conv[3]`, or `1` of `1[17]`; none of
/// `[3,17]` or `5-[0,0]`, where numbers of outputs stand before a place.
pub fn target_layer(text: &str) -> Option<&str> {
    let (name, _) = text.split_once('[')?;
    let name = name.trim();
    (!name.is_empty() && !name.ends_with([',', '-'])).then_some(name)
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
        if target_layer(text).is_some() {
            let [plus, minus] = Neurons::read_sides(text)?;
            return Ok(Target::Neurons { plus, minus });
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
            Target::Neurons { plus, minus } => {
                let list = |side: &[Neurons]| side.iter().map(Neurons::to_string).collect::<Vec<_>>().join(",");
                let against = if minus.is_empty() { String::new() } else { format!("-{}", list(minus)) };
                write!(f, "{}{against}", list(plus))
            }
        }
    }
}
