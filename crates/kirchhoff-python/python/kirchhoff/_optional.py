"""Packages that are used where they are installed."""

from __future__ import annotations

import importlib
from typing import Any

from ._errors import MissingPackageError


def find(name: str) -> Any | None:
    """The module of a name, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def need(name: str, purpose: str, package: str | None = None) -> Any:
    """The module of a name, which ``purpose`` needs."""
    found = find(name)
    if found is None:
        installed = package or name.split(".")[0]
        raise MissingPackageError(f"{purpose} needs the package {installed}: pip install {installed}")
    return found


def is_tensor(value: object) -> bool:
    """Whether a value is a PyTorch tensor; PyTorch is not imported for that."""
    return any(base.__module__ == "torch" and base.__name__ == "Tensor" for base in type(value).__mro__)
