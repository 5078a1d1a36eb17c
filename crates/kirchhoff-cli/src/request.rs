//! A request of the command line, read and checked: a model, its inputs, and questions about them.

use std::ops::Range;
use std::sync::Arc;

use kirchhoff::compile::Bounds;
use kirchhoff::data::{Inputs, Preprocessing};
use kirchhoff::explain::Question;
use kirchhoff::explanation::{batch_size, batches, execute};
use kirchhoff::network::Execution;
use kirchhoff_kernel::Monitor;

use crate::failure::Failure;
use crate::load::{self, Loaded};
use crate::options::{QuestionOptions, RuleOptions};
use crate::questions::questions;
use crate::targets;

/// A model, inputs that it takes, and questions that can be asked of it.
pub struct Request {
    pub loaded: Loaded,
    pub preprocessing: Preprocessing,
    pub inputs: Arc<Inputs>,
    /// Bounds of the input for z-box.
    bounds: Bounds,
    /// One a semiring, in the order in which they are named.
    pub questions: Vec<Question>,
    /// Inputs that are run together.
    batch: usize,
}

impl Request {
    /// Reads the files and checks the questions; nothing is run.
    pub fn read(options: &QuestionOptions) -> Result<Self, Failure> {
        let given = options.input.with_files(&options.files);
        let (loaded, preprocessing, files) =
            targets::model_of(&given, &options.reading, &options.of, &options.rules.target)?;
        let inputs = load::inputs(files, &loaded, &preprocessing)?;
        let first = inputs.parts.first();
        let (shape, picture) = first.map_or((&inputs.shape, inputs.picture), |part| (&part.shape, part.picture));
        let bounds = bounds(&options.rules, shape, picture, &preprocessing);
        let rules = targets::settled(&options.rules, &loaded)?;
        let options = QuestionOptions { rules, ..options.clone() };
        let questions = questions(&options, &bounds, &loaded.network)?;
        let batch = batch_size(&loaded.network, inputs.count, options.memory)?;
        Ok(Request { loaded, preprocessing, inputs: Arc::new(inputs), bounds, questions, batch })
    }

    /// Keeps one of the inputs, if one is named, and what is asked of it.
    pub fn choose(&mut self, input: Option<usize>) -> Result<(), Failure> {
        let Some(number) = input else { return Ok(()) };
        let count = self.inputs.count;
        self.inputs = Arc::new(load::only(Inputs::clone(&self.inputs), input)?);
        let part = |question: &Question| question.part(number..number + 1, count);
        self.questions = self.questions.iter().map(part).collect::<Result<_, _>>()?;
        self.batch = 1;
        Ok(())
    }

    /// Edges of the network, which one input passes once forward and once for each question.
    pub fn edges(&self) -> u64 {
        self.loaded.network.nodes().map(|(id, _)| self.loaded.network.edges(id)).sum()
    }

    /// Makes batches so small that what else an input takes, in bytes, keeps to `memory` too.
    pub fn limit_batch(&mut self, bytes_an_input: u64, memory: u64) {
        let fitting = usize::try_from(memory / bytes_an_input.max(1)).unwrap_or(usize::MAX);
        self.batch = self.batch.min(fitting.max(1));
    }

    /// The inputs in batches whose activations fit in memory.
    pub fn batches(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        batches(self.inputs.count, self.batch)
    }

    /// Runs the network on a batch of the inputs.
    pub fn run(&self, batch: Range<usize>, monitor: &dyn Monitor) -> Result<Execution, Failure> {
        Ok(execute(&self.loaded.network, &self.inputs, batch, monitor)?)
    }

    /// Says so where z-box is asked for and inputs leave its bounds: relevance then means little.
    pub fn warn_of_bounds(&self) {
        let rules = self.questions.iter().filter_map(|question| question.assignment.resolve(&self.loaded.network).ok());
        if !rules.flatten().any(|rule| rule.takes_bounds()) {
            return;
        }
        let ends = |values: &[f32]| {
            values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)))
        };
        let ((low, _), (_, high)) = (ends(&self.bounds.low), ends(&self.bounds.high));
        let (least, largest) = ends(&self.inputs.values);
        if least < low || largest > high {
            crate::say(format_args!(
                "warning: inputs range from {least} to {largest}, beyond the bounds {low} to {high} of rule `z-box`: \
                 set --low and --high"
            ));
        }
    }
}

/// Bounds of the input for z-box: as given, else what the preprocessing makes of 0 and 1.
pub fn bounds(
    options: &RuleOptions,
    shape: &[usize],
    picture: Option<[usize; 3]>,
    preprocessing: &Preprocessing,
) -> Bounds {
    let channels = picture.map_or(shape[0], |[channels, ..]| channels);
    let ranges: Vec<(f32, f32)> = match preprocessing.mean.len().max(preprocessing.std.len()) {
        1 => vec![preprocessing.range(0)],
        _ => (0..channels).map(|channel| preprocessing.range(channel)).collect(),
    };
    let bound = |option: &Option<Vec<f32>>, end: fn(&(f32, f32)) -> f32| match option {
        Some(values) => values.as_slice().into(),
        None => ranges.iter().map(end).collect(),
    };
    Bounds { low: bound(&options.low, |range| range.0), high: bound(&options.high, |range| range.1) }
}
