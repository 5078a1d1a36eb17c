"""A semiring of one's own for the digits: the strongest path, and how many edges it has."""

from typing import Any

import numpy as np

import kirchhoff


class Strongest:
    dtype = [("strength", "f4"), ("edges", "f4")]
    zero, one, rule = (0, 0), (1, 0), "max-abs"

    def plus(self, a: Any, b: Any) -> Any:
        shorter = (a["strength"] == b["strength"]) & (a["edges"] <= b["edges"])
        return np.where((a["strength"] > b["strength"]) | shorter, a, b)

    def times(self, a: Any, b: Any) -> Any:
        strength = a["strength"] * b["strength"]
        return self.made(strength, np.where(strength > 0, a["edges"] + b["edges"], 0))

    def theta(self, d: Any) -> Any:
        return self.made(np.minimum(np.abs(d), 1), d != 0)

    def made(self, strength: Any, edges: Any) -> Any:
        found = np.empty(len(strength), self.dtype)
        found["strength"], found["edges"] = strength, edges
        return found


network, digits = kirchhoff.digits()
explanation = network.explain(digits, semiring=[Strongest, "viterbi"])
strongest = explanation["strongest"]

np.testing.assert_allclose(strongest["input"], explanation["viterbi"]["input"], rtol=1e-5)
edges = strongest.columns["input"]["edges"]
print("edges of the strongest paths:", sorted(set(edges.ravel().tolist())))
