//! What all studies share on the command line: a model, a data set, a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use kirchhoff::compile::Bounds;
use kirchhoff::data::{DataSet, DataSetOptions, Preprocessing, Split, read_inputs};
use kirchhoff::explain::{ExplainError, Question, Target};
use kirchhoff::explanation::batch_size;
use kirchhoff::network::{Network, network_hash};
use kirchhoff::study::{Identity, Outputs, Outside, Run, StudyError, data_hash};

use crate::failure::Failure;
use crate::input_options::InputOptions;
use crate::listings::counted;
use crate::load::Loaded;
use crate::options::RuleOptions;
use crate::progress::{Progress, stop_at_interrupt};
use crate::questions::{named_or_default, say_left_out, split};
use crate::request;
use crate::semirings::registry;
use crate::study_options::StudyOptions;
use crate::targets;

/// What a study is about, beside the data itself.
pub struct Studied {
    pub loaded: Loaded,
    /// What the user calls the data.
    pub source: String,
    /// Where the data is; none for the embedded digits.
    pub path: Option<PathBuf>,
    data_hash: String,
    count: usize,
    /// Bounds of the input for z-box.
    pub bounds: Bounds,
    pub preprocessing: Preprocessing,
    pub progress: Progress,
    /// The names of classes: the model's, or those of folders.
    pub class_names: Option<Vec<String>>,
    quiet: bool,
    clock: Instant,
}

impl Studied {
    /// Opens the model and the data that the options name.
    pub fn open(options: &StudyOptions) -> Result<(Self, DataSet), Failure> {
        let clock = Instant::now();
        let files = options.data.input.choice.with_files(&options.files);
        let (loaded, preprocessing, files) =
            targets::model_of(&files, &options.reading, &options.of, &options.rules.target)?;
        if let [_, second, ..] = loaded.network.inputs() {
            let name = loaded.network.known_as(*second);
            return Err(Failure::usage(format!("a study is of a model with one input; this one has '{name}' too")));
        }
        batch_size(&loaded.network, 1, Some(options.memory))?;
        let path = match files {
            [] => None,
            [path] => Some(path.as_path()),
            _ => return Err(Failure::usage("a study has one data set: a file, or a folder")),
        };
        let mut data = open(
            path,
            options.data.input.choice.labels.as_deref(),
            options,
            &loaded,
            &preprocessing,
            options.data.input.choice.split.into(),
        )?;
        let chosen = options.data.input.chosen(data.count())?;
        let all = 0..data.count();
        if chosen != [all] {
            data.choose(chosen.into_iter().flatten());
        }
        let outputs = loaded.network.size(loaded.network.output());
        let class_names = match (&loaded.classes, data.folders()) {
            (None, Some(folders)) if folders.len() == outputs => Some(folders.to_vec()),
            (None, Some(folders)) if !options.common.quiet => {
                crate::say(format_args!(
                    "warning: the folders {} are taken as classes 0 to {}, but the network has {outputs}: name them by number, \
                     or give the names of all classes by --class-names",
                    folders[..folders.len().min(8)].join(", "),
                    folders.len() - 1
                ));
                None
            }
            (names, _) => names.clone(),
        };
        let bounds = request::bounds(&options.rules, data.shape(), data.picture(), &preprocessing);
        let progress = Progress::new(0, options.common.quiet);
        let source = path.map_or("the ten embedded digits".to_string(), |path| path.display().to_string());
        let (hash, count) = (data_hash(&data)?, data.count());
        let path = path.map(Path::to_path_buf);
        let quiet = options.common.quiet;
        let studied = Studied {
            loaded,
            source,
            path,
            data_hash: hash,
            count,
            bounds,
            preprocessing,
            progress,
            class_names,
            quiet,
            clock,
        };
        Ok((studied, data))
    }

    /// The network.
    pub fn network(&self) -> &Arc<Network> {
        &self.loaded.network
    }

    /// The class of a number or a name.
    pub fn class(&self, text: &str) -> Result<usize, Failure> {
        let names = self.class_names.as_deref().unwrap_or_default();
        match targets::class(text, names).or_else(|| text.trim().parse().ok()) {
            Some(class) => Ok(class),
            None => Err(targets::unnamed(text, names).unwrap_or_else(|| {
                Failure::usage(format!(
                    "`{text}` is no class: give its number, or the names of classes by --class-names"
                ))
            })),
        }
    }

    /// The rules that the options ask for, and whether each input is explained from the output of its label.
    pub fn rules(&self, options: &StudyOptions) -> Result<(RuleOptions, bool), Failure> {
        let by_label = options.rules.target == ["label"];
        let target = if by_label { vec!["top".to_string()] } else { options.rules.target.clone() };
        let rules = RuleOptions { target, ..options.rules.clone() };
        Ok((targets::settled(&rules, &self.loaded)?, by_label))
    }

    /// One question for each of the semirings that are named, or of the default ones that `check` and the options admit.
    pub fn questions(
        &self,
        rules: &RuleOptions,
        named: Option<&str>,
        default: &str,
        check: impl Fn(&mut Question) -> Result<(), ExplainError>,
    ) -> Result<Vec<Question>, Failure> {
        let (questions, left_out) = named_or_default(rules, named, default, &self.bounds, check)?;
        if !self.quiet {
            say_left_out(&left_out);
        }
        Ok(questions)
    }

    /// The identity of a study of the model and the data, to which the study adds its own settings.
    pub fn identity(&self, study: &str, options: &StudyOptions) -> Result<Identity, Failure> {
        let mut identity = Identity::new(study);
        identity.set("model", network_hash(&self.loaded.network));
        identity.set("data", &self.data_hash);
        identity.set("preprocessing", serde_json::to_string(&self.preprocessing).map_err(Failure::work)?);
        identity.set("inputs", self.count);
        identity.set("--seed", options.seed);
        identity.set("--skip-bad", options.data.skip_bad);
        identity.set("--resize", options.data.resize);
        Ok(identity)
    }

    /// Opens the folder for a run, which stops at Ctrl-C.
    pub fn run(&self, identity: Identity, options: &StudyOptions) -> Result<Run<'_>, Failure> {
        stop_at_interrupt();
        Ok(Run::open(&options.out, identity, options.restart, &self.progress)?)
    }

    /// Writes what a study has found, all of it or nothing, and ends its run.
    pub fn finish(&self, run: Run<'_>, outputs: Outputs, options: &StudyOptions) -> Result<(), Failure> {
        let names = outputs.files.iter().map(|(name, _)| name.as_str());
        let listed = names.clone().filter(|name| !name.ends_with(".png") && !name.ends_with(".svg"));
        let said = format!("wrote {} and pictures to {}", listed.collect::<Vec<_>>().join(", "), options.out.display());
        outputs.write(options.write.output(&options.out))?;
        run.finish()?;
        if let (true, Some((_, study))) =
            (options.common.json, outputs.files.iter().find(|(name, _)| name == "study.json"))
        {
            crate::print(&format!("{}\n", String::from_utf8_lossy(study)))?;
        }
        if !options.common.quiet {
            self.progress.clear();
            let seconds = self.clock.elapsed().as_secs_f64();
            crate::say(format_args!("{} in {seconds:.1} s; {said}", counted(self.count, "input")));
        }
        Ok(())
    }
}

/// The names of files that stand for relevance from elsewhere, with the files.
pub fn names(files: &[(String, PathBuf)]) -> Vec<String> {
    files.iter().map(|(name, file)| format!("{name}={}", file.display())).collect()
}

/// Relevance of the inputs of a data set from files, under names that no semiring has.
pub fn outside(files: &[(String, PathBuf)], semirings: &str, data: &DataSet) -> Result<Vec<Outside>, Failure> {
    let mut found: Vec<Outside> = Vec::new();
    for (name, file) in files {
        if found.iter().any(|other| other.name() == name) || split(semirings).contains(&name.as_str()) {
            return Err(Failure::usage(format!("--relevance: `{name}` is named twice")));
        }
        let values = numbers(file, data.shape())?;
        let size = data.shape().iter().product();
        let outside = Outside::new(name, values, size)?;
        // A name that a semiring may have, and none has.
        registry().clone().with(outside.question().semiring).map_err(Failure::input)?;
        found.push(outside);
    }
    Ok(found)
}

/// What stands for relevance from elsewhere among the questions, about the targets that the options name.
pub fn outside_questions(outside: &[Outside], rules: &RuleOptions) -> Result<Vec<Question>, Failure> {
    let targets: Vec<Target> =
        rules.target.iter().map(|target| target.parse().map_err(Failure::input)).collect::<Result<_, _>>()?;
    Ok(outside.iter().map(|outside| outside.question().with_targets(targets.clone())).collect())
}

/// The numbers of an array of values of the given shape, one after the other.
pub fn numbers(file: &Path, shape: &[usize]) -> Result<Vec<f32>, Failure> {
    let files = [file.to_path_buf()];
    Ok(read_inputs(&files, shape, &Preprocessing::default()).map_err(Failure::input)?.values)
}

/// Opens a data set for a model; none is that of the embedded digits.
pub fn open(
    path: Option<&Path>,
    labels: Option<&Path>,
    options: &StudyOptions,
    loaded: &Loaded,
    preprocessing: &Preprocessing,
    split: Split,
) -> Result<DataSet, Failure> {
    let network = &loaded.network;
    let shape = &network.node(network.input()).shape;
    let outputs: usize = network.node(network.output()).shape.iter().product();
    let Some(path) = path else {
        let inputs = crate::inputs::inputs(&[], loaded, preprocessing, &InputOptions::default(), true)?.inputs;
        let labels: Vec<usize> = (0..inputs.count).collect();
        return DataSet::in_memory("the embedded digits", inputs.values, shape, &labels, outputs)
            .map_err(Failure::input);
    };
    let settings = DataSetOptions {
        labels,
        split,
        outputs,
        classes: loaded.classes.as_deref(),
        skip_bad: options.data.skip_bad,
        resize: options.data.resize,
    };
    DataSet::open(path, shape, preprocessing, &settings).map_err(Failure::input)
}

impl From<StudyError> for Failure {
    fn from(error: StudyError) -> Self {
        match error {
            StudyError::Explain(error) => error.into(),
            StudyError::Execution(error) => error.into(),
            StudyError::Interrupted { .. } => Failure::Interrupted(error.to_string()),
            StudyError::Write { error: ref cause, .. } => Failure::of_write(cause.kind(), error),
            StudyError::Render(_) => Failure::work(error),
            error => Failure::input(error),
        }
    }
}
