"""A stored circuit as a networkx graph.

    kirchhoff compile --input 7 --symbolic hidden --semiring boolean --theta 0.06 --prune --out seven.safetensors
    kirchhoff ask witnesses seven.safetensors --output 'x[9,14]'
    python3 examples/circuit_networkx.py seven.safetensors 'x[9,14]' seven.graphml

makes a graph of the gates, with an edge from each gate to those that it is made of, keeps what an output depends on, and
writes it as GraphML for Gephi, Cytoscape or yEd. What all paths from the output to its leaves have in common is found by the
dominators of the graph: variables without which the output is 0. Needs `pip install networkx safetensors numpy`.
"""

import sys

import networkx
import numpy

from read_circuit import CONTRIBUTION, VARIABLE, Circuit

KINDS = ["0", "1", "contribution", "variable", "+", "*"]


def graph(circuit):
    """A node a gate, with its kind, and what a leaf stands for; an edge from each gate to every child, in their order."""
    made = networkx.MultiDiGraph()
    offsets, operands = circuit.arrays["offsets"].tolist(), circuit.arrays["operands"].tolist()
    for gate, kind in enumerate(circuit.arrays["kinds"].tolist()):
        own = operands[offsets[gate] : offsets[gate + 1]]
        made.add_node(gate, kind=KINDS[kind])
        if kind == CONTRIBUTION:
            made.nodes[gate]["d"] = float(circuit.arrays["contributions"][own[0]])
        elif kind == VARIABLE:
            made.nodes[gate]["name"] = circuit.variables[own[0]]
        else:
            made.add_edges_from((gate, child) for child in own)
    return made


def outputs(circuit):
    """The gate of each output of the first tensor, by the name of its neuron."""
    tensor = circuit.header["outputs"][0]
    shape = tensor["shape"]
    picture = circuit.header["notes"].get("picture")
    if picture and int(numpy.prod(picture)) == int(numpy.prod(shape)):
        shape = picture
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    label = "x" if tensor["name"] == "input" else tensor["name"]
    gates = circuit.arrays["outputs"].tolist()
    places = numpy.ndindex(*shape)
    return {f"{label}[{','.join(map(str, place))}]": gate for place, gate in zip(places, gates)}


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    circuit = Circuit(sys.argv[1])
    whole, name = graph(circuit), sys.argv[2]
    if name not in outputs(circuit):
        raise SystemExit(f"there is no output {name}")
    root = outputs(circuit)[name]
    part = whole.subgraph({root} | networkx.descendants(whole, root)).copy()
    assert networkx.is_directed_acyclic_graph(part)
    print(f"{name}: {part.number_of_nodes()} of {whole.number_of_nodes()} gates, {part.number_of_edges()} wires, "
          f"depth {networkx.dag_longest_path_length(part)}")
    # A variable is needed where the output is 0 without it: products need all of their factors, sums one summand.
    needed = {}
    for gate in reversed(list(networkx.topological_sort(part))):
        kind, children = part.nodes[gate]["kind"], [needed[child] for child in part.successors(gate)]
        if kind == "variable":
            needed[gate] = frozenset([part.nodes[gate]["name"]])
        elif kind == "*":
            needed[gate] = frozenset().union(*children)
        else:
            needed[gate] = frozenset.intersection(*children) if children else frozenset()
    found = sorted(name for name in needed[root] if not name.startswith("start["))
    print(f"it is 0 without any of: {', '.join(found) if found else 'none alone'}")
    networkx.write_graphml(part, sys.argv[3])
    again = networkx.read_graphml(sys.argv[3])
    assert again.number_of_nodes() == part.number_of_nodes()
    print(f"wrote {sys.argv[3]}")


if __name__ == "__main__":
    main()
