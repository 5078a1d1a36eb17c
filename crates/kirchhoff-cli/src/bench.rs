//! `kirchhoff bench`.

use std::time::{Duration, Instant};

use clap::Args;
use kirchhoff::explain::explain;
use kirchhoff::explanation::{as_map, forget_peak_memory, peak_memory};
use serde::Serialize;

use crate::failure::Failure;
use crate::listings;
use crate::options::{Common, QuestionOptions};
use crate::progress::{Progress, stop_at_interrupt};
use crate::request::Request;

/// `kirchhoff bench`.
#[derive(Args, Debug)]
pub struct Bench {
    #[command(flatten)]
    pub question: QuestionOptions,
    /// Rounds to measure, after one to warm up; the semirings take turns in each
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub repeat: u32,
    #[command(flatten)]
    pub common: Common,
}

/// What a round measures: the network's forward pass, or one of the questions.
#[derive(Default)]
struct Samples {
    /// The time for all inputs in each round; the first round warms up.
    times: Vec<Duration>,
    /// The largest amount of memory held meanwhile, by the model and activations too.
    peak: Option<u64>,
}

/// Measures the forward pass and every explanation. The semirings take turns in each round, so that whatever else the
/// machine does meanwhile falls on all of them.
pub fn run(arguments: &Bench) -> Result<(), Failure> {
    let request = Request::read(&arguments.question)?;
    stop_at_interrupt();
    if !arguments.common.quiet {
        request.remark();
    }
    // What reading took counts for the whole run alone.
    let mut peak = peak_memory();
    let samples = measure(&request, arguments)?;
    peak = samples.iter().map(|samples| samples.peak).fold(peak, Option::max);
    let report = Report::new(&request, &samples, arguments.repeat, peak);
    if arguments.common.json { crate::print_json(&report) } else { crate::print(&report.table()) }
}

/// The forward pass, then the questions in their order, measured in a round to warm up and the rounds asked for.
fn measure(request: &Request, arguments: &Bench) -> Result<Vec<Samples>, Failure> {
    let (questions, inputs) = (&request.questions, request.inputs.count);
    let rounds = 1 + u64::from(arguments.repeat);
    let passes = (1 + questions.len() as u64) * rounds;
    let progress =
        Progress::new(request.edges().saturating_mul(inputs as u64).saturating_mul(passes), arguments.common.quiet);
    let mut samples: Vec<Samples> = Vec::new();
    samples.resize_with(1 + questions.len(), Samples::default);
    for _ in 0..rounds {
        samples.iter_mut().for_each(|samples| samples.times.push(Duration::ZERO));
        for batch in request.batches() {
            progress.say("network");
            let execution = samples[0].add(|| request.run(batch.clone(), &progress))?;
            for (question, samples) in questions.iter().zip(&mut samples[1..]) {
                progress.say(question.semiring.name.to_string());
                let question = question.part(batch.clone(), inputs)?;
                samples.add(|| explain(&execution, &question, &progress))?;
            }
        }
    }
    Ok(samples)
}

impl Samples {
    /// Does a part of the round's work and adds what it took.
    fn add<T, E>(&mut self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let anew = forget_peak_memory();
        let clock = Instant::now();
        let result = work();
        *self.times.last_mut().expect("a round has begun") += clock.elapsed();
        if anew {
            self.peak = self.peak.max(peak_memory());
        }
        result
    }
}

/// What `bench` prints.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    model: &'a str,
    inputs: usize,
    /// Edges of the network, which each input passes once in every measurement.
    edges: u64,
    threads: usize,
    repeat: u32,
    forward: Measurement,
    /// In the order in which they were asked for.
    #[serde(serialize_with = "as_map")]
    semirings: Vec<(&'a str, Measurement)>,
    peak_memory_bytes: Option<u64>,
}

/// The times that all inputs took, in seconds.
#[derive(Serialize)]
struct Measurement {
    median: f64,
    min: f64,
    max: f64,
    /// The round that warmed up.
    first: f64,
    /// Every other round.
    rounds: Vec<f64>,
    /// At the median.
    edges_per_second: f64,
    /// The median over that of the first semiring.
    ratio: f64,
    peak_memory_bytes: Option<u64>,
}

impl Measurement {
    /// Ratios are to be set when all medians are known.
    fn new(samples: &Samples, edges: u64) -> Self {
        let seconds: Vec<f64> = samples.times.iter().map(Duration::as_secs_f64).collect();
        let (first, rounds) = seconds.split_first().expect("a round has warmed up");
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 };
        Measurement {
            median,
            min: sorted[0],
            max: sorted[sorted.len() - 1],
            first: *first,
            rounds: rounds.to_vec(),
            edges_per_second: edges as f64 / median,
            ratio: 1.0,
            peak_memory_bytes: samples.peak,
        }
    }
}

impl<'a> Report<'a> {
    fn new(request: &'a Request, samples: &[Samples], repeat: u32, peak_memory_bytes: Option<u64>) -> Self {
        let (inputs, edges) = (request.inputs.count, request.edges());
        let measurement = |samples: &Samples| Measurement::new(samples, edges * inputs as u64);
        let mut forward = measurement(&samples[0]);
        let names = request.questions.iter().map(|question| &*question.semiring.name);
        let mut semirings: Vec<_> = names.zip(samples[1..].iter().map(measurement)).collect();
        let reference = semirings[0].1.median;
        for part in std::iter::once(&mut forward).chain(semirings.iter_mut().map(|(_, part)| part)) {
            part.ratio = part.median / reference;
        }
        Report {
            version: env!("CARGO_PKG_VERSION"),
            model: &request.loaded.name,
            inputs,
            edges,
            threads: rayon::current_num_threads(),
            repeat,
            forward,
            semirings,
            peak_memory_bytes,
        }
    }

    fn table(&self) -> String {
        let (inputs, threads) = (listings::counted(self.inputs, "input"), listings::counted(self.threads, "thread"));
        let rounds = listings::counted(self.repeat as usize, "round");
        let edges = format!("{} edges each", listings::grouped(self.edges));
        let mut text = format!("{}: {inputs}, {edges}, {threads}, {rounds} after one to warm up\n\n", self.model);
        let megabytes = |bytes: Option<u64>| bytes.map_or(String::new(), |bytes| bytes.div_ceil(1_000_000).to_string());
        let parts = std::iter::once(("forward", &self.forward));
        let rows: Vec<[String; 8]> = parts
            .chain(self.semirings.iter().map(|(name, part)| (*name, part)))
            .map(|(name, part)| {
                let [median, min, max, first] = [part.median, part.min, part.max, part.first].map(seconds);
                let speed = format!("{:.2}", part.edges_per_second / 1e9);
                let ratio = format!("{:.2}", part.ratio);
                [name.to_string(), median, min, max, first, speed, ratio, megabytes(part.peak_memory_bytes)]
            })
            .collect();
        let ratio = format!("× {}", self.semirings[0].0);
        let headings = ["", "median s", "min s", "max s", "warm-up s", "10⁹ edges/s", &ratio, "peak MB"];
        text += &listings::table(&headings, &rows);
        text
    }
}

/// A time in seconds with four digits that count.
fn seconds(time: f64) -> String {
    let decimals = (3.0 - time.max(1e-9).log10().floor()).clamp(0.0, 9.0);
    format!("{time:.0$}", decimals as usize)
}
