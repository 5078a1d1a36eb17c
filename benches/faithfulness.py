"""Scores explanations of digits by how well they find what the answer rests on: rules and composites × semirings × thresholds.

    python3 benches/faithfulness.py MNIST_DIR [--tool target/release/kirchhoff] [--inputs 500] [--write]

MNIST_DIR has the digits for training and for test in MNIST's format. Two networks are explained: the embedded perceptron and the
convolutional one of the tests. Every method is scored by `kirchhoff study perturb` on digits that
the network was trained on, by which the best ones are chosen, and on digits that were held out. With --write the table goes into
docs/perturbation.md.
"""

import argparse
import csv
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- faithfulness: begin -->", "<!-- faithfulness: end -->"
# Values that a step sets to black, of 784.
STEP = 14
NETWORKS = {"perceptron": [], "convolutional": [ROOT / "tests/golden/mnist-cnn/model.onnx"]}
RULES = {
    "real": ["epsilon", "zero", "gamma(0.25)", "z-plus", "alpha-beta(2, 1)", "composite epsilon-gamma-box", "composite epsilon-plus", "composite epsilon-plus-flat"],
    "boolean": ["zero", "max-abs"],
    "counting": ["zero", "max-abs"],
    "viterbi": ["max-abs"],
    "bottleneck": ["max-abs", "zero"],
    "fuzzy": ["max-abs"],
    "lukasiewicz": ["max-abs"],
    "tropical": ["max-abs"],
}
THETAS = {
    "boolean": ["threshold(1e-9)", "threshold(0.01)", "threshold(0.05)", "threshold(0.1)", "auto(0.05)", "auto(0.1)", "auto(0.2)"],
    "counting": ["threshold(1e-9)", "threshold(0.01)", "threshold(0.05)", "auto(0.1)"],
}


def methods():
    for semiring, rules in RULES.items():
        for rule in rules:
            for theta in THETAS.get(semiring, [None]):
                yield semiring, rule, theta


def score(tool, network, data, part, inputs, method):
    """AOPC with its standard error, and ABPC, of one method on some of the digits of a part."""
    semiring, rule, theta = method
    rules = ["--composite", rule.removeprefix("composite ")] if rule.startswith("composite ") else ["--rule", rule]
    with tempfile.TemporaryDirectory() as folder:
        command = [tool, "study", "perturb", *NETWORKS[network], data, "--split", part, "--limit", str(inputs), "--semiring", semiring, *rules]
        command += ["--theta", theta] if theta else []
        command += ["--order", "most,least", "--baseline", "black", "--step", str(STEP), "--keep", "0", "--quiet", "--out", folder + "/out"]
        ended = subprocess.run(command, capture_output=True, text=True)
        if ended.returncode:
            raise SystemExit(f"{' '.join(map(str, command))}: {ended.stderr}")
        most = next(csv.DictReader(open(f"{folder}/out/scores.csv", newline="")))
        return float(most["AOPC"]), float(most["± AOPC"]), float(most["ABPC"])


def table(found):
    chosen = {semiring: max((f for f in found if f[0][0] == semiring), key=lambda f: f[1][2])[0] for semiring in RULES}
    lines = ["| semiring | rule | Θ | AOPC | ABPC | ABPC, choosing |", "|---|---|---|---|---|---|"]
    for method, choosing, held in sorted(found, key=lambda f: -f[2][2]):
        semiring, rule, theta = method
        mark = " *" if chosen[semiring] == method else ""
        lines.append(
            f"| `{semiring}` | {rule} | {theta or '–'} | {held[0]:.3f} ± {held[1]:.3f} | {held[2]:.3f}{mark} | {choosing[2]:.3f} |"
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mnist", type=Path)
    parser.add_argument("--tool", default=ROOT / "target/release/kirchhoff")
    parser.add_argument("--inputs", type=int, default=500)
    parser.add_argument("--network", choices=list(NETWORKS), action="append", help="one of the networks [default: all]")
    parser.add_argument("--write", action="store_true", help="put the table into docs/perturbation.md")
    arguments = parser.parse_args()
    parts = []
    for network in arguments.network or NETWORKS:
        found = []
        for method in methods():
            place = (arguments.tool, network, arguments.mnist)
            choosing, held = (score(*place, part, arguments.inputs, method) for part in ("train", "test"))
            print(network, *method, choosing, held, file=sys.stderr, flush=True)
            found.append((method, choosing, held))
        parts.append(f"The {network} network:\n\n{table(found)}")
    text = "\n\n".join(parts)
    print(text)
    if arguments.write:
        path = ROOT / "docs/perturbation.md"
        chosen = "".join(f" --network {network}" for network in arguments.network or [])
        command = f"`python3 benches/faithfulness.py MNIST_DIR --inputs {arguments.inputs}{chosen} --write`"
        new = f"{BEGIN}\nBy {command}:\n\n{text}\n\n{END}"
        path.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: new, path.read_text(), flags=re.DOTALL))


if __name__ == "__main__":
    main()
