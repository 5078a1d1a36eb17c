//! A circuit of ten million gates: built, stored, mapped and folded in every semiring of the registry.
//!
//! `cargo bench -p kirchhoff-evaluate --bench gates` prints the time and the peak memory of each step, and gates per
//! second of each fold beside a copy of as many bytes as the circuit has. `--gates N` sets the size, `--shape` the kind
//! of circuit: `alternating` has sums of products over sums of products, with all leaves at the bottom and children near
//! one another; `perceptron` is that of an execution, with a leaf for each edge at every depth. `--file FILE` keeps the
//! circuit, or measures it if it is there; `--rounds N`, `--threads N`, `--semiring NAMES` and `--json` are what they say.
//! benches/peers/gates.py measures KLay on the same file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kirchhoff_circuit::{CircuitFile, GateBuilder, GateCircuit, GateError, GateId, GateLayer, Notes, save_gates};
use kirchhoff_evaluate::{Annotations, fold};
use kirchhoff_semiring::{Embed, Interval, SemiringInfo, SemiringVisitor, semirings, visit};
use serde_json::{Value, json};

/// Children of an alternating circuit lie at most so far apart.
const WINDOW: usize = 4096;

/// Summands of a sum in an alternating circuit.
const SUMMANDS: usize = 4;

/// Outputs of a perceptron.
const TARGETS: usize = 10;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let option = |name: &str| {
        let position = arguments.iter().position(|argument| argument == name)?;
        Some(arguments.get(position + 1).unwrap_or_else(|| panic!("{name} takes a value")).clone())
    };
    let number = |name: &str, default: usize| {
        option(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} takes a number")))
    };
    let (gates, rounds) = (number("--gates", 10_000_000), number("--rounds", 5).max(1));
    rayon::ThreadPoolBuilder::new().num_threads(number("--threads", 0)).build_global().expect("threads can be made");
    let shape = option("--shape").unwrap_or_else(|| "alternating".to_string());
    let kept = option("--file").map(PathBuf::from);
    let file = kept
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("kirchhoff-gates-{}.safetensors", std::process::id())));
    let mut steps = Vec::new();
    if kept.is_none() || !file.exists() {
        let (circuit, step) = measured("build", || match &shape[..] {
            "alternating" => alternating(gates),
            "perceptron" => perceptron(gates),
            other => panic!("no shape is called {other}: there are alternating and perceptron"),
        });
        steps.push(step);
        let circuit = circuit.expect("the circuit is within its limits");
        let (stored, step) = measured("store", || save_gates(&file, &circuit, &Notes::new()));
        stored.expect("the circuit can be stored");
        steps.push(step);
    }
    let (circuit, step) = measured("load", || CircuitFile::open(&file).expect("the file is there").gates());
    let circuit = circuit.expect("the file holds a circuit");
    steps.push(step);
    let (verified, step) =
        measured("verify", || CircuitFile::open(&file).expect("the file is there").verify().map(|_| ()));
    verified.expect("the file is as it was stored");
    steps.push(step);
    let bytes = fs::metadata(&file).expect("the file is there").len();
    let copy = copy(bytes as usize, rounds);
    let named = option("--semiring");
    let folds: Vec<Fold> = semirings()
        .iter()
        .filter(|info| named.as_ref().is_none_or(|names| names.split(',').any(|name| name == info.name)))
        .map(|info| visit(&info.name, Measure { circuit: &circuit, rounds }).expect("it is registered"))
        .collect();
    if kept.is_none() {
        let _ = fs::remove_file(&file);
    }
    if arguments.iter().any(|argument| argument == "--json") {
        println!("{}", report(&circuit, &file, bytes, &steps, copy, &folds));
    } else {
        print(&circuit, bytes, &steps, copy, &folds);
    }
}

/// A layer whose contributions are shares.
fn layer(number: usize) -> GateLayer {
    let range = Some(Interval::UNIT);
    GateLayer { name: number.to_string(), rule: "max-abs".to_string(), range }
}

/// Numbers between 0 and 1 that look random, and are different for 2²⁴ positions.
fn share(position: usize) -> f32 {
    let mixed = (position as u32).wrapping_mul(0x9E37_79B1) & 0xFF_FFFF;
    (mixed + 1) as f32 / (1u32 << 24) as f32
}

/// Sums of products of sums of products: as many leaves as sums in each of two rounds.
fn alternating(gates: usize) -> Result<GateCircuit, GateError> {
    // A round has a sum and its products for each leaf.
    let width = gates / (1 + 2 * (1 + SUMMANDS));
    let mut builder = GateBuilder::new(vec![layer(0)], u64::MAX);
    let leaves = (0..width).map(|position| builder.contribution(0, share(position)));
    let mut below: Vec<GateId> = leaves.collect::<Result<_, _>>()?;
    let mut seed = 1u64;
    let mut near = |position: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (position + (seed >> 33) as usize % WINDOW) % width
    };
    for _ in 0..2 {
        let mut sums = Vec::with_capacity(width);
        for position in 0..width {
            let mut products = [below[0]; SUMMANDS];
            for product in &mut products {
                *product = builder.times(&[below[near(position)], below[near(position)]])?;
            }
            sums.push(builder.plus(&products)?);
        }
        below = sums;
    }
    builder.output("value", &[width], &below)?;
    builder.finish()
}

/// The circuit of a perceptron with three layers of equal width and ten targets that all start with 1.
fn perceptron(gates: usize) -> Result<GateCircuit, GateError> {
    let width = (gates as f64 / 4.0).sqrt() as usize;
    let mut builder = GateBuilder::new(vec![layer(0), layer(1), layer(2)], u64::MAX);
    let mut relevance = Vec::new();
    for target in 0..TARGETS {
        let start = builder.declare(&format!("start[{target}]"));
        relevance.push(builder.variable(start)?);
    }
    for layer in (0..3).rev() {
        let mut below = Vec::with_capacity(width);
        for source in 0..width {
            let mut edges = Vec::with_capacity(relevance.len());
            for (destination, &above) in relevance.iter().enumerate() {
                let d = builder.contribution(layer, share(source * relevance.len() + destination))?;
                edges.push(builder.times(&[d, above])?);
            }
            below.push(builder.plus(&edges)?);
        }
        relevance = below;
    }
    builder.output("input", &[width], &relevance)?;
    builder.finish()
}

/// The time that a step takes, and the most that the process holds meanwhile.
struct Step {
    name: &'static str,
    time: Duration,
    peak: Option<u64>,
}

fn measured<T>(name: &'static str, step: impl FnOnce() -> T) -> (T, Step) {
    // Makes the peak begin anew, where the system does that (Linux).
    let anew = fs::write("/proc/self/clear_refs", "5").is_ok();
    let clock = Instant::now();
    let result = step();
    let time = clock.elapsed();
    (result, Step { name, time, peak: peak().filter(|_| anew) })
}

fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// The median of the times that it takes to copy so many bytes.
fn copy(bytes: usize, rounds: usize) -> Duration {
    let (source, mut copy) = (vec![1u8; bytes], vec![0u8; bytes]);
    let times = (0..=rounds).map(|_| {
        let clock = Instant::now();
        copy.copy_from_slice(std::hint::black_box(&source));
        std::hint::black_box(&copy);
        clock.elapsed()
    });
    median(times.skip(1).collect())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// What was measured in a semiring.
struct Fold {
    info: &'static SemiringInfo,
    times: Vec<Duration>,
    peak: Option<u64>,
    /// The sum of all outputs, to be compared with those of others.
    sum: f64,
}

struct Measure<'a> {
    circuit: &'a GateCircuit,
    rounds: usize,
}

impl SemiringVisitor for Measure<'_> {
    type Output = Fold;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> Fold {
        let Measure { circuit, rounds } = self;
        let annotations = Annotations::new(vec![info.annotation; circuit.layers().len()]);
        let variables = vec![semiring.one(); circuit.variables().len()];
        let (mut times, mut most, mut sum) = (Vec::new(), None, 0.0);
        for round in 0..=rounds {
            let (values, step) = measured(&info.name, || fold(circuit, &semiring, &annotations, &variables, &()));
            let values = values.expect("the circuit fits the semiring");
            sum = values.iter().map(|value| semiring.project(value)).sum();
            most = most.max(step.peak);
            // The first reads the file.
            if round > 0 {
                times.push(step.time);
            }
        }
        Fold { info, times, peak: most, sum }
    }
}

fn print(circuit: &GateCircuit, bytes: u64, steps: &[Step], copy: Duration, folds: &[Fold]) {
    let megabytes = |peak: Option<u64>| peak.map_or("–".to_string(), |peak| format!("{} MB", peak / 1_000_000));
    let size = circuit.size();
    println!("{} gates, {} wires, depth {}, {} MB", size.gates, size.wires, size.depth, bytes / 1_000_000);
    for Step { name, time, peak } in steps {
        println!("{name:<16} {:>8.3} s  {:>8}", time.as_secs_f64(), megabytes(*peak));
    }
    let rate = |time: Duration| circuit.gates() as f64 / time.as_secs_f64() / 1e6;
    let copied = rate(copy);
    println!("{:<16} {:>8.3} s  {:>8}  {copied:>7.0} million gates/s", "copy", copy.as_secs_f64(), "");
    for Fold { info, times, peak, .. } in folds {
        let time = median(times.clone());
        let (seconds, peak, rate) = (time.as_secs_f64(), megabytes(*peak), rate(time));
        println!("{:<16} {seconds:>8.3} s  {peak:>8}  {rate:>7.0} million gates/s", info.name);
    }
}

fn report(circuit: &GateCircuit, file: &Path, bytes: u64, steps: &[Step], copy: Duration, folds: &[Fold]) -> Value {
    let step =
        |step: &Step| json!({ "name": step.name, "seconds": step.time.as_secs_f64(), "peak_memory_bytes": step.peak });
    let fold = |fold: &Fold| {
        let seconds: Vec<f64> = fold.times.iter().map(Duration::as_secs_f64).collect();
        json!({ "semiring": fold.info.name, "seconds": seconds, "peak_memory_bytes": fold.peak, "sum": fold.sum })
    };
    json!({
        "file": file, "bytes": bytes, "size": circuit.size(), "copy_seconds": copy.as_secs_f64(),
        "steps": steps.iter().map(step).collect::<Vec<_>>(), "folds": folds.iter().map(fold).collect::<Vec<_>>(),
    })
}
