#!/usr/bin/env python3
"""Measures what a semiring of one's own costs on VGG-16, beside the built-in one of the same operations.

    just bench-semirings

builds `benches/programs/src/bin/measured_tool.rs`, which is the tool with four semirings in plain Rust, writes VGG-16 with random weights,
has `bench` take all semirings in turns on one image of 224 by 224, and writes the section of docs/benchmarks.md between its
marks.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benches/peers"))

from machine import load, machine  # noqa: E402

BEGIN, END = "<!-- semirings: begin -->", "<!-- semirings: end -->"

VITERBI = 'define(name="defined-viterbi", plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(abs(d), 1)", rule="max-abs")'
# The operations of `viterbi` with a Θ that is no annotation, which no kernel is made for: what expressions cost.
EXPRESSIONS = 'define(name="defined-squares", plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(d * d, 1)", rule="max-abs")'
BOOLEAN = 'define(name="defined-boolean", value="bool", plus="a or b", times="a and b", zero="false", one="true", theta="threshold(1e-9)", laws=["idempotent-plus"])'
COUNTING = 'define(name="defined-counting", value="f64", plus="a + b", times="a * b", zero=0, one=1, theta="threshold(1e-9)")'
RECORD = ROOT / "examples/semirings/expected-length.toml"

# Built-in, its twins, and at most how many times the built-in one's time is wished.
GROUPS = [
    ("viterbi", [("plain Rust, no `fused`", "rust-viterbi", 2.0), ("definition, recognised", VITERBI, 2.5), ("definition, as expressions", EXPRESSIONS, 2.5)]),
    ("boolean", [("plain Rust", "rust-boolean", 2.0), ("definition", BOOLEAN, 2.5)]),
    ("counting-float", [("plain Rust, f64", "rust-counting", 2.0), ("definition, f64", COUNTING, 2.5)]),
    ("viterbi", [("record of two f32, plain Rust", "rust-record", 5.0), ("record of two f32, definition", str(RECORD), 5.0)]),
]


def bench(tool: Path, model: Path, semirings: list[str], rounds: int) -> dict:
    command = [str(tool), "bench", str(model), str(model.with_suffix(".npy")), "--json", "--quiet", "--repeat", str(rounds)]
    return json.loads(subprocess.run([*command, "--semiring", ",".join(semirings)], check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", type=Path, default=ROOT / "target/release/measured_tool", help="the example's binary")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/semirings", help="where the model lies")
    parser.add_argument("--rounds", type=int, default=5, help="rounds [default: 5]")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    model = arguments.folder / "vgg16.safetensors"
    if not model.exists():
        subprocess.run([str(arguments.tool), "new", "vgg16", "--out", str(model), "--quiet"], check=True)
    # One image of noise, as an .npy file: a header and 3 × 224 × 224 numbers of a linear congruential generator.
    image = model.with_suffix(".npy")
    if not image.exists():
        import array

        state, values = 1, array.array("f")
        for _ in range(3 * 224 * 224):
            state = (state * 1_664_525 + 1_013_904_223) % 2**32
            values.append(state / 2**31 - 1)
        header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 224, 224), }"
        header = header.ljust(118 - 1) + "\n"
        image.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + values.tobytes())

    order = []
    for built_in, twins in GROUPS:
        order += [name for name in [built_in] + [twin for _, twin, _ in twins] if name not in order]
    found = bench(arguments.tool, model, order, arguments.rounds)
    # In the order in which they were asked for.
    medians = dict(zip(order, [part["median"] for part in found["semirings"].values()], strict=True))
    rows = ["| semiring | how it is given | seconds | × built in | wished |", "|---|---|---|---|---|"]
    for built_in, twins in GROUPS:
        rows.append(f"| `{built_in}` | built in | {medians[built_in]:.2f} | 1 | |")
        for words, name, wish in twins:
            ratio = medians[name] / medians[built_in]
            rows.append(f"| {'' if name.startswith('define') or '/' in name else f'`{name}`'} | {words} | {medians[name]:.2f} | {ratio:.1f} | ≤ {wish:g} |")
    about = machine()
    loaded = load()
    text = (
        f"{BEGIN}\nVGG-16 at 224², one image, medians of {arguments.rounds} rounds in turns, {found['threads']} threads, "
        f"{about['cpu']}"
        + (f", load {loaded:.1f} at the end" if loaded else "")
        + ".\n\n" + "\n".join(rows) + f"\n{END}"
    )
    page = ROOT / "docs/benchmarks.md"
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(before + text + after)
    print(text)


if __name__ == "__main__":
    main()
