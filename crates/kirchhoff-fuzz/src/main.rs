//! Reads mutants of sound files, many of them, and says which ones a reader did not survive.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use kirchhoff_fuzz::mutate::mutant;
use kirchhoff_fuzz::{Find, READERS, Reader, find_of, folder, reader, try_files, try_reader};
use rlimit::Resource;

/// The address space of a process that reads mutants: what asks for more ends, and does not take the machine with it.
const SPACE: u64 = 3 << 30;
/// A process of these is found dead so often that something else is wrong.
const DEATHS: usize = 200;
/// Seconds, for ever.
const YEARS: f64 = 1e9;

#[derive(Parser)]
#[command(about = "Read mutants of sound files by every reader of Kirchhoff")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Read mutants; the exit code is 1 if a reader panics, takes too long or too much memory
    Mutate {
        /// Readers by name [default: all]
        readers: Vec<String>,
        /// Mutants of each reader
        #[arg(long, default_value_t = 10_000)]
        mutations: u64,
        /// Read for so long altogether instead
        #[arg(long)]
        minutes: Option<f64>,
        /// The number of the first mutant
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// Put the mutants that were found into this folder
        #[arg(long)]
        keep: Option<PathBuf>,
    },
    /// Read files, as a reader would
    Read { reader: String, files: Vec<PathBuf> },
    /// Write a mutant to a file
    Mutant { reader: String, number: u64, file: PathBuf },
    /// Write all seeds of a reader to a folder, for fuzzers of other kinds
    Seeds { reader: String, folder: PathBuf },
    /// List the readers
    Readers,
    /// Read mutants in this process
    #[command(hide = true)]
    Child { reader: String, from: u64, to: u64, seconds: f64, number: PathBuf },
}

fn main() -> ExitCode {
    match run(Arguments::parse().verb) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(verb: Verb) -> std::io::Result<bool> {
    match verb {
        Verb::Mutate { readers, mutations, minutes, from, keep } => {
            let readers: Vec<&Reader> = match readers.is_empty() {
                true => READERS.iter().collect(),
                false => readers.iter().map(|name| named(name)).collect::<Result<_, _>>()?,
            };
            let seconds = minutes.map(|minutes| minutes * 60.0 / readers.len() as f64);
            let mutations = if seconds.is_some() { u64::MAX - from } else { mutations };
            let mut sound = true;
            for reader in readers {
                let finds = mutate(reader, from, from + mutations, seconds)?;
                sound &= finds.is_empty();
                if let Some(folder) = &keep {
                    write_finds(reader, &finds, folder)?;
                }
            }
            Ok(sound)
        }
        Verb::Read { reader, files } => {
            let read = |path: &PathBuf| Ok((path.display().to_string(), std::fs::read(path)?));
            let files: Vec<_> = files.iter().map(read).collect::<std::io::Result<_>>()?;
            prepare()?;
            let faults = try_files(named(&reader)?, &files)?;
            faults.iter().for_each(|(name, what)| println!("{name}: {what}"));
            Ok(faults.is_empty())
        }
        Verb::Mutant { reader, number, file } => {
            let reader = named(&reader)?;
            std::fs::write(file, mutant(&reader.all_seeds(), reader.mutate, number))?;
            Ok(true)
        }
        Verb::Seeds { reader, folder } => {
            let reader = named(&reader)?;
            std::fs::create_dir_all(&folder)?;
            for (number, seed) in reader.all_seeds().iter().enumerate() {
                std::fs::write(folder.join(format!("{number}.{}", reader.extension)), seed)?;
            }
            Ok(true)
        }
        Verb::Readers => {
            READERS.iter().for_each(|reader| println!("{}", reader.name));
            Ok(true)
        }
        Verb::Child { reader, from, to, seconds, number } => {
            prepare()?;
            let until = Instant::now() + Duration::from_secs_f64(seconds);
            let next = try_reader(named(&reader)?, from..to, until, &number, std::io::stdout())?;
            std::fs::write(number, next.to_string())?;
            Ok(true)
        }
    }
}

/// Limits this process: the memory that it may ask for, and one thread, whose processor time is that of the file.
fn prepare() -> std::io::Result<()> {
    Resource::AS.set(SPACE, SPACE)?;
    Resource::CORE.set(0, 0)?;
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().map_err(std::io::Error::other)
}

fn named(name: &str) -> std::io::Result<&'static Reader> {
    reader(name).ok_or_else(|| std::io::Error::other(format!("no reader is called `{name}`: see `readers`")))
}

/// Reads mutants in processes, of which another one goes on where one died.
fn mutate(reader: &Reader, from: u64, to: u64, seconds: Option<f64>) -> std::io::Result<Vec<Find>> {
    let (began, folder) = (Instant::now(), folder()?);
    let number_file = folder.path().join("number");
    let (mut finds, mut next, mut deaths) = (Vec::new(), from, 0);
    loop {
        let left = seconds.map(|seconds| seconds - began.elapsed().as_secs_f64());
        if next >= to || left.is_some_and(|left| left <= 0.0) || deaths > DEATHS {
            break;
        }
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("child").arg(reader.name).arg(next.to_string()).arg(to.to_string());
        command
            .arg(left.unwrap_or(YEARS).to_string())
            .arg(&number_file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn()?;
        let mut said = String::new();
        if let Some(mut stdout) = child.stdout.take() {
            stdout.read_to_string(&mut said)?;
        }
        let status = child.wait()?;
        finds.extend(said.lines().filter_map(|line| {
            let (number, what) = line.split_once(' ')?;
            Some(Find { number: number.parse().ok()?, what: what.to_string() })
        }));
        let reached: u64 = std::fs::read_to_string(&number_file).ok().and_then(|text| text.parse().ok()).unwrap_or(to);
        if status.success() {
            next = reached;
        } else {
            finds.push(find_of(reached, status));
            (next, deaths) = (reached + 1, deaths + 1);
        }
    }
    println!("{}: {} mutants, {} finds, {:.1} s", reader.name, next - from, finds.len(), began.elapsed().as_secs_f64());
    finds.iter().for_each(|find| println!("  {}: {}", find.number, find.what));
    Ok(finds)
}

fn write_finds(reader: &Reader, finds: &[Find], folder: &Path) -> std::io::Result<()> {
    let (folder, seeds) = (folder.join(reader.name), reader.all_seeds());
    for find in finds {
        std::fs::create_dir_all(&folder)?;
        let name = format!("{}.{}", find.number, reader.extension);
        std::fs::write(folder.join(name), mutant(&seeds, reader.mutate, find.number))?;
    }
    Ok(())
}
