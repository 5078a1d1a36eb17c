"""Relevance that Zennit and a float64 reference gave, from ONNX and safetensors."""

import pytest

from reference import CHAINS, GOLDEN, OPERATORS, check_chain, check_operators, load

import kirchhoff


@pytest.mark.parametrize(("name", "file"), CHAINS)
def test_trained_chains(name: str, file: str) -> None:
    check_chain(load(name, file), name)


@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name: str) -> None:
    check_operators(load(name, "model.onnx"), name)


def test_a_description_is_loaded_with_its_weights() -> None:
    described = kirchhoff.load(GOLDEN / "mnist-cnn" / "architecture.toml")
    assert [layer.name for layer in described.layers] == [
        layer.name for layer in load("mnist-cnn", "model.safetensors").layers
    ]
