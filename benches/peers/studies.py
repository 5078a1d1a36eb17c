#!/usr/bin/env python3
"""Measures `kirchhoff study mask` over MNIST's 10,000 test digits beside Zennit's relevance of the same digits in batches.

    cargo build --release && python3 benches/peers/studies.py MNIST_DIR

sets Zennit up as measure.py does, measures all in turns, and writes the section of docs/studies.md between its marks. Every
measurement is a process of its own. A study reads the data set, explains it, joins the masks, and writes tables, pictures and
its page; Zennit computes the relevance alone, and is given its time without the start of its libraries beside.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from cases import PRODUCT, ZENNIT_BATCH, Context
from machine import load, machine
from measure import ROOT, digits_of, python, say
from process import ProcessError
from report import spread

BEGIN, END = "<!-- studies: begin -->", "<!-- studies: end -->"
DIGITS = 10_000
FOUR = "real,boolean,counting-float,viterbi"


def study(context: Context, mnist: Path, semirings: str) -> tuple[float, int]:
    """Seconds and peak memory of a whole study."""
    out = str(context.folder / "masks")
    options = ["--semiring", semirings, "--out", out, "--restart"]
    finished = context.tool("study", "mask", "digits", str(mnist), *options)
    return finished.seconds, finished.peak_bytes


def zennit(context: Context) -> dict:
    """Zennit's relevance of all digits: the whole process, and the calls after its first one."""
    inputs = ["--model", context.digits, "--perceptron", "--inputs", str(context.folder / "mnist.npy")]
    options = ["--composite", "epsilon", "--batch", str(ZENNIT_BATCH), "--calls", str(context.calls)]
    finished, times = context.peer("zennit", *inputs, *options)
    return {"process": finished.seconds - sum(times["call"]), "call": times["call"], "peak": finished.peak_bytes}


def line(name: str, times: list[float], peak: list[int]) -> str:
    each = DIGITS / statistics.median(times)
    return f"| {name} | {spread(times)} | {each:.0f} | {max(peak) / 1e6:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", type=Path, help="folder with t10k-images-idx3-ubyte and its labels")
    parser.add_argument("--kirchhoff", default=str(ROOT / "target/release/kirchhoff"), help="the tool's binary")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/peers", help="environment and inputs")
    parser.add_argument("--rounds", type=int, default=5, help="rounds [default: 5]")
    parser.add_argument("--threads", type=int, default=2, help="threads of every contestant [default: 2]")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    context = Context(
        kirchhoff=str(Path(arguments.kirchhoff).resolve()),
        python=str(python(arguments.folder.resolve())),
        folder=arguments.folder.resolve(),
        vgg="",
        digits=str(ROOT / "crates/kirchhoff/assets/digits.safetensors"),
        threads=arguments.threads,
        calls=3,
        limit=1800,
        semirings=[],
    )
    before = load()
    options = ["--folder", str(context.folder), "--shape", json.dumps(PRODUCT)]
    options += ["--digits", str(ROOT / "crates/kirchhoff/assets/digits.idx"), "--mnist", str(digits_of(arguments.mnist))]
    _, made = context.peer("prepare", *options)
    studies = {"real": "real", FOUR: f"four semirings (`{FOUR}`)"}
    found: dict[str, list] = {name: [] for name in [*studies, "zennit"]}
    for number in range(arguments.rounds):
        for name in studies:
            found[name].append(study(context, arguments.mnist.resolve(), name))
        found["zennit"].append(zennit(context))
        say(f"round {number + 1} of {arguments.rounds}")

    peaks = [one["peak"] for one in found["zennit"]]
    rows = [line(f"`study mask`, {studies[name]}", *zip(*found[name], strict=True)) for name in studies]
    rows.append(line("Zennit, real, whole process", [one["process"] for one in found["zennit"]], peaks))
    calls = [call for one in found["zennit"] for call in one["call"]]
    rows.append(line("Zennit, real, the call alone", calls, peaks))
    about, version = machine(), subprocess.run([context.kirchhoff, "--version"], capture_output=True, text=True, check=True)
    busy = f" **The machine was not idle**: {before:.1f} processes ran before." if before and before > 0.5 else ""
    text = (
        f"{about['cpu']}, {about['cores']} cores, {arguments.threads} threads; {version.stdout.strip()}, zennit "
        f"{made['versions']['zennit']} in batches of {ZENNIT_BATCH}. Medians of {arguments.rounds} rounds, lowest and highest "
        f"in brackets.{busy}\n\n| 10,000 digits | s | images/s | peak memory, MB |\n|---|---:|---:|---:|\n" + "\n".join(rows)
    )
    page = ROOT / "docs/studies.md"
    start, begun, rest = page.read_text().partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (begun and ended):
        sys.exit(f"error: {page} lacks the lines {BEGIN} and {END}")
    page.write_text(f"{start}{BEGIN}\n\n{text}\n\n{END}{after}")


if __name__ == "__main__":
    try:
        main()
    except ProcessError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
