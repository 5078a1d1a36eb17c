"""Reads d-DNNFs of the tool with PySDD and KLay, and compares what they compute.

    kirchhoff formula --input 7 --semiring boolean --theta 0.06 --symbolic hidden --output 'x[9,14]' --format ddnnf --out formula.c2d
    kirchhoff formula --input 7 --semiring boolean --theta 0.06 --symbolic hidden --output 'x[9,14]' --format d4 --out formula.d4
    python3 examples/ddnnf.py formula.c2d formula.d4

examples/ddnnf.rs makes such files of S-expressions in a program.
prints the probability of the formula where every variable has another one, as PySDD finds it in the first file and KLay in
the second, and by the enumeration of all worlds up to 20 variables. Fails where they differ. Needs
`pip install pysdd klaycircuits numpy`.
"""

import itertools
import sys

import klay
import numpy
from pysdd.util import nnf_file_wmc


def enumerated(path, weights, count):
    """The sum over all worlds, by the rules of the c2d format alone."""
    lines = [line.split() for line in open(path, encoding="utf-8") if not line.startswith("c")][1:]
    total = 0.0
    for world in itertools.product([False, True], repeat=count):
        values = []
        for kind, *numbers in lines:
            numbers = [int(number) for number in numbers]
            if kind == "L":
                values.append(world[abs(numbers[0]) - 1] == (numbers[0] > 0))
            elif kind == "A":
                values.append(all(values[child] for child in numbers[1:]))
            else:
                values.append(any(values[child] for child in numbers[2:]))
        if values[-1]:
            total += numpy.prod([weights[number if value else -number] for number, value in enumerate(world, 1)])
    return total


def by_klay(path, weights, count):
    """KLay's layers, products and sums in turns, evaluated with numpy."""
    circuit = klay.Circuit()
    circuit.add_d4_from_file(path)
    values = [0.0, 1.0]
    for number in range(1, count + 1):
        values += [weights[number], weights[-number]]
    values = numpy.array(values)
    for layer, (inputs, offsets) in enumerate(zip(*circuit._get_indices())):
        join = numpy.multiply if layer % 2 == 0 else numpy.add
        values = join.reduceat(values[inputs], offsets[:-1])
    return float(values[0])


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    c2d, d4 = sys.argv[1:]
    header = next(line for line in open(c2d, encoding="utf-8") if line.startswith("nnf"))
    count = int(header.split()[3])
    weights = {}
    for number in range(1, count + 1):
        weights[number] = number / (count + 1)
        weights[-number] = 1 - weights[number]
    found = {"PySDD": nnf_file_wmc(c2d, weights), "KLay": by_klay(d4, weights, count)}
    if count <= 20:
        found["all worlds"] = enumerated(c2d, weights, count)
    for name, probability in found.items():
        print(f"{name}: {probability:.12f}")
    if max(found.values()) - min(found.values()) > 1e-9:
        raise SystemExit("they differ")


if __name__ == "__main__":
    main()
