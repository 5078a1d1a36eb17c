//! The attack of Groudiev & Maniu (2024, section 4.3).

use kirchhoff_data::{Batch, DataSet};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::context::{STREAMS, Study};
use super::{Attack, Baseline, Perturbation, Regions, Subject, drawn};
use crate::{Pass, Run, State, StudyError};

/// What the attack finds: how many inputs have their label named, by strategy, order drawn, and step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Attacked {
    pub correct: Vec<Vec<Vec<u64>>>,
    pub inputs: u64,
}

impl State for Attacked {
    fn follows(&self, start: &Self) -> bool {
        self.correct.follows(&start.correct) && self.inputs.follows(&start.inputs)
    }
}

impl Study<'_> {
    /// The accuracy under attack, by each question's relevance, then by chance. Given are the sums of |R| of each input
    /// value, of each question, and over how many inputs they are.
    pub(super) fn attack(
        &self,
        attack: &Attack,
        (magnitudes, inputs): (&[Vec<f64>], u64),
        data: &mut DataSet,
        run: &mut Run<'_>,
    ) -> Result<Attacked, StudyError> {
        let mut strategies: Vec<Vec<f64>> = Vec::new();
        for ((question, sums), eta) in self.settings.questions.iter().zip(magnitudes).zip(&attack.eta) {
            let weights: Vec<f64> = sums.iter().map(|sum| -eta * sum / inputs.max(1) as f64).collect();
            if !weights.iter().all(|weight| weight.is_finite()) {
                let semiring = &question.semiring.name;
                let reason = format!("the attack draws pixels by mean |R|, which is infinite in semiring `{semiring}`");
                return Err(StudyError::Settings(reason));
            }
            strategies.push(weights);
        }
        strategies.push(vec![0.0; self.layout.size]);
        let regions = Regions::values(self.layout.size);
        let perturbation = Perturbation {
            regions_a_step: attack.values_a_step,
            steps: usize::MAX,
            ..self.perturbation(&regions, Baseline::Invert)
        };
        let order = |weights: &Vec<f64>, repeat: usize| {
            let mut random = ChaCha8Rng::seed_from_u64(self.settings.seed);
            // Inputs count their streams from below.
            random.set_stream(u64::MAX - repeat as u64);
            drawn(weights, &mut random)
        };
        let orders: Vec<Vec<Vec<u32>>> = strategies
            .iter()
            .map(|weights| (0..attack.repeats).map(|repeat| order(weights, repeat)).collect())
            .collect();
        let points = perturbation.steps() + 1;
        let copies = (strategies.len() * attack.repeats * points) as u64;
        let pass = Pass { name: "attack", batch: self.batch(), edges: self.edges * copies };
        let watch = run.watch();
        let compute = |batch: &Batch| -> Result<_, StudyError> {
            let mut correct = vec![vec![vec![0u64; points]; attack.repeats]; orders.len()];
            for (correct, orders) in correct.iter_mut().zip(&orders) {
                for (correct, order) in correct.iter_mut().zip(orders) {
                    let subject = |input: usize| Subject {
                        number: batch.positions[input] as u64 * STREAMS,
                        values: &batch.values[input * self.layout.size..(input + 1) * self.layout.size],
                        target: batch.labels[input],
                        order,
                    };
                    let subjects: Vec<Subject<'_>> = (0..batch.labels.len()).map(subject).collect();
                    for (curve, &label) in perturbation.curves(&subjects, watch)?.iter().zip(&batch.labels) {
                        for (correct, &class) in correct.iter_mut().zip(&curve.class) {
                            *correct += u64::from(class as usize == label);
                        }
                    }
                }
            }
            Ok((correct, batch.labels.len() as u64))
        };
        let start = Attacked { correct: vec![vec![vec![0; points]; attack.repeats]; orders.len()], inputs: 0 };
        let folded = run.pass(pass, data, start, compute, |state, (correct, inputs)| {
            state.inputs += inputs;
            let counts = state.correct.iter_mut().flatten().flatten();
            counts.zip(correct.iter().flatten().flatten()).for_each(|(count, more)| *count += more);
        })?;
        Ok(folded.state)
    }
}
