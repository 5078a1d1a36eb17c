//! What whoever looks at an explanation should know first: pictures that say nothing, and relevance that gets lost.

use kirchhoff_evaluate::LedgerEntry;
use kirchhoff_explain::{Answer, Question};
use kirchhoff_semiring::Meaning;

use super::Explanation;

/// Inputs of fewer values may well be relevant as a whole.
const FEW: usize = 64;
/// The share of values from which on a picture is one colour to the eye.
const ALL: f64 = 0.995;
/// The shares of the start that should arrive at the input.
const LEAST: f64 = 0.01;
const MOST: f64 = 2.0;

impl Explanation {
    /// Warnings, each in a line, at most two a semiring: pictures of one colour, and a start of which next to nothing arrives at
    /// the input, or more than twice as much.
    pub fn warnings(&self) -> Vec<String> {
        let pairs = self.questions.iter().zip(&self.answers);
        pairs
            .flat_map(|(question, answer)| self.uniform(question, answer).into_iter().chain(self.lost(answer)))
            .collect()
    }

    /// The relevance of the inputs of an answer: one part an input of the network, all inputs one after the other.
    fn at_input<'a>(&'a self, answer: &'a Answer) -> impl Iterator<Item = (usize, Vec<f64>)> + 'a {
        let found =
            answer.tensors.iter().filter(|tensor| self.subjects.iter().any(|subject| subject.name == tensor.name));
        found.map(|tensor| (tensor.shape.iter().product(), tensor.values.to_f64()))
    }

    /// A picture of one colour in some of the inputs.
    fn uniform(&self, question: &Question, answer: &Answer) -> Option<String> {
        let count = self.summaries.len();
        let (size, values) = match &answer.joined {
            Some(joined) => (joined.to_f64().len() / count.max(1), joined.to_f64()),
            None => self.at_input(answer).next()?,
        };
        if size < FEW {
            return None;
        }
        let (name, zero) = (&answer.semiring.name, answer.semiring.zero_number);
        let is_truth = answer.semiring.meaning == Meaning::Truth;
        let (mut none, mut all, mut one) = (0, 0, 0);
        for values in values.chunks(size) {
            let relevant = values.iter().filter(|&&value| value != zero).count();
            none += usize::from(relevant == 0);
            all += usize::from(is_truth && relevant as f64 >= ALL * size as f64);
            one += usize::from(!is_truth && relevant > 0 && values.iter().all(|value| *value == values[0]));
        }
        let inputs = |number: usize| match (number, count) {
            (1, 1) => String::new(),
            (number, count) if number == count => " of every input".to_string(),
            (number, count) => format!(" of {number} of {count} inputs"),
        };
        // Θ that sends contributions to 0 and 1 is a threshold, unless it is left open already.
        let hint = match is_truth && !question.is_open() {
            true => format!("try --theta '{name}:auto(0.05)', which keeps a twentieth of each layer"),
            false if question.is_open() => "try another share".to_string(),
            false => "try another rule or --theta".to_string(),
        };
        if all > 0 {
            return Some(format!("{name}: every pixel{} is relevant: {hint}", inputs(all)));
        }
        if none > 0 {
            return Some(format!("{name}: nothing{} is relevant: {hint}", inputs(none)));
        }
        (one > 0).then(|| {
            format!(
                "{name}: every pixel{} has the same value: one layer, or global pooling, decides for all of them",
                inputs(one)
            )
        })
    }

    /// A start of which next to nothing arrives, or far more.
    fn lost(&self, answer: &Answer) -> Option<String> {
        let count = self.summaries.len();
        let mut arrived = vec![0.0; count];
        for (size, values) in self.at_input(answer).filter(|(size, _)| *size > 0) {
            values.chunks(size).zip(&mut arrived).for_each(|(values, sum)| *sum += values.iter().sum::<f64>());
        }
        let (mut inputs, mut worst) = (0, None);
        for ((ledger, targets), arrived) in answer.ledgers.iter().zip(&answer.targets).zip(arrived) {
            // What contrasts start with may come to nothing by itself.
            let Some(start) = ledger.layers.first().and_then(|entry| entry.conservation).map(|sums| sums.entered)
            else {
                continue;
            };
            let share = arrived / start;
            let is_contrast = targets.iter().any(|(_, sign)| *sign < 0.0);
            if is_contrast || !share.is_finite() || (LEAST..=MOST).contains(&share) {
                continue;
            }
            inputs += 1;
            let taken = |entry: &LedgerEntry| entry.conservation.map_or(0.0, |sums| (sums.entered - sums.left) / start);
            let most = |entry: &&LedgerEntry| if share < LEAST { taken(entry) } else { -taken(entry) };
            let layer = ledger.layers.iter().max_by(|a, b| most(a).total_cmp(&most(b)));
            if worst.is_none()
                && let Some(layer) = layer
            {
                worst = Some((share, layer, taken(layer)));
            }
        }
        let (share, layer, taken) = worst?;
        let of =
            if count == 1 { String::new() } else { format!(" in {inputs} of {count} inputs, of the first of them") };
        let what = match taken < 0.0 {
            true => format!("layer `{}` adds {} to it", layer.layer, percent(-taken)),
            false => format!("layer `{}` takes {} of it", layer.layer, percent(taken)),
        };
        Some(format!(
            "{}: {} of what the target starts with arrives at the input{of}: {what} (rule `{}`); --ledger shows all layers",
            answer.semiring.name,
            percent(share),
            layer.rule
        ))
    }
}

/// A share in per cent.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    match percent.abs() {
        size if size >= 1e6 || (size < 0.01 && size > 0.0) => format!("{percent:.1e} %"),
        size if size >= 10.0 => format!("{percent:.0} %"),
        _ => format!("{percent:.2} %"),
    }
}
