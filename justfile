# Explain the ten embedded digits; pictures go to kirchhoff-out.
run:
    cargo run --release -- explain --out kirchhoff-out

# Every test of the workspace.
test:
    cargo test --workspace

# Bundle the program of the pages anew; needs npm.
page:
    cd page && npm ci --ignore-scripts && npm run build

# What has to pass before a change lands.
gate:
    .ci/run

# Static binaries for x86-64 and AArch64 Linux, as archives with their SHA-256.
dist out="target/dist":
    .ci/dist {{out}}

# The API documentation.
docs:
    cargo doc --workspace --no-deps --open

# The guide as a book, in target/book; needs mdbook.
book:
    mdbook build docs

# Measure the peers and the tool in turns; writes docs/benchmarks.md. Options: just bench-peers --help.
bench-peers *options:
    cargo build --release && python3 benches/peers/measure.py {{options}}

# Measure studies over MNIST beside Zennit; writes its section of docs/studies.md.
bench-studies mnist *options:
    cargo build --release && python3 benches/peers/studies.py {{mnist}} {{options}}

# Measure folds of ten million gates beside KLay; writes its section of docs/benchmarks.md. Options: just bench-gates --help.
bench-gates *options:
    python3 benches/peers/gates.py {{options}}

# Every figure on MNIST of Groudiev & Maniu (2024) and more, in one page: just reproduce MNIST_DIR.
reproduce mnist out="kirchhoff-reproduce":
    cargo build --release && examples/reproduce.sh {{mnist}} {{out}}

# Measure semirings of one's own beside the built-in ones on VGG-16; writes its section of docs/benchmarks.md.
bench-semirings *options:
    cargo build --release --manifest-path benches/programs/Cargo.toml --target-dir target --bin measured_tool
    python3 benches/semirings.py {{options}}

# Export networks of 30 kinds by both exporters of PyTorch, hold their outputs against onnxruntime, and explain them; --write writes
# docs/models.md. Needs benches/models/requirements.txt. Options: just models --help.
models *options:
    cargo build --release && python3 benches/models/measure.py {{options}}

# Hold real relevance of convolutional networks and transformers against Zennit's and LXT's; --write writes docs/models.md. Needs
# benches/models/requirements-agreement.txt. Options: just agreement --help.
agreement *options:
    cargo build --release && python3 benches/models/agreement.py {{options}}

# Measure what the Python package costs beside the tool; writes its section of docs/benchmarks.md. Needs the package as a release build.
bench-python *options:
    cargo build --release && python3 benches/python.py --write {{options}}

# Run the quick starts of Captum, Zennit and Quantus on this package, and what else needs PyTorch, and compare the numbers. Needs the
# package, torch, torchvision, onnxscript, captum, zennit, quantus and safetensors.
quickstarts python="python3":
    for script in examples/python/quickstart/*.py examples/python/torch_*.py examples/python/quantus_metric.py; do \
        echo "== $script"; {{python}} $script || exit 1; done
    {{python}} crates/kirchhoff-python/tests/with_torch.py

# Measure the kernels beside a matrix product of the same shape. Options: --threads N, --rounds N, --instructions.
bench-kernels *options:
    cargo build --release --manifest-path benches/programs/Cargo.toml --target-dir target --bin kernels
    target/release/kernels {{options}}

# Print what a build of the tool, of its tests and of one edit takes: in a folder of its own, from nothing.
build-times *options:
    python3 benches/build_times.py {{options}}

# Read mutants of sound files by every reader for so many minutes, other ones each day; what is found goes to kirchhoff-finds/.
fuzz minutes *readers:
    cargo run -p kirchhoff-fuzz -- mutate --minutes {{minutes}} --from $(($(date +%s) / 86400 * 1000000000)) --keep kirchhoff-finds {{readers}}

# The same by libFuzzer, guided by coverage, for one reader (`cargo run -p kirchhoff-fuzz -- readers` lists them).
fuzz-guided reader minutes:
    cargo run -p kirchhoff-fuzz -- seeds {{reader}} fuzz/corpus/{{reader}}
    cargo +nightly fuzz run {{reader}} -- -max_total_time=$(({{minutes}} * 60)) -timeout=10 -rss_limit_mb=3072 -max_len=65536

# Do to the tool what goes wrong around programs, at random moments; --write puts the table into docs/reliability.md.
faults *options:
    cargo build --release && python3 benches/faults.py {{options}}

# Make 24,000 explanations in one process, whose memory must not grow.
soak:
    cargo run --release -p kirchhoff-fuzz --bin soak

# Score explanations of digits by what the answer rests on: rules × semirings × thresholds. --write puts the table into docs/perturbation.md.
faithfulness mnist *options:
    cargo build --release && python3 benches/faithfulness.py {{mnist}} {{options}}

# Run what moves values as bytes under Miri; needs a nightly compiler with it.
miri:
    cargo +nightly miri test -p kirchhoff-kernel --lib -- words
