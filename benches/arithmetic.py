"""What `--arithmetic` changes: relevance under both ways of computing sums, beside what another rounding of the direct one changes.

    python3 benches/arithmetic.py KIRCHHOFF MODEL INPUT

runs the tool under `direct`, `winograd` and `direct` without fused multiply-adds (KIRCHHOFF_INSTRUCTIONS=portable), and says of how many
neurons of all layers boolean relevance differs, and by how much real relevance does, as a share of the largest of its layer. Needs NumPy.
"""

import argparse
import json
import os
import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np

SEMIRINGS = "real,boolean"


def tensors(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    kinds = {"F32": "<f4", "F64": "<f8", "U8": "u1", "BOOL": "u1"}
    body = data[8 + length :]
    return {
        name: np.frombuffer(body[entry["data_offsets"][0] : entry["data_offsets"][1]], kinds[entry["dtype"]])
        for name, entry in header.items()
        if entry["dtype"] in kinds
    }


def relevance(tool: str, model: str, x: str, arithmetic: str, instructions: str | None) -> dict[str, np.ndarray]:
    """Relevance of all tensors."""
    environment = dict(os.environ)
    if instructions:
        environment["KIRCHHOFF_INSTRUCTIONS"] = instructions
    with tempfile.TemporaryDirectory() as folder:
        command = [tool, "explain", model, x, "-s", SEMIRINGS, "--layers", "all", "--pictures", "0", "--page", "none"]
        command += ["--arithmetic", arithmetic, "--out", f"{folder}/out", "-q"]
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        return tensors(Path(folder, "out", "relevance.safetensors"))


def main() -> None:
    """Compares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("model")
    parser.add_argument("input")
    given = parser.parse_args()
    run = lambda *how: relevance(given.tool, given.model, given.input, *how)  # noqa: E731
    direct = run("direct", None)
    others = {"winograd": run("winograd", None), "direct, portable": run("direct", "portable")}
    for name, other in others.items():
        booleans = [key for key in direct if key.startswith("boolean/")]
        neurons = sum(direct[key].size for key in booleans)
        flipped = sum(int((direct[key] != other[key]).sum()) for key in booleans)
        worst = 0.0
        for key in (key for key in direct if key.startswith("real/")):
            largest = np.abs(direct[key]).max(initial=0.0)
            if largest > 0.0:
                worst = max(worst, float(np.abs(direct[key] - other[key]).max() / largest))
        print(f"{name}: boolean differs at {flipped} of {neurons} neurons, real by {worst:.1e} of the largest")


if __name__ == "__main__":
    main()
