"""The reference cases of tests/golden, as the Rust tests read them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import kirchhoff
from kirchhoff.study import _tensors

GOLDEN = Path(__file__).resolve().parents[3] / "tests" / "golden"


@dataclass
class Reference:
    """The cases of one network, with their inputs and what is expected."""

    cases: dict[str, Any]
    expected: dict[str, Any]


def read(name: str) -> Reference:
    folder = GOLDEN / name
    cases = json.loads((folder / "cases.json").read_text())
    return Reference(cases, _tensors((folder / "expected.safetensors").read_bytes()))


def worst_error(got: Any, wanted: Any) -> float:
    """The largest difference, relative to the largest magnitude; infinities must agree."""
    got, wanted = np.asarray(got, np.float64).ravel(), np.asarray(wanted, np.float64).ravel()
    assert got.shape == wanted.shape
    finite = np.abs(wanted[np.isfinite(wanted)])
    with np.errstate(invalid="ignore"):
        difference = np.where(got == wanted, 0.0, np.abs(got - wanted))
    return float(difference.max() / max(finite.max(initial=0.0), np.finfo(np.float64).tiny))


def check_chain(network: kirchhoff.Network, name: str) -> None:
    """Every case of one of the trained chains, on the input and all hidden layers."""
    reference = read(name)
    modules, expected = reference.cases["modules"], reference.expected
    layers = [layer.name for layer in network.layers]
    assert len(layers) == len(modules) + 1
    inputs, labels = expected["inputs"].astype(np.float32), expected["labels"].tolist()
    assert worst_error(network(inputs), expected["logits"]) < 1e-5
    compared = 0
    for case in reference.cases["cases"]:
        rules: list[Any] = [case.get("composite") or "zero"]
        for module, (rule, *parameters) in case.get("rules", {}).items():
            # The reference lists a rule for its maximum pool even where the winner takes all.
            if not (case["maxpool"] == "winner" and modules[int(module)].startswith("MaxPool")):
                text = f"{rule}({','.join(map(str, parameters))})" if parameters else rule
                rules.append({layers[int(module) + 1]: text})
        annotated = {
            layers[int(module) + 1]: theta
            for module, theta in case.get("thetas", {}).items()
            if not (case["maxpool"] == "winner" and modules[int(module)].startswith("MaxPool"))
        }
        found = network.explain(
            inputs,
            target=labels,
            semiring=case["semiring"],
            rules=rules,
            theta=[case.get("theta") or "identity", annotated],
            start=case["start"],
            max_pool=case["maxpool"],
            layers="all",
            low=0.0,
            high=1.0,
        )
        exact = all(theta == 1e-9 for theta in case.get("thetas", {}).values())
        for module in range(len(modules)):
            whole = case.get("composite") and module == 0
            key = case["name"] if whole else f"{case['name']}/before_module_{module}"
            if key not in expected:
                continue
            compared += 1
            got, wanted = found[layers[module]], expected[key]
            if case.get("thetas"):
                wrong = int(np.sum(np.asarray(got, np.float64).ravel() != wanted.ravel()))
                assert wrong <= (0 if exact else wanted.size // 500), f"{name} {key}: {wrong} entries differ"
            else:
                worst = worst_error(got, wanted)
                assert worst < 1e-4, f"{name} {key}: worst error {worst:.1e}"
    assert compared == len(expected) - 3


def check_operators(name: str) -> None:
    """Every case of one of the networks of operators, on all inputs and hidden tensors."""
    reference = read(name)
    cases, expected = reference.cases, reference.expected
    samples = cases["samples"]
    networks: dict[str, tuple[kirchhoff.Network, Any]] = {}
    for output in cases["outputs"]:
        network = kirchhoff.load(GOLDEN / name / "model.onnx", output=output["name"])
        arrays = {
            key: expected[f"input/{key}"].astype(np.float32).reshape(samples, *shape)
            for key, shape in network.inputs.items()
        }
        inputs = arrays if len(arrays) > 1 else next(iter(arrays.values()))
        assert worst_error(network(inputs), expected[f"output/{output['name']}"]) < 1e-5
        networks[output["name"]] = (network, inputs)
    compared = 0
    for case in cases["cases"]:
        output = next(output for output in cases["outputs"] if output["name"] == case["target"]["output"])
        network, inputs = networks[output["name"]]
        theta, *number = case["theta"]
        found = network.explain(
            inputs,
            target=[int(np.ravel_multi_index(index, output["shape"])) for index in case["target"]["index"]],
            semiring=case["semiring"],
            theta=[theta, *number],
            start=case["start"],
            layers=case["tensors"],
            **_setting(case["setting"]),
        )
        for tensor in case["tensors"]:
            got, wanted = found[tensor], expected[f"{case['name']}/{tensor}"]
            compared += 1
            if number:
                wrong = int(np.sum(np.asarray(got, np.float64).ravel() != wanted.ravel()))
                assert wrong <= (0 if number == [1e-9] else -(-wanted.size // 500)), f"{name} {case['name']} {tensor}"
            else:
                assert worst_error(got, wanted) < 1e-4, f"{name} {case['name']} {tensor}"
    assert compared == sum(not key.startswith(("input/", "output/")) for key in expected)


def _setting(setting: str) -> dict[str, Any]:
    base, _, products = setting.partition(", ")
    kind, name, *arguments = base.split(" ")
    text = f"{name}({', '.join(arguments)})" if arguments else name
    more: dict[str, dict[str, Any]] = {
        "": {},
        "half for every product": {"product": "half"},
        "max pooling as average": {"max_pool": "average"},
    }
    return {"rules": kirchhoff.Rule(text) if kind == "rule" else text, **more[products]}


CHAINS = [(name, file) for name in ("mnist-mlp", "mnist-cnn") for file in ("model.onnx", "model.safetensors")]


OPERATORS = ("op-se", "op-unet", "op-vit", "op-encoder", "op-lstm", "op-gru", "op-mixed")


def load(name: str, file: str) -> kirchhoff.Network:
    folder = GOLDEN / name
    description = folder / "architecture.toml"
    described = file.endswith("safetensors") and description.exists()
    return kirchhoff.load(folder / file, architecture=description if described else None)
