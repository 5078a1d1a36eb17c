# Explain the ten embedded digits; pictures go to kirchhoff-out.
run:
    cargo run --release -- explain --out kirchhoff-out

# Every test of the workspace.
test:
    cargo test --workspace

# What has to pass before a change lands.
gate:
    .ci/run

# The API documentation.
docs:
    cargo doc --workspace --no-deps --open

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
