"""Relevance that Zennit and a float64 reference gave, from ONNX and safetensors."""

import numpy as np
import pytest

from reference import CHAINS, GOLDEN, OPERATORS, check_chain, check_operators, load

import kirchhoff


@pytest.mark.parametrize(("name", "file"), CHAINS)
def test_trained_chains(name: str, file: str) -> None:
    check_chain(load(name, file), name)


@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name: str) -> None:
    check_operators(name)


def test_inputs_of_networks_of_several() -> None:
    network = kirchhoff.load(GOLDEN / "op-mixed" / "model.onnx", output="scores")
    shapes = network.inputs
    assert list(shapes) == ["vector", "image"]
    one = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    several = {name: np.stack([array] * 3) for name, array in one.items()}
    # One of each, several, and one that is the same for all.
    alone = network(one)
    assert np.array_equal(network(several), np.stack([alone] * 3))
    assert np.array_equal(network(several | {"vector": one["vector"]}), np.stack([alone] * 3))
    relevance = network.explain(several, semiring="boolean", target=0)
    assert {name: relevance[name].shape for name in shapes} == {name: (3, *shape) for name, shape in shapes.items()}
    with pytest.raises(kirchhoff.InputError, match="has the inputs `vector`, `image`"):
        network({"vector": one["vector"]})
    with pytest.raises(kirchhoff.InputError, match="the input `image` has shape"):
        network(one | {"image": np.ones(3)})
    with pytest.raises(kirchhoff.InputError, match="not equally many"):
        network(several | {"image": np.stack([one["image"]] * 2)})
    with pytest.raises(kirchhoff.ModelError, match="no output 'none'"):
        kirchhoff.load(GOLDEN / "op-mixed" / "model.onnx", output="none")


def test_a_description_is_loaded_with_its_weights() -> None:
    described = kirchhoff.load(GOLDEN / "mnist-cnn" / "architecture.toml")
    assert [layer.name for layer in described.layers] == [
        layer.name for layer in load("mnist-cnn", "model.safetensors").layers
    ]
