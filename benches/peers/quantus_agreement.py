"""Holds the perturbation curves of `kirchhoff study perturb` against those of Quantus, on the same relevance.

Quantus is given Kirchhoff's real relevance of the embedded digits (or of the first inputs of a data set) and a float64
forward pass of the same perceptron. Prints, for every metric and baseline, the largest difference of any point of any
curve, and fails above `--tolerance`.

    python3 -m venv venv && venv/bin/pip install -r benches/peers/quantus-requirements.txt
    cargo build --release && venv/bin/python benches/peers/quantus_agreement.py --data MNIST_DIR
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import quantus
from quantus.helpers.model.model_interface import ModelInterface
from safetensors.numpy import load_file

HERE = Path(__file__).resolve().parent
MODEL = HERE.parent.parent / "tests" / "golden" / "mnist-mlp" / "model.safetensors"


class Perceptron(ModelInterface):
    """Dense layers with ReLU between them, in float64, as Quantus wants a model."""

    def __init__(self, path: Path):
        super().__init__(model=None, channel_first=True, softmax=True)
        tensors = {name: values.astype(np.float64) for name, values in load_file(path).items()}
        names = {name.rsplit(".", 1)[0] for name in tensors}
        layers = sorted(names, key=lambda name: [int(part) for part in name.split(".") if part.isdigit()])
        self.layers = [(tensors[f"{name}.weight"], tensors[f"{name}.bias"]) for name in layers]

    def predict(self, x, **_):
        values = np.asarray(x, dtype=np.float64).reshape(len(x), -1)
        for number, (weight, bias) in enumerate(self.layers):
            values = values @ weight.T + bias
            if number + 1 < len(self.layers):
                values = np.maximum(values, 0.0)
        exponentials = np.exp(values - values.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def shape_input(self, x, shape, channel_first=None, batched=False):
        return x

    def get_softmax_arg_model(self):
        raise NotImplementedError

    def get_model(self):
        return self

    def state_dict(self):
        raise NotImplementedError

    def get_random_layer_generator(self, order="top_down", seed=42):
        raise NotImplementedError

    def get_hidden_representations(self, x, layer_names=None, layer_indices=None, **kwargs):
        raise NotImplementedError

    def add_mean_shift_to_first_layer(self, input_shift, shape):
        raise NotImplementedError

    @property
    def random_layer_generator_length(self):
        raise NotImplementedError


def kirchhoff(tool: str, *arguments: str) -> None:
    subprocess.run([tool, *arguments, "--quiet"], check=True, stdout=subprocess.DEVNULL)


def curves(path: Path, order: str, inputs: int) -> np.ndarray:
    """The curves of an order: a row an input, a column a step, the input as it is first."""
    rows: dict[int, list[float]] = {}
    with path.open() as file:
        for row in csv.DictReader(file):
            if row["order"] == order:
                rows.setdefault(int(row["input"]), []).append(float(row["probability"]))
    return np.array([rows[number] for number in range(inputs)])


def quantus_curves(metric, model, x, y, relevance) -> np.ndarray:
    """What Quantus finds. Its own wrapper takes models of torch and TensorFlow only, so the batch is evaluated here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(metric.evaluate_batch(model=model, x_batch=x, y_batch=y, a_batch=relevance))


def decided(relevance: np.ndarray, order: str, points: int) -> np.ndarray:
    """Which points of each curve the relevance decides: after them, no value is left that is equal to one flipped."""
    values = relevance.reshape(len(relevance), -1)
    values = np.sort(values if order == "least" else -values, axis=1)
    step = -(-values.shape[1] // points)
    ends = np.minimum(np.arange(1, points + 1) * step, values.shape[1])
    following = np.concatenate([values, np.full((len(values), 1), np.inf)], axis=1)
    return following[:, ends] != following[:, ends - 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kirchhoff", default=str(HERE.parent.parent / "target" / "release" / "kirchhoff"))
    parser.add_argument("--data", help="an IDX file of digits; the embedded ten if there is none")
    parser.add_argument("--inputs", type=int, default=100, help="how many inputs of it")
    parser.add_argument("--tolerance", type=float, default=1e-5, help="largest difference of probabilities")
    options = parser.parse_args()

    common = {"disable_warnings": True, "normalise": False, "abs": False}
    flipping = lambda step: lambda baseline, _: quantus.PixelFlipping(  # noqa: E731
        features_in_step=step, perturb_baseline=baseline, **common
    )
    regions = lambda side: lambda baseline, order: quantus.RegionPerturbation(  # noqa: E731
        patch_size=side, regions_evaluation=10_000, perturb_baseline=baseline, order=order, **common
    )
    # The name of the metric, Kirchhoff's options, Quantus's metric, and whether it gives drops.
    cases = [
        ("PixelFlipping, 1 feature a step", ["--step", "1"], flipping(1), False),
        ("PixelFlipping, 28 features a step", ["--step", "28"], flipping(28), False),
        ("RegionPerturbation, patches of 4", ["--square", "4"], regions(4), True),
        ("RegionPerturbation, patches of 5", ["--square", "5"], regions(5), True),
    ]
    # z-box gives nearly every pixel a relevance of its own: of equal ones, either may flip which it likes first.
    rules = ["--semiring", "real", "--rule", "epsilon", "--rule", "0=z-box"]
    model = Perceptron(MODEL)
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        data = [options.data] if options.data else []
        targets = ["--target", "top"]
        kirchhoff(options.kirchhoff, "explain", "digits", *data, *rules, *targets, "--pictures", "0", "--out", str(folder / "explained"))
        relevance = load_file(folder / "explained" / "relevance.safetensors")["real/input"]
        report = json.loads((folder / "explained" / "explanation.json").read_text())
        count = min(options.inputs, len(relevance))
        relevance = relevance[:count].astype(np.float64).reshape(count, 1, 28, 28)
        y = np.array([summary["targets"][0]["output"] for summary in report["inputs"][:count]])
        x = inputs(options.data, folder, options.kirchhoff)[:count]
        for name, arguments, metric, drops in cases:
            for baseline in ["black", "white", "mean"]:
                if baseline == "mean" and name.endswith("patches of 5"):
                    # Quantus takes the mean of the image with its padding.
                    continue
                out = folder / f"{name}-{baseline}"
                study = ["study", "perturb", "digits", *data, "--limit", str(count), *rules, *targets]
                kirchhoff(options.kirchhoff, *study, *arguments, "--baseline", baseline, "--order", "most,least", "--keep", str(count), "--out", str(out))
                for order, theirs in [("most", "morf"), ("least", "lerf")]:
                    if order == "least" and not drops:
                        # PixelFlipping goes from the largest relevance on: least first is most first of −R.
                        found = quantus_curves(metric(baseline, theirs), model, x, y, -relevance)
                    else:
                        found = quantus_curves(metric(baseline, theirs), model, x, y, relevance)
                    ours = curves(out / "inputs.csv", order, count)
                    ours = ours[:, :1] - ours[:, 1:] if drops else ours[:, 1:]
                    said = np.ones(ours.shape, bool) if drops else decided(relevance, order, ours.shape[1])
                    difference = float(np.abs(ours - found)[said].max())
                    worst = max(worst, difference)
                    print(f"{name:36} {baseline:6} {order:6} {count} inputs, {said.sum():6} of {said.size:6} points: {difference:.2e}")
    print(f"largest difference: {worst:.2e}")
    if worst > options.tolerance:
        sys.exit(f"above the tolerance of {options.tolerance}")


def inputs(data: str | None, folder: Path, tool: str) -> np.ndarray:
    """The images, as Kirchhoff reads them."""
    if data is None:
        path = HERE.parent.parent / "crates" / "kirchhoff" / "assets" / "digits.idx"
        raw = path.read_bytes()
    else:
        import gzip

        raw = Path(data).read_bytes()
        raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    return np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 1, 28, 28).astype(np.float64) / 255.0


if __name__ == "__main__":
    main()
