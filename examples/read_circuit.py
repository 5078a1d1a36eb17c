"""Reads a stored circuit with safetensors and numpy alone, and evaluates it in two semirings.

    kirchhoff compile --input 7 --out seven.safetensors
    python3 examples/read_circuit.py seven.safetensors

prints how much relevance the input has in `real`, and how much of it is relevant in `boolean`. With the tool's own values
beside it, it compares them, and fails where they differ:

    kirchhoff evaluate seven.safetensors --semiring real,boolean --out evaluated
    python3 examples/read_circuit.py seven.safetensors evaluated/relevance.safetensors

docs/file-formats.md describes the file. Needs `pip install safetensors numpy`.
"""

import json
import sys

import numpy
from safetensors import safe_open
from safetensors.numpy import load_file

ZERO, ONE, CONTRIBUTION, VARIABLE, PLUS, TIMES = range(6)


class Real:
    """Sums and products of contributions as they are, from the target's logit."""

    laws = {"commutative-times"}
    zero, one = 0.0, 1.0

    def annotate(self, d):
        return d

    def start(self, target):
        return target["sign"] * target["logit"]

    def plus(self, values):
        return sum(values)

    def times(self, values):
        product = 1.0
        for value in values:
            product *= value
        return product


class Boolean:
    """Whether a path of contributions of at least 1e-9 leads to the target."""

    laws = {"commutative-times", "idempotent-plus", "idempotent-times", "absorptive", "selective"}
    zero, one = False, True

    def annotate(self, d):
        return d >= numpy.float32(1e-9)

    def start(self, target):
        return True

    def plus(self, values):
        return any(values)

    def times(self, values):
        return all(values)


class Circuit:
    """The arrays of a stored circuit, and what its header says."""

    def __init__(self, path):
        with safe_open(path, framework="numpy") as file:
            self.header = json.loads(file.metadata()["kirchhoff-circuit"])
            if self.header["version"] not in (1, 2) or self.header["kind"] != "gates":
                raise SystemExit(f"{path} holds no gate circuit of version 1 or 2")
            self.arrays = {name: file.get_tensor(name) for name in file.keys()}
        if self.header["version"] == 1:
            self.variables = self.header["variables"]
        else:
            names, ends = self.arrays["variable_names"].tobytes(), self.arrays["variable_ends"].tolist()
            self.variables = [names[start:end].decode() for start, end in zip([0, *ends], ends)]

    def value(self, semiring, name, targets):
        """The value of a variable: what a target starts with, 0 for other outputs, 1 for edges and neurons."""
        if name in targets:
            return semiring.start(targets[name])
        return semiring.zero if targets and name.startswith("start[") else semiring.one

    def evaluate(self, semiring):
        """The relevance of each output tensor, in the order of the header."""
        if missing := set(self.header["laws"]) - semiring.laws:
            raise SystemExit(f"the circuit was simplified for semirings that are {', '.join(missing)}")
        targets = {target["variable"]: target for target in self.header["notes"].get("targets", [])}
        variables = [self.value(semiring, name, targets) for name in self.variables]
        leaves = [semiring.annotate(d) for d in self.arrays["contributions"]]
        offsets, operands = self.arrays["offsets"].tolist(), self.arrays["operands"].tolist()
        values = []
        # Children come before their users: one loop over the gates evaluates the circuit.
        for gate, kind in enumerate(self.arrays["kinds"].tolist()):
            own = operands[offsets[gate] : offsets[gate + 1]]
            if kind == ZERO:
                values.append(semiring.zero)
            elif kind == ONE:
                values.append(semiring.one)
            elif kind == CONTRIBUTION:
                values.append(leaves[own[0]])
            elif kind == VARIABLE:
                values.append(variables[own[0]])
            elif kind == PLUS:
                values.append(semiring.plus([values[child] for child in own]))
            else:
                values.append(semiring.times([values[child] for child in own]))
        outputs = numpy.array([values[gate] for gate in self.arrays["outputs"].tolist()])
        relevance, first = {}, 0
        for tensor in self.header["outputs"]:
            size = int(numpy.prod(tensor["shape"]))
            relevance[tensor["name"]] = outputs[first : first + size].reshape(tensor["shape"])
            first += size
        return relevance


def main():
    if not 2 <= len(sys.argv) <= 3:
        raise SystemExit(__doc__)
    circuit = Circuit(sys.argv[1])
    expected = load_file(sys.argv[2]) if len(sys.argv) == 3 else {}
    print(f"{len(circuit.arrays['kinds'])} gates, {len(circuit.arrays['contributions'])} contributions")
    for name, semiring in (("real", Real()), ("boolean", Boolean())):
        for tensor, relevance in circuit.evaluate(semiring).items():
            print(f"{name}/{tensor}: sum {relevance.sum():g}, {numpy.count_nonzero(relevance)} of {relevance.size} relevant")
            if f"{name}/{tensor}" in expected:
                of_tool = expected[f"{name}/{tensor}"].reshape(relevance.shape)
                largest = max(numpy.abs(relevance).max(), numpy.finfo(numpy.float32).tiny)
                worst = numpy.abs(relevance.astype(float) - of_tool.astype(float)).max() / largest
                print(f"  differs from the tool's by at most {worst:.1e} of the largest")
                if worst > 1e-5:
                    raise SystemExit("that is more than rounding")


if __name__ == "__main__":
    main()
