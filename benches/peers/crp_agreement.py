"""Holds real relevance from hidden layers, and through neurons of them, against that of zennit-crp (concept relevance propagation).

A convolutional network and a perceptron for digits, under rule epsilon(1e-6), on the embedded digits: relevance that starts at a
channel of a hidden layer (`start_layer`), and that of an output through a channel (a condition). Prints the largest difference of each, as a
share of the largest relevance, and fails above `--tolerance`.

    python3 -m venv venv && venv/bin/pip install zennit-crp==0.6.0 zennit safetensors numpy torch
    cargo build --release && venv/bin/python benches/peers/crp_agreement.py
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from crp.attribution import CondAttribution
from safetensors.numpy import load_file
from zennit.composites import LayerMapComposite
from zennit.rules import Epsilon, Pass
from zennit.types import Activation, AvgPool, Convolution, Linear

ROOT = Path(__file__).resolve().parents[2]


class Attribution(CondAttribution):
    """Relevance of every value of the input, where zennit-crp adds channels up."""

    def heatmap_modifier(self, data, on_device=None):
        return data.grad.detach()


def layers(golden: str) -> torch.nn.Sequential:
    """A network of the golden files, by the names of its tensors."""
    nn = torch.nn
    if golden == "mnist-mlp":
        model = nn.Sequential(
            nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10),
        )
    else:
        model = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2),
            nn.Conv2d(16, 16, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10),
        )
    values = load_file(ROOT / "tests" / "golden" / golden / "model.safetensors")
    model.load_state_dict({name: torch.from_numpy(value) for name, value in values.items()})
    return model.double().eval()


def run(tool: str, golden: str, folder: Path, *arguments: str) -> np.ndarray:
    """Kirchhoff's real relevance of the ten digits."""
    folder_of = ROOT / "tests" / "golden" / golden
    described = ["--architecture", str(folder_of / "architecture.toml")] if golden == "mnist-cnn" else []
    digits = ROOT / "crates" / "kirchhoff" / "assets" / "digits.idx"
    out = folder / "out"
    command = [tool, "explain", str(folder_of / "model.safetensors"), str(digits), *described, "--semiring", "real", "--rule", "epsilon(1e-6)", "--pictures", "0"]
    subprocess.run([*command, "--force", "--quiet", *arguments, "--out", str(out)], check=True, stdout=subprocess.DEVNULL)
    return load_file(out / "relevance.safetensors")["real/input"].reshape(10, -1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kirchhoff", default=str(ROOT / "target" / "release" / "kirchhoff"))
    parser.add_argument("--tolerance", type=float, default=1e-4, help="largest difference, as a share of the largest relevance")
    options = parser.parse_args()

    raw = (ROOT / "crates" / "kirchhoff" / "assets" / "digits.idx").read_bytes()
    digits = np.frombuffer(raw, np.uint8, offset=16).reshape(10, 784).astype(np.float32) / np.float32(255)
    rules = [(Activation, Pass()), (AvgPool, Epsilon(epsilon=1e-6)), (Convolution, Epsilon(epsilon=1e-6)), (Linear, Epsilon(epsilon=1e-6))]
    # A layer to start at or to go through, with the number of the channel or neuron.
    cases = {"mnist-mlp": [("1", 102), ("2", 7), ("3", 70)], "mnist-cnn": [("0", 3), ("1", 3), ("4", 5), ("6", 2), ("7", 9)]}
    worst = 0.0
    for golden, concepts in cases.items():
        model = layers(golden)
        shape = (10, 784) if golden == "mnist-mlp" else (10, 1, 28, 28)
        attribution = Attribution(model)
        for layer, concept in concepts:
            for how in ["start", "through"]:
                x = torch.from_numpy(digits.astype(np.float64)).reshape(shape).requires_grad_(True)
                composite = LayerMapComposite(layer_map=rules)
                one = {layer: [concept]} if how == "start" else {layer: [concept], "y": [3]}
                start = {"start_layer": layer} if how == "start" else {}
                theirs = attribution(x, [one] * 10, composite, **start).heatmap.numpy().reshape(10, -1)
                name = f"{layer}[{concept}]"
                arguments = ["--target", name] if how == "start" else ["--target", "3", "--through", name]
                with tempfile.TemporaryDirectory() as folder:
                    ours = run(options.kirchhoff, golden, Path(folder), *arguments)
                difference = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
                worst = max(worst, difference)
                print(f"{golden:10} {how:8} {name:7} largest relevance {np.abs(theirs).max():.4f}: {difference:.2e}")
    print(f"largest difference: {worst:.2e}")
    if not worst <= options.tolerance:
        sys.exit(f"above the tolerance of {options.tolerance}")


if __name__ == "__main__":
    main()
