"""Built-in semirings written in Python, for tests that hold them to the compiled ones."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any


class Best:
    """The strongest path: ``viterbi``."""

    name = "best"
    dtype, zero, one, rule = np.float32, 0.0, 1.0, "max-abs"
    laws = ("commutative", "absorptive", "selective")
    plus = staticmethod(np.maximum)
    times = staticmethod(np.multiply)

    def theta(self, d: Array) -> Array:
        return np.minimum(np.abs(d), np.float32(1))


class Sums:
    """``real``, in double precision."""

    dtype, zero, one, rule, start, annotation = np.float64, 0.0, 1.0, "epsilon", "logit", "identity"
    meaning, laws = "signed", ("commutative",)
    plus = staticmethod(np.add)
    times = staticmethod(np.multiply)


class Paths:
    """``counting``, as long as it fits into 64 bits."""

    dtype, zero, one, annotation, laws = np.uint64, 0, 1, "threshold(1e-9)", ("commutative",)
    elements = (2, 3, 5)
    plus = staticmethod(np.add)
    times = staticmethod(np.multiply)


class Reached:
    """``boolean``."""

    dtype, zero, one, annotation = np.bool_, False, True, "threshold(1e-9)"
    laws = ("commutative", "idempotent-times", "absorptive", "selective")
    plus = staticmethod(np.logical_or)
    times = staticmethod(np.logical_and)


class Cheapest:
    """The cost of the cheapest path, and how many are that cheap."""

    dtype = [("cost", "f4"), ("number", "u8")]
    zero, one, rule, meaning, laws = (np.inf, 0), (0.0, 1), "max-abs", "cost", ("commutative",)

    def plus(self, a: Array, b: Array) -> Array:
        found = np.empty_like(a)
        found["cost"] = np.minimum(a["cost"], b["cost"])
        found["number"] = a["number"] * (a["cost"] <= b["cost"]) + b["number"] * (b["cost"] <= a["cost"])
        return found

    def times(self, a: Array, b: Array) -> Array:
        found = np.empty_like(a)
        found["cost"] = a["cost"] + b["cost"]
        found["number"] = a["number"] * b["number"]
        return found

    def theta(self, d: Array) -> Array:
        found = np.zeros(len(d), self.dtype)
        with np.errstate(divide="ignore", invalid="ignore"):
            found["cost"] = np.where(d > 0, -np.log2(d), np.inf)
        found["number"] = d > 0
        return found


class Objects:
    """The strongest path with its number of edges, as Python objects."""

    zero, one, rule = (0.0, 0), (1.0, 0), "max-abs"

    def plus(self, a: Any, b: Any) -> Any:
        return max(a, b)

    def times(self, a: Any, b: Any) -> Any:
        return (a[0] * b[0], a[1] + b[1]) if a[0] * b[0] > 0 else self.zero

    def theta(self, d: float) -> Any:
        return (min(abs(d), 1.0), 1) if d else self.zero

    def project(self, a: Any) -> float:
        return float(a[0])
