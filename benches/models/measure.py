"""Reads exported networks of 30 kinds, holds their outputs against onnxruntime, and explains them; writes docs/models.md.

    just models [NAME...] [--size 224] [--folder FOLDER] [--write]

A row says for each exporter of PyTorch how many operators the file has and how far the outputs are from onnxruntime's, relative to
the largest; then, for the one that is read, the medians of the whole process of a real, a boolean and a Viterbi explanation, that of
onnxruntime's forward pass, the ratio of the real explanation to it, and the peak memory of the real one beside the weights' size.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/models.md"
MARKS = ("<!-- models: begin -->\n", "<!-- models: end -->\n")
SEMIRINGS = ["real", "boolean", "viterbi"]


def inputs_of(path):
    """The arrays beside a model, by the names of its inputs."""
    name = path.name.split(".")[0]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session, {each.name: path.parent / f"{name}.{each.name}.npy" for each in session.get_inputs()}


def process(command):
    """Seconds of the clock of a command, and what it printed."""
    before = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.monotonic() - before
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"ended with {done.returncode}")
    return seconds, done.stdout


def files(path, inputs):
    return [str(path)] + ([f"{name}={file}" for name, file in inputs.items()] if len(inputs) > 1 else [str(*inputs.values())])


def measured(tool, path, rounds):
    """The row of an exported file; what is wrong with it, if it is not read."""
    session, inputs = inputs_of(path)
    arrays = {name: np.load(file) for name, file in inputs.items()}
    graph = onnx.load(path, load_external_data=False).graph
    row = {"nodes": len(graph.node), "kinds": len({node.op_type for node in graph.node})}
    expected = session.run(None, arrays)[0].ravel()
    try:
        found = json.loads(process([tool, "run", "--json", "--quiet", *files(path, inputs)])[1])
    except RuntimeError as error:
        return row | {"error": str(error)}
    values = np.array(found["inputs"][0]["values"], dtype=np.float64)
    # Softmax and sigmoid are passed through: nothing of these networks ends in one.
    row["difference"] = float(np.abs(values - expected).max() / np.abs(expected).max()) if len(values) == len(expected) else None
    if rounds:
        times = {semiring: [] for semiring in SEMIRINGS} | {"forward": []}
        for _ in range(rounds):
            for semiring in SEMIRINGS:
                with tempfile.TemporaryDirectory() as out:
                    command = [tool, "explain", "--quiet", "--pictures", "0", "--page", "none", "--semiring", semiring, "--out", f"{out}/o", *files(path, inputs)]
                    seconds, _ = process(command)
                    # What the system says of a child counts what this process held when it began.
                    memory = json.loads(pathlib.Path(f"{out}/o/explanation.json").read_text())["peak_memory_bytes"]
                times[semiring].append(seconds)
                if semiring == "real":
                    row["memory"] = memory
            before = time.monotonic()
            session.run(None, arrays)
            times["forward"].append(time.monotonic() - before)
        row |= {name: statistics.median(values) for name, values in times.items()}
    row["weights"] = path.stat().st_size
    return row


def table(rows, rounds):
    timed = ["real", "boolean", "viterbi", "forward, onnxruntime", "memory", "file"] if rounds else []
    heads = ["network", "nodes, kinds (script)", "difference", "nodes, kinds (dynamo)", "difference", *timed]
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for name, pair in rows.items():
        cells = [f"`{name}`"]
        for exporter in ["script", "dynamo"]:
            row = pair.get(exporter)
            if row is None:
                cells += ["–", "not exported"]
            elif "error" in row:
                cells += [f"{row['nodes']}, {row['kinds']}", "refused"]
            else:
                cells += [f"{row['nodes']}, {row['kinds']}", f"{row['difference']:.0e}"]
        if not rounds:
            yield f"| {' | '.join(cells)} |"
            continue
        row = next((row for row in pair.values() if "real" in row), {})
        cells += [f"{row[key]:.2f} s" if key in row else "–" for key in [*SEMIRINGS, "forward"]]
        cells += [f"{row[key] / 1e6:.0f} MB" if key in row else "–" for key in ["memory", "weights"]]
        yield f"| {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "target/models")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tool", default=str(ROOT / "target/release/kirchhoff"))
    parser.add_argument("--write", action="store_true", help="write the table to docs/models.md")
    arguments = parser.parse_args()
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    import export

    rows = {}
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or export.NAMES:
        rows[name] = {}
        for exporter in ["script", "dynamo"]:
            path = arguments.folder / f"{name}.{exporter}.onnx"
            if not path.exists():
                # In a process of its own: what an exporter holds would stay.
                command = [sys.executable, str(pathlib.Path(export.__file__)), str(arguments.folder), name,
                           "--size", str(arguments.size), "--exporter", exporter]
                subprocess.run(command, capture_output=True)
            if path.exists():
                rows[name][exporter] = measured(arguments.tool, path, arguments.rounds if "real" not in rows[name].get("script", {}) else 0)
                print(name, exporter, json.dumps(rows[name][exporter]), flush=True)
    text = "\n".join([
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors, images of {arguments.size} × {arguments.size} or the least that a network takes, "
        + (f"medians of {arguments.rounds} rounds, " if arguments.rounds else "") + f"onnxruntime {onnxruntime.__version__}.", "", *table(rows, arguments.rounds), ""])
    if arguments.write:
        page = PAGE.read_text()
        before, after = page.split(MARKS[0])[0], page.split(MARKS[1])[1]
        PAGE.write_text(before + MARKS[0] + text + MARKS[1] + after)
    else:
        print(text)


main()
