//! Kernels against a matrix product of the same shape: edges per second, as a share of those of `gemm`.
//!
//! `just bench-kernels` prints a row a layer of VGG-16 and a column a kernel. All kernels take turns, round
//! after round, so that a busy machine is busy for all of them; figures are medians. `--threads N` sets the number of
//! threads, `--rounds N` that of the rounds, `--instructions` lists and measures every instruction set of the machine, and
//! `--processor` takes the processor's time instead of the clock's (Linux), of one thread, where a machine is busy otherwise.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use kirchhoff_kernel::{
    Arithmetic, Backward, Cancelled, Contributions, EdgeWeights, Instructions, LayerEdges, Sliding, Slopes, SourceFactor, Term, Threshold,
    WeightFactor, Weights, Window, Wiring,
};
use kirchhoff_semiring::{Count, Law, Laws, RoundedCount, Semiring};

/// Channels and width of VGG-16's convolutions, each shape once.
const SHAPES: [[usize; 3]; 8] = [
    [64, 64, 224],
    [64, 128, 112],
    [128, 128, 112],
    [128, 256, 56],
    [256, 256, 56],
    [256, 512, 28],
    [512, 512, 28],
    [512, 512, 14],
];

/// A semiring as a user writes one, without a word about vectors: the most reliable path, where a path of two edges fails
/// if either does, up to rounding; and how many edges it has.
struct Reliability;

impl Semiring for Reliability {
    type Value = f32;

    fn zero(&self) -> f32 {
        0.0
    }

    fn one(&self) -> f32 {
        1.0
    }

    fn plus(&self, a: &f32, b: &f32) -> f32 {
        if a > b { *a } else { *b }
    }

    fn times(&self, a: &f32, b: &f32) -> f32 {
        (a + b - 1.0).max(0.0)
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes, Law::IdempotentPlus])
    }
}

/// One layer's edges and relevance, of every type that a kernel takes.
struct Layer {
    wiring: Wiring,
    weights: Weights,
    activations: Vec<f32>,
    contributions: Contributions,
    relevance: Vec<f32>,
    counts: Vec<Count>,
    large: Vec<Count>,
    rounded: Vec<RoundedCount>,
}

impl Layer {
    fn new([inputs, outputs, width]: [usize; 3]) -> Self {
        let window = Window::new([3, 3]).with_padding([1, 1]);
        let size = [width, width];
        let wiring =
            Wiring::Convolution(Sliding { window, inputs, outputs, groups: 1, source: size, destination: size });
        let mut state = 1u32;
        let mut random = |low: f32, high: f32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            low + (high - low) * (state >> 8) as f32 / (1 << 24) as f32
        };
        let mut many = |count: usize, low: f32, high: f32| (0..count).map(|_| random(low, high)).collect::<Vec<f32>>();
        let term = Term {
            source: SourceFactor::Activation(Slopes::IDENTITY),
            weight: WeightFactor::IDENTITY,
            destination: many(wiring.destinations(), 0.5, 1.0).into(),
        };
        let relevance = many(wiring.destinations(), 0.1, 1.0);
        let counts = |shift| relevance.iter().map(|r| Count::shifted((r * 1000.0) as u64, shift)).collect();
        Layer {
            weights: many(wiring.weights(), -0.1, 0.1).into(),
            activations: many(wiring.sources(), 0.1, 1.0),
            contributions: Contributions::Terms(vec![term]),
            counts: counts(0),
            large: counts(30),
            rounded: relevance.iter().map(|&r| RoundedCount::nearest(f64::from(r) * 1000.0)).collect(),
            relevance,
            wiring,
        }
    }

    fn edges(&self) -> LayerEdges<'_> {
        LayerEdges {
            wiring: &self.wiring,
            weights: EdgeWeights::Shared(&self.weights),
            activations: &self.activations,
            contributions: &self.contributions,
            batch: 1,
            arithmetic: Arithmetic::Direct,
        }
    }
}

/// What kernels write to, made once: a matrix product finds its result's memory there too.
struct Outputs {
    floats: Vec<f32>,
    /// Every destination neuron is relevant.
    relevant: Vec<bool>,
    reached: Vec<bool>,
    counts: Vec<Count>,
    rounded: Vec<RoundedCount>,
}

impl Outputs {
    fn new(neurons: usize, destinations: usize) -> Self {
        Outputs {
            floats: vec![0.0; neurons],
            relevant: vec![true; destinations],
            reached: vec![false; neurons],
            counts: vec![Count::ZERO; neurons],
            rounded: vec![RoundedCount::ZERO; neurons],
        }
    }
}

/// A name, and one pass over a layer.
type Kernel = (&'static str, fn(Backward<'_>, &Layer, &mut Outputs) -> Result<(), Cancelled>);

/// The kernels that are measured.
const KERNELS: [Kernel; 11] = [
    ("plus-times", |edges, layer, out| edges.plus_times(&layer.relevance, cleared(&mut out.floats, 0.0), &())),
    ("winograd", |_, layer, out| {
        let edges = LayerEdges { arithmetic: Arithmetic::Winograd, ..layer.edges() };
        let backward = Backward::new(&edges).expect("a convolution");
        backward.plus_times(&layer.relevance, cleared(&mut out.floats, 0.0), &())
    }),
    ("max-times", |edges, layer, out| edges.max_times(&layer.relevance, cleared(&mut out.floats, 0.0), &())),
    ("min-plus", |edges, layer, out| edges.min_plus(&layer.relevance, cleared(&mut out.floats, 0.0), &())),
    ("max-plus", |edges, layer, out| edges.max_plus(&layer.relevance, cleared(&mut out.floats, 0.0), &())),
    ("threshold-or", |edges, _, out| edges.reach(THRESHOLD, &out.relevant, cleared(&mut out.reached, false), &())),
    ("max-min", |edges, layer, out| {
        edges.max_min(f32::NEG_INFINITY, &layer.relevance, cleared(&mut out.floats, 0.0), &()).map(|_| ())
    }),
    ("threshold-count", |edges, layer, out| {
        edges.count_exactly(THRESHOLD, &layer.counts, cleared(&mut out.counts, Count::ZERO), &())
    }),
    ("count 40 bits", |edges, layer, out| {
        edges.count_exactly(THRESHOLD, &layer.large, cleared(&mut out.counts, Count::ZERO), &())
    }),
    ("rounded count", |edges, layer, out| {
        edges.count_rounded(THRESHOLD, &layer.rounded, cleared(&mut out.rounded, RoundedCount::ZERO), &()).map(|_| ())
    }),
    ("user's own", |edges, layer, out| {
        edges.any(&Reliability, f32::abs, &layer.relevance, cleared(&mut out.floats, 0.0), &())
    }),
];

/// A result as a layer's sources are before any relevance reaches them.
fn cleared<T: Clone>(out: &mut [T], zero: T) -> &mut [T] {
    out.fill(zero);
    out
}

const THRESHOLD: Threshold = Threshold { theta: 1e-3, absolute: false };

/// The product that an unfolded convolution would be: `[outputs, inputs · 9] × [inputs · 9, width²]`.
struct Sgemm {
    sizes: [usize; 3],
    left: Vec<f32>,
    right: Vec<f32>,
    out: Vec<f32>,
}

impl Sgemm {
    fn new([inputs, outputs, width]: [usize; 3]) -> Self {
        let sizes @ [m, k, n] = [outputs, inputs * 9, width * width];
        Sgemm { sizes, left: vec![0.5; m * k], right: vec![0.25; k * n], out: vec![0.0; m * n] }
    }

    fn run(&mut self, threads: usize) {
        let [m, k, n] = self.sizes;
        // SAFETY: the matrices are row-major and as large as the sizes say; the result is apart from the operands.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                self.out.as_mut_ptr(),
                1,
                n as isize,
                false,
                self.left.as_ptr(),
                1,
                k as isize,
                self.right.as_ptr(),
                1,
                n as isize,
                0.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::Rayon(threads),
            );
        }
    }
}

/// The time since the first call.
fn wall_time() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

/// The time that the process's threads have run.
fn processor_time() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").expect("a system that tells").flatten();
    let time = |thread: std::fs::DirEntry| {
        let statistics = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        statistics.split(' ').next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(threads.filter_map(time).sum())
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str, default: usize| {
        let position = arguments.iter().position(|argument| argument == name);
        position.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(default)
    };
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let (threads, rounds) = (number("--threads", if has("--processor") { 1 } else { 2 }), number("--rounds", 7));
    let clock = if has("--processor") { processor_time } else { wall_time };
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().expect("the first pool");
    let sets = if has("--instructions") {
        Instructions::available()
    } else {
        vec![Instructions::chosen()]
    };
    for set in sets {
        Instructions::force(Some(set));
        println!("{set}, {threads} threads: G edges/s of sgemm, and the share of it that each kernel reaches");
        print!("{:>16} {:>7}", "layer", "sgemm");
        KERNELS.iter().for_each(|(name, _)| print!(" {name:>15}"));
        println!();
        for shape in SHAPES {
            row(shape, threads, rounds, clock);
        }
    }
    Instructions::force(None);
}

fn row(shape: [usize; 3], threads: usize, rounds: usize, clock: fn() -> Duration) {
    let layer = Layer::new(shape);
    let mut sgemm = Sgemm::new(shape);
    let edges = layer.edges();
    let backward = Backward::new(&edges).expect("a convolution");
    let mut outputs = Outputs::new(layer.wiring.sources(), layer.wiring.destinations());
    let mut times = vec![Vec::new(); KERNELS.len() + 1];
    for round in 0..=rounds {
        for (kernel, times) in times.iter_mut().enumerate() {
            let before = clock();
            match kernel {
                0 => sgemm.run(threads),
                _ => KERNELS[kernel - 1].1(backward, &layer, &mut outputs).expect("nobody cancels"),
            }
            // The first round warms up.
            if round > 0 {
                times.push(clock() - before);
            }
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    };
    let times: Vec<f64> = times.iter_mut().map(median).collect();
    let [inputs, outputs, width] = shape;
    // Without the padding, as a matrix product has none.
    let edges = (inputs * outputs * 9 * width * width) as f64;
    print!("{:>16} {:>7.1}", format!("{inputs}>{outputs} {width}²"), edges / times[0] / 1e9);
    times[1..].iter().for_each(|time| print!(" {:>15.2}", times[0] / time));
    println!();
}
