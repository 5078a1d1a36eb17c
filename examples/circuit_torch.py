"""A stored circuit as a PyTorch module, and its gradients beside those of the tool.

    kirchhoff compile --input 7 --symbolic hidden --out seven.safetensors
    kirchhoff ask gradient seven.safetensors --out derivatives.safetensors
    python3 examples/circuit_torch.py seven.safetensors derivatives.safetensors

evaluates the circuit in the real semiring, level by level, and lets autograd find the derivatives of the sum of its first
tensor by every contribution and every variable: those that `ask gradient` finds in one pass. Fails where they differ by more
than rounding. Needs `pip install torch safetensors numpy`.
"""

import sys

import numpy
import torch
from safetensors.numpy import load_file

from read_circuit import CONTRIBUTION, ONE, PLUS, VARIABLE, Circuit, Real


class Gates(torch.nn.Module):
    """The gates of a circuit: contributions and variables in, the values of all outputs out."""

    def __init__(self, circuit):
        super().__init__()
        kinds = circuit.arrays["kinds"].astype(numpy.int64)
        offsets = circuit.arrays["offsets"].astype(numpy.int64)
        operands = circuit.arrays["operands"].astype(numpy.int64)
        self.outputs = torch.from_numpy(circuit.arrays["outputs"].astype(numpy.int64))
        # Gates stand in the order of their levels: of leaves first, and each level depends on those before alone.
        first = numpy.flatnonzero(kinds >= PLUS)
        leaves = int(first[0]) if len(first) else len(kinds)
        self.leaves = [(int(kind), int(operands[offsets[gate]]) if kind in (CONTRIBUTION, VARIABLE) else 0)
                       for gate, kind in enumerate(kinds[:leaves])]
        levels = numpy.zeros(len(kinds), dtype=numpy.int64)
        for gate in range(leaves, len(kinds)):
            levels[gate] = 1 + levels[operands[offsets[gate] : offsets[gate + 1]]].max()
        self.levels = []
        for level in range(1, int(levels.max(initial=0)) + 1):
            gates = numpy.flatnonzero(levels == level)
            parts = []
            for wanted in (True, False):
                own = [(at, operands[offsets[gate] : offsets[gate + 1]])
                       for at, gate in enumerate(gates) if (kinds[gate] == PLUS) == wanted]
                most = max((len(children) for _, children in own), default=0)
                # Shorter lists are filled up with a place behind all gates, whose value is neutral.
                table = numpy.full((len(own), most), -1, dtype=numpy.int64)
                for row, (_, children) in enumerate(own):
                    table[row, : len(children)] = children
                places = numpy.array([at for at, _ in own], dtype=numpy.int64)
                parts.append((torch.from_numpy(places), torch.from_numpy(table)))
            self.levels.append((len(gates), parts))

    def forward(self, contributions, variables):
        zero, one = contributions.new_zeros(1), contributions.new_ones(1)
        leaf = {CONTRIBUTION: contributions, VARIABLE: variables}
        # Gathered in one go a kind: a gate at a time would take autograd a step a gate.
        values = contributions.new_zeros(len(self.leaves))
        for kind in (CONTRIBUTION, VARIABLE):
            places = [at for at, (own, _) in enumerate(self.leaves) if own == kind]
            numbers = [number for own, number in self.leaves if own == kind]
            values = values.index_copy(0, torch.tensor(places, dtype=torch.long), leaf[kind][numbers])
        ones = [at for at, (kind, _) in enumerate(self.leaves) if kind == ONE]
        values = values.index_fill(0, torch.tensor(ones, dtype=torch.long), 1.0)
        for count, ((plus, summands), (times, factors)) in self.levels:
            level = values.new_zeros(count)
            if len(plus):
                level = level.index_copy(0, plus, torch.cat([values, zero])[summands].sum(dim=1))
            if len(times):
                level = level.index_copy(0, times, torch.cat([values, one])[factors].prod(dim=1))
            values = torch.cat([values, level])
        return values[self.outputs]


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    circuit, tool = Circuit(sys.argv[1]), load_file(sys.argv[2])
    targets = {target["variable"]: target for target in circuit.header["notes"].get("targets", [])}
    start = [float(circuit.value(Real(), name, targets)) for name in circuit.variables]
    contributions = torch.tensor(circuit.arrays["contributions"].astype(float), requires_grad=True)
    variables = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    outputs = Gates(circuit)(contributions, variables)
    size = int(numpy.prod(circuit.header["outputs"][0]["shape"]))
    total = outputs[:size].sum()
    total.backward()
    print(f"the relevance of {size} outputs is {float(total.detach()):.6f} together")
    for name, ours in [("outputs", outputs), ("contributions", contributions.grad), ("variables", variables.grad)]:
        ours, theirs = ours.detach().numpy(), tool[name].astype(float)
        largest = max(numpy.abs(ours).max(initial=0.0), 1e-30)
        worst = numpy.abs(ours - theirs).max(initial=0.0) / largest
        print(f"{name}: {len(ours)}, the tool's differ by at most {worst:.1e} of the largest")
        if worst > 1e-4:
            raise SystemExit("that is more than rounding")


if __name__ == "__main__":
    main()
