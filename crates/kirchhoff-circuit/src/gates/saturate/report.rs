//! What a saturation did.

use std::fmt;

use kirchhoff_semiring::Laws;
use serde::Serialize;

use super::super::GateSize;
use super::super::simplify::{Firings, SimplifyReport};

/// What [`saturate`](super::saturate) did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SaturateReport {
    /// The laws that it could use.
    pub laws: Laws,
    /// The laws that the result requires.
    pub required: Laws,
    /// The size before.
    pub before: GateSize,
    /// The size with equal gates shared, and what else holds in every semiring: the linear-time pass without laws.
    pub shared: GateSize,
    /// The linear-time pass that goes before.
    pub linear: SimplifyReport,
    /// The size after.
    pub after: GateSize,
    /// Every rewrite, in the order in which they are tried, with the number of its firings.
    pub rewrites: Vec<Firings>,
    /// How often all rewrites were tried on all classes.
    pub iterations: usize,
    /// Gates of the e-graph, ever made.
    pub nodes: usize,
    /// Classes of equal gates.
    pub classes: usize,
    /// Why it stopped.
    pub stop: StopReason,
    /// Whether nothing smaller can be chosen from the e-graph, gates and wires together; else nothing smaller was
    /// found.
    pub exact: bool,
}

impl SaturateReport {
    /// How often the rewrite of a name fired; 0 if there is none.
    pub fn count(&self, rewrite: &str) -> u64 {
        self.rewrites.iter().find(|firings| firings.rewrite == rewrite).map_or(0, |firings| firings.count)
    }
}

/// Why a saturation stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// The rewrites have nothing more to add.
    Saturated,
    /// The limit on the nodes of the e-graph.
    Nodes,
    /// The limit on iterations.
    Iterations,
    /// The limit on time.
    Time,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StopReason::Saturated => "saturated: the rewrites have nothing more to add",
            StopReason::Nodes => "the limit on nodes",
            StopReason::Iterations => "the limit on iterations",
            StopReason::Time => "the limit on time",
        })
    }
}
