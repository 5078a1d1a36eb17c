"""Trains the two networks of the tutorial: XOR of two inputs, and of two inputs beside a useless one.

    python3 examples/xor.py [DIR]

Needs nothing but Python, and writes the same bytes every time, by default to examples/xor: the models as safetensors,
which Kirchhoff recognises as perceptrons, and every input that there is as .npy. False is -1 and true is 1.

The useless input takes both values with either answer. The L1 penalty takes weights that bring nothing to 0 exactly.
"""

import itertools
import json
import math
import pathlib
import random
import struct
import sys

HIDDEN = 4
STEPS = 4000
RATE = 0.05
MOMENTUM = 0.9
PENALTY = 0.004


def forward(network, x):
    (w0, b0), (w2, b2) = network
    hidden = [max(0.0, sum(w * a for w, a in zip(row, x)) + b) for row, b in zip(w0, b0)]
    return hidden, [sum(w * a for w, a in zip(row, hidden)) + b for row, b in zip(w2, b2)]


def gradients(network, inputs, answers):
    """Of the mean cross-entropy, in the shapes of the network."""
    (w0, b0), (w2, b2) = network
    result = [([[0.0] * len(row) for row in w], [0.0] * len(b)) for w, b in network]
    for x, answer in zip(inputs, answers):
        hidden, logits = forward(network, x)
        top = max(logits)
        total = sum(math.exp(logit - top) for logit in logits)
        above = [math.exp(logit - top) / total - (k == answer) for k, logit in enumerate(logits)]
        below = [
            sum(above[k] * w2[k][j] for k in range(2)) if hidden[j] > 0.0 else 0.0 for j in range(len(hidden))
        ]
        for (w, b), delta, source in ((result[0], below, x), (result[1], above, hidden)):
            for k, d in enumerate(delta):
                b[k] += d / len(inputs)
                for j, a in enumerate(source):
                    w[k][j] += d * a / len(inputs)
    return result


def rounded(value):
    """To eighths, and 0.0 for -0.0: weights that are nearly opposite become so, and formulas stay short."""
    return round(value * 8) / 8 + 0.0


def train(size, seed):
    """A perceptron size-4-2 that is right about every input: output 1 is the answer 'true'."""
    draw = random.Random(seed)
    inputs = [list(x) for x in itertools.product((-1.0, 1.0), repeat=size)]
    answers = [int(x[0] != x[1]) for x in inputs]
    network = [
        ([[draw.uniform(-1, 1) for _ in range(n)] for _ in range(m)], [0.0] * m) for n, m in ((size, HIDDEN), (HIDDEN, 2))
    ]
    speed = [([[0.0] * len(row) for row in w], [0.0] * len(b)) for w, b in network]
    for _ in range(STEPS):
        gradient = gradients(network, inputs, answers)
        for (w, b), (speed_w, speed_b), (grad_w, grad_b) in zip(network, speed, gradient):
            for k, row in enumerate(w):
                speed_b[k] = MOMENTUM * speed_b[k] + grad_b[k]
                b[k] -= RATE * speed_b[k]
                for j in range(len(row)):
                    speed_w[k][j] = MOMENTUM * speed_w[k][j] + grad_w[k][j]
                    moved = row[j] - RATE * speed_w[k][j]
                    # Towards 0 by the penalty, and no further.
                    row[j] = math.copysign(max(0.0, abs(moved) - RATE * PENALTY), moved)
    network = [([[rounded(v) for v in row] for row in w], [rounded(v) for v in b]) for w, b in network]
    for x, answer in zip(inputs, answers):
        _, logits = forward(network, x)
        assert (logits[1] > logits[0]) == bool(answer), f"seed {seed} does not learn XOR: {x} gives {logits}"
    return network, inputs


def save_model(path, network):
    """A safetensors file: the length of a JSON header, the header, the values."""
    header = {"__metadata__": {"classes": json.dumps(["false", "true"])}}
    values = b""
    for layer, (w, b) in zip((0, 2), network):
        for name, shape, flat in (
            (f"{layer}.weight", [len(w), len(w[0])], sum(w, [])),
            (f"{layer}.bias", [len(b)], b),
        ):
            start = len(values)
            values += struct.pack(f"<{len(flat)}f", *flat)
            header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, len(values)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + values)


def save_inputs(path, inputs):
    """A .npy file: a magic number, a header that fills it up to 128 bytes, the values."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(inputs)}, {len(inputs[0])}), }}"
    text = text.ljust(117) + "\n"
    values = struct.pack(f"<{len(inputs) * len(inputs[0])}f", *sum(inputs, []))
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + values)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "xor")
    folder.mkdir(parents=True, exist_ok=True)
    for name, size, seed in (("xor", 2, 1), ("useless", 3, 4)):
        network, inputs = train(size, seed)
        save_model(folder / f"{name}.safetensors", network)
        save_inputs(folder / f"{name}.npy", inputs)


if __name__ == "__main__":
    main()
