//! What a study of perturbation is asked to do.

use std::fmt;

use kirchhoff_explain::Question;

use super::{Baseline, Order};
use crate::{Identity, Outside};

/// What a study of perturbation does.
#[derive(Clone, Debug)]
pub struct Settings {
    /// One question a semiring, each from a single output.
    pub questions: Vec<Question>,
    /// Relevance from elsewhere, which some of the questions stand for.
    pub outside: Vec<Outside>,
    /// Whether the target is each input's label, whatever the questions say.
    pub by_label: bool,
    /// The orders to compare. The random one is the same for all questions.
    pub orders: Vec<Order>,
    /// The baselines to compare.
    pub baselines: Vec<Baseline>,
    /// The side of the squares that are perturbed, in pixels; single values if there is none.
    pub square: Option<usize>,
    /// How many regions a step perturbs.
    pub regions_a_step: usize,
    /// Steps beyond this one are not made.
    pub steps: usize,
    /// The attack of Groudiev & Maniu, section 4.3.
    pub attack: Option<Attack>,
    /// The side and the stride of the windows of the map, in pixels.
    pub windows: Option<[usize; 2]>,
    /// The range of inputs: one pair, or one a channel.
    pub range: Vec<(f32, f32)>,
    /// The curves of so many inputs are kept one by one.
    pub keep: usize,
    /// The seed of all that is drawn.
    pub seed: u64,
}

/// Whose order a curve is of, and what takes the place of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Combination {
    /// The position of the question; none of the random order.
    pub question: Option<usize>,
    /// The order.
    pub order: Order,
    /// The baseline.
    pub baseline: Baseline,
}

/// Pixels drawn without repetition by `exp(−η · mean |R|)`, in one order for all inputs, and inverted.
#[derive(Clone, Debug, PartialEq)]
pub struct Attack {
    /// η of each question; negative ones draw what is most relevant first.
    pub eta: Vec<f64>,
    /// Values that are inverted in a step.
    pub values_a_step: usize,
    /// How many orders are drawn.
    pub repeats: usize,
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let eta: Vec<_> = self.eta.iter().map(f64::to_string).collect();
        write!(f, "η {}, {} values a step, {} orders", eta.join(", "), self.values_a_step, self.repeats)
    }
}

impl Settings {
    /// The combinations of orders and baselines, question by question; the random order comes last.
    pub fn combinations(&self) -> Vec<Combination> {
        let questions = (0..self.questions.len()).map(Some).chain([None]);
        let of = |question: Option<usize>| {
            let orders = self.orders.iter().filter(move |order| (**order == Order::Random) == question.is_none());
            orders.flat_map(move |&order| {
                self.baselines.iter().map(move |&baseline| Combination { question, order, baseline })
            })
        };
        questions.flat_map(of).collect()
    }

    /// Adds the settings to what the results depend on: network and data are there already.
    pub fn describe(&self, identity: &mut Identity) {
        for question in &self.questions {
            identity.set_hash(&format!("question of {}", question.semiring.name), &question.identity());
        }
        Outside::identify(&self.outside, identity);
        identity.set("targets are labels", self.by_label);
        let list = |items: Vec<String>| items.join(", ");
        identity.set("orders", list(self.orders.iter().map(Order::to_string).collect()));
        identity.set("baselines", list(self.baselines.iter().map(Baseline::to_string).collect()));
        identity.set("regions", self.square.map_or_else(|| "values".to_string(), |side| format!("squares of {side}")));
        identity.set("regions a step", self.regions_a_step);
        identity.set("steps", self.steps);
        identity.set("attack", self.attack.as_ref().map_or_else(|| "none".to_string(), Attack::to_string));
        let windows = |[side, stride]: [usize; 2]| format!("of side {side}, {stride} apart");
        identity.set("windows", self.windows.map_or_else(|| "none".to_string(), windows));
        identity.set("range of inputs", format!("{:?}", self.range));
        identity.set("curves kept", self.keep);
        identity.set("seed", self.seed);
    }
}
