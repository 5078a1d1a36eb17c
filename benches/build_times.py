#!/usr/bin/env python3
"""Prints what builds take on this machine, from nothing, in a target folder of their own.

    just build-times [release] [edit] [test] [script]

- release: the first `cargo build --release` of the tool
- edit:    the same after a change to one file of the tool
- script:  examples/own_semiring, a crate of its own with a semiring of its own, beyond the facade
- test:    `cargo test --workspace --no-run`, and then the tests themselves

Seconds of the clock and of all processors together, and the size of the tool.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ["release", "edit", "script", "test"]


def timed(name: str, command: list[str], target: Path) -> None:
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = os.environ | {"CARGO_TARGET_DIR": str(target)}
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - clock
    if finished.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{finished.stderr[-2000:]}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name:<40} {wall:7.0f} s, {processor:7.0f} s of processors", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure [default: all]")
    parser.add_argument("--target", type=Path, default=ROOT / "target/build-times", help="folder, removed before and after")
    arguments = parser.parse_args()
    parts = arguments.parts or PARTS
    shutil.rmtree(arguments.target, ignore_errors=True)
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    if {"release", "edit", "script"} & set(parts):
        timed("cargo build --release", ["cargo", "build", "--release", "--locked"], arguments.target)
        size = (arguments.target / "release/kirchhoff").stat().st_size
        print(f"{'the binary':<40} {size / 1e6:7.1f} MB")
    if "edit" in parts:
        edited = ROOT / "crates/kirchhoff-cli/src/laws.rs"
        os.utime(edited)
        timed("after an edit of the tool", ["cargo", "build", "--release", "--locked"], arguments.target)
    if "script" in parts:
        manifest = ["--manifest-path", "examples/own_semiring/Cargo.toml"]
        timed("a crate with a semiring of its own", ["cargo", "build", "--release", *manifest], arguments.target)
        os.utime(ROOT / "examples/own_semiring/src/main.rs")
        timed("after an edit of it", ["cargo", "build", "--release", *manifest], arguments.target)
    if "test" in parts:
        timed("cargo test --workspace --no-run", ["cargo", "test", "--workspace", "--locked", "--no-run"], arguments.target)
        timed("cargo test --workspace, once built", ["cargo", "test", "--workspace", "--locked"], arguments.target)
    shutil.rmtree(arguments.target, ignore_errors=True)


if __name__ == "__main__":
    main()
