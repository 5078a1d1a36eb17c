//! States of studies that were stopped.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use kirchhoff::Monitor;
use kirchhoff::data::DataSet;
use kirchhoff::evaluate::Coverage;
use kirchhoff::explain::Question;
use kirchhoff::network::{Activation, Dense, Network, NetworkBuilder, Operator};
use kirchhoff::study::perturb::{Baseline, Order};
use kirchhoff::study::prune::{Method, PruneSettings, prune};
use kirchhoff::study::score::Metric;
use kirchhoff::study::{Identity, Run, StudyError, Watch, mask, perturb, score, thresholds};

const INPUTS: usize = 4;
/// Two batches, so that a study can be stopped between them.
const COUNT: usize = 520;

/// The studies, with the passes of each.
const STUDIES: [(&str, &[&str]); 5] = [
    ("mask", &["masks", "quantiles"]),
    ("perturb", &["curves"]),
    ("score", &["scores"]),
    ("thresholds", &["critical", "judge"]),
    ("prune", &["ranking", "pruning"]),
];

static NETWORK: LazyLock<Arc<Network>> = LazyLock::new(|| {
    let mut builder = NetworkBuilder::new();
    let mut node = builder.input("input", &[INPUTS]).expect("a vector");
    for (name, outputs) in [("0", 4), ("2", 3)] {
        let weights: Vec<f32> = (0..INPUTS * outputs).map(|at| (at * 7 % 11) as f32 * 0.2 - 1.0).collect();
        let dense = Dense { inputs: INPUTS, outputs, weights: weights.into(), bias: None };
        node = builder.add(name, Operator::Dense(dense), &[node]).expect("sizes fit");
        if name == "0" {
            node = builder.add("1", Operator::Activation(Activation::Relu), &[node]).expect("sizes fit");
        }
    }
    Arc::new(builder.finish(node).expect("a chain of layers"))
});

fn data() -> DataSet {
    let values = (0..COUNT * INPUTS).map(|at| (at % 13) as f32 / 13.0).collect();
    let labels: Vec<usize> = (0..COUNT).map(|at| at % 3).collect();
    DataSet::in_memory("numbers", values, &[INPUTS], &labels, 3).expect("as many as labels")
}

/// Asks to stop after some questions.
struct Stop(AtomicU64);

impl Monitor for Stop {
    fn cancelled(&self) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) == 0
    }
}

impl Watch for Stop {}

/// Does a study in a folder, from the state that is there.
fn study(name: &str, folder: &Path, watch: &dyn Watch) -> Result<(), StudyError> {
    let mut run = Run::open(folder, Identity::new(name), false, watch)?;
    let (network, mut data) = (&*NETWORK, data());
    let question = |semiring: &str| Question::new(semiring).expect("it is built in");
    match name {
        "mask" => {
            let settings = mask::MaskSettings {
                questions: vec![question("real"), question("boolean")],
                outside: Vec::new(),
                by_label: false,
                classes: None,
                correct: false,
                quantiles: vec![0.5],
                memory: 1 << 24,
            };
            mask::mask(&mut run, network, &mut data, &settings).map(drop)?;
        }
        "perturb" => {
            let settings = perturb::Settings {
                questions: vec![question("real")],
                outside: Vec::new(),
                by_label: true,
                orders: Order::ALL.to_vec(),
                baselines: vec![Baseline::Value(0.0)],
                square: None,
                regions_a_step: 1,
                steps: 3,
                attack: None,
                windows: None,
                range: vec![(0.0, 1.0)],
                keep: 2,
                seed: 1,
            };
            let found = settings.run(network, &mut data, &mut run)?;
            found.outputs(&serde_json::json!({})).map(drop)?;
        }
        "score" => {
            let settings = score::Settings {
                questions: vec![question("real")],
                outside: Vec::new(),
                by_label: true,
                metrics: vec![Metric::Sparseness, Metric::Complexity, Metric::FaithfulnessCorrelation],
                runs: 3,
                subset: 1,
                baseline: Baseline::Value(0.0),
                masks: None,
                range: vec![(0.0, 1.0)],
                keep: 2,
                seed: 1,
            };
            let found = settings.run(network, &mut data, &mut run)?;
            found.outputs(&serde_json::json!({})).map(drop)?;
        }
        "thresholds" => {
            let settings = thresholds::Settings {
                critical: question("bottleneck"),
                judged: question("boolean"),
                by_label: false,
                thetas: vec![1e-9, 0.1],
                shares: vec![Coverage::new(0.5).expect("a share")],
                constants: vec![0.1],
                baseline: Baseline::Value(0.0),
                values_a_step: 1,
                steps: 2,
                range: vec![(0.0, 1.0)],
                keep: 2,
                seed: 1,
            };
            let found = settings.run(network, &mut data, &mut run)?;
            found.outputs(&serde_json::json!({})).map(drop)?;
        }
        _ => {
            let layer = network.find("0").expect("there is a layer of that name");
            let settings = PruneSettings {
                layer,
                methods: vec![Method::Relevance(Box::new(question("real"))), Method::L1, Method::Random],
                by_label: true,
                seeds: vec![0],
                inputs: 16,
                step: 1,
            };
            let mut ranking = self::data();
            prune(&mut run, network, &mut ranking, &mut data, &settings).map(drop)?;
        }
    }
    run.finish()
}

/// The states that studies leave that are stopped at different times.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (name, passes) in STUDIES {
        for questions in [1, 4, 9, 20, 60] {
            let folder = tempfile::tempdir().expect("there is a place for temporary files");
            let _ = study(name, folder.path(), &Stop(AtomicU64::new(questions)));
            for pass in passes {
                seeds.extend(fs::read(folder.path().join(format!(".{name}-{pass}.state"))).ok());
            }
        }
    }
    seeds.sort();
    seeds.dedup();
    seeds
}

/// Goes on with every study from a state that is said to be of each of its passes.
pub fn read(path: &Path) {
    let Ok(state) = fs::read(path) else { return };
    for (name, passes) in STUDIES {
        // Of another study it is refused at once.
        if !state.windows(name.len()).take(64).any(|window| window == name.as_bytes()) {
            continue;
        }
        for pass in passes {
            let folder = path.with_extension("study");
            let _ = fs::remove_dir_all(&folder);
            if fs::create_dir(&folder).is_ok()
                && fs::write(folder.join(format!(".{name}-{pass}.state")), &state).is_ok()
            {
                let _ = study(name, &folder, &());
            }
        }
    }
}
