"""Runs a pruned network in onnxruntime over MNIST's test digits and compares its accuracy with what the study promised.

    kirchhoff study prune mnist --out out --write real=0.5
    pip install numpy onnxruntime
    python3 examples/check_pruned.py out mnist
"""

import gzip
import json
import sys
from pathlib import Path

import numpy
import onnxruntime


def idx(folder, kind):
    """The array of the test set's file of this kind."""
    path = next(path for path in sorted(Path(folder).iterdir()) if path.name.startswith("t10k") and kind in path.name)
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    axes = data[3]
    shape = numpy.frombuffer(data, ">u4", axes, 4)
    return numpy.frombuffer(data, "u1", offset=4 + 4 * axes).reshape(shape)


def main(out, mnist):
    images, labels = idx(mnist, "images"), idx(mnist, "labels")
    inputs = images.astype("float32") / numpy.float32(255)
    for written in json.loads((Path(out) / "study.json").read_text())["written"]:
        name = next(name for name in written["files"] if name.endswith(".onnx"))
        session = onnxruntime.InferenceSession(str(Path(out) / name))
        # Vectors for a perceptron, one channel for a convolutional network.
        taken = session.get_inputs()[0]
        (logits,) = session.run(None, {taken.name: inputs.reshape(len(inputs), *taken.shape[1:])})
        accuracy = float((logits.argmax(axis=1) == labels).mean())
        print(f"{name}: {written['removed']} neurons or filters removed, accuracy {accuracy:.4f}, promised {written['accuracy']:.4f}")
        # One digit of ten thousand may fall either way by rounding.
        assert abs(accuracy - written["accuracy"]) <= 1.5 / len(labels), "the promise is not kept"


if __name__ == "__main__":
    main(*sys.argv[1:])
