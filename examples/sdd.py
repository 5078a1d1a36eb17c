"""Compiles a Boolean formula to an SDD with PySDD, counts its models, and writes the SDD as a d-DNNF, which the tool counts.

    kirchhoff formula --input 7 --semiring boolean --theta 0.06 --symbolic hidden --output 'x[9,14]' --format json --out seven.json
    kirchhoff ask models --input 7 --theta 0.06 --output 'x[9,14]'
    python3 examples/sdd.py seven.json seven.nnf 0.3
    kirchhoff ask models seven.nnf --trusted

prints the number of models, and the probability that the output stays relevant where each variable is dropped with the given
one: those of `ask models` and `ask probability`. The disjuncts of an SDD exclude each other by their primes, which no literal
shows: hence `--trusted`. Needs `pip install pysdd`.
"""

import json
import sys

from pysdd.sdd import SddManager


def compiled(report):
    """The SDD of the formula's one output, and the number of variables."""
    variables = report["variables"]
    manager = SddManager(var_count=max(len(variables), 1), auto_gc_and_minimize=False)
    values = []
    for gate in report["gates"]:
        kind = gate["kind"]
        if kind == "variable":
            values.append(manager.literal(gate["variable"] + 1))
            continue
        if kind not in ("zero", "one", "plus", "times"):
            raise SystemExit(f"the formula holds a {kind}: write it with --semiring boolean")
        conjunction = kind in ("one", "times")
        node = manager.true() if conjunction else manager.false()
        for child in gate.get("children", []):
            node = node & values[child] if conjunction else node | values[child]
        values.append(node)
    [gate] = [gate for tensor in report["outputs"] for gate in tensor["gates"]]
    return manager, values[gate], len(variables)


def nnf(root, count):
    """The lines of c2d's format: of a decision, the disjunction of its primes with their subs."""
    lines, places = [], {}

    def add(line):
        lines.append(line)
        return len(lines) - 1

    def place(node):
        if node.id in places:
            return places[node.id]
        if node.is_true() or node.is_false():
            at = add("A 0" if node.is_true() else "O 0 0")
        elif node.is_literal():
            at = add(f"L {node.literal}")
        else:
            elements = [(place(prime), place(sub)) for prime, sub in node.elements()]
            parts = [add(f"A 2 {prime} {sub}") for prime, sub in elements]
            at = add(f"O 0 {len(parts)} {' '.join(map(str, parts))}")
        places[node.id] = at
        return at

    place(root)
    edges = sum(int(line.split()[1 if line[0] == "A" else 2]) for line in lines if line[0] != "L")
    return "\n".join([f"nnf {len(lines)} {edges} {count}", *lines, ""])


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        manager, root, count = compiled(json.load(file))
    counter = root.wmc(log_mode=False)
    print(f"{root.size()} elements, {round(counter.propagate())} models of {count} variables")
    drop = float(sys.argv[3])
    for variable in range(1, count + 1):
        counter.set_literal_weight(manager.literal(variable), 1 - drop)
        counter.set_literal_weight(manager.literal(-variable), drop)
    print(f"probability {counter.propagate():.6f}")
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(nnf(root, count))


if __name__ == "__main__":
    main()
