//! `kirchhoff study prune`.

use std::path::{Path, PathBuf};

use clap::Args;
use kirchhoff::data::Split;
use kirchhoff::explain::Question;
use kirchhoff::network::{NodeId, Prunable};
use kirchhoff::semiring::{LookupError, UnknownName};
use kirchhoff::study::data_hash;
use kirchhoff::study::prune::{Method, PruneSettings, prune};
use serde_json::json;

use crate::failure::Failure;
use crate::semirings::registry;
use crate::study::{self, Studied, numbers};
use crate::study_options::StudyOptions;

/// `kirchhoff study prune`.
#[derive(Args, Debug)]
pub struct Prune {
    #[command(flatten)]
    pub study: StudyOptions,
    /// Layer to remove neurons or filters from [default: the first one that can be pruned]
    #[arg(long, value_name = "LAYER")]
    pub layer: Option<String>,
    /// How neurons are ranked, separated by commas: semirings (by mean |R|), l1, l2, activation, random, or NAME=FILE, an
    /// array (.npy, .npz, .safetensors) with a number a neuron of the layer, of which the lowest go first
    /// [default: real,viterbi,boolean,counting-float,l1,l2,activation,random, without semirings that rules, Θ or targets do not
    /// suit]
    #[arg(long, alias = "methods", value_name = "NAMES")]
    pub method: Option<String>,
    /// Number of seeds, from --seed on: each ranks by training inputs of its own and draws a random order of its own
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub seeds: u64,
    /// Training inputs that each seed ranks by
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
    pub inputs: u64,
    /// Neurons to remove at a step [default: a 75th of them: 4 of 300]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub step: Option<u64>,
    /// Data set to rank by [default: the training part of a folder in MNIST's format, else the data set itself]
    #[arg(long, value_name = "DATA")]
    pub train: Option<PathBuf>,
    /// Labels of the data set to rank by
    #[arg(long, value_name = "FILE", requires = "train")]
    pub train_labels: Option<PathBuf>,
    /// Write the network without that share of the neurons, chosen by that method's first seed, as ONNX and safetensors;
    /// may be repeated
    #[arg(long, value_name = "METHOD=SHARE", value_parser = written)]
    pub write: Vec<(String, f64)>,
}

fn written(text: &str) -> Result<(String, f64), String> {
    let part = text.split_once('=').and_then(|(method, share)| Some((method.trim().to_string(), share.parse().ok()?)));
    part.filter(|(_, share)| (0.0..1.0).contains(share))
        .ok_or_else(|| "write a method and a share from 0 to below 1, such as real=0.5".to_string())
}

/// How neurons are ranked where nothing else is said.
const DEFAULT: &str = "real,viterbi,boolean,counting-float,l1,l2,activation,random";

/// Removes neurons step by step.
pub fn run(arguments: &Prune) -> Result<(), Failure> {
    let options = &arguments.study;
    let (studied, mut data) = Studied::open(options)?;
    let layer = layer(arguments, &studied)?;
    let neurons = Prunable::new(studied.network(), layer).map_err(Failure::input)?.neurons;
    let (methods, by_label) = methods(arguments, &studied, neurons)?;
    if let Some((method, _)) =
        arguments.write.iter().find(|(name, _)| !methods.iter().any(|method| method.name() == name))
    {
        return Err(Failure::usage(format!("--write names method `{method}`, which --method does not")));
    }
    let named = methods.iter().map(|method| method.name().to_string()).collect::<Vec<_>>().join(",");
    let settings = PruneSettings {
        layer,
        methods,
        by_label,
        seeds: (0..arguments.seeds).map(|number| options.seed.wrapping_add(number)).collect(),
        inputs: usize::try_from(arguments.inputs).unwrap_or(usize::MAX),
        step: arguments.step.map_or((neurons / 75).max(1), |step| usize::try_from(step).unwrap_or(usize::MAX)),
    };
    let train = arguments.train.as_deref().or(studied.path.as_deref());
    let labels = if arguments.train.is_some() { &arguments.train_labels } else { &options.data.input.choice.labels };
    let mut ranking =
        study::open(train, labels.as_deref(), options, &studied.loaded, &studied.preprocessing, Split::Train)?;
    let mut identity = studied.identity("prune", options)?;
    identity.set("training data", data_hash(&ranking)?);
    settings.identify(&mut identity);
    let described = json!({
        "model": studied.loaded.name,
        "data": studied.source,
        "training data": train.map_or(studied.source.clone(), |path| path.display().to_string()),
        "methods": named,
        "target": options.rules.target.join(" "),
        "seeds": settings.seeds,
        "inputs to rank by": settings.inputs,
        "neurons at a step": settings.step,
    });
    let network = studied.network().clone();
    let mut run = studied.run(identity, options)?;
    let pruning = prune(&mut run, &network, &mut ranking, &mut data, &settings)?;
    let outputs = pruning.outputs(&network, &arguments.write, &described)?;
    studied.finish(run, outputs, options)
}

/// The layer that is named, or the first that can be pruned.
fn layer(arguments: &Prune, studied: &Studied) -> Result<NodeId, Failure> {
    let network = studied.network();
    let prunable = || network.nodes().map(|(id, _)| id).filter(|&id| Prunable::new(network, id).is_ok());
    match &arguments.layer {
        Some(name) => network.find(name).ok_or_else(|| {
            let names: Vec<_> = prunable().map(|id| network.node(id).name.clone()).collect();
            Failure::usage(format!("no layer is named `{name}`; those that can be pruned are: {}", names.join(", ")))
        }),
        None => prunable().next().ok_or_else(|| Failure::usage("the network has no layer that can be pruned")),
    }
}

/// The file that a method's scores are in, if it is one.
fn file(method: &str) -> Option<&str> {
    method.split_once('=').map(|(_, file)| file)
}

fn methods(arguments: &Prune, studied: &Studied, neurons: usize) -> Result<(Vec<Method>, bool), Failure> {
    let named = arguments.method.as_deref().unwrap_or(DEFAULT);
    let texts: Vec<&str> = named.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let names: Vec<&str> =
        texts.iter().map(|text| text.split_once('=').map_or(*text, |(name, _)| name.trim())).collect();
    let twice = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name));
    if let Some((_, name)) = twice {
        return Err(Failure::usage(format!("--method names `{name}` twice")));
    }
    let taken = |name: &str| Method::NAMES.contains(&name) || registry().find(name).is_ok();
    if let Some((name, _)) = names.iter().zip(&texts).find(|(name, text)| file(text).is_some() && taken(name)) {
        return Err(Failure::usage(format!("--method: `{name}` is a method already: give the file another name")));
    }
    let semirings: Vec<&str> =
        texts.iter().copied().filter(|text| !Method::NAMES.contains(text) && file(text).is_none()).collect();
    for name in &semirings {
        // A definition says itself what is wrong with it.
        let is_name = !name.contains(['.', '(']);
        if let Some(Err(LookupError::Unknown(unknown))) = is_name.then(|| registry().find(name)) {
            let known: Vec<&str> = Method::NAMES.into_iter().chain(unknown.known.iter().map(String::as_str)).collect();
            return Err(Failure::input(UnknownName::new("method", name, &known)));
        }
    }
    let (rules, by_label) = studied.rules(&arguments.study)?;
    let questions = match semirings.is_empty() {
        true => Vec::new(),
        false => {
            let semirings = semirings.join(",");
            let named = arguments.method.is_some().then_some(&semirings[..]);
            studied.questions(&rules, named, &semirings, |question| question.check(studied.network()))?
        }
    };
    let mut questions = questions.into_iter().peekable();
    let mut methods = Vec::with_capacity(texts.len());
    for (text, name) in texts.iter().zip(&names) {
        methods.extend(match (*text, file(text)) {
            (_, Some(file)) => {
                let scores = numbers(Path::new(file), &[neurons])?.into_iter().map(f64::from).collect();
                Some(Method::Scores { name: name.to_string(), scores })
            }
            ("l1", _) => Some(Method::L1),
            ("l2", _) => Some(Method::L2),
            ("activation", _) => Some(Method::Activation),
            ("random", _) => Some(Method::Random),
            // A default one may have been left out.
            _ => {
                let is_it = |question: &Question| arguments.method.is_some() || question.semiring.name == *name;
                questions.next_if(is_it).map(|question| Method::Relevance(Box::new(question)))
            }
        });
    }
    Ok((methods, by_label))
}
