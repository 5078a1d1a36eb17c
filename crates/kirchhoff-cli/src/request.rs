//! A request of the command line, read and checked: a model, its inputs, and questions about them.

use std::ops::Range;
use std::sync::Arc;

use kirchhoff::compile::Bounds;
use kirchhoff::data::{Fitting, Inputs, Preprocessing};
use kirchhoff::explain::Question;
use kirchhoff::explanation::{batch_size, batches, execute};
use kirchhoff::network::Execution;
use kirchhoff_kernel::Monitor;

use crate::failure::Failure;
use crate::inputs::{self, Chosen};
use crate::load::Loaded;
use crate::options::{QuestionOptions, RuleOptions};
use crate::questions::{questions, say_left_out};
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
    /// A line about each semiring that was left out.
    left_out: Vec<String>,
    /// How the first picture of another size than the network's is fitted to it, its name, and how many more there are.
    fitting: Option<(Fitting, String, usize)>,
}

impl Request {
    /// Reads the files and checks the questions; nothing is run.
    pub fn read(options: &QuestionOptions) -> Result<Self, Failure> {
        let given = options.input.choice.with_files(&options.files);
        let (loaded, preprocessing, files) =
            targets::model_of(&given, &options.reading, &options.of, &options.rules.target)?;
        let by_label = options.rules.target.iter().any(|target| target == targets::LABEL);
        let chosen = inputs::inputs(files, &loaded, &preprocessing, &options.input, by_label)?;
        let inputs = &chosen.inputs;
        let first = inputs.parts.first();
        let (shape, picture) = first.map_or((&inputs.shape, inputs.picture), |part| (&part.shape, part.picture));
        let bounds = bounds(&options.rules, shape, picture, &preprocessing);
        let rules = targets::settled(&options.rules, &loaded)?;
        let target = match by_label {
            true => targets::labelled(&rules.target, &chosen)?,
            false => chosen.of_chosen(rules.target),
        };
        let options = QuestionOptions { rules: RuleOptions { target, ..rules }, ..options.clone() };
        let (questions, left_out) = questions(&options, &bounds, &loaded.network)?;
        let batch = batch_size(&loaded.network, inputs.count, options.memory)?;
        let Chosen { inputs, fitting, .. } = chosen;
        Ok(Request { loaded, preprocessing, inputs: Arc::new(inputs), bounds, questions, batch, left_out, fitting })
    }

    /// Edges of the network, which one input passes once forward and once for each question.
    pub fn edges(&self) -> u64 {
        self.loaded.network.nodes().map(|(id, _)| self.loaded.network.edges(id)).sum()
    }

    /// How many outputs the network has.
    pub fn outputs(&self) -> usize {
        self.loaded.network.size(self.loaded.network.output())
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

    /// Says what was made of the request: which semirings were left out, how pictures are fitted to the network; and whether
    /// inputs leave the bounds of z-box.
    pub fn remark(&self) {
        say_left_out(&self.left_out);
        if let Some((fitting, name, others)) = &self.fitting {
            crate::say(inputs::fitted(fitting, name, *others));
        }
        self.warn_of_bounds();
    }

    /// Says so where z-box is asked for and inputs leave its bounds: relevance then means little.
    fn warn_of_bounds(&self) {
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
