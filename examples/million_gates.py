"""Asks a circuit of more than a million gates whatever `kirchhoff ask` knows: each question is answered, or refused with its reason,
in bounded time and memory.

    python3 examples/million_gates.py [kirchhoff] [--seconds 120] [--memory 2]

makes a perceptron 784-700-10 with random weights, compiles its circuit on a random input (with a variable on each hidden neuron,
and one with a variable on each edge), and asks about all outputs and about one. Fails where a question takes longer than the
seconds, more memory than the GiB, or ends in anything else than an answer or one line that begins with `error:`. Needs Linux and
`pip install numpy`.
"""

import argparse
import os
import pathlib
import subprocess
import tempfile
import time

import numpy

MODEL = "mlp-784-700-10"


def run(tool, folder, words, seconds):
    """The exit code, stdout, stderr, seconds and bytes of a run."""
    with open(folder / "stdout", "w+b") as stdout, open(folder / "stderr", "w+b") as stderr:
        start = time.monotonic()
        process = subprocess.Popen([tool, *words], cwd=folder, stdout=stdout, stderr=stderr)
        while True:
            child, status, usage = os.wait4(process.pid, os.WNOHANG)
            if child:
                break
            if time.monotonic() - start > seconds:
                process.kill()
                _, status, usage = os.wait4(process.pid, 0)
                break
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(status)
        took = time.monotonic() - start
        texts = []
        for file in (stdout, stderr):
            file.seek(0)
            texts.append(file.read().decode())
    return process.returncode, *texts, took, usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tool", nargs="?", default="kirchhoff")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--memory", type=float, default=2.0)
    given = parser.parse_args()
    tool = str(pathlib.Path(given.tool).resolve()) if os.sep in given.tool else given.tool
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        numpy.save(folder / "x.npy", numpy.random.default_rng(0).uniform(0.1, 1, (1, 784)).astype("float32"))

        def must(words):
            code, out, error, _, _ = run(tool, folder, words, 10 * given.seconds)
            if code != 0:
                raise SystemExit(f"{' '.join(words)}: {error}")
            return out

        must(["new", MODEL, "--seed", "0", "--quiet"])
        model = f"{MODEL}.safetensors"
        for symbolic in ("hidden", "edges"):
            # Paths have weights from 0 to 1.
            semiring = "viterbi" if symbolic == "edges" else "real"
            options = ["--symbolic", symbolic, "--semiring", semiring, "--out", f"{symbolic}.safetensors"]
            must(["compile", model, "x.npy", *options, "--quiet"])
            print(must(["inspect", f"{symbolic}.safetensors"]).strip().splitlines()[0])
        questions = {
            "removed": ["--remove", "h1[*]", "--semiring", "real,boolean"],
            "witnesses": [],
            "paths": [],
            "probability": ["--drop", "0.1"],
            "importance": [],
            "world": ["--drop", "0.1"],
            "models": [],
            "gradient": [],
        }
        failed = []
        for question, options in questions.items():
            circuit = "edges.safetensors" if question == "paths" else "hidden.safetensors"
            for outputs in ([], ["--output", "x[300]"]):
                words = ["ask", question, circuit, *options, *outputs, "--quiet"]
                code, _, error, took, memory = run(tool, folder, words, given.seconds)
                refused = code == 2 and error.startswith("error: ")
                kind = "answered" if code == 0 else "refused" if refused else f"ends with {code}"
                bounded = took <= given.seconds and memory <= given.memory * 2**30
                if kind.startswith("ends") or not bounded:
                    failed.append(" ".join(words))
                what = "one output" if outputs else "all outputs"
                reason = error.strip().removeprefix("error: ") if refused else ""
                print(f"{question:12} {what:12} {kind:10} {took:6.1f} s  {memory / 2**20:6.0f} MiB  {reason[:150]}", flush=True)
    if failed:
        raise SystemExit("out of bounds: " + "; ".join(failed))


if __name__ == "__main__":
    main()
