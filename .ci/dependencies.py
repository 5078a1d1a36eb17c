#!/usr/bin/env python3
"""Checks what deny.toml says of licences, sources and banned crates, by `cargo metadata` alone: for places without cargo-deny.

Advisories are not looked at: their database is not among a package registry's files.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def allowed(expression, licences):
    """Whether a licence expression of SPDX is satisfied by licences that are allowed. `/` is an old way to write OR."""
    tokens = re.findall(r"\(|\)|AND\b|OR\b|/|[^\s()/]+(?:\s+WITH\s+[^\s()/]+)?", expression)

    def any_of():
        found = all_of()
        while tokens and tokens[0] in ("OR", "/"):
            tokens.pop(0)
            # Both sides are read, whatever the first one is.
            found = all_of() or found
        return found

    def all_of():
        found = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            found = one() and found
        return found

    def one():
        token = tokens.pop(0)
        if token == "(":
            found = any_of()
            assert tokens.pop(0) == ")", expression
            return found
        return re.sub(r"\s+", " ", token) in licences

    found = any_of()
    assert not tokens, expression
    return found


def check(manifest, rules):
    command = ["cargo", "metadata", "--format-version", "1", "--all-features", "--locked", "--manifest-path", str(manifest)]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    own = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    banned = {entry["crate"] for entry in rules["bans"]["deny"]}
    faults = []
    for package in metadata["packages"]:
        name = f"{package['name']} {package['version']}"
        if not package["license"] or not allowed(package["license"], rules["licenses"]["allow"]):
            faults.append(f"{name}: licence {package['license']}")
        source = package["source"]
        if source is not None and not source.startswith("registry+"):
            faults.append(f"{name}: from {source}")
        if package["name"] in banned:
            faults.append(f"{name}: banned")
        if source is None:
            wild = [d["name"] for d in package["dependencies"] if d["req"] == "*" and not d.get("path")]
            faults += [f"{name}: any version of {dependency}" for dependency in wild]
    # Cargo's own registry, and no other one beside it.
    registries = {package["source"] for package in metadata["packages"]} - {None}
    faults += [f"several registries: {registries}"] if len(registries) > 1 else []
    print(f"{manifest.relative_to(ROOT)}: {len(own)} packages")
    return faults


def main():
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    faults = check(ROOT / "Cargo.toml", rules)
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
