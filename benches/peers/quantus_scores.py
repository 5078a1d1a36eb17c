"""Holds the scores of `kirchhoff study score` against those of Quantus, on the same relevance and the same random subsets.

Quantus is given Kirchhoff's real relevance of the embedded digits (or of the first inputs of a data set), a float64 forward pass of
the same perceptron, and masks of where an input is brighter than a half. Prints, for every metric, the largest difference of any input's
score, and fails above `--tolerance`.

    python3 -m venv venv && venv/bin/pip install -r benches/peers/quantus-requirements.txt
    cargo build --release && venv/bin/python benches/peers/quantus_scores.py --data MNIST_IMAGES
"""

import argparse
import csv
import json
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import quantus
from quantus_agreement import HERE, MODEL, Perceptron, inputs, kirchhoff
from safetensors.numpy import load_file


class Logits(Perceptron):
    """The same perceptron, asked for logits."""

    def predict(self, x, **_):
        return np.log(np.maximum(super().predict(x), 1e-300)) + self.shift(x)

    def shift(self, x):
        """What a softmax takes away from logits."""
        values = np.asarray(x, dtype=np.float64).reshape(len(x), -1)
        for number, (weight, bias) in enumerate(self.layers):
            values = values @ weight.T + bias
            if number + 1 < len(self.layers):
                values = np.maximum(values, 0.0)
        largest = values.max(axis=1, keepdims=True)
        return largest + np.log(np.exp(values - largest).sum(axis=1, keepdims=True))


def kept(path: Path, count: int) -> dict[str, np.ndarray]:
    """The scores of each metric, one an input; not a number where there is none."""
    scores: dict[str, np.ndarray] = {}
    with path.open() as file:
        for row in csv.DictReader(file):
            of = scores.setdefault(row["metric"], np.full(count, np.nan))
            of[int(row["input"])] = float(row["score"] or "nan")
    return scores


def subsets(path: Path, count: int) -> np.ndarray:
    """The values of each subset: inputs, runs, values."""
    rows: dict[int, list[list[int]]] = {}
    with path.open() as file:
        for row in csv.DictReader(file):
            rows.setdefault(int(row["input"]), []).append([int(value) for value in row["values"].split()])
    return np.array([rows[number] for number in range(count)])


class Given:
    """What stands for the random choice of Quantus: the subsets of Kirchhoff, in the order in which Quantus draws them."""

    def __init__(self, subsets: np.ndarray):
        inputs, runs, _ = subsets.shape
        self.subsets = iter([subsets[number, run] for run in range(runs) for number in range(inputs)])

    def __call__(self, *_, **__):
        return next(self.subsets)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kirchhoff", default=str(HERE.parent.parent / "target" / "release" / "kirchhoff"))
    parser.add_argument("--data", help="an IDX file of digits; the embedded ten if there is none")
    parser.add_argument("--inputs", type=int, default=100, help="how many inputs of it")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="largest difference of scores")
    options = parser.parse_args()

    rules = ["--semiring", "real", "--rule", "epsilon", "--rule", "0=z-box", "--target", "top"]
    data = [options.data] if options.data else []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        explained = folder / "explained"
        kirchhoff(options.kirchhoff, "explain", "digits", *data, *rules, "--pictures", "0", "--out", str(explained))
        relevance = load_file(explained / "relevance.safetensors")["real/input"]
        report = json.loads((explained / "explanation.json").read_text())
        count = min(options.inputs, len(relevance))
        relevance = relevance[:count].astype(np.float64).reshape(count, 1, 28, 28)
        y = np.array([summary["targets"][0]["output"] for summary in report["inputs"][:count]])
        x = inputs(options.data, folder, options.kirchhoff)[:count]
        masks = x > 0.5
        np.save(folder / "masks.npy", masks.reshape(count, 784).astype(np.float32))
        out = folder / "scores"
        names = "faithfulness-correlation,sparseness,complexity,pointing-game"
        study = ["study", "score", "digits", *data, "--limit", str(count), *rules, "--metric", names]
        kirchhoff(options.kirchhoff, *study, "--masks", str(folder / "masks.npy"), "--keep", str(count), "--out", str(out))
        ours = kept(out / "inputs.csv", count)

        magnitudes = np.abs(relevance)
        scaled = magnitudes / magnitudes.max(axis=(1, 2, 3), keepdims=True)
        quiet = {"disable_warnings": True, "normalise": False}
        faithful = quantus.FaithfulnessCorrelation(abs=False, **quiet)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            drawn = np.random.choice
            np.random.choice = Given(subsets(out / "subsets.csv", count))
            try:
                correlation = faithful.evaluate_batch(model=Logits(MODEL), x_batch=x, y_batch=y, a_batch=relevance)
            finally:
                np.random.choice = drawn
            theirs = {
                "faithfulness-correlation": correlation,
                "sparseness": quantus.Sparseness(abs=True, **quiet).evaluate_batch(x_batch=x, a_batch=scaled.copy()),
                "complexity": quantus.Complexity(abs=True, **quiet).evaluate_batch(x_batch=x, a_batch=scaled.copy()),
                "pointing-game": quantus.PointingGame(abs=False, **quiet).evaluate_batch(a_batch=relevance, s_batch=masks),
            }
    worst = 0.0
    for name, found in theirs.items():
        difference = float(np.abs(ours[name] - np.asarray(found, dtype=np.float64)).max())
        worst = max(worst, difference)
        print(f"{name:26} {count} inputs, mean {np.mean(ours[name]):.6f}: {difference:.2e}")
    print(f"largest difference: {worst:.2e}")
    if not worst <= options.tolerance:
        sys.exit(f"above the tolerance of {options.tolerance}")


if __name__ == "__main__":
    main()
