"""Asks shipped networks what the tool answers by decision diagrams, and finds the same with PySDD.

    python3 examples/agreement.py [kirchhoff]

Of XOR, of a network with a useless input, and of pixels of the embedded seven: the number of models, the probability that outputs
stay relevant, also together, on condition of another and on average, Shapley, Banzhaf and Birnbaum values of neurons, and the most
probable worlds. PySDD compiles the Boolean formulas that the tool writes, and counts models by weights. Shapley values are the
integral over t of how much a neuron matters where each of the others is there with probability t (Owen, "Multilinear extensions of
games", 1972), a polynomial which Gauss and Legendre's points integrate exactly. Fails where a number differs by more than 1e-9.
Needs `pip install pysdd numpy`; examples/circuit_torch.py does so for derivatives, with PyTorch.
"""

import itertools
import json
import pathlib
import subprocess
import sys

import numpy
from pysdd.sdd import SddManager

XOR = pathlib.Path(__file__).resolve().parent / "xor"
DROP = {"h1": 0.3, "h2": 0.25, "h3": 0.1}


class Formulas:
    """The outputs of a formula in JSON as SDDs over its variables."""

    def __init__(self, report):
        self.names = report["variables"]
        self.manager = SddManager(var_count=max(len(self.names), 1), auto_gc_and_minimize=False)
        self.numbers = {name: number for number, name in enumerate(self.names, 1)}
        values = []
        for gate in report["gates"]:
            if gate["kind"] == "variable":
                values.append(self.manager.literal(gate["variable"] + 1))
                continue
            conjunction = gate["kind"] in ("one", "times")
            node = self.manager.true() if conjunction else self.manager.false()
            for child in gate.get("children", []):
                node = node & values[child] if conjunction else node | values[child]
            values.append(node)
        self.outputs = [values[gate] for tensor in report["outputs"] for gate in tensor["gates"]]

    def probability(self, node, kept):
        """The probability of a formula where each variable holds with its own."""
        if node.is_true() or node.is_false():
            return float(node.is_true())
        counter = node.wmc(log_mode=False)
        for number, p in enumerate(kept, 1):
            counter.set_literal_weight(self.manager.literal(number), p)
            counter.set_literal_weight(self.manager.literal(-number), 1 - p)
        return counter.propagate()

    def matters(self, node, kept, number):
        """The difference that a variable makes to the probability, given those of the others."""
        there, gone = (self.probability(node, [p if at != number else value for at, p in enumerate(kept, 1)])
                       for value in (1.0, 0.0))
        return there - gone


class Checked:
    """Counts what was compared."""

    def __init__(self):
        self.numbers, self.worst = 0, 0.0

    def same(self, what, found, expected):
        error = abs(found - expected)
        self.numbers, self.worst = self.numbers + 1, max(self.worst, error)
        if not error <= 1e-9:
            raise SystemExit(f"{what}: the tool has {found}, PySDD {expected}")


def compare(tool, about, theta, checked):
    """Asks about some outputs of a network."""

    def ask(*words):
        run = subprocess.run([tool, *words, *about, "--theta", theta], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise SystemExit(f"{' '.join(words)}: {run.stderr}")
        return json.loads(run.stdout)

    report = ask("formula", "--semiring", "boolean", "--symbolic", "hidden", "--format", "json", "--quiet")
    formulas = Formulas(report)
    nodes, names = formulas.outputs, formulas.names
    count = len(names)
    gone = [DROP[name.split("[")[0]] for name in names]
    kept = [1 - p for p in gone]
    drops = ["--drop", ",".join(f"{layer}={p}" for layer, p in DROP.items() if any(n.startswith(f"{layer}[") for n in names))]

    models = ask("ask", "models", "--json", "--quiet")["outputs"]
    for node, found in zip(nodes, models):
        share = int(found["models"]) / 2 ** found["variables"]
        checked.same("models", share, formulas.probability(node, [0.5] * count))

    def probable(*words):
        answer = ask("ask", "probability", *words, *drops, "--json", "--quiet")
        return [output["probability"] for output in answer["outputs"]]

    each = [formulas.probability(node, kept) for node in nodes]
    for found, expected in zip(probable(), each):
        checked.same("probability", found, expected)
    together = formulas.manager.true()
    for node in nodes:
        together = together & node
    checked.same("together", probable("--together")[0], formulas.probability(together, kept))
    expected = ask("ask", "probability", *drops, "--expected", "--json", "--quiet")["outputs"][0]["expected"]
    checked.same("expected", expected, sum(each))
    given = models[0]["name"]
    if "--output" in about and each[0] > 0:
        for node, found in zip(nodes, probable("--given", given)):
            checked.same("given", found, formulas.probability(node & nodes[0], kept) / each[0])

    points, weights = numpy.polynomial.legendre.leggauss(count // 2 + 1)
    for measure in ("shapley", "banzhaf", "birnbaum"):
        options = drops if measure == "birnbaum" else []
        answers = ask("ask", "importance", "--measure", measure, *options, "--json", "--quiet")["outputs"]
        for node, answer in zip(nodes, answers):
            found = {one["name"]: one["importance"] for one in answer["variables"]}
            for name, number in formulas.numbers.items():
                if measure == "shapley":
                    own = sum(w / 2 * formulas.matters(node, [(1 + t) / 2] * count, number) for t, w in zip(points, weights))
                else:
                    own = formulas.matters(node, kept if measure == "birnbaum" else [0.5] * count, number)
                checked.same(f"{measure} of {name}", found.get(name, 0.0), own)

    for lost, options in ((False, []), (True, ["--lost"])):
        event = ~together if lost else together
        found = ask("ask", "world", *drops, *options, "--json", "--quiet")["world"]
        # Of few variables, the best of all worlds, each as PySDD conditions the formula on it.
        best = 0.0
        for world in itertools.product([False, True], repeat=count):
            chance = float(numpy.prod([p if own else 1 - p for own, p in zip(world, kept)]))
            if chance > best and formulas.probability(event, [float(own) for own in world]) == 1.0:
                best = chance
        checked.same("world", found["probability"] if found else 0.0, best)
    return count


def main():
    tool = sys.argv[1] if len(sys.argv) > 1 else "kirchhoff"
    checked, variables = Checked(), []
    for name, inputs in (("xor", 4), ("useless", 8)):
        for number in range(inputs):
            about = [str(XOR / f"{name}.safetensors"), str(XOR / f"{name}.npy"), "--input", str(number)]
            variables.append(compare(tool, about, "threshold-abs(1e-9)", checked))
    for digit, pixels, theta in (("7", ("x[9,14]", "x[8,17]"), "0.06"), ("0", ("x[10,9]", "x[17,18]"), "0.08")):
        outputs = itertools.chain.from_iterable(("--output", pixel) for pixel in pixels)
        variables.append(compare(tool, ["--input", digit, *outputs], theta, checked))
    print(f"{len(variables)} questions over {min(variables)} to {max(variables)} neurons: {checked.numbers} numbers, which differ "
          f"from PySDD's by at most {checked.worst:.1e}")


if __name__ == "__main__":
    main()
