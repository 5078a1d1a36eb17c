"""One circuit under nine semirings: compiled once, asked nine times."""

import numpy as np

import kirchhoff

NAMES = ["boolean", "counting", "counting-float", "viterbi", "tropical", "max-plus", "fuzzy", "bottleneck", "lukasiewicz"]

network, digits = kirchhoff.digits()
circuit = network.compile(digits[3], semiring="viterbi")
print(circuit)
for name, values in circuit.evaluate(NAMES).items():
    relevance = np.asarray(values["input"], dtype=np.float64)
    finite = relevance[np.isfinite(relevance)]
    print(f"{name:15} from {finite.min():12.6g} to {finite.max():12.6g}")
