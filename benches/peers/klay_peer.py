"""KLay on a stored circuit: `klay_peer.py CIRCUIT THREADS CALLS`, in turns with whoever asks.

Makes KLay's circuit of the gates of the file, one for one, and its PyTorch modules, and says in one line of JSON how
long that took. For each line that it then reads, it evaluates the circuit CALLS times in every semiring, after a call
that warms up, and answers with one line of JSON.
"""

import importlib.metadata
import json
import resource
import sys
import time

import klay
import numpy
import torch
from safetensors import safe_open

# Kirchhoff's names beside KLay's, with what becomes of a contribution.
SEMIRINGS = {
    "real": ("real", lambda d: d),
    "viterbi": ("mpe", lambda d: d),
    "fuzzy": ("godel", lambda d: d),
    "log": ("log", torch.log),
}
CONTRIBUTION, VARIABLE, PLUS, TIMES = 2, 3, 4, 5


def klay_circuit(arrays: dict[str, numpy.ndarray]) -> klay.Circuit:
    """The same gates: contributions are the first literals, variables those behind them."""
    circuit, nodes = klay.Circuit(), []
    contributions = len(arrays["contributions"])
    offsets, operands = arrays["offsets"].tolist(), arrays["operands"].tolist()
    for gate, kind in enumerate(arrays["kinds"].tolist()):
        own = operands[offsets[gate] : offsets[gate + 1]]
        if kind == CONTRIBUTION:
            nodes.append(circuit.literal_node(own[0] + 1))
        elif kind == VARIABLE:
            nodes.append(circuit.literal_node(contributions + own[0] + 1))
        elif kind == PLUS:
            nodes.append(circuit.or_node([nodes[child] for child in own]))
        elif kind == TIMES:
            nodes.append(circuit.and_node([nodes[child] for child in own]))
        else:
            raise SystemExit("constants have no place in the circuits that are measured")
    for output in arrays["outputs"].tolist():
        circuit.set_root(nodes[output])
    circuit.remove_unused_nodes()
    return circuit


def peak() -> int:
    """The most memory in bytes that the process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def say(found: dict) -> None:
    print(json.dumps(found), flush=True)


def main() -> None:
    path, threads, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    with safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}
    variables = len(arrays["variable_ends"])
    clock = time.perf_counter()
    circuit = klay_circuit(arrays)
    built = time.perf_counter() - clock
    clock = time.perf_counter()
    # Its options for torch.compile are made for GPUs.
    modules = {
        name: circuit.to_torch_module(semiring=theirs, compile=False) for name, (theirs, _) in SEMIRINGS.items()
    }
    made = (time.perf_counter() - clock) / len(modules)
    contributions = torch.cat([torch.from_numpy(arrays["contributions"]), torch.ones(variables)])
    versions = {name: importlib.metadata.version(name) for name in ["klaycircuits", "torch"]}
    say({"build": built, "module": made, "nodes": circuit.nb_nodes(), "peak": peak(), "versions": versions})
    for _ in sys.stdin:
        rows = {}
        for name, (_, annotate) in SEMIRINGS.items():
            # Negative literals, which no gate has, are given, so that they need not be computed.
            positive, negative = annotate(contributions), torch.zeros_like(contributions)
            times = []
            with torch.inference_mode():
                for _ in range(calls + 1):
                    clock = time.perf_counter()
                    values = modules[name](positive, negative)
                    times.append(time.perf_counter() - clock)
            rows[name] = {"seconds": times[1:], "sum": values.double().sum().item()}
        say({"rows": rows, "peak": peak()})


if __name__ == "__main__":
    main()
