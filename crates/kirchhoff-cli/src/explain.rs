//! `kirchhoff explain`.

use std::fmt::Write;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use kirchhoff::data::read_names;
use kirchhoff::explanation::{
    Explaining, Explanation, ExplanationOptions, Names, PageOptions, PathOptions, peak_memory,
};
use kirchhoff::render::PreviewSize;
use kirchhoff_file::Folder;

use crate::failure::Failure;
use crate::look::LookOptions;
use crate::options::{Common, NameOptions, QuestionOptions, WriteOptions};
use crate::progress::{Interrupt, Progress, stop_at_interrupt};
use crate::request::Request;

/// `kirchhoff explain`.
#[derive(Args, Debug)]
pub struct Explain {
    #[command(flatten)]
    pub question: QuestionOptions,
    #[command(flatten)]
    pub names: NameOptions,
    /// Folder for relevance.safetensors, explanation.json, explanation.html and pictures; made if it is not there
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Size of explanation.html, the page to look at it all in: it holds as many inputs as fit, one at least; or `none`
    #[arg(long, value_name = "SIZE", default_value = "48MB", value_parser = page_size)]
    pub page: u64,
    /// Strongest paths to the K most relevant elements in each semiring, for explanation.html
    #[arg(long, value_name = "K", default_value_t = 8)]
    pub paths: usize,
    /// Strongest paths to this element too, by its indices (such as 14,15, or NAME[14,15] where there are several inputs); once
    /// for each
    #[arg(long, value_name = "INDICES")]
    pub paths_of: Vec<String>,
    /// Print what each layer did with the relevance that entered it: a table for each semiring and input
    #[arg(long)]
    pub ledger: bool,
    #[command(flatten)]
    pub write: WriteOptions,
    #[command(flatten)]
    pub common: Common,
    // The last, since its heading would be that of all that follows.
    #[command(flatten)]
    pub look: LookOptions,
}

impl Explain {
    /// Whether explanation.html is written.
    fn has_page(&self) -> bool {
        self.out.is_some() && self.look.pictures > 0 && self.page > 0
    }
}

/// A size, or none.
fn page_size(text: &str) -> Result<u64, String> {
    if text == "none" { Ok(0) } else { crate::memory::size(text).map_err(|error| format!("{error}, or `none`")) }
}

/// The command of this run as one would type it into a shell.
fn command() -> String {
    let plain = |text: &str| {
        let known = |letter: char| letter.is_ascii_alphanumeric() || "-_./,=:@%+".contains(letter);
        !text.is_empty() && text.chars().all(known)
    };
    let quoted = |text: String| if plain(&text) { text } else { format!("'{}'", text.replace('\'', "'\\''")) };
    let arguments = std::env::args_os().skip(1).map(|argument| quoted(argument.to_string_lossy().into_owned()));
    ["kirchhoff".to_string()].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}

/// Explains a model on inputs.
pub fn run(arguments: &Explain) -> Result<(), Failure> {
    let clock = Instant::now();
    let request = Request::read(&arguments.question)?;
    let pictures = arguments.look.options()?;
    let names = names(&arguments.names)?;
    // Before the folder is made: interrupted right after that, it would stay.
    stop_at_interrupt();
    let output = arguments.out.as_deref().map(|path| arguments.write.output(path));
    let mut folder = output.map(Folder::open).transpose()?;
    let mut first = vec!["relevance.safetensors", "explanation.json"];
    let sheets: Vec<String> = pictures.formats.iter().map(|format| format!("sheet.{}", format.name())).collect();
    first.extend(sheets.iter().map(String::as_str).filter(|_| arguments.look.pictures > 0));
    first.extend(arguments.has_page().then_some("explanation.html"));
    folder.iter().try_for_each(|folder| folder.check(&first))?;
    folder.iter_mut().for_each(|folder| folder.replace_run("explanation.json"));
    let mut explanation = explain(&request, names, arguments)?;
    if !arguments.common.quiet {
        request.remark();
    }
    explanation.time = clock.elapsed();
    check_names(&explanation)?;

    if let Some(folder) = &mut folder {
        explanation.write_to(folder, &pictures, &Interrupt)?;
    }
    // Files come first: they stay if nobody reads stdout.
    if let Some(folder) = folder {
        let path = folder.path().display().to_string();
        folder.commit()?;
        if !arguments.common.quiet {
            let files = match (arguments.look.pictures, arguments.has_page()) {
                (0, _) => "relevance.safetensors and explanation.json",
                (_, false) => "relevance.safetensors, explanation.json and pictures",
                (_, true) => {
                    "relevance.safetensors, explanation.json, pictures, and explanation.html, which shows them all,"
                }
            };
            crate::say(format_args!("wrote {files} to {path}"));
            let shown = explanation.summaries().len().min(pictures.most);
            let layers = explanation.pictures(&pictures).count_of_layers(explanation.answers(), shown);
            if layers > pictures.layers {
                let drawn = pictures.layers;
                crate::say(format_args!(
                    "drew {drawn} of {layers} pictures of hidden layers; --layer-pictures says how many"
                ));
            }
        }
    }
    if !arguments.common.quiet {
        explanation.warnings().iter().for_each(|warning| crate::say(format_args!("warning: {warning}")));
    }
    if arguments.common.json {
        return crate::print_json(&explanation.report());
    }
    let classes = request.loaded.classes.as_deref();
    if arguments.common.quiet {
        let lines: String = explanation.summaries().iter().map(|summary| summary.heading(classes) + "\n").collect();
        return crate::print(&lines);
    }
    let columns = usize::from(console_width());
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let size = PreviewSize { columns: 28, line: columns, colour };
    let drawn = explanation.pictures(&pictures);
    for (input, summary) in explanation.summaries().iter().enumerate().take(arguments.look.pictures) {
        let preview = drawn.preview(explanation.answers(), input, size).map_err(Failure::work)?;
        let best = summary.best(request.outputs(), classes).map_or(String::new(), |best| best + "\n");
        crate::print(&format!("{}\n{best}{preview}\n", summary.heading(classes)))?;
    }
    if !colour && arguments.look.pictures > 0 {
        crate::print("░▒▓█ or +*#: relevant, weakly to strongly; -=≡: against the target; ·: not relevant\n")?;
    }
    if arguments.ledger {
        crate::print(&crate::ledger::ledgers(&explanation, arguments.look.pictures.max(1)))?;
    }
    crate::print(&closing(&explanation, arguments.look.pictures))
}

/// Reads the names of what inputs consist of.
fn names(options: &NameOptions) -> Result<Names, Failure> {
    let read = |path: &Option<PathBuf>| path.as_deref().map(read_names).transpose().map_err(Failure::input);
    Ok(Names { vocabulary: read(&options.vocabulary)?, columns: read(&options.names)? })
}

/// Refuses names of columns that fit nothing that has relevance: they would be passed over.
fn check_names(explanation: &Explanation) -> Result<(), Failure> {
    match (explanation.names().columns.as_ref(), explanation.columns()) {
        (Some(names), Some(columns)) if names.len() != columns => Err(Failure::usage(format!(
            "--names gives {} names, but the inputs that get relevance have {columns} values",
            names.len()
        ))),
        (Some(_), None) => Err(Failure::usage("--names is for tables: an input of this model has several axes")),
        _ => Ok(()),
    }
}

/// Runs the inputs in batches and asks every question of each.
fn explain(request: &Request, names: Names, arguments: &Explain) -> Result<Explanation, Failure> {
    let Request { loaded, preprocessing, inputs, questions, .. } = request;
    // Thresholds that are left open are chosen in a pass of their own.
    let passes = 1 + questions.len() + questions.iter().filter(|question| question.is_open()).count();
    let progress = Progress::new(request.edges() * inputs.count as u64 * passes as u64, arguments.common.quiet);
    let elements = crate::places::elements(&arguments.paths_of, inputs, &loaded.network)?;
    let options = ExplanationOptions {
        model: loaded.name.clone(),
        classes: loaded.classes.clone(),
        names,
        preprocessing: preprocessing.clone(),
        memory: arguments.question.memory,
        activations: false,
        page: arguments.has_page().then(|| PageOptions {
            most: arguments.look.pictures,
            bytes: usize::try_from(arguments.page).unwrap_or(usize::MAX),
            command: Some(command()),
            paths: PathOptions { most: arguments.paths, elements },
        }),
    };
    let mut explaining = Explaining::new(&loaded.network, inputs.clone(), questions, &options)?;
    while explaining.batch(&progress, |stage| progress.say(stage))? {}
    Ok(explaining.finish())
}

/// The lines below the previews: time and memory, and what was not shown.
fn closing(explanation: &Explanation, shown: usize) -> String {
    let mut text = String::new();
    let count = explanation.summaries().len();
    if shown > 0 && count > shown {
        let _ = writeln!(text, "… and {} more inputs", count - shown);
    }
    let memory = peak_memory().map_or(String::new(), |bytes| format!(", {} MB", bytes.div_ceil(1_000_000)));
    let answers = explanation.answers().iter();
    let times: Vec<_> =
        answers.map(|answer| format!("{} {:.2} s", answer.semiring.name, answer.time.as_secs_f64())).collect();
    let inputs = if count == 1 { "input" } else { "inputs" };
    let seconds = explanation.time.as_secs_f64();
    let _ = writeln!(text, "{count} {inputs} in {seconds:.2} s{memory} ({})", times.join(", "));
    text
}

/// Characters a line of the terminal holds.
fn console_width() -> u16 {
    match terminal_size::terminal_size() {
        Some((terminal_size::Width(width), _)) => width.max(28),
        None => 150,
    }
}
