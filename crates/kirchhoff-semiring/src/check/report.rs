//! What the law checker found.

use std::fmt;

use serde::Serialize;

use super::Condition;
use crate::Law;

/// The findings of a [`LawChecker`](crate::LawChecker).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LawReport {
    /// The number of sample elements.
    pub elements: usize,
    /// How much these tell.
    pub sampled: Sampled,
    /// Axioms first, then the declared laws.
    pub checks: Vec<Check>,
    /// Laws that held on every sample without being declared: a hint that more algorithms may apply, not a proof. None
    /// where the samples are too few to tell.
    pub hints: Vec<Law>,
}

/// How much of a semiring was tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sampled {
    /// All of it: what holds on the elements is proved.
    Everything,
    /// A few elements among others.
    Samples,
    /// Fewer than four elements: what holds on them says next to nothing.
    Thinly,
}

/// What came of one condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// The condition.
    pub condition: Condition,
    /// The condition as an equation.
    pub equation: &'static str,
    /// The shortest counterexample; none if the condition held on every combination of samples.
    pub counterexample: Option<Counterexample>,
}

/// Values for which the two sides of an equation differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counterexample {
    /// The value of each variable.
    pub assignments: Vec<Assignment>,
    /// The value of the left side.
    pub left: String,
    /// The value of the right side.
    pub right: String,
}

/// The value of one variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// The variable.
    pub variable: &'static str,
    /// Its value.
    pub value: String,
    /// The operations that made the value of given elements; none if it is a given element itself.
    pub expression: Option<String>,
}

impl LawReport {
    /// Whether there were too few different elements to tell: 0, 1 and what they generate, mostly.
    pub fn is_thin(&self) -> bool {
        self.sampled == Sampled::Thinly
    }

    /// Whether every axiom and every declared law held on every sample, which [says little](LawReport::is_thin) of few.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.holds())
    }
}

impl Check {
    pub(super) fn new(condition: Condition, counterexample: Option<Counterexample>) -> Self {
        Check { condition, equation: condition.equation(), counterexample }
    }

    /// Whether the condition held on every combination of samples.
    pub fn holds(&self) -> bool {
        self.counterexample.is_none()
    }
}

impl fmt::Display for LawReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            writeln!(f, "{check}")?;
        }
        if !self.hints.is_empty() {
            let names: Vec<_> = self.hints.iter().map(|law| law.name()).collect();
            writeln!(f, "held as well, though not declared: {}", names.join(", "))?;
        }
        let failed = self.failures().count();
        write!(f, "{} of {} conditions hold ", self.checks.len() - failed, self.checks.len())?;
        match self.sampled {
            Sampled::Everything => write!(f, "on all {} elements", self.elements),
            Sampled::Samples => write!(f, "on {} sample elements", self.elements),
            Sampled::Thinly => {
                write!(f, "on {} sample elements, which is too few to tell: ", self.elements)?;
                write!(f, "only 0, 1 and what they generate were tested; override `elements`")
            }
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ", self.condition.name(), self.equation)?;
        match &self.counterexample {
            None => write!(f, "holds"),
            Some(counterexample) => write!(f, "fails for {counterexample}"),
        }
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let assignments: Vec<_> = self.assignments.iter().map(Assignment::to_string).collect();
        write!(f, "{}: left {}, right {}", assignments.join(", "), self.left, self.right)
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.expression {
            None => write!(f, "{} = {}", self.variable, self.value),
            Some(expression) => write!(f, "{} = {expression} = {}", self.variable, self.value),
        }
    }
}
