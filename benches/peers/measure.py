#!/usr/bin/env python3
"""Measures Kirchhoff and its peers: Zennit, Captum and PyTorch on the CPU, and tropical-gemm.

    cargo build --release && python3 benches/peers/measure.py

sets the peers up in a virtual environment of their own (target/peers, some 6 GB: PyTorch brings its CUDA libraries),
measures all cases in turns, and writes docs/benchmarks.md, docs/benchmarks.json and docs/images/benchmarks.svg. Needs
Python 3.11 or later and PyPI. Run it on an idle machine.

Every round measures every contestant of a case once, in a process of its own, and each round begins with another
contestant. A process loads the model, makes a first call, and then as many calls as `--calls` says; medians are over
the calls of all rounds. Peak memory is the resident memory of the whole process as the system counts it, mapped weights
and libraries too.
"""

import argparse
import datetime
import json
import subprocess
import sys
import venv
from pathlib import Path

from cases import PRODUCT, Case, Context, agreement, cases
from machine import load, machine
from process import ProcessError, Skipped

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SEMIRINGS = "boolean,bottleneck,viterbi,tropical,counting-float,counting"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def python(folder: Path) -> Path:
    """The interpreter of the virtual environment, which is set up where it is not there or has other versions."""
    environment, wanted = folder / "venv", (HERE / "requirements.txt").read_text()
    interpreter, done = environment / "bin" / "python", environment / "requirements.txt"
    if not (done.exists() and done.read_text() == wanted):
        say(f"setting up {environment}")
        venv.create(environment, with_pip=True, symlinks=True, clear=True)
        subprocess.run([interpreter, "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
        done.write_text(wanted)
    return interpreter


def prepare(context: Context, arguments: argparse.Namespace) -> dict:
    """Makes model and inputs; gives the versions of everything."""
    version = subprocess.run([arguments.kirchhoff, "--version"], check=True, capture_output=True, text=True).stdout
    if not Path(context.vgg).exists():
        context.tool("new", "vgg16", "--seed", "0", "--out", context.vgg)
    options = ["--folder", str(context.folder), "--shape", json.dumps(PRODUCT)]
    options += ["--digits", str(ROOT / "crates/kirchhoff/assets/digits.idx")]
    options += ["--image", str(arguments.image)] if arguments.image else []
    options += ["--mnist", str(digits_of(arguments.mnist))] if arguments.mnist else []
    _, made = context.peer("prepare", *options)
    context.low, context.high = made["low"], made["high"]
    return made["versions"] | {"kirchhoff": version.split()[-1]}


def digits_of(folder: Path) -> Path:
    """The test images of a folder with the files of MNIST."""
    found = sorted(folder.glob("t10k-images*"))
    if not found:
        sys.exit(f"error: {folder} holds no t10k-images-idx3-ubyte or t10k-images-idx3-ubyte.gz")
    return found[0]


def rounds(context: Context, case: Case, count: int) -> dict:
    """All rounds of a case: its rows, each with its lists of figures, and why contestants were skipped."""
    rows: dict[str, dict] = {}
    order = list(range(len(case.contestants)))
    skipped: dict[int, str] = {}
    for number in range(count):
        for index in order[number % len(order) :] + order[: number % len(order)]:
            if index in skipped:
                continue
            try:
                measured = case.contestants[index](context)
            except Skipped as reason:
                skipped[index] = str(reason)
                continue
            for row, figures in measured.items():
                kept = rows.setdefault(row, {})
                for name, value in figures.items():
                    if name == "work":
                        kept[name] = value
                    else:
                        kept.setdefault(name, []).extend(value if isinstance(value, list) else [value])
        say(f"{case.name}: round {number + 1} of {count}")
    return {"rows": rows, "skipped": list(dict.fromkeys(skipped.values()))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kirchhoff", default=str(ROOT / "target/release/kirchhoff"), help="the tool's binary")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/peers", help="environment, model and inputs")
    parser.add_argument("--model", help="weights of torchvision's VGG-16 [default: kirchhoff new vgg16 --seed 0]")
    parser.add_argument("--image", type=Path, help="the image to explain [default: a generated one]")
    parser.add_argument("--mnist", type=Path, help="a folder with t10k-images-idx3-ubyte, for the case `digits`")
    parser.add_argument("--cases", help="some of the cases, separated by commas [default: all]")
    parser.add_argument("--semirings", default=SEMIRINGS, help="semirings of the cases `semirings` and `together`")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of every case [default: 5]")
    parser.add_argument("--calls", type=int, default=3, help="calls of each process after its first one [default: 3]")
    parser.add_argument("--threads", type=int, default=2, help="threads of every contestant [default: 2]")
    parser.add_argument("--limit", type=float, default=1800, help="seconds that a process may take [default: 1800]")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where results go [default: docs]")
    arguments = parser.parse_args()
    for name in ["rounds", "calls", "threads"]:
        if getattr(arguments, name) < 1:
            parser.error(f"--{name} is at least 1")
    if not Path(arguments.kirchhoff).exists():
        parser.error(f"{arguments.kirchhoff} is not there: cargo build --release")

    mnist = 10_000 if arguments.mnist else 0
    chosen = cases(mnist)
    if arguments.cases:
        names = arguments.cases.split(",")
        known = [case.name for case in chosen]
        if unknown := [name for name in names if name not in known]:
            hint = "; `digits` needs --mnist" if "digits" in unknown else ""
            parser.error(f"no case is named {', '.join(unknown)}; there are: {', '.join(known)}{hint}")
        chosen = [case for case in chosen if case.name in names]
    elif not mnist:
        say("case `digits` is left out: it needs --mnist")

    arguments.folder.mkdir(parents=True, exist_ok=True)
    context = Context(
        kirchhoff=str(Path(arguments.kirchhoff).resolve()),
        python=str(python(arguments.folder.resolve())),
        folder=arguments.folder.resolve(),
        vgg=arguments.model or str(arguments.folder.resolve() / "vgg16.safetensors"),
        digits=str(ROOT / "crates/kirchhoff/assets/digits.safetensors"),
        threads=arguments.threads,
        calls=arguments.calls,
        limit=arguments.limit,
        semirings=arguments.semirings.split(","),
    )
    before = load()
    results = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "versions": prepare(context, arguments),
        "settings": {name: getattr(arguments, name) for name in ["rounds", "calls", "threads"]},
        "model": Path(arguments.model).name if arguments.model else "of kirchhoff new vgg16 --seed 0",
        "image": arguments.image.name if arguments.image else "generated",
        "load_before": before,
        "cases": [],
    }
    raw = arguments.docs / "benchmarks.json"
    for case in chosen:
        found = rounds(context, case, arguments.rounds)
        found["agreement"] = agreement(context, case)
        about = {name: getattr(case, name) for name in ["name", "title", "text", "reference", "unit"]}
        results["cases"].append(about | found)
        # After every case: an hour's figures do not hang on the last one.
        raw.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    subprocess.run([context.python, HERE / "report.py", raw], check=True)


if __name__ == "__main__":
    try:
        main()
    except ProcessError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
