"""A pruning loop: hidden neurons go in the order of their relevance, or at random, and the loss tells the difference."""

import numpy as np
from numpy.typing import NDArray

import kirchhoff


def loss(outputs: NDArray[np.float32], labels: NDArray[np.intp]) -> float:
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-logs[np.arange(len(labels)), labels].mean())


network, digits = kirchhoff.digits()
labels = np.arange(10)
relevance = network.explain(digits, target=labels, layers=["1"])["1"]
print("relevance of the least and the most relevant hidden neuron:", np.sort(np.abs(relevance).mean(axis=0))[[0, -1]])

study = kirchhoff.study.prune(network, (digits, labels), method=["real", "random"], layer="0", seeds=1, inputs=10, step=60)
for row in study.summary["methods"] if "methods" in study.summary else []:
    print(row)
print("loss of the whole network:", round(loss(network(digits), labels), 4))
print(study.files["means.csv"].decode())
