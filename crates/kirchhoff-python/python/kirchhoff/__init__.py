"""Explain neural networks under any semiring.

>>> import kirchhoff
>>> network, digits = kirchhoff.digits()
>>> explanation = network.explain(digits, semiring="real")
>>> explanation["input"].shape
(10, 784)

- :func:`load`, :func:`digits` and :func:`from_torch` give a :class:`Network`, which runs, explains and compiles.
- :class:`Explanation` has relevance as arrays, ledgers and pictures; :class:`Circuit` the gates of one execution.
- :class:`Semiring` is a built-in semiring, a definition, or one of yours in Python; :class:`Rule` likewise.
- :mod:`kirchhoff.study` has studies over whole data sets.
- Whatever goes wrong is a :class:`KirchhoffError`.
"""

from __future__ import annotations

from . import study
from ._circuit import Circuit, Probability
from ._errors import (
    InputError,
    KirchhoffError,
    LawError,
    LimitError,
    MissingPackageError,
    ModelError,
    QuestionError,
    SemiringError,
    StorageError,
)
from ._explanation import Explanation, Relevance
from ._kirchhoff import __version__
from ._network import Layer, Network, digits, load, set_threads
from ._rule import Part, Rule, Rules, rules
from ._semiring import Semiring, semirings, symbolic_semirings
from ._torch import LRP, explain_func, from_torch

__all__ = [
    "Circuit",
    "Explanation",
    "InputError",
    "KirchhoffError",
    "LRP",
    "LawError",
    "Layer",
    "LimitError",
    "MissingPackageError",
    "ModelError",
    "Network",
    "Part",
    "Probability",
    "QuestionError",
    "Relevance",
    "Rule",
    "Rules",
    "Semiring",
    "SemiringError",
    "StorageError",
    "__version__",
    "digits",
    "explain_func",
    "from_torch",
    "load",
    "rules",
    "semirings",
    "set_threads",
    "study",
    "symbolic_semirings",
]
