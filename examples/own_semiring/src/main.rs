//! A semiring of one's own, from its definition to explanations, pictures, a stored circuit and a study.
//!
//! How many halvings does the cheapest path from the answer to a pixel cost, and how many paths are that cheap? Run as
//!
//! ```console
//! cargo run --release --example own_semiring -- [OUT [MODEL IMAGE...]]
//! ```
//!
//! in Kirchhoff's folder, or without `--example own_semiring` in this crate's own. It explains the embedded digits, and, where
//! one is given, a model such as a VGG-16 on images.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kirchhoff::circuit::{CircuitFile, Notes, save_gates};
use kirchhoff::data::{DataSet, Inputs, Preprocessing, read_inputs};
use kirchhoff::embedded;
use kirchhoff::explain::{
    AnySemiring, Described, GateOptions, NameError, Question, Registry, compile_gates, evaluate_gates,
};
use kirchhoff::explanation::{Explanation, ExplanationOptions, PictureOptions};
use kirchhoff::network::import::{ImportOptions, read};
use kirchhoff::network::{Execution, Network, canonical};
use kirchhoff::semiring::{Array, Law, LawChecker, Laws, Project, Semiring};
use kirchhoff::study::mask::{Group, MaskJoin, MaskSettings, Masks, mask};
use kirchhoff::study::{Identity, Run, data_hash};

/// The cost of the cheapest paths, and their number: no path is of infinite cost, and there are 0 of it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Paths {
    cost: u32,
    number: u32,
}

#[derive(Clone)]
struct CheapestPaths;

impl Semiring for CheapestPaths {
    type Value = Paths;

    fn zero(&self) -> Paths {
        Paths { cost: u32::MAX, number: 0 }
    }

    fn one(&self) -> Paths {
        Paths { cost: 0, number: 1 }
    }

    fn plus(&self, a: &Paths, b: &Paths) -> Paths {
        let of = |paths: &Paths, cost: u32| if paths.cost == cost { paths.number } else { 0 };
        let cost = a.cost.min(b.cost);
        Paths { cost, number: of(a, cost).saturating_add(of(b, cost)) }
    }

    fn times(&self, a: &Paths, b: &Paths) -> Paths {
        Paths { cost: a.cost.saturating_add(b.cost), number: a.number.saturating_mul(b.number) }
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes])
    }

    fn elements(&self) -> Vec<Paths> {
        let paths = |cost, number| Paths { cost, number };
        vec![self.zero(), self.one(), paths(1, 1), paths(1, 2), paths(2, 1), paths(3, u32::MAX)]
    }
}

/// What pictures and files show: the cost, and beside it the number.
impl Project for CheapestPaths {
    fn project(&self, paths: &Paths) -> f64 {
        if paths.number == 0 { f64::INFINITY } else { f64::from(paths.cost) }
    }

    fn columns(&self, values: &[Paths]) -> Vec<(String, Array)> {
        vec![("paths".to_string(), Array::F64(values.iter().map(|paths| f64::from(paths.number)).collect()))]
    }
}

/// The semiring with its Θ: a contribution from 0 to 1 costs as many halvings as lead from 1 down to it.
fn cheapest_paths() -> AnySemiring {
    let halvings = |_: &str, d: f32| match d > 0.0 {
        // 127 less the exponent of a number below 2.
        true => Paths { cost: 127u32.saturating_sub(d.to_bits() >> 23), number: 1 },
        false => CheapestPaths.zero(),
    };
    Described::new("cheapest-paths", CheapestPaths)
        .with_theta(halvings)
        .with_rule("max-abs")
        .with_description("halvings on the cheapest path to a neuron, and how many paths are that cheap")
        .into()
}

/// A question in each of three semirings, found by name as on the command line.
fn questions() -> Result<Vec<Question>, Box<dyn Error>> {
    let registry: Result<Registry, NameError> = Registry::built_in().with(cheapest_paths());
    let registry = registry?;
    ["cheapest-paths", "real", "viterbi"].iter().map(|name| Ok(Question::of(registry.find(name)?))).collect()
}

/// Explains inputs in all three, and writes relevance, ledgers and pictures.
fn explain(
    network: &Arc<Network>,
    inputs: Inputs,
    preprocessing: Preprocessing,
    out: &Path,
) -> Result<Explanation, Box<dyn Error>> {
    let options = ExplanationOptions { preprocessing, ..ExplanationOptions::default() };
    let explanation = Explanation::run(network, inputs, &questions()?, &options, &())?;
    explanation.write(out, &PictureOptions::default())?;
    for summary in explanation.summaries() {
        println!("{}", summary.heading(None));
    }
    if let Some(ledger) = explanation.ledgers("cheapest-paths")?.first() {
        for layer in &ledger.layers {
            println!("  layer {}: {} of {} neurons are relevant", layer.layer, layer.relevant, layer.neurons);
        }
    }
    println!("wrote {}", out.display());
    Ok(explanation)
}

/// The circuit of one input, gate by gate: made, stored, read again and folded. Gives the cost of each pixel.
fn circuit(network: &Arc<Network>, input: &[f32], out: &Path) -> Result<Vec<f64>, Box<dyn Error>> {
    let question = Question::of(cheapest_paths());
    let execution = Execution::run(network.clone(), input, 1, &())?;
    let options = GateOptions { prune: true, ..GateOptions::default() };
    let (circuit, notes) = compile_gates(&execution, &question, &options, &())?;
    let path = out.join("circuit.safetensors");
    save_gates(&path, &circuit, &Notes::new())?;
    let stored = CircuitFile::open(&path)?.gates()?;
    let answer = evaluate_gates(&stored, &notes, &question, &())?;
    println!("wrote {}: {} gates", path.display(), stored.gates());
    Ok(answer.tensors[0].values.to_f64())
}

/// Masks of a data set: what is relevant in its classes. Interrupted, a run goes on where it was.
fn masks(network: &Arc<Network>, data: &mut DataSet, out: &Path) -> Result<Masks, Box<dyn Error>> {
    let settings = MaskSettings {
        outside: Vec::new(),
        questions: questions()?,
        by_label: true,
        classes: None,
        correct: false,
        quantiles: Vec::new(),
        memory: 1 << 30,
    };
    let mut identity = Identity::new("mask");
    identity.set("data", data_hash(data)?);
    settings.identify(&mut identity);
    let mut run = Run::open(out, identity, false, &())?;
    let masks = mask(&mut run, network, data, &settings)?;
    masks.outputs(&settings, &Default::default())?.write(out)?;
    run.finish()?;
    let costs = masks.mask("cheapest-paths", "input", Group::All, MaskJoin::Any).ok_or("the input has a mask")?;
    println!(
        "{} of {} pixels are relevant in some input",
        costs.iter().filter(|cost| cost.is_finite()).count(),
        costs.len()
    );
    Ok(masks)
}

/// All of it for the embedded digits.
fn digits(out: &Path) -> Result<(Explanation, Vec<f64>, Masks), Box<dyn Error>> {
    let (network, digits) = embedded::digits()?;
    let network = Arc::new(network);
    let explanation = explain(&network, digits.clone(), Preprocessing::default(), out)?;
    let size: usize = digits.shape.iter().product();
    let costs = circuit(&network, &digits.values[7 * size..8 * size], out)?;
    let labels: Vec<usize> = (0..digits.count).collect();
    let mut data = DataSet::in_memory("the embedded digits", digits.values, &digits.shape, &labels, 10)?;
    let masks = masks(&network, &mut data, &out.join("masks"))?;
    Ok((explanation, costs, masks))
}

/// Explanations of images by a model that was trained on ImageNet, unless its file says otherwise.
fn model(out: &Path, model: &Path, images: &[PathBuf]) -> Result<Explanation, Box<dyn Error>> {
    let model = read(model, &ImportOptions::default())?;
    let preprocessing = model.preprocessing.unwrap_or_else(|| Preprocessing {
        mean: vec![0.485, 0.456, 0.406],
        std: vec![0.229, 0.224, 0.225],
        ..Preprocessing::default()
    });
    let network = Arc::new(canonical(&model.network)?);
    let inputs = read_inputs(images, &network.node(network.input()).shape, &preprocessing)?;
    explain(&network, inputs, preprocessing, out)
}

fn main() -> Result<(), Box<dyn Error>> {
    // Is it a semiring at all? The checker finds out, and shows the shortest counterexample if it is not.
    let report = LawChecker::new().check(&CheapestPaths);
    println!("{report}\n");
    if !report.passed() {
        return Err("not a semiring".into());
    }
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let out = arguments.first().map_or(Path::new("own-semiring"), PathBuf::as_path);
    digits(out)?;
    match arguments.get(1..).unwrap_or_default() {
        [] => {}
        [file, images @ ..] => {
            model(&out.join("model"), file, images)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
