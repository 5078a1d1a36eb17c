#!/usr/bin/env python3
"""Measures what the Python package costs beside the tool: a call on the digit network, VGG-16, and semirings in Python.

    python benches/python.py [--tool target/release/kirchhoff] [--rounds 5] [--no-numpy] [--write]

in an environment in which the package is installed, as a release build; the tool is one, too. VGG-16 has random weights and
takes one image of noise. Peaks of memory are of a process each, in which the model is loaded and explained once. With --write, the section of docs/benchmarks.md between its marks is written, or added.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import kirchhoff

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benches/peers"))

from machine import machine  # noqa: E402

BEGIN, END = "<!-- python: begin -->", "<!-- python: end -->"
INTRODUCTION = "What calls of the Python package cost beside the tool: `just bench-python` measures it and writes this section."


class Best:
    """`viterbi` on blocks."""

    dtype, zero, one, rule = np.float32, 0, 1, "max-abs"
    plus = staticmethod(np.maximum)
    times = staticmethod(np.multiply)

    def theta(self, d):
        return np.minimum(np.abs(d), 1)


# The operations of `viterbi` with a Θ that no kernel is made for, as in benches/semirings.py.
EXPRESSIONS = kirchhoff.Semiring.define(
    name="defined-squares", plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(d * d, 1)", rule="max-abs"
)


def seconds(work, rounds):
    work()
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", type=Path, default=ROOT / "target/release/kirchhoff")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/semirings", help="where the model lies")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-numpy", action="store_true", help="leave out the semiring on blocks, which takes longest")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--peak", choices=["viterbi", "define", "blocks"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peak:
        print(peak_here(arguments))
        return
    arguments.folder.mkdir(parents=True, exist_ok=True)
    model, image = arguments.folder / "vgg16.safetensors", arguments.folder / "vgg16-image.npy"
    if not model.exists():
        subprocess.run([str(arguments.tool), "new", "vgg16", "--out", str(model), "--quiet"], check=True)
    x = np.random.default_rng(0).uniform(-1, 1, (1, 3, 224, 224)).astype(np.float32)
    np.save(image, x)

    digits, inputs = kirchhoff.digits()
    one, digit = inputs[:1], arguments.folder / "digit.npy"
    np.save(digit, one)
    call = seconds(lambda: digits.explain(one, progress=False), 300)
    tool = bench(arguments, ["digits", str(digit)], "real", 50)
    rust = tool["forward"]["median"] + tool["semirings"]["real"]["median"]
    rows = [("a call on the digit network, above Rust", f"{1e6 * (call - rust):.0f} µs", "≤ 200 µs")]

    network = kirchhoff.load(model)
    explain = seconds(lambda: network.explain(x, semiring="real", progress=False), arguments.rounds)
    tool = bench(arguments, [str(model), str(image)], "real", arguments.rounds)
    rust = tool["forward"]["median"] + tool["semirings"]["real"]["median"]
    rows.append(("VGG-16, `real`, above the tool", f"{100 * (explain / rust - 1):+.1f} %", "≤ 5 %"))

    def took(semiring):
        network.explain(x, semiring=semiring, progress=False)
        return statistics.median(network.explain(x, semiring=semiring, progress=False).seconds for _ in range(arguments.rounds))

    viterbi = took("viterbi")
    rows.append(("VGG-16, `Semiring.define`, × `viterbi`", f"{took(EXPRESSIONS) / viterbi:.1f}", "≤ 2.5"))
    if not arguments.no_numpy:
        blocks = network.explain(x, semiring=Best, progress=False).seconds
        rows.append(("VGG-16, a class on blocks, × `viterbi`", f"{blocks / viterbi:.0f}", "≤ 30"))
    bound = peak_of_tool(arguments, model, image)
    kinds = ["define"] if arguments.no_numpy else ["define", "blocks"]
    for kind, what in zip(kinds, ("`Semiring.define`", "a class on blocks")):
        rows.append((f"VGG-16, {what}, peak of memory above Python's own", f"{peak(arguments, kind) / 1e6:.0f} MB", f"≤ {bound / 1e6:.0f} MB, the tool's"))
    table = ["| what | measured | wished |", "|---|---|---|", *(f"| {what} | {found} | {wish} |" for what, found, wish in rows)]
    print("\n".join(table))
    if arguments.write:
        about = machine()
        page = ROOT / "docs/benchmarks.md"
        text = page.read_text()
        said = f"Medians of {arguments.rounds} rounds, {about['cores']} threads, {about['cpu']}."
        section = BEGIN + "\n" + said + "\n\n" + "\n".join(table) + "\n" + END
        if BEGIN in text:
            before, _, rest = text.partition(BEGIN)
            page.write_text(before + section + rest.partition(END)[2])
        else:
            page.write_text(f"{text.rstrip()}\n\n## From Python\n\n{INTRODUCTION}\n\n{section}\n")


def peak_here(arguments):
    """The bytes that explaining VGG-16 once adds to the peak of this process."""
    semiring = {"viterbi": "viterbi", "define": EXPRESSIONS, "blocks": Best}[arguments.peak]
    kirchhoff.Semiring(semiring)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    network = kirchhoff.load(arguments.folder / "vgg16.safetensors")
    network.explain(np.load(arguments.folder / "vgg16-image.npy"), semiring=semiring, progress=False)
    return 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def peak(arguments, kind):
    command = [sys.executable, __file__, "--folder", str(arguments.folder), "--peak", kind]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peak_of_tool(arguments, model, image):
    """The peak of memory of the tool, in bytes, for `viterbi`."""
    command = [str(arguments.tool), "explain", str(model), str(image), "--semiring", "viterbi", "--quiet", "--pictures", "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ends with {process.returncode}")
    return 1024 * usage.ru_maxrss


def bench(arguments, files, semiring, rounds):
    command = [str(arguments.tool), "bench", *files, "--json", "--quiet", "--repeat", str(rounds), "--semiring", semiring]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
