"""Runs docs/tutorial.ipynb and compares what it prints with what it shows.

    python crates/kirchhoff-python/tests/notebook.py [--write]

With --write, what it prints is stored in it instead, pictures included.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[3] / "docs" / "tutorial.ipynb"


def texts(notebook: Any) -> list[list[str]]:
    """What every cell prints, without addresses of objects."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            parts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
            found.append([re.sub(r"0x[0-9a-f]+", "0x…", part) for part in parts])
    return found


def main() -> int:
    shown = nbformat.read(NOTEBOOK, as_version=4)
    ran = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(ran, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    if "--write" in sys.argv[1:]:
        for cell in ran.cells:
            cell.metadata.pop("execution", None)
        nbformat.write(ran, NOTEBOOK)
        return 0
    wrong = [
        f"cell {number} shows\n{wanted}\nand prints\n{got}"
        for number, (wanted, got) in enumerate(zip(texts(shown), texts(ran), strict=True))
        if wanted != got
    ]
    pictures = sum("image/png" in output.get("data", {}) for cell in ran.cells for output in cell.get("outputs", []))
    if pictures == 0:
        wrong.append("there is no picture")
    print("\n".join(wrong) or f"{NOTEBOOK.name}: prints what it shows, with {pictures} picture")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
