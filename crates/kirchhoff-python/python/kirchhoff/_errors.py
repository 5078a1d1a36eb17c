"""The exceptions of the package: all of them are a :class:`KirchhoffError`, and one of Python's own as well."""

from __future__ import annotations

from typing import Any


class KirchhoffError(Exception):
    """Something that the package cannot do; its text says what, where, and what to do instead."""


class ModelError(KirchhoffError, ValueError):
    """A model that cannot be read, or that has no counterpart here."""


class InputError(KirchhoffError, ValueError):
    """Inputs that a network does not take."""


class QuestionError(KirchhoffError, ValueError):
    """A question that does not fit the network, the semiring or the circuit: names, rules, Θ, targets, layers."""


class SemiringError(KirchhoffError, TypeError):
    """A semiring that is none: an operation is missing, or returns something else than values."""


class LawError(SemiringError, ValueError):
    """A semiring whose laws do not hold. The text has the shortest counterexamples.

    ``report`` is what the law checker found: ``checks`` with a ``condition``, an ``equation`` and a ``counterexample`` each.
    """

    def __init__(self, message: str, report: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.report: dict[str, Any] = report or {}


class LimitError(KirchhoffError, RuntimeError):
    """More gates, nodes or memory than is allowed; most limits are arguments."""


class StorageError(KirchhoffError, OSError):
    """A file that cannot be read or written."""


class MissingPackageError(KirchhoffError, ImportError):
    """An optional package that something needs is not installed."""
