//! Examples that end the help of each verb.

pub const EXPLAIN: &str = "Examples:
  kirchhoff explain
  kirchhoff explain model.onnx photo.jpg --preprocess imagenet --out explanation
  kirchhoff explain model.onnx photos --input 0-9 --composite epsilon-gamma-box --target top-second
  kirchhoff explain mnist --limit 5 --target label --semiring boolean --theta 'auto(0.05)'";

pub const RUN: &str = "Examples:
  kirchhoff run model.onnx photo.jpg --preprocess imagenet --best 3
  kirchhoff run mnist --labels mnist/t10k-labels-idx1-ubyte.gz";

pub const BENCH: &str = "Examples:
  kirchhoff bench --limit 1 --semiring real,boolean
  kirchhoff bench model.onnx inputs.npy --repeat 10 --json";

pub const COMPILE: &str = "Examples:
  kirchhoff compile --input 7 --rule max-abs --out seven.safetensors
  kirchhoff compile --layered model.onnx photo.jpg --preprocess imagenet --out photo.safetensors
  kirchhoff compile --leaves edges --semiring boolean --out network.safetensors";

pub const EVALUATE: &str = "Examples:
  kirchhoff evaluate seven.safetensors --semiring viterbi,fuzzy,counting --out relevance
  kirchhoff evaluate network.safetensors --inputs --semiring boolean";

pub const INSPECT: &str = "Examples:
  kirchhoff inspect model.onnx --composite epsilon-gamma-box --draw network.svg
  kirchhoff inspect --verify seven.safetensors";

pub const SIMPLIFY: &str = "Examples:
  kirchhoff simplify seven.safetensors --for boolean,fuzzy --out small.safetensors";

pub const FORMULA: &str = "Examples:
  kirchhoff formula --input 7 --top 2 --output 'x[9,14]'
  kirchhoff formula seven.safetensors --semiring why --output 'x[9,14]'";

pub const DRAW: &str = "Examples:
  kirchhoff draw --input 7 --output 'x[9,14]' --semiring boolean --symbolic hidden --out seven.svg";

pub const PATHS: &str = "Examples:
  kirchhoff ask paths --input 7 --output 'x[9,14]' -k 3";

pub const REMOVED: &str = "Examples:
  kirchhoff ask removed --input 7 --remove 'h3[24]' --output 'x[9,14]'";

pub const WITNESSES: &str = "Examples:
  kirchhoff ask witnesses --input 7 --output 'x[9,14]' --theta 0.05";

pub const MASK: &str = "Examples:
  kirchhoff study mask mnist --out masks
  kirchhoff study mask model.onnx photos --class-names names.txt --classes cat,dog --resize --out masks";

pub const PERTURB: &str = "Examples:
  kirchhoff study perturb mnist --limit 500 --semiring real,viterbi --out perturbation";

pub const SCORE: &str = "Examples:
  kirchhoff study score --limit 10 --semiring real,viterbi --out scores
  kirchhoff study score model.onnx photos --preprocess imagenet --metric sparseness,complexity --out scores";

pub const THRESHOLDS: &str = "Examples:
  kirchhoff study thresholds mnist --limit 500 --out thresholds";

pub const PRUNE: &str = "Examples:
  kirchhoff study prune mnist --method real,l1,random --write real=0.5 --out pruning";

pub const SEMIRINGS: &str = "Examples:
  kirchhoff semirings viterbi
  kirchhoff semirings 'define(plus=\"max(a, b)\", times=\"a * b\", zero=0, one=1)'";

pub const LAWS: &str = "Examples:
  kirchhoff laws viterbi";

pub const NEW: &str = "Examples:
  kirchhoff new mlp-784-300-10 --out random.safetensors
  kirchhoff new vgg16 --classes 10";

pub const COMPLETIONS: &str = "Examples:
  kirchhoff completions bash > ~/.local/share/bash-completion/completions/kirchhoff
  kirchhoff completions zsh > ~/.zfunc/_kirchhoff";

pub const MAN: &str = "Examples:
  kirchhoff man | man -l -
  kirchhoff man --out ~/.local/share/man/man1";
