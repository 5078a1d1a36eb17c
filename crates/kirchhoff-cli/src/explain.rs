//! `kirchhoff explain`.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use kirchhoff::explain::{Answer, explain_all};
use kirchhoff::render::{PreviewSize, READABLE_SIZE, Style, encode_png, render};

use crate::archive::archive;
use crate::asked::Asked;
use crate::failure::Failure;
use crate::options::{Common, QuestionOptions};
use crate::output::Outputs;
use crate::pictures::{Pictures, kind};
use crate::progress::{Progress, cancelled, stop_at_interrupt};
use crate::report::{Report, Summary};

/// `kirchhoff explain`.
#[derive(Args, Debug)]
pub struct Explain {
    #[command(flatten)]
    pub question: QuestionOptions,
    /// How pictures join colour channels [default: by the semiring's ⊕]
    #[arg(long, value_enum)]
    pub channels: Option<ChannelsOption>,
    /// Folder for relevance.safetensors, explanation.json and pictures; made if it is not there
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Pictures and terminal previews for at most so many inputs
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub pictures: usize,
    #[command(flatten)]
    pub common: Common,
}

/// How pictures join colour channels.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ChannelsOption {
    /// Relevant in one channel
    Or,
    /// Relevant in all channels
    And,
    /// The sum
    Sum,
    /// The largest
    Max,
}

/// Explains a model on inputs.
pub fn run(arguments: &Explain) -> Result<(), Failure> {
    let clock = Instant::now();
    let asked = Asked::read(&arguments.question)?;
    let Asked { loaded, preprocessing, inputs, questions, .. } = &asked;
    // Before the folder is made: interrupted right after that, it would stay.
    stop_at_interrupt();
    let mut outputs = arguments.out.as_deref().map(Outputs::open).transpose()?;
    let (answers, summaries) = answer(&asked, arguments.common.quiet)?;
    if !arguments.common.quiet {
        asked.warn_of_bounds();
    }

    let pictures = Pictures { inputs, preprocessing, channels: arguments.channels };
    let report = Report::new(loaded, preprocessing, questions, &answers, &summaries, clock.elapsed());
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
            crate::say(format_args!("wrote {files} to {folder}"));
        }
    }
    if arguments.common.json {
        crate::print_json(&report)?;
    } else {
        let columns = usize::from(console_width());
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
        let size = PreviewSize { columns: 28, line: columns, colour };
        for (input, summary) in summaries.iter().enumerate().take(arguments.pictures) {
            let preview = pictures.preview(&answers, input, size).map_err(Failure::work)?;
            crate::print(&format!("{}\n{preview}\n", summary.heading(loaded)))?;
        }
        crate::print(&report.closing(arguments.pictures))?;
    }
    Ok(())
}

/// Runs the inputs in batches and asks every question of each.
fn answer(asked: &Asked, quiet: bool) -> Result<(Vec<Answer>, Vec<Summary>), Failure> {
    let Asked { inputs, questions, .. } = asked;
    // Thresholds that are left open are chosen in a pass of their own.
    let passes = 1 + questions.len() + questions.iter().filter(|question| question.is_open()).count();
    let progress = Progress::new(asked.edges() * inputs.count as u64 * passes as u64, quiet);
    let mut answers: Vec<Answer> = Vec::new();
    let mut summaries = Vec::new();
    for batch in asked.batches() {
        progress.say("network");
        let execution = asked.run(batch.clone(), &progress)?;
        let names: Vec<_> = questions.iter().map(|question| &*question.semiring.name).collect();
        progress.say(names.join(", "));
        let part = questions.iter().map(|question| question.part(batch.clone(), inputs.count));
        let part = part.collect::<Result<Vec<_>, _>>()?;
        for (number, answer) in explain_all(&execution, &part, &progress)?.into_iter().enumerate() {
            if number == 0 {
                let of = |input: usize| {
                    let name = &inputs.names[batch.start + input];
                    Summary::new(name, execution.output(input), &answer.targets[input])
                };
                summaries.extend((0..batch.len()).map(of));
            }
            match answers.get_mut(number) {
                None => answers.push(answer),
                Some(earlier) => earlier.append(answer),
            }
        }
    }
    Ok((answers, summaries))
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
        let style = Style::for_values(kind(&answer.semiring));
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
