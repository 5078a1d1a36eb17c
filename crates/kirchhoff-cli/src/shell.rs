//! `kirchhoff completions` and `kirchhoff man`: what a shell and a manual are told of the command line, made of itself.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use kirchhoff_file::Folder;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::options::WriteOptions;

/// `kirchhoff completions`.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `kirchhoff man`.
#[derive(Args, Debug)]
pub struct Manual {
    /// Print the page of a verb, such as `explain` or `study mask` [default: that of the tool]
    #[arg(value_name = "VERB", conflicts_with = "out")]
    pub verb: Vec<String>,
    /// Write the pages of the tool and of all verbs to this folder: kirchhoff.1, kirchhoff-explain.1, …
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub write: WriteOptions,
}

/// Prints what a shell completes.
pub fn completions(arguments: &Completions) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::complete(), "kirchhoff", &mut text);
    crate::print(&String::from_utf8_lossy(&text))
}

/// Prints a page of the manual, or writes all of them.
pub fn manual(arguments: &Manual) -> Result<(), Failure> {
    let command = named(Arguments::complete(), "kirchhoff");
    if let Some(path) = &arguments.out {
        let mut folder = Folder::open(arguments.write.output(path))?;
        for (name, page) in pages(&command)? {
            folder.write(format!("{name}.1"), page.as_bytes())?;
        }
        let count = folder.names().len();
        folder.commit()?;
        crate::say(format_args!("wrote {count} pages to {}", path.display()));
        return Ok(());
    }
    let mut page = &command;
    for verb in &arguments.verb {
        page = page.find_subcommand(verb).ok_or_else(|| {
            let verbs: Vec<&str> = page.get_subcommands().map(Command::get_name).collect();
            Failure::usage(format!("there is no `{verb}`; there are: {}", verbs.join(", ")))
        })?;
    }
    crate::print(&rendered(page)?)
}

/// The command with the whole name of each of its verbs: pages are called `kirchhoff-study-mask`.
fn named(command: Command, name: &str) -> Command {
    let verbs: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_string()).collect();
    let inner = verbs.into_iter().fold(command, |command, verb| {
        let whole = format!("{name}-{verb}");
        command.mut_subcommand(verb, |verb| named(verb, &whole))
    });
    inner.display_name(name.to_string())
}

/// All pages, each with its name.
fn pages(command: &Command) -> Result<Vec<(String, String)>, Failure> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_string();
    let mut found = vec![(name, rendered(command)?)];
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        found.extend(pages(verb)?);
    }
    Ok(found)
}

fn rendered(command: &Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page).map_err(Failure::work)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
