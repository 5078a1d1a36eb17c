//! Explains many inputs in one process, one after the other as a server would, and fails if its memory grows.
//!
//! `cargo run --release -p kirchhoff-fuzz --bin soak [EXPLANATIONS]`

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use kirchhoff::circuit::simplify;
use kirchhoff::explain::{GateOptions, Question, Symbolic, compile_gates, explain};
use kirchhoff::network::{Execution, Network, canonical};
use kirchhoff::semiring::Laws;
use kirchhoff_fuzz::ALLOCATOR;

/// What memory may differ by between a quarter of the work and its end: bytes that the program holds, and KiB that the system has
/// given, which an allocator hands back late.
const SLACK: (usize, u64) = (4096, 4096);
const SEMIRINGS: [&str; 6] = ["real", "boolean", "counting", "viterbi", "bottleneck", "log"];
/// After so many inputs the model is read again, and a gate circuit is made of one.
const PAUSE: usize = 200;

/// The bytes that the program holds, and the KiB that the system has given it, where it says so.
fn memory() -> (usize, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let own = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let given = own.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(0);
    (ALLOCATOR.current_usage(), given)
}

fn network() -> Result<(Arc<Network>, Vec<f32>), Box<dyn std::error::Error>> {
    let (network, digits) = kirchhoff::embedded::digits()?;
    Ok((Arc::new(canonical(&network)?), digits.values))
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let explanations: usize = std::env::args().nth(1).map_or(Ok(24_000), |count| count.parse())?;
    let inputs = explanations.div_ceil(SEMIRINGS.len());
    let questions: Vec<Question> = SEMIRINGS.iter().map(|name| Question::new(name)).collect::<Result<_, _>>()?;
    let (clock, (mut model, digits)) = (Instant::now(), network()?);
    let (mut quarter, mut sum) = ((0, 0), 0.0);
    for input in 0..inputs {
        // No two inputs are the same.
        let shift = (input / 10) as f32 / inputs as f32;
        let digit = &digits[input % 10 * 784..][..784];
        let values: Vec<f32> = digit.iter().map(|value| (value * (1.0 - shift)).clamp(0.0, 1.0)).collect();
        let execution = Execution::run(model.clone(), &values, 1, &())?;
        for question in &questions {
            let answer = explain(&execution, question, &())?;
            sum += answer.tensors[0].values.to_f64().iter().filter(|value| value.is_finite()).sum::<f64>();
        }
        if input % PAUSE == 0 {
            let boolean = Question::new("boolean")?.with_annotation("threshold(0.05)".parse()?);
            let options = GateOptions { prune: true, symbolic: Symbolic::Hidden, ..GateOptions::default() };
            let (circuit, _) = compile_gates(&execution, &boolean, &options, &())?;
            sum += simplify(&circuit, Laws::NONE)?.0.gates() as f64;
            model = network()?.0;
        }
        if input == inputs / 4 {
            quarter = memory();
        }
        if (input + 1) % (inputs / 8).max(1) == 0 {
            let (held, given) = memory();
            println!("{:6} explanations: {held} bytes held, {given} KiB given", (input + 1) * SEMIRINGS.len());
        }
    }
    let end = memory();
    println!("{:.1} s; checksum {sum}", clock.elapsed().as_secs_f64());
    let flat = end.0 <= quarter.0 + SLACK.0 && end.1 <= quarter.1 + SLACK.1;
    Ok(if flat { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
