//! `kirchhoff explain`.

use std::io::IsTerminal;
use std::time::Instant;

use kirchhoff::compile::Bounds;
use kirchhoff::explain::{Answer, Question, explain};
use kirchhoff::network::Execution;
use kirchhoff::network::data::{Inputs, Preprocessing};
use kirchhoff::render::{PreviewSize, READABLE_SIZE, Style, encode_png, render};

use super::archive::archive;
use super::arguments::Explain;
use super::failure::Failure;
use super::load::{self, Loaded};
use super::output::Outputs;
use super::pictures::{Pictures, kind};
use super::progress::{Progress, cancelled, stop_at_interrupt};
use super::questions::questions;
use super::report::{Report, Summary};

/// Activations of at most so many bytes are alive at a time, one input's at least: inputs beyond it are run in
/// further batches.
const BATCH_BYTES: usize = 128 << 20;

/// Explains a model on inputs.
pub fn run(arguments: &Explain) -> Result<(), Failure> {
    let clock = Instant::now();
    let (model, files) = match arguments.files.split_first() {
        Some((first, rest)) if load::is_model(first) => (Some(first.as_path()), rest),
        _ => (None, &arguments.files[..]),
    };
    let loaded = load::model(model, &arguments.model)?;
    let preprocessing = load::preprocessing(&loaded, &arguments.preprocessing);
    let inputs = load::inputs(files, &loaded, &preprocessing)?;
    let bounds = bounds(arguments, &inputs, &preprocessing);
    let questions = questions(arguments, &bounds, &loaded.network)?;
    // Before the folder is made: interrupted right after that, it would stay.
    stop_at_interrupt();
    let mut outputs = arguments.out.as_deref().map(Outputs::open).transpose()?;
    let (answers, summaries) = answer(arguments, &loaded, &inputs, &questions)?;
    if !arguments.common.quiet {
        warn_of_bounds(&questions, &bounds, &inputs, &loaded);
    }

    let pictures = Pictures { inputs: &inputs, preprocessing: &preprocessing, channels: arguments.channels };
    let report = Report::new(&loaded, &preprocessing, &questions, &answers, &summaries, clock.elapsed());
    if let Some(outputs) = &mut outputs {
        outputs.write("relevance.safetensors", &archive(&answers, inputs.count)?)?;
        outputs.write("explanation.json", &serde_json::to_vec_pretty(&report).map_err(Failure::work)?)?;
        draw(outputs, &pictures, &answers, &summaries, arguments.pictures)?;
    }
    // Files come first: they stay if nobody reads stdout.
    if let Some(outputs) = outputs {
        outputs.commit()?;
        if !arguments.common.quiet {
            let folder = arguments.out.as_deref().unwrap_or(".".as_ref()).display();
            let files = match arguments.pictures {
                0 => "relevance.safetensors and explanation.json",
                _ => "relevance.safetensors, explanation.json and pictures",
            };
            super::say(format_args!("wrote {files} to {folder}"));
        }
    }
    if arguments.common.json {
        super::print_json(&report)?;
    } else {
        let columns = usize::from(console_width());
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
        let size = PreviewSize { columns: 28, line: columns, colour };
        for (input, summary) in summaries.iter().enumerate().take(arguments.pictures) {
            let preview = pictures.preview(&answers, input, size).map_err(Failure::work)?;
            super::print(&format!("{}\n{preview}\n", summary.heading(&loaded)))?;
        }
        super::print(&report.closing(arguments.pictures))?;
    }
    Ok(())
}

/// Bounds of the input for z-box: as given, else what the preprocessing makes of 0 and 1.
fn bounds(arguments: &Explain, inputs: &Inputs, preprocessing: &Preprocessing) -> Bounds {
    let channels = inputs.picture.map_or(inputs.shape[0], |[channels, ..]| channels);
    let ranges: Vec<(f32, f32)> = match preprocessing.mean.len().max(preprocessing.std.len()) {
        1 => vec![preprocessing.range(0)],
        _ => (0..channels).map(|channel| preprocessing.range(channel)).collect(),
    };
    let of = |given: &Option<Vec<f32>>, end: fn(&(f32, f32)) -> f32| match given {
        Some(values) => values.as_slice().into(),
        None => ranges.iter().map(end).collect(),
    };
    Bounds { low: of(&arguments.low, |range| range.0), high: of(&arguments.high, |range| range.1) }
}

/// Says so where z-box is asked for and inputs leave its bounds: relevance then means little.
fn warn_of_bounds(questions: &[Question], bounds: &Bounds, inputs: &Inputs, loaded: &Loaded) {
    let rules = questions.iter().filter_map(|question| question.assignment.resolve(&loaded.network).ok()).flatten();
    if !rules.into_iter().any(|rule| rule.info().name == "z-box") {
        return;
    }
    let ends = |values: &[f32]| {
        values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)))
    };
    let ((low, _), (_, high)) = (ends(&bounds.low), ends(&bounds.high));
    let (least, largest) = ends(&inputs.values);
    if least < low || largest > high {
        super::say(format_args!(
            "warning: inputs range from {least} to {largest}, beyond the bounds {low} to {high} of rule `z-box`: \
             set --low and --high"
        ));
    }
}

/// Runs the inputs in batches and asks every question of each.
fn answer(
    arguments: &Explain,
    loaded: &Loaded,
    inputs: &Inputs,
    questions: &[Question],
) -> Result<(Vec<Answer>, Vec<Summary>), Failure> {
    let network = &loaded.network;
    let activations: usize = network.nodes().map(|(_, node)| node.shape.iter().product::<usize>() * 4).sum();
    let batch = (BATCH_BYTES / activations.max(1)).clamp(1, inputs.count);
    let edges: u64 = network.nodes().map(|(id, _)| network.edges(id)).sum();
    let progress = Progress::new(edges * inputs.count as u64 * (1 + questions.len() as u64), arguments.common.quiet);
    let size: usize = inputs.shape.iter().product();
    let mut answers: Vec<Answer> = Vec::new();
    let mut summaries = Vec::new();
    for first in (0..inputs.count).step_by(batch) {
        let last = (first + batch).min(inputs.count);
        progress.say("network");
        let values = &inputs.values[first * size..last * size];
        let execution = Execution::run(network.clone(), values, last - first, &progress)
            .map_err(|error| named(error, inputs, first))?;
        for (number, question) in questions.iter().enumerate() {
            progress.say(question.semiring.name);
            let question = question.part(first..last, inputs.count)?;
            let answer = explain(&execution, &question, &progress)?;
            if number == 0 {
                let of = |input: usize| {
                    Summary::new(&inputs.names[first + input], execution.output(input), &answer.targets[input])
                };
                summaries.extend((0..last - first).map(of));
            }
            match answers.get_mut(number) {
                None => answers.push(answer),
                Some(earlier) => earlier.append(answer),
            }
        }
    }
    Ok((answers, summaries))
}

/// An execution's error with the name of the input that it speaks of.
fn named(error: kirchhoff::network::ExecutionError, inputs: &Inputs, first: usize) -> Failure {
    use kirchhoff::network::ExecutionError::{NotFinite, Overflow};
    let name = match &error {
        NotFinite { input, .. } | Overflow { input, .. } => Some(&inputs.names[first + input]),
        _ => None,
    };
    match (Failure::from(error), name) {
        (Failure::Input(error), Some(name)) => Failure::Input(error.context(name.clone())),
        (Failure::Work(error), Some(name)) => Failure::Work(error.context(name.clone())),
        (failure, _) => failure,
    }
}

/// Writes one picture a semiring and input, and the sheet.
fn draw(
    outputs: &mut Outputs,
    pictures: &Pictures<'_>,
    answers: &[Answer],
    summaries: &[Summary],
    most: usize,
) -> Result<(), Failure> {
    let shown = &summaries[..summaries.len().min(most)];
    if shown.is_empty() {
        return Ok(());
    }
    let width = summaries.len().saturating_sub(1).to_string().len();
    for answer in answers {
        let style = Style::for_values(kind(answer.semiring));
        for input in 0..shown.len() {
            if cancelled() {
                return Err(Failure::Cancelled);
            }
            let map = pictures.map(answer, input).map_err(Failure::work)?;
            let png = encode_png(&render(&map, &style, READABLE_SIZE)).map_err(Failure::work)?;
            outputs.write(&format!("{}-{input:0width$}.png", answer.semiring.name), &png)?;
        }
    }
    let labels: Vec<String> = shown.iter().map(Summary::label).collect();
    let pages = pictures.sheet(answers, &labels, "").map_err(Failure::work)?;
    for (page, image) in pages.iter().enumerate() {
        let name = if pages.len() == 1 { "sheet.png".to_string() } else { format!("sheet-{}.png", page + 1) };
        outputs.write(&name, &encode_png(image).map_err(Failure::work)?)?;
    }
    Ok(())
}

/// Characters a line of the terminal holds.
fn console_width() -> u16 {
    match terminal_size::terminal_size() {
        Some((terminal_size::Width(width), _)) => width.max(28),
        None => 150,
    }
}
