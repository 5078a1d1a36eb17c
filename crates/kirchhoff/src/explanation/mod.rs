//! Explanations as they are looked at and written: relevance of many inputs in several semirings, with its files and pictures.
//!
//! [`Explanation::run`] is what `kirchhoff explain` does: it runs a network on inputs in batches, asks every question of each,
//! and [writes](Explanation::write) `relevance.safetensors`, `explanation.json`, a picture a semiring and input, and the sheet
//! of all of them.
//!
//! ```
//! use std::sync::Arc;
//! use kirchhoff::explain::Question;
//! use kirchhoff::explanation::{Explanation, ExplanationOptions, PictureOptions};
//!
//! let (network, digits) = kirchhoff::embedded::digits()?;
//! let questions = [Question::new("real")?, Question::new("boolean")?];
//! let options = ExplanationOptions::default();
//! let explanation = Explanation::run(&Arc::new(network), digits, &questions, &options, &())?;
//!
//! let real = explanation.relevance("real", "input")?;
//! assert_eq!(real.f32().map(|array| array.shape().to_vec()), Some(vec![10, 784]));
//! assert_eq!(explanation.summaries()[7].top, 7);
//! let first = &explanation.ledgers("real")?[7].layers[0];
//! assert_eq!(&*first.layer, "4");
//!
//! let folder = tempfile::tempdir()?;
//! explanation.write(folder.path().join("seven"), &PictureOptions::default())?;
//! assert!(folder.path().join("seven/sheet.png").exists());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod archive;
mod batches;
mod error;
mod look;
mod memory;
mod page;
mod paths;
mod picture_files;
mod pictures;
mod relevance;
mod remarks;
mod report;
mod shown;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kirchhoff_data::{Inputs, Preprocessing};
use kirchhoff_evaluate::Ledger;
use kirchhoff_explain::{Answer, Question, Target, explain_all};
use kirchhoff_file::{Folder, Output};
use kirchhoff_kernel::{Arithmetic, Monitor};
use kirchhoff_network::{Network, NodeId};
use ndarray::ArrayViewD;

pub use archive::relevance_file;
pub use batches::{DEFAULT_MEMORY, batch_size, batches, execute};
pub use error::ExplanationError;
pub use look::{Channels, LookError, PictureFormat, PictureOptions, SameScale};
pub use memory::{forget_peak_memory, peak_memory};
pub use page::PageOptions;
pub use paths::{ElementPath, ElementPaths, ElementStep, PathOptions};
pub use pictures::Pictures;
pub use relevance::Relevance;
pub use report::{Best, Explained, ExplainedNeurons, Report, Summary, as_map};
pub use shown::{Names, Subject};

use batches::fitting;
use page::{LayerView, layer_views};
use relevance::view;

/// The name by which a network's input is known whatever its file calls it.
const INPUT: &str = "input";

/// What an explanation is of, and what it may take.
#[derive(Clone, Debug, Default)]
pub struct ExplanationOptions {
    /// What the model is called in `explanation.json`.
    pub model: String,
    /// The names of the network's outputs.
    pub classes: Option<Vec<String>>,
    /// What inputs consist of: words, columns of a table.
    pub names: Names,
    /// How the inputs were preprocessed, which pictures of them undo.
    pub preprocessing: Preprocessing,
    /// Bytes for the activations and relevance of inputs that are run together; 128 MiB of activations where none are given.
    pub memory: Option<u64>,
    /// Whether the activations of the tensors whose relevance is kept are kept beside it.
    pub activations: bool,
    /// Whether `explanation.html` is written with the other files, and what it holds.
    pub page: Option<PageOptions>,
}

/// The relevance of inputs in several semirings, with what the network answered on each of them.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// How long it took: what `explanation.json` says.
    pub time: Duration,
    inputs: Arc<Inputs>,
    subjects: Vec<Subject>,
    options: ExplanationOptions,
    arithmetic: Arithmetic,
    questions: Vec<Question>,
    answers: Vec<Answer>,
    summaries: Vec<Summary>,
    activations: Vec<Activations>,
    layers: Vec<LayerView>,
    /// Of the inputs that are explained, as far as a page shows them.
    paths: Vec<Vec<ElementPaths>>,
}

/// The activations of a tensor on all inputs.
#[derive(Clone, Debug)]
struct Activations {
    name: String,
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// An explanation that is being made, batch by batch.
///
/// ```
/// use std::sync::Arc;
/// use kirchhoff::explain::Question;
/// use kirchhoff::explanation::{Explaining, ExplanationOptions};
///
/// let (network, digits) = kirchhoff::embedded::digits()?;
/// let questions = [Question::new("viterbi")?];
/// let options = ExplanationOptions::default();
/// let mut explaining = Explaining::new(&Arc::new(network), digits, &questions, &options)?;
/// while explaining.batch(&(), |stage| println!("{stage}"))? {
///     println!("{} inputs are explained", explaining.done());
/// }
/// assert_eq!(explaining.finish().summaries().len(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Explaining {
    network: Arc<Network>,
    /// Inputs that are run together.
    batch: usize,
    began: Instant,
    explanation: Explanation,
}

impl Explaining {
    /// Begins an explanation of inputs that the network takes; nothing is run yet.
    ///
    /// # Errors
    /// No question; two questions in semirings of one name; a limit on memory that one input exceeds.
    pub fn new(
        network: &Arc<Network>,
        inputs: impl Into<Arc<Inputs>>,
        questions: &[Question],
        options: &ExplanationOptions,
    ) -> Result<Self, ExplanationError> {
        let inputs = inputs.into();
        if questions.is_empty() {
            return Err(ExplanationError::NoQuestion);
        }
        let names: Vec<&str> = questions.iter().map(|question| &*question.semiring.name).collect();
        if let Some(name) = names.iter().enumerate().find_map(|(at, name)| names[..at].contains(name).then_some(name)) {
            return Err(ExplanationError::TwoOfAName { semiring: name.to_string() });
        }
        let explanation = Explanation {
            time: Duration::ZERO,
            options: options.clone(),
            arithmetic: network.arithmetic(),
            questions: questions.iter().map(|question| summed_up(question, options)).collect(),
            answers: Vec::new(),
            summaries: Vec::new(),
            activations: Vec::new(),
            subjects: Subject::all(network, &inputs),
            layers: layer_views(network),
            paths: Vec::new(),
            inputs,
        };
        // Paths take the relevance of all tensors, and normalisers of all layers.
        let copies = if options.page.as_ref().is_some_and(|page| page.paths.any()) { 2 } else { 0 };
        let batch = fitting(network, explanation.inputs.count, options.memory, copies)?;
        Ok(Explaining { network: network.clone(), batch, began: Instant::now(), explanation })
    }

    /// How many inputs are explained.
    pub fn done(&self) -> usize {
        self.explanation.summaries.len()
    }

    /// Explains the next batch of inputs; `false` if there is none left. `stage` is told in a word or two what the work is
    /// about: the network, then the semirings.
    ///
    /// # Errors
    /// An input that the network cannot run on; whatever in a question does not fit the network; cancellation.
    pub fn batch(&mut self, monitor: &dyn Monitor, stage: impl Fn(&str)) -> Result<bool, ExplanationError> {
        let Explanation { inputs, questions, summaries, .. } = &self.explanation;
        let first = summaries.len();
        if first == inputs.count {
            return Ok(false);
        }
        let batch = first..(first + self.batch).min(inputs.count);
        stage("network");
        let execution = execute(&self.network, inputs, batch.clone(), monitor)?;
        let names: Vec<_> = questions.iter().map(|question| &*question.semiring.name).collect();
        stage(&names.join(", "));
        let part = questions.iter().map(|question| question.part(batch.clone(), inputs.count));
        let part = part.collect::<Result<Vec<_>, _>>()?;
        let found = explain_all(&execution, &part, monitor)?;
        let page = self.explanation.options.page.as_ref().filter(|page| page.paths.any() && first < page.most);
        if let (Some(page), Some(question)) = (page, part.first()) {
            stage("paths");
            self.explanation.paths.extend(paths::strongest(&execution, question, &found, &page.paths, monitor)?);
        }
        let Explanation { inputs, answers, summaries, .. } = &mut self.explanation;
        if let (Some(answer), Some(question)) = (found.first(), part.first()) {
            for (at, (input, of)) in batch.zip(&answer.targets).enumerate() {
                let (name, outputs) = (&inputs.names[input], execution.output(at));
                summaries.push(match &question.targets[if question.targets.len() == 1 { 0 } else { at }] {
                    target @ Target::Neurons { .. } => Summary::of_neurons(name, outputs, target, of.len()),
                    Target::Top | Target::Outputs { .. } | Target::Relative(_) => Summary::new(name, outputs, of),
                });
            }
        }
        for (number, answer) in found.into_iter().enumerate() {
            match answers.get_mut(number) {
                None => answers.push(answer),
                Some(earlier) => earlier.append(answer),
            }
        }
        if self.explanation.options.activations {
            self.explanation.keep_activations(&execution);
        }
        Ok(true)
    }

    /// The explanation of the inputs that are explained so far.
    pub fn finish(self) -> Explanation {
        Explanation { time: self.began.elapsed(), ..self.explanation }
    }
}

impl Explanation {
    /// Runs a network on inputs, in batches that fit into memory, and asks every question of each input.
    ///
    /// # Errors
    /// No question, or two in semirings of one name; a limit on memory that one input exceeds; an input that the network
    /// cannot run on; whatever in a question does not fit the network; cancellation.
    ///
    /// # Complexity
    /// Time of a forward pass and one backward pass a question. Memory for the relevance of all inputs, and beside it for
    /// what [`ExplanationOptions::memory`] allows.
    pub fn run(
        network: &Arc<Network>,
        inputs: impl Into<Arc<Inputs>>,
        questions: &[Question],
        options: &ExplanationOptions,
        monitor: &dyn Monitor,
    ) -> Result<Self, ExplanationError> {
        let mut explaining = Explaining::new(network, inputs, questions, options)?;
        while explaining.batch(monitor, |_| ())? {}
        Ok(explaining.finish())
    }

    /// The inputs.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The names of what inputs consist of.
    pub fn names(&self) -> &Names {
        &self.options.names
    }

    /// How many columns the inputs that have relevance have together, where they are vectors.
    pub fn columns(&self) -> Option<usize> {
        shown::columns(self.answers.first()?, &self.subjects)
    }

    /// What was asked, one question a semiring.
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// What was found, in the order of the questions.
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// What the network answered on each input.
    pub fn summaries(&self) -> &[Summary] {
        &self.summaries
    }

    /// The answer in a semiring.
    ///
    /// # Errors
    /// A semiring that no question was in.
    pub fn answer(&self, semiring: &str) -> Result<&Answer, ExplanationError> {
        let names = || self.answers.iter().map(|answer| answer.semiring.name.to_string()).collect();
        let found = self.answers.iter().find(|answer| answer.semiring.name == semiring);
        found.ok_or_else(|| ExplanationError::Unknown {
            what: "answer in semiring",
            name: semiring.to_string(),
            known: names(),
        })
    }

    /// The relevance of a tensor in a semiring, inputs on the first axis. The network's input is also known as `input`.
    ///
    /// # Errors
    /// A semiring that no question was in, or a tensor whose relevance its question does not keep.
    pub fn relevance(&self, semiring: &str, tensor: &str) -> Result<Relevance<'_>, ExplanationError> {
        let tensor = self.tensor(semiring, tensor)?;
        Ok(Relevance::new(&tensor.values, self.summaries.len(), &tensor.shape))
    }

    /// One of the numbers that a semiring's values consist of, under its name among the
    /// [columns](kirchhoff_explain::TensorRelevance::columns).
    ///
    /// # Errors
    /// As for [`relevance`](Explanation::relevance); a column that values of the semiring do not have.
    pub fn column(&self, semiring: &str, tensor: &str, column: &str) -> Result<Relevance<'_>, ExplanationError> {
        let tensor = self.tensor(semiring, tensor)?;
        match tensor.columns.iter().find(|(name, _)| name == column) {
            Some((_, values)) => Ok(Relevance::new(values, self.summaries.len(), &tensor.shape)),
            None => Err(ExplanationError::Unknown {
                what: "column",
                name: column.to_string(),
                known: tensor.columns.iter().map(|(name, _)| name.clone()).collect(),
            }),
        }
    }

    fn tensor(&self, semiring: &str, tensor: &str) -> Result<&kirchhoff_explain::TensorRelevance, ExplanationError> {
        let tensors = &self.answer(semiring)?.tensors;
        let found = tensors.iter().find(|found| found.name == tensor);
        found.or(tensors.first().filter(|_| tensor == INPUT)).ok_or_else(|| ExplanationError::Unknown {
            what: "relevance of tensor",
            name: tensor.to_string(),
            known: tensors.iter().map(|tensor| tensor.name.clone()).collect(),
        })
    }

    /// The ledgers of a semiring, one an input.
    ///
    /// # Errors
    /// A semiring that no question was in.
    pub fn ledgers(&self, semiring: &str) -> Result<&[Ledger], ExplanationError> {
        Ok(&self.answer(semiring)?.ledgers)
    }

    /// The activations of a tensor, inputs on the first axis: of the network's only input, also known as `input`, and of all whose
    /// relevance is kept where [`ExplanationOptions::activations`] asks for them.
    ///
    /// # Errors
    /// A tensor whose activations are not kept.
    pub fn activations(&self, tensor: &str) -> Result<ArrayViewD<'_, f32>, ExplanationError> {
        let count = self.summaries.len();
        if let Some(found) = self.activations.iter().find(|found| found.name == tensor) {
            return Ok(view(&found.values, count, &found.shape));
        }
        let input = self.answers.first().and_then(|answer| answer.tensors.first()).map(|tensor| &tensor.name[..]);
        if tensor == INPUT || (Some(tensor) == input && self.inputs.parts.is_empty()) {
            let size: usize = self.inputs.shape.iter().product();
            return Ok(view(&self.inputs.values[..count * size], count, &self.inputs.shape));
        }
        let kept = self.activations.iter().map(|kept| kept.name.clone());
        let known = [INPUT.to_string()].into_iter().chain(kept).collect();
        Err(ExplanationError::Unknown { what: "activation of tensor", name: tensor.to_string(), known })
    }

    /// Keeps the activations of all tensors whose relevance is kept, those of an only input aside.
    fn keep_activations(&mut self, execution: &kirchhoff_network::Execution) {
        let network = execution.network();
        for tensor in self.answers.iter().flat_map(|answer| &answer.tensors) {
            // The values of a network's only input are there.
            let is_there = |node: &NodeId| [*node] == network.inputs()[..];
            let Some(node) = network.find(&tensor.name).filter(|node| !is_there(node)) else { continue };
            // Another question may keep it, too: then its activations of this batch are there.
            let size: usize = tensor.shape.iter().product();
            let expected = self.summaries.len() * size;
            match self.activations.iter_mut().find(|kept| kept.name == tensor.name) {
                Some(kept) if kept.values.len() < expected => {
                    kept.values.extend_from_slice(execution.activations(node))
                }
                Some(_) => {}
                None => self.activations.push(Activations {
                    name: tensor.name.clone(),
                    shape: tensor.shape.clone(),
                    values: execution.activations(node).to_vec(),
                }),
            }
        }
    }

    /// What `explanation.json` says: it serialises to that.
    pub fn report(&self) -> Report<'_> {
        Report::new(self)
    }

    /// The relevance of the inputs, ready to be drawn.
    pub fn pictures<'a>(&'a self, options: &'a PictureOptions) -> Pictures<'a> {
        Pictures {
            inputs: &self.inputs,
            preprocessing: &self.options.preprocessing,
            options,
            subjects: &self.subjects,
            names: &self.options.names,
        }
    }

    /// What pictures of an input are called: its name, and on lines of their own what is explained.
    ///
    /// # Panics
    /// If there are not so many inputs.
    pub fn label(&self, input: usize) -> String {
        self.summaries[input].label(self.options.classes.as_deref())
    }

    /// Writes `relevance.safetensors`, `explanation.json`, `explanation.html` where [`ExplanationOptions::page`] asks for it, and for
    /// the first inputs their pictures and the sheet, to a folder that is made where it is not there: all of these files, whole, or
    /// none.
    ///
    /// # Errors
    /// Values that no picture can be made of; files that cannot be written.
    pub fn write(&self, folder: impl Into<Output>, pictures: &PictureOptions) -> Result<(), ExplanationError> {
        let mut folder = Folder::open(folder)?;
        folder.replace_run("explanation.json");
        self.write_to(&mut folder, pictures, &())?;
        Ok(folder.commit()?)
    }

    /// As [`write`](Explanation::write), to a folder whose files appear when it is [committed](Folder::commit).
    ///
    /// # Errors
    /// Values that no picture can be made of; files that cannot be written; cancellation.
    pub fn write_to(
        &self,
        folder: &mut Folder,
        pictures: &PictureOptions,
        monitor: &dyn Monitor,
    ) -> Result<(), ExplanationError> {
        folder.write("relevance.safetensors", &relevance_file(&self.answers, self.summaries.len())?)?;
        if let Some(page) = &self.options.page {
            folder.write("explanation.html", self.page(page, monitor)?.as_bytes())?;
        }
        let shown = &self.summaries[..self.summaries.len().min(pictures.most)];
        if !shown.is_empty() {
            let labels: Vec<String> = (0..shown.len()).map(|input| self.label(input)).collect();
            let pictures = self.pictures(pictures);
            pictures.draw(folder, &self.answers, &labels, monitor)?;
            pictures.draw_sheet(folder, &self.answers, &labels)?;
        }
        // Last of all: it lists the others, for the next run into the folder.
        let report = self.report().with_files(folder.names());
        Ok(folder.write("explanation.json", &serde_json::to_vec_pretty(&report)?)?)
    }
}

/// A question as a page needs it answered, where there is one.
fn summed_up(question: &Question, options: &ExplanationOptions) -> Question {
    Question { summaries: question.summaries || options.page.is_some(), ..question.clone() }
}

#[cfg(test)]
mod tests;
