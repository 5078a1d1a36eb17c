//! Studies over data sets: from arrays, or from files.

use std::path::PathBuf;

use kirchhoff::data::{DataSet, DataSetOptions, Split};
use kirchhoff::evaluate::Coverage;
use kirchhoff::explain::Question;
use kirchhoff::explanation::batch_size;
use kirchhoff::network::{Prunable, network_hash};
use kirchhoff::study::mask::{MaskSettings, mask};
use kirchhoff::study::perturb::{Attack, Settings as PerturbSettings};
use kirchhoff::study::prune::{Method, PruneSettings, prune};
use kirchhoff::study::thresholds::Settings as ThresholdSettings;
use kirchhoff::study::{Identity, Outputs, Run as StudyRun, StudyError, data_hash};
use numpy::PyReadonlyArrayDyn;
use pyo3::prelude::*;
use serde_json::json;

use crate::errors::{Kind, OrRaise};
use crate::network::PyNetwork;
use crate::question::QuestionOptions;
use crate::semiring::Semiring;
use crate::work::Run;

/// Where the data of a study is.
#[derive(FromPyObject)]
pub enum GivenData<'py> {
    /// Inputs on a first axis, and their labels.
    Array(PyReadonlyArrayDyn<'py, f32>, Vec<usize>),
    /// A file or folder, and a file of labels.
    Path(PathBuf, Option<PathBuf>),
}

/// What is studied beside the questions.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct StudyOptions {
    /// Where the state of the run is kept, and what it finds is written.
    out: PathBuf,
    restart: bool,
    seed: u64,
    limit: Option<usize>,
    split: String,
    skip_bad: bool,
    resize: bool,
    by_label: bool,
    memory: u64,
    force: bool,
}

/// The settings of one kind of study.
#[derive(FromPyObject)]
pub enum GivenStudy<'py> {
    Mask(MaskOptions),
    Prune(PruneOptions<'py>),
    Thresholds(ThresholdOptions<'py>),
    Perturb(PerturbOptions),
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct MaskOptions {
    mask_classes: Option<Vec<usize>>,
    correct: bool,
    quantile: Vec<f64>,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct PerturbOptions {
    order: Vec<String>,
    baseline: Vec<String>,
    square: Option<usize>,
    step: Option<usize>,
    steps: Option<usize>,
    eta: Option<Vec<f64>>,
    attack_step: usize,
    draws: usize,
    windows: Option<(usize, usize)>,
    keep: usize,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct PruneOptions<'py> {
    prune_layer: Option<String>,
    /// Semirings count in the order of the questions.
    method: Vec<String>,
    seeds: u64,
    inputs: usize,
    step: Option<usize>,
    train: Option<GivenData<'py>>,
    write: Vec<(String, f64)>,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct ThresholdOptions<'py> {
    critical: PyRef<'py, Semiring>,
    critical_theta: Option<String>,
    at: Vec<f32>,
    share: Vec<f64>,
    constant: Vec<f32>,
    threshold_baseline: String,
    step: usize,
    steps: usize,
    keep: usize,
}

/// An error of a study, by what is wrong.
fn study_error(error: StudyError) -> PyErr {
    let kind = match &error {
        StudyError::Data(_) | StudyError::Execution(_) => Kind::Input,
        StudyError::Write { .. }
        | StudyError::Read { .. }
        | StudyError::Other { .. }
        | StudyError::State { .. }
        | StudyError::InTheWay { .. }
        | StudyError::Locked { .. } => Kind::File,
        StudyError::Explain(_)
        | StudyError::Network(_)
        | StudyError::Settings(_)
        | StudyError::Render(_)
        | StudyError::Interrupted { .. } => Kind::Question,
    };
    kind.error(error)
}

/// Opens a data set for a network.
fn open(network: &PyNetwork, data: GivenData<'_>, options: &StudyOptions, split: Split) -> PyResult<DataSet> {
    let outputs: usize = network.output_shape().iter().product();
    let mut data = match data {
        GivenData::Array(x, labels) => {
            let inputs = network.inputs(&x, None)?;
            DataSet::in_memory("an array", inputs.values, &inputs.shape, &labels, outputs).or_raise(Kind::Input)?
        }
        GivenData::Path(path, labels) => {
            let settings = DataSetOptions {
                labels: labels.as_deref(),
                split,
                outputs,
                classes: network.classes.as_deref(),
                skip_bad: options.skip_bad,
                resize: options.resize,
            };
            DataSet::open(&path, &network.input_shape(), &network.preprocessing, &settings).or_raise(Kind::Input)?
        }
    };
    if let Some(limit) = options.limit {
        let count = data.count().min(limit);
        data.choose(0..count);
    }
    Ok(data)
}

/// The range of inputs: what the preprocessing makes of 0 and 1, in all channels or in each.
fn range(network: &PyNetwork) -> Vec<(f32, f32)> {
    let bounds = network.bounds();
    bounds.low.iter().copied().zip(bounds.high.iter().copied()).collect()
}

/// Makes a study: the names of its files with their contents, which are in its folder too.
#[pyfunction]
pub fn study(
    py: Python<'_>,
    network: PyRef<'_, PyNetwork>,
    data: GivenData<'_>,
    semirings: Vec<PyRef<'_, Semiring>>,
    questions: QuestionOptions,
    options: StudyOptions,
    settings: GivenStudy<'_>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Vec<(String, Vec<u8>)>> {
    let run = Run::new(progress, 0);
    let network = &*network;
    batch_size(&network.network, 1, Some(options.memory)).map_err(crate::network::explanation_error)?;
    let split = match &options.split[..] {
        "test" => Split::Test,
        "train" => Split::Train,
        other => return Err(Kind::Input.error(format!("`{other}` is no part of a data set: write `test` or `train`"))),
    };
    let (asked, _built) = network.questions(&semirings, &questions, &run)?;
    let data = open(network, data, &options, split)?;
    let names: Vec<&str> = semirings.iter().map(|semiring| semiring.name()).collect();
    let described = json!({ "model": network.name, "semirings": names, "seed": options.seed });
    let mut identity = Identity::new(match &settings {
        GivenStudy::Mask(_) => "mask",
        GivenStudy::Perturb(_) => "perturb",
        GivenStudy::Prune(_) => "prune",
        GivenStudy::Thresholds(_) => "thresholds",
    });
    identity.set("model", network_hash(&network.network));
    identity.set("data", data_hash(&data).map_err(study_error)?);
    identity.set("inputs", data.count());
    identity.set("--seed", options.seed);
    let make = Make { network, data, asked, options: &options, described, identity };
    let outputs = match settings {
        GivenStudy::Mask(given) => make.mask(py, &run, given),
        GivenStudy::Perturb(given) => make.perturb(py, &run, given),
        GivenStudy::Prune(given) => make.prune(py, &run, given),
        GivenStudy::Thresholds(given) => make.thresholds(py, &run, given, &questions),
    }?;
    let output = kirchhoff::file::Output::new(&options.out).forced(options.force);
    run.detached(py, |_| outputs.write(output))?.or_raise(Kind::File)?;
    Ok(outputs.files)
}

/// What every study is made of.
struct Make<'a> {
    network: &'a PyNetwork,
    data: DataSet,
    asked: Vec<Question>,
    options: &'a StudyOptions,
    described: serde_json::Value,
    identity: Identity,
}

impl Make<'_> {
    /// Does the work of a study in its folder.
    fn run(
        py: Python<'_>,
        run: &Run,
        options: &StudyOptions,
        identity: Identity,
        work: impl FnOnce(&mut StudyRun<'_>) -> Result<Outputs, StudyError> + Send,
    ) -> PyResult<Outputs> {
        let found = run.detached(py, |run| {
            let mut study = StudyRun::open(&options.out, identity, options.restart, run)?;
            let outputs = work(&mut study)?;
            study.finish()?;
            Ok(outputs)
        })?;
        found.map_err(study_error)
    }

    fn mask(self, py: Python<'_>, run: &Run, given: MaskOptions) -> PyResult<Outputs> {
        let Make { network, mut data, asked, options, described, mut identity } = self;
        let settings = MaskSettings {
            questions: asked,
            by_label: options.by_label,
            classes: given.mask_classes,
            correct: given.correct,
            quantiles: given.quantile,
            memory: options.memory,
            outside: Vec::new(),
        };
        settings.identify(&mut identity);
        Make::run(py, run, options, identity, |study| {
            mask(study, &network.network, &mut data, &settings)?.outputs(&settings, &described)
        })
    }

    fn perturb(self, py: Python<'_>, run: &Run, given: PerturbOptions) -> PyResult<Outputs> {
        let Make { network, mut data, asked, options, described, mut identity } = self;
        let hundredth = match given.square {
            Some(_) => 1,
            None => data.shape().iter().product::<usize>().div_ceil(100),
        };
        let eta = given.eta;
        if let Some(eta) = eta.as_ref().filter(|eta| eta.len() != asked.len()) {
            let text = format!("eta has {} numbers for {} semirings: give one for each", eta.len(), asked.len());
            return Err(Kind::Question.error(text));
        }
        let settings = PerturbSettings {
            questions: asked,
            by_label: options.by_label,
            orders: given.order.iter().map(|name| name.parse().or_raise(Kind::Question)).collect::<PyResult<_>>()?,
            baselines: given
                .baseline
                .iter()
                .map(|name| name.parse().or_raise(Kind::Question))
                .collect::<PyResult<_>>()?,
            square: given.square,
            regions_a_step: given.step.unwrap_or(hundredth),
            steps: given.steps.unwrap_or(usize::MAX),
            attack: eta.map(|eta| Attack { eta, values_a_step: given.attack_step, repeats: given.draws }),
            windows: given.windows.map(|(side, stride)| [side, stride]),
            range: range(network),
            keep: given.keep,
            seed: options.seed,
            outside: Vec::new(),
        };
        settings.describe(&mut identity);
        Make::run(py, run, options, identity, |study| {
            settings.run(&network.network, &mut data, study)?.outputs(&described)
        })
    }

    fn prune(self, py: Python<'_>, run: &Run, given: PruneOptions<'_>) -> PyResult<Outputs> {
        let Make { network, mut data, asked, options, described, mut identity } = self;
        let graph = &network.network;
        let mut prunable = graph.nodes().map(|(id, _)| id).filter(|&id| Prunable::new(graph, id).is_ok());
        let layer = match &given.prune_layer {
            Some(name) => graph.find(name),
            None => prunable.next(),
        };
        let Some(layer) = layer else {
            return Err(Kind::Question.error(match &given.prune_layer {
                Some(name) => format!("no layer is named `{name}`"),
                None => "the network has no layer that can be pruned".to_string(),
            }));
        };
        let neurons = Prunable::new(graph, layer).or_raise(Kind::Question)?.neurons;
        let mut asked = asked.into_iter();
        let method = |name: &String| match &name[..] {
            "l1" => Some(Method::L1),
            "l2" => Some(Method::L2),
            "activation" => Some(Method::Activation),
            "random" => Some(Method::Random),
            _ => asked.next().map(|question| Method::Relevance(Box::new(question))),
        };
        let settings = PruneSettings {
            layer,
            methods: given.method.iter().filter_map(method).collect(),
            by_label: options.by_label,
            seeds: (0..given.seeds).map(|number| options.seed.wrapping_add(number)).collect(),
            inputs: given.inputs,
            step: given.step.unwrap_or((neurons / 75).max(1)),
        };
        let mut ranking = match given.train {
            Some(train) => open(network, train, options, Split::Train)?,
            None => return Err(Kind::Input.error("pruning needs inputs to rank by")),
        };
        identity.set("training data", data_hash(&ranking).map_err(study_error)?);
        settings.identify(&mut identity);
        let write = given.write;
        Make::run(py, run, options, identity, |study| {
            let pruning = prune(study, graph, &mut ranking, &mut data, &settings)?;
            pruning.outputs(graph, &write, &described)
        })
    }

    fn thresholds(
        self,
        py: Python<'_>,
        run: &Run,
        given: ThresholdOptions<'_>,
        questions: &QuestionOptions,
    ) -> PyResult<Outputs> {
        let Make { network, mut data, mut asked, options, described, mut identity } = self;
        let mut critical = questions.question(given.critical.build(None, run)?.semiring, &network.bounds())?;
        if let Some(theta) = &given.critical_theta {
            critical.annotation = theta.parse().or_raise(Kind::Question)?;
        }
        critical.check(&network.network).or_raise(Kind::Question)?;
        let share = |share: f64| {
            Coverage::new(share)
                .ok_or_else(|| Kind::Question.error(format!("share takes numbers above 0 up to 1, not {share}")))
        };
        if let Some(theta) = given.at.iter().chain(&given.constant).find(|theta| !theta.is_finite()) {
            return Err(Kind::Question.error(format!("a threshold has to be a finite number, not {theta}")));
        }
        let settings = ThresholdSettings {
            critical,
            judged: asked.swap_remove(0),
            by_label: options.by_label,
            thetas: given.at,
            shares: given.share.into_iter().map(share).collect::<PyResult<_>>()?,
            constants: given.constant,
            baseline: given.threshold_baseline.parse().or_raise(Kind::Question)?,
            values_a_step: given.step,
            steps: given.steps,
            range: range(network),
            keep: given.keep,
            seed: options.seed,
        };
        settings.describe(&mut identity);
        Make::run(py, run, options, identity, |study| {
            settings.run(&network.network, &mut data, study)?.outputs(&described)
        })
    }
}
