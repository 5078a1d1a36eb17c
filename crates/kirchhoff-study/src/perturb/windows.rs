//! The map of inverted windows of Groudiev & Maniu (2024, section 4.3).

use kirchhoff_data::{Batch, DataSet};
use serde::{Deserialize, Serialize};

use super::context::{STREAMS, Study};
use super::{Baseline, Regions, Subject};
use crate::{Pass, Run, State, StudyError};

/// What the map finds: by class and window, how many inputs have their label named, and by class, how many there are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Map {
    pub correct: Vec<Vec<u64>>,
    pub inputs: Vec<u64>,
}

impl State for Map {
    fn follows(&self, start: &Self) -> bool {
        self.correct.follows(&start.correct) && self.inputs.follows(&start.inputs)
    }
}

impl Study<'_> {
    /// The accuracy of each class with each window inverted.
    pub(super) fn map(
        &self,
        [side, stride]: [usize; 2],
        data: &mut DataSet,
        run: &mut Run<'_>,
    ) -> Result<(Map, [usize; 2]), StudyError> {
        let image = self.layout.image.expect("windows are checked to be of images");
        let (regions, grid) = Regions::windows(image, side, stride);
        let perturbation = self.perturbation(&regions, Baseline::Invert);
        let classes = self.network.node(self.network.output()).shape.iter().product();
        let windows = regions.count();
        let pass = Pass { name: "windows", batch: self.batch(), edges: self.edges * windows as u64 };
        let watch = run.watch();
        let compute = |batch: &Batch| -> Result<_, StudyError> {
            let subject = |input: usize| Subject {
                number: batch.positions[input] as u64 * STREAMS,
                values: &batch.values[input * self.layout.size..(input + 1) * self.layout.size],
                target: batch.labels[input],
                order: &[],
            };
            let subjects: Vec<Subject<'_>> = (0..batch.labels.len()).map(subject).collect();
            Ok((perturbation.single_regions(&subjects, watch)?, batch.labels.clone()))
        };
        let start = Map { correct: vec![vec![0; windows]; classes], inputs: vec![0; classes] };
        let folded = run.pass(pass, data, start, compute, |state, (named, labels)| {
            for (named, label) in named.into_iter().zip(labels) {
                state.inputs[label] += 1;
                for (correct, class) in state.correct[label].iter_mut().zip(named) {
                    *correct += u64::from(class as usize == label);
                }
            }
        })?;
        Ok((folded.state, grid))
    }
}
