//! Boolean formulas of outputs: what probabilities, importance and witnesses are asked of.

use kirchhoff::evaluate::{PerLeaf, ProbabilityError};
use kirchhoff::explain::is_start;

use super::arguments::{AskOptions, Subjects};
use crate::circuits::{Part, Selection, part};
use crate::failure::Failure;
use crate::values::Values;

/// The Boolean formula of each output that is selected or `given`, over the variables of the subjects.
pub fn formulas(options: &AskOptions, subjects: &Subjects, given: &[String]) -> Result<Part, Failure> {
    let symbolic = subjects.symbolic();
    let selection = Selection { given, ..options.selection(Some(&symbolic), subjects.stored()) };
    let part = part(&selection, Some("boolean"))?;
    match part.start().first() {
        Some((start, _)) => Err(Failure::usage(format!(
            "relevance starts with the number `{start}`: what is relevant at all is asked from 1, of targets such as `3` \
             or `3,8`"
        ))),
        None => Ok(part),
    }
}

/// Θ has made constants of all contributions.
pub fn truths() -> PerLeaf<impl Fn(usize, f32) -> bool> {
    PerLeaf(|_: usize, d: f32| d != 0.0)
}

/// With which probabilities variables are dropped.
pub struct Drops {
    /// What the option says.
    said: String,
    /// The one probability of all, where there is one.
    pub single: Option<f64>,
    values: Values,
}

impl Drops {
    /// What `--drop` says.
    pub fn read(texts: &[String]) -> Result<Self, Failure> {
        let values = Values::read(texts)?;
        Ok(Drops { said: texts.join(","), single: values.single(), values })
    }

    /// The probability with which each variable stays; what outputs start with does.
    pub fn kept(&self, variables: &[String]) -> Result<Vec<f64>, Failure> {
        let dropped = self.values.of(variables, "--drop")?;
        let kept = |(name, dropped): (&String, Option<f64>)| match dropped {
            None => Ok(1.0),
            Some(p) if !is_start(name) && (0.0..=1.0).contains(&p) => Ok(1.0 - p),
            Some(_) if is_start(name) => Err(Failure::usage(format!("--drop: `{name}` is what a target starts with"))),
            Some(p) => Err(Failure::usage(format!("--drop: {p} for `{name}`: write a probability between 0 and 1"))),
        };
        variables.iter().zip(dropped).map(kept).collect()
    }

    /// What is said of them beside an answer.
    pub fn text(&self) -> String {
        match self.single {
            Some(p) => format!("probability {p}"),
            None => format!("the probabilities of {}", self.said),
        }
    }

    /// A number, or what the option says.
    pub fn json(&self) -> serde_json::Value {
        self.single.map_or_else(|| self.said.clone().into(), Into::into)
    }
}

/// Diagrams that outgrow their limit, with what to do about it.
pub fn too_large(error: ProbabilityError, instead: &str) -> Failure {
    let advice = format!("ask about {instead}, keep fewer edges by --theta, or raise --max-nodes");
    match error {
        ProbabilityError::Nodes { max_nodes } => {
            Failure::usage(format!("the decision diagrams take more than {max_nodes} nodes: {advice}"))
        }
        error @ ProbabilityError::Variables { .. } => Failure::usage(format!("{error}: {advice}")),
        error => error.into(),
    }
}
