//! Options that several verbs share.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};
use kirchhoff::Arithmetic;
use kirchhoff::compile::{LayerPattern, MaximumPooling, Treatments};
use kirchhoff::data::{Filter, Preprocessing, Resize};
use kirchhoff::semiring::UnknownName;
use kirchhoff_file::Output;

use crate::failure::Failure;
use crate::input_options::InputOptions;

/// Options of every verb that computes or prints.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "General")]
pub struct Common {
    /// Print JSON to stdout
    #[arg(long)]
    pub json: bool,
    /// No progress, no messages
    #[arg(long, short)]
    pub quiet: bool,
    /// Number of threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// Options of every verb that writes files.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Output")]
pub struct WriteOptions {
    /// Replace files that are there, also those that kirchhoff did not write; never one that the run reads
    #[arg(long)]
    pub force: bool,
}

impl WriteOptions {
    /// A path as the output of this run.
    pub fn output(&self, path: &Path) -> Output {
        Output::new(path).forced(self.force).sparing_inputs()
    }
}

/// Options that say how a model file is to be read.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Model")]
pub struct ModelOptions {
    /// Architecture of a safetensors model, where its tensor names do not tell
    #[arg(long, value_name = "FILE.toml")]
    pub architecture: Option<PathBuf>,
    /// Shape of one input, such as 3,224,224, where the model leaves it open; of one of several by name, once for each
    #[arg(long, value_name = "[NAME=]SIZES")]
    pub input_shape: Vec<InputShape>,
    /// Names of the classes by number: a text with one a line, or JSON (a list, or ImageNet's index)
    #[arg(long, value_name = "FILE")]
    pub class_names: Option<PathBuf>,
    /// How sums of products are computed: in the fewest multiplications (`winograd`: large convolutions of 3 × 3 and stride 1 in
    /// four ninths of them), or in one an edge (`direct`)
    #[arg(long, value_name = "winograd|direct", default_value_t)]
    pub arithmetic: Arithmetic,
}

/// Names of what inputs consist of, for pictures.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Inputs")]
pub struct NameOptions {
    /// Words by the number of their token: a text with one a line, vocab.json or tokenizer.json
    #[arg(long, value_name = "FILE")]
    pub vocabulary: Option<PathBuf>,
    /// Names of a table's columns: one a line, or the first line of the table
    #[arg(long, value_name = "FILE")]
    pub names: Option<PathBuf>,
}

/// The shape of an input, of the first where it has no name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputShape {
    /// Its name.
    pub name: Option<String>,
    /// Its shape, without the batch axis.
    pub shape: Vec<usize>,
}

impl FromStr for InputShape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, sizes) = match text.rsplit_once('=') {
            Some((name, sizes)) => (Some(name.to_string()), sizes),
            None => (None, text),
        };
        let size = |size: &str| size.trim().parse::<usize>().ok().filter(|&size| size > 0);
        let shape = sizes.split(',').map(size).collect::<Option<Vec<usize>>>();
        let shape = shape.ok_or("write lengths of axes, such as `3,224,224` or `tokens=16`")?;
        Ok(InputShape { name, shape })
    }
}

/// Which output of a model with several is meant.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Model")]
pub struct ModelOutput {
    /// Output of a model with several, by name [default: the first]
    #[arg(long, value_name = "NAME")]
    pub output: Option<String>,
}

/// How files become inputs.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Inputs")]
pub struct PreprocessingOptions {
    /// Preprocessing by name: `imagenet`, as of torchvision's weights: the shorter side to 256 pixels (for a network of 224), mean and std
    /// of ImageNet; the options below go over it
    #[arg(long, value_enum, value_name = "NAME")]
    pub preprocess: Option<PresetOption>,
    /// Size that pictures are scaled to before their middle is cut out: `cover` (as little as fits), `stretch`, or the pixels of
    /// the shorter side [default: from the model, or cover]
    #[arg(long, value_name = "SIZE")]
    pub scale_to: Option<Resize>,
    /// Factor on raw values, before mean and std [default: from the model, or 1; images are read as 0..1]
    #[arg(long, allow_hyphen_values = true)]
    pub scale: Option<f32>,
    /// Mean to subtract: one, or one a channel
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', allow_hyphen_values = true)]
    pub mean: Option<Vec<f32>>,
    /// Standard deviation to divide by: one, or one a channel
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    pub std: Option<Vec<f32>>,
    /// Order of the axes in arrays
    #[arg(long, value_enum)]
    pub layout: Option<LayoutOption>,
}

/// Preprocessing by name.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum PresetOption {
    /// That of torchvision's weights
    Imagenet,
}

impl PresetOption {
    /// What is done for a network that takes inputs of a shape.
    pub fn preprocessing(self, shape: &[usize]) -> Preprocessing {
        let side = shape.last().and_then(|&side| u32::try_from(side).ok()).unwrap_or(224);
        match self {
            PresetOption::Imagenet => Preprocessing {
                mean: vec![0.485, 0.456, 0.406],
                std: vec![0.229, 0.224, 0.225],
                // 256 for 224, and as much more for others.
                resize: Resize::Side(side.saturating_mul(256).saturating_add(112) / 224),
                filter: Filter::Bilinear,
                ..Preprocessing::default()
            },
        }
    }
}

/// A model, and how its inputs are read.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct ReadingOptions {
    #[command(flatten)]
    pub model: ModelOptions,
    #[command(flatten)]
    pub preprocessing: PreprocessingOptions,
}

/// Order of axes.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum LayoutOption {
    /// Channels, height, width
    Chw,
    /// Height, width, channels
    Hwc,
}

/// From which outputs on, by which rules and annotations.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Target, rules and Θ")]
pub struct RuleOptions {
    /// Output to explain: `top`, a class by name, `3`, `3,8` (both), `3-8` (for 3 and against 8); a value of an image or sequence `[3,17,42]`, a
    /// box of them `[3,10:20,:]`, a region by the file of a mask `[3,mask.png]`, of an output by name `scores[3]`; a channel or neuron of a layer
    /// `features.28[3]`, `features.28[3,7,7]`. Repeat to give one an input
    #[arg(long, value_name = "TARGET", default_value = "top", allow_negative_numbers = true)]
    pub target: Vec<String>,
    /// Composite: a rule for each kind of layer. With `SEMIRING:` before it, for that semiring only
    #[arg(long, value_name = "[SEMIRING:]NAME")]
    pub composite: Vec<String>,
    /// Rule for every layer, or for layers by name or pattern: `zero`, `features.0=z-box`, `boolean:0=gamma(0.25)`
    #[arg(long, value_name = "[SEMIRING:][LAYER=]RULE", allow_hyphen_values = true)]
    pub rule: Vec<String>,
    /// Annotation Θ for every layer, or for layers by name or pattern: `threshold(0.01)`, `boolean:4=0.05`. `auto(0.2)`
    /// chooses for each input thresholds that keep a fifth of each layer's neurons, `paper-vgg` is those of a paper
    #[arg(long, value_name = "[SEMIRING:][LAYER=]THETA", allow_hyphen_values = true)]
    pub theta: Vec<String>,
    /// What targets start with [default: the logit for real, 1 for the others]
    #[arg(long, value_enum)]
    pub start: Option<StartOption>,
    /// How relevance goes through maximum pooling [default: winner; average under composite paper-vgg]
    #[arg(long, value_enum)]
    pub max_pool: Option<MaximumPoolOption>,
    /// How relevance goes through products of activations, `half` or `signal`, for all or for layers by name or pattern
    /// [default: signal where one factor is a gate, else half]
    #[arg(long, value_name = "[LAYER=]HOW")]
    pub product: Vec<String>,
    /// How relevance goes through a softmax inside the network, `constant` or `taylor` [default: constant, but for composite
    /// attention]
    #[arg(long, value_name = "[LAYER=]HOW")]
    pub softmax: Vec<String>,
    /// How relevance goes through layer, group and instance normalisation, `linear` or `identity` [default: linear]
    #[arg(long, value_name = "[LAYER=]HOW")]
    pub norm: Vec<String>,
    /// How composites treat multiplications and additions per channel that no layer takes in, `linear` or `pass`
    /// [default: linear]
    #[arg(long, value_name = "[LAYER=]HOW")]
    pub affine: Vec<String>,
    /// Take semirings that are defined by files or `define(...)` without a check of their laws
    #[arg(long)]
    pub unchecked: bool,
    /// Lower bounds of the input for z-box: one, or one a channel [default: what the preprocessing makes of 0]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', allow_hyphen_values = true)]
    pub low: Option<Vec<f32>>,
    /// Upper bounds of the input for z-box: one, or one a channel [default: what the preprocessing makes of 1]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', allow_hyphen_values = true)]
    pub high: Option<Vec<f32>>,
}

impl RuleOptions {
    /// Whether rules are named, or anything that goes with them.
    pub fn names_rules(&self) -> bool {
        let named = [&self.composite, &self.rule, &self.product, &self.softmax, &self.norm, &self.affine];
        named.iter().any(|named| !named.is_empty())
            || self.max_pool.is_some()
            || self.low.is_some()
            || self.high.is_some()
    }

    /// What is said of products, softmax and normalisation: for layers by name or pattern, or for all.
    pub fn treatments(&self) -> Result<Vec<(Option<LayerPattern>, Treatments)>, Failure> {
        fn read<T: FromStr<Err = UnknownName>>(
            texts: &[String],
            set: impl Fn(T) -> Treatments,
            found: &mut Vec<(Option<LayerPattern>, Treatments)>,
        ) -> Result<(), Failure> {
            for text in texts {
                let (layer, choice) = match text.rsplit_once('=') {
                    Some((layer, choice)) => (Some(LayerPattern::new(layer).map_err(Failure::input)?), choice),
                    None => (None, &text[..]),
                };
                found.push((layer, set(choice.parse().map_err(Failure::input)?)));
            }
            Ok(())
        }
        let (none, mut found) = (Treatments::NONE, Vec::new());
        let product = |how| Treatments { product: Some(how), matrix_product: Some(how), ..none };
        read(&self.product, product, &mut found)?;
        read(&self.softmax, |how| Treatments { softmax: Some(how), ..none }, &mut found)?;
        let norm = |how| Treatments { normalisation: Some(how), root_mean_square: Some(how), ..none };
        read(&self.norm, norm, &mut found)?;
        read(&self.affine, |how| Treatments { affine: Some(how), ..none }, &mut found)?;
        Ok(found)
    }
}

/// What targets start with.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum StartOption {
    /// The semiring's 1
    One,
    /// The target's logit
    Logit,
}

/// How relevance goes through maximum pooling.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum MaximumPoolOption {
    /// To the first maximum of each window
    Winner,
    /// As through average pooling
    Average,
}

impl From<MaximumPoolOption> for MaximumPooling {
    fn from(option: MaximumPoolOption) -> Self {
        match option {
            MaximumPoolOption::Winner => MaximumPooling::Winner,
            MaximumPoolOption::Average => MaximumPooling::Average,
        }
    }
}

/// Which neurons relevance goes through.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Target, rules and Θ")]
pub struct ConditionOptions {
    /// Only relevance that goes through these neurons, `conv[3]` (a channel), `conv[3,7,7]` or `h1[17]`; separated by commas, or
    /// repeated. Of several layers through all of them
    #[arg(long, value_name = "NAMES")]
    pub through: Vec<String>,
    /// Only relevance that does not go through these neurons, named likewise
    #[arg(long, value_name = "NAMES")]
    pub remove: Vec<String>,
}

/// What is asked: a model, inputs, and the questions about them.
#[derive(Args, Clone, Debug)]
pub struct QuestionOptions {
    /// The model (.onnx or .safetensors), then inputs: images, .npy, .safetensors or IDX files, for a model of several inputs
    /// NAME=FILE for each. Without a model, the embedded digit network; without inputs, its ten digits
    #[arg(value_name = "MODEL | [NAME=]INPUT")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingOptions,
    #[command(flatten)]
    pub of: ModelOutput,
    #[command(flatten)]
    pub input: InputOptions,
    /// Semirings, separated by commas: names, files of definitions (.toml) or `define(...)`; `kirchhoff semirings` lists those
    /// there are [default: real,boolean,counting,viterbi,bottleneck, without those that rules, Θ or targets do not suit]
    #[arg(long, short, value_name = "NAMES")]
    pub semiring: Option<String>,
    #[command(flatten)]
    pub rules: RuleOptions,
    #[command(flatten)]
    pub conditions: ConditionOptions,
    /// Layers to keep the relevance of: `input`, `all`, or names and patterns separated by commas
    #[arg(long, value_name = "LAYERS", default_value = "input")]
    pub layers: String,
    /// Have ledgers say how many edges of each layer Θ keeps, which costs a visit to every edge
    #[arg(long)]
    pub count_kept: bool,
    /// Memory for activations and relevance, such as 300MiB: so many inputs are run together as fit, by an estimate;
    /// weights that lie in a file come on top while they are read [default: 128MiB of activations, one input at least, of
    /// up to 4GiB]
    #[arg(long, value_name = "SIZE", value_parser = crate::memory::size)]
    pub memory: Option<u64>,
}
