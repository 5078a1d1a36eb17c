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
