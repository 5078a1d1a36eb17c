#!/usr/bin/env python3
"""Measures the fold of circuits of ten million gates, beside KLay on the same circuits and a copy of as many bytes.

    python3 benches/peers/gates.py

builds the bench (`cargo bench -p kirchhoff-evaluate --bench gates`), sets KLay and PyTorch up in a virtual environment
of their own (target/peers/gates), measures both in turns, and writes docs/benchmarks-gates.json and the section of
docs/benchmarks.md between its marks. Needs Python 3.11 or later and PyPI. Run it on an idle machine.

Both evaluate one vector of contributions, with the same number of threads. Every round measures Kirchhoff, in a process
that maps the stored circuit, and then KLay, which keeps its modules in memory.
"""

import argparse
import datetime
import json
import statistics
import subprocess
import sys
import venv
from pathlib import Path

from machine import load, machine
from process import environment
from report import seconds, spread

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BEGIN, END = "<!-- gates: begin -->", "<!-- gates: end -->"
SHAPES = {
    "alternating": "Sums of four products of two, over sums of four products of two, over leaves, the children of a "
    "gate near one another. All leaves are at the bottom, as KLay's layers have them.",
    "perceptron": "The circuit of an execution: three dense layers of equal width and ten targets, with a leaf for "
    "each edge at every depth. KLay passes leaves of higher layers on from layer to layer.",
}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def python(folder: Path) -> str:
    """The interpreter of the virtual environment, which is set up where it is not there or has other versions."""
    wanted = (HERE / "requirements-gates.txt").read_text()
    interpreter, done = folder / "bin" / "python", folder / "requirements.txt"
    if not (done.exists() and done.read_text() == wanted):
        say(f"setting up {folder}")
        venv.create(folder, with_pip=True, symlinks=True, clear=True)
        subprocess.run(
            [interpreter, "-m", "pip", "install", "-q", "-r", HERE / "requirements-gates.txt"], check=True
        )
        done.write_text(wanted)
    return str(interpreter)


def kirchhoff(arguments: argparse.Namespace, shape: str, file: Path, rounds: int) -> dict:
    """What the bench says of a circuit, which it makes if it is not there."""
    cargo = ["cargo", "bench", "-q", "-p", "kirchhoff-evaluate", "--bench", "gates", "--"]
    program = [arguments.program] if arguments.program else cargo
    options = ["--shape", shape, "--file", str(file), "--gates", str(arguments.gates), "--rounds", str(rounds)]
    command = [*program, *options, "--threads", str(arguments.threads), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def measure(arguments: argparse.Namespace, interpreter: str, shape: str) -> dict:
    """All rounds of a shape."""
    file = arguments.folder / f"gates-{shape}-{arguments.gates}.safetensors"
    file.unlink(missing_ok=True)
    first = kirchhoff(arguments, shape, file, 1)
    say(f"{shape}: {first['size']['gates']} gates made")
    command = [interpreter, str(HERE / "klay_peer.py"), str(file), str(arguments.threads), str(arguments.calls)]
    peer = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(arguments.threads)
    )
    made = json.loads(peer.stdout.readline() or sys.exit("error: KLay has failed"))
    say(f"{shape}: KLay has made {made['nodes']} nodes")
    ours, theirs, copies = {}, {}, []
    for number in range(arguments.rounds):
        found = kirchhoff(arguments, shape, file, arguments.calls)
        copies.append(found["copy_seconds"])
        for fold in found["folds"]:
            row = ours.setdefault(fold["semiring"], {"seconds": [], "peak": [], "sum": fold["sum"]})
            row["seconds"] += fold["seconds"]
            row["peak"].append(fold["peak_memory_bytes"])
        peer.stdin.write("again\n")
        peer.stdin.flush()
        answer = json.loads(peer.stdout.readline() or sys.exit("error: KLay has failed"))
        for name, row in answer["rows"].items():
            kept = theirs.setdefault(name, {"seconds": [], "sum": row["sum"]})
            kept["seconds"] += row["seconds"]
        made["peak"] = answer["peak"]
        say(f"{shape}: round {number + 1} of {arguments.rounds}")
    peer.stdin.close()
    peer.wait()
    file.unlink()
    for name, row in theirs.items():
        difference = abs(row["sum"] - ours[name]["sum"]) / abs(row["sum"])
        if not difference < 1e-3:
            sys.exit(f"error: {name}: the outputs add up to {row['sum']} in KLay, to {ours[name]['sum']} in Kirchhoff")
    steps = {step["name"]: step for step in first["steps"]}
    return {
        "size": first["size"],
        "bytes": first["bytes"],
        "steps": steps,
        "copy": copies,
        "kirchhoff": ours,
        "klay": theirs,
        "klay_made": made,
    }


def table(shape: dict) -> str:
    gates = shape["size"]["gates"]

    def rate(values: list[float]) -> str:
        return f"{gates / statistics.median(values) / 1e6:.0f}"

    lines = [
        ["", "Kirchhoff, s", "10⁶ gates/s", "peak memory, MB", "KLay, s", "10⁶ gates/s", "× Kirchhoff"],
        ["---"] + ["---:"] * 6,
        ["a copy of as many bytes", spread(shape["copy"]), rate(shape["copy"]), "–", "–", "–", "–"],
    ]
    for name, row in shape["kirchhoff"].items():
        line = [name, spread(row["seconds"]), rate(row["seconds"])]
        line.append(f"{max(row['peak']) / 1e6:.0f}" if all(row["peak"]) else "–")
        if klay := shape["klay"].get(name):
            ratio = statistics.median(klay["seconds"]) / statistics.median(row["seconds"])
            line += [spread(klay["seconds"]), rate(klay["seconds"]), f"{ratio:.1f}"]
        else:
            line += ["–"] * 3
        lines.append(line)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def section(name: str, shape: dict) -> str:
    size, made = shape["size"], shape["klay_made"]
    text = f"### {size['gates'] / 1e6:.1f} million gates, `{name}`\n\n{SHAPES[name]} "
    text += f"{size['wires'] / 1e6:.1f} million wires, depth {size['depth']}, {shape['bytes'] / 1e6:.0f} MB.\n\n"
    text += table(shape) + "\n\n"
    steps = []
    for step in shape["steps"].values():
        peak = f", {step['peak_memory_bytes'] / 1e6:.0f} MB" if step["peak_memory_bytes"] else ""
        steps.append(f"{step['name']} {seconds(step['seconds'])} s{peak}")
    text += f"Kirchhoff, once, with the peak memory of the step: {'; '.join(steps)}. "
    text += f"KLay: build {seconds(made['build'])} s through Python, {made['nodes'] / 1e6:.1f} million nodes, "
    return text + f"{seconds(made['module'])} s a module, {made['peak'] / 1e6:.0f} MB with all four.\n\n"


def report(results: dict, page: Path) -> None:
    about, settings = results["machine"], results["settings"]
    versions = ", ".join(f"{name} {version}" for name, version in sorted(results["versions"].items()))
    text = f"{BEGIN}\n\n{about['cpu']}, {about['cores']} cores, {about['system']}; {versions}. {results['date']}, "
    text += f"{settings['threads']} threads. Medians of {settings['rounds']} × {settings['calls']} calls, lowest and "
    text += "highest in brackets."
    if (before := results["load_before"]) is not None and before > 0.5:
        text += f" **The machine was not idle**: {before:.1f} processes ran when the measurement began."
    text += "\n\n" + "".join(section(name, shape) for name, shape in results["shapes"].items()) + END
    before, found, rest = page.read_text().partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        sys.exit(f"error: {page} lacks the lines {BEGIN} and {END}")
    page.write_text(before + text + after)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", help="the bench as a program [default: cargo bench]")
    parser.add_argument("--python", help="an interpreter with KLay and PyTorch [default: set one up]")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/peers", help="environment and circuits")
    parser.add_argument("--gates", type=int, default=10_000_000, help="gates of each circuit [default: 10 million]")
    parser.add_argument("--shapes", default=",".join(SHAPES), help="kinds of circuits [default: all]")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each shape [default: 3]")
    parser.add_argument("--calls", type=int, default=3, help="folds of each round after the first [default: 3]")
    parser.add_argument("--threads", type=int, default=2, help="threads of both [default: 2]")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where results go [default: docs]")
    arguments = parser.parse_args()
    for name in ["gates", "rounds", "calls", "threads"]:
        if getattr(arguments, name) < 1:
            parser.error(f"--{name} is at least 1")
    shapes = arguments.shapes.split(",")
    if unknown := [shape for shape in shapes if shape not in SHAPES]:
        parser.error(f"no shape is called {', '.join(unknown)}; there are: {', '.join(SHAPES)}")
    arguments.folder = arguments.folder.resolve()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    before = load()
    interpreter = arguments.python or python(arguments.folder / "gates")
    measured = {shape: measure(arguments, interpreter, shape) for shape in shapes}
    results = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "versions": next(iter(measured.values()))["klay_made"]["versions"],
        "settings": {name: getattr(arguments, name) for name in ["gates", "rounds", "calls", "threads"]},
        "load_before": before,
        "shapes": measured,
    }
    raw = arguments.docs / "benchmarks-gates.json"
    raw.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    report(results, arguments.docs / "benchmarks.md")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {error}\n{error.stderr}")
    except KeyboardInterrupt:
        sys.exit(130)
