"""Examples in docstrings run, and the page on Python names what there is."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import kirchhoff


def test_docstrings() -> None:
    tried = 0
    for module in pkgutil.iter_modules(kirchhoff.__path__):
        if module.name != "_kirchhoff":
            found = doctest.testmod(importlib.import_module(f"kirchhoff.{module.name}"))
            assert not found.failed
            tried += found.attempted
    assert doctest.testmod(kirchhoff).failed == 0
    assert tried > 10


def test_the_page_names_all_that_is_public() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "python.md").read_text()
    for name in kirchhoff.__all__:
        if name not in ("Explanation", "Layer", "Network", "Probability", "Relevance", "Rules", "__version__"):
            assert name in page, f"docs/python.md does not name {name}"
