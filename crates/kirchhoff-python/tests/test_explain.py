"""Networks, explanations and what does not fit them."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kirchhoff
from kirchhoff import InputError, KirchhoffError, ModelError, QuestionError

REPOSITORY = Path(__file__).resolve().parents[3]


def test_outputs_and_layers(digits: Any) -> None:
    network, x = digits
    assert network.input_shape == (784,) and network.output_shape == (10,)
    assert [layer.name for layer in network.layers] == ["input", "0", "1", "2", "3", "4"]
    outputs = network(x)
    assert outputs.shape == (10, 10) and outputs.dtype == np.float32
    assert outputs.argmax(1).tolist() == [0, 1, 2, 3, 4, 6, 6, 7, 8, 9]
    assert np.array_equal(network(x[3]), outputs[3])


def test_relevance_is_conserved_and_in_ledgers(digits: Any) -> None:
    network, x = digits
    explanation = network.explain(x, layers="all", count_kept=True)
    assert list(explanation) == ["input", "0", "1", "2", "3", "4"]
    assert explanation["4"].shape == (10, 10)
    ledger = explanation.ledger
    rows = ledger if isinstance(ledger, list) else ledger.to_dict("records")
    assert len(rows) == 50
    first = rows[0]
    assert first["layer"] == "4" and first["edges"] == 1000 and first["kept"] <= 1000
    assert abs(first["entered"] - first["left"] - first["bias"] - first["stabiliser"]) < 1e-4
    assert explanation.targets == [[(number, 1.0)] for number in (0, 1, 2, 3, 4, 6, 6, 7, 8, 9)]
    assert explanation.summaries[7]["top"] == 7
    assert explanation.settings[0]["layer"] in {"0", "4"}


def test_one_input_has_no_axis_and_batches_make_no_difference(digits: Any) -> None:
    network, x = digits
    whole = network.explain(x, semiring="real", target=3)
    for number in (0, 7):
        one = network.explain(x[number], semiring="real", target=3)
        assert one.relevance.shape == (784,)
        np.testing.assert_array_equal(one.relevance, whole.relevance[number])
    parted = network.explain(x, target=3, memory=100_000)
    np.testing.assert_array_equal(parted.relevance, whole.relevance)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.astype(np.float64),
        lambda x: x.astype(np.float16).astype(np.float32),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x[::-1][::-1],
        lambda x: x.reshape(10, 28, 28),
        lambda x: x.reshape(10, 1, 28, 28),
        lambda x: x.tolist(),
        lambda x: {"input": x},
        lambda x: np.ma.masked_array(x),
    ],
)
def test_arrays_of_any_layout_and_type(change: Any, digits: Any) -> None:
    network, x = digits
    x = x.astype(np.float16).astype(np.float32)
    wanted = network.explain(x, target=1).relevance
    np.testing.assert_array_equal(network.explain(change(x), target=1).relevance, wanted)


def test_read_only_and_byte_swapped_arrays(digits: Any) -> None:
    network, x = digits
    frozen = x.copy()
    frozen.setflags(write=False)
    np.testing.assert_array_equal(network(frozen), network(x))
    np.testing.assert_array_equal(network(x.astype(">f4")), network(x))
    whole = (x > 0.5).astype(np.uint8)
    np.testing.assert_array_equal(network(whole), network(whole.astype(np.float32)))
    np.testing.assert_array_equal(network(whole.astype(bool)), network(whole.astype(np.float32)))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros(783, np.float32), r"takes inputs of shape \[784\]"),
        (np.zeros((2, 783), np.float32), r"takes inputs of shape \[784\]"),
        (np.zeros((0, 784), np.float32), "holds no inputs"),
        (np.zeros((), np.float32), "takes inputs of shape"),
        (np.zeros(784, np.complex64), "dtype complex64"),
        (np.array(["a"] * 784), "dtype <U1"),
        (np.zeros(784, object), "dtype object"),
        (np.zeros(784, "datetime64[s]"), "dtype datetime64"),
        ([[1.0, 2.0], [1.0]], "different shapes"),
        (None, "dtype object"),
        ({"image": np.zeros(784)}, "has one input, `input`"),
        (np.full(784, np.nan, np.float32), "NaN|nan|finite"),
        (np.full((1, 784), 1e300), "inf|finite"),
        ("missing.png", "missing.png"),
    ],
)
def test_what_is_no_input(x: Any, message: str, digits: Any) -> None:
    with pytest.raises(InputError, match=message):
        digits[0].explain(x)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": 10}, "out of range"),
        ({"target": -1}, "out of range"),
        ({"target": "three"}, "is no target"),
        ({"target": [1, 2]}, "one for all, or one an input"),
        ({"target": 1.5}, "a target is"),
        ({"target": True}, "a target is"),
        ({"target": (3, 4)}, "no entry"),
        ({"semiring": "viterby"}, "did you mean"),
        ({"semiring": []}, "no semiring"),
        ({"semiring": ["real", "real"]}, "named alike"),
        ({"semiring": "polynomial"}, "symbolic"),
        ({"rules": "gama"}, "did you mean"),
        ({"rules": {"9": "zero"}}, "no layer is named"),
        ({"rules": {"0": "winner"}}, "does not fit"),
        ({"rules": 3}, "rules are a name"),
        ({"rules": "gamma(-2)"}, "gamma"),
        ({"semiring": "boolean", "theta": "identity"}, "boolean"),
        ({"semiring": "boolean", "theta": {"9": 0.1}}, "no annotated layer"),
        ({"semiring": "real", "theta": 0.1}, "real"),
        ({"theta": [object()]}, "theta is"),
        ({"layers": "9"}, "no layer is named"),
        ({"layers": 3}, "layers are"),
        ({"start": "two"}, "no start"),
        ({"semiring": "boolean", "start": "logit"}, "start of"),
        ({"max_pool": "median"}, "maximum pooling"),
        ({"softmax": "hard"}, "softmax"),
        ({"low": "deep"}, "low is a number"),
        ({"memory": 1}, "MiB"),
        ({"memory": -1}, "number of bytes"),
        ({"thetas": 0.1}, "no argument thetas"),
    ],
)
def test_what_cannot_be_asked(options: dict[str, Any], message: str, digits: Any) -> None:
    with pytest.raises(KirchhoffError, match=message):
        digits[0].explain(digits[1], **options)


def test_contrasts_rules_and_thresholds(digits: Any) -> None:
    network, x = digits
    contrast = network.explain(x[3], target="3-8").relevance
    each = [network.explain(x[3], target=target).relevance for target in (3, 8)]
    np.testing.assert_allclose(contrast, each[0] - each[1], atol=1e-4)
    composite = network.explain(x, rules=["epsilon-plus", {"0": "w-square", "4": kirchhoff.Rule("epsilon(0.1)")}])
    assert {setting["layer"]: setting["rule"] for setting in composite.settings}["0"] == "w-square"
    automatic = network.explain(x, semiring="boolean", theta="auto(0.1)")
    assert 0 < automatic.relevance.mean() < 0.5
    box = network.explain(x, rules={"0": "z-box"}, low=[-1.0], high=2.0)
    assert np.isfinite(box.relevance).all()


def test_several_semirings_at_once(digits: Any) -> None:
    network, x = digits
    names = kirchhoff.semirings()
    found = network.explain(x, semiring=names)
    assert list(found) == names
    for name in names:
        np.testing.assert_array_equal(found[name].relevance, network.explain(x, semiring=name).relevance)
    counts = found["counting"].exact()
    assert counts.shape == (10, 784) and all(isinstance(count, int) for count in counts.flat)


def test_attributions(digits: Any) -> None:
    network, x = digits
    images = x.reshape(10, 1, 28, 28).astype(np.float64)
    found = network.attribute(images, target=list(range(10)))
    assert found.shape == images.shape
    np.testing.assert_array_equal(found.reshape(10, 784), network.explain(x, target=list(range(10))).relevance)
    (one,) = network.attribute((x[0],), target=0, semiring="viterbi", rules="max-abs")
    np.testing.assert_array_equal(one, network.explain(x[0], target=0, semiring="viterbi").relevance)
    with pytest.raises(InputError):
        network.attribute((x, x), target=0)


def test_pictures_and_files(tmp_path: Path, digits: Any) -> None:
    network, x = digits
    explanation = network.explain(x, semiring="real")
    assert explanation.picture(7).startswith(b"\x89PNG")
    assert "<img" in explanation._repr_html_() and "<table" in network._repr_html_()
    folder = tmp_path / "out"
    explanation.save(folder, pictures=2)
    assert sorted(path.name for path in folder.iterdir()) == [
        "explanation.json",
        "real-input_0.png",
        "real-input_1.png",
        "relevance.safetensors",
        "sheet.png",
    ]
    assert json.loads((folder / "explanation.json").read_text())["semirings"]["real"]
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / "sheet.png").write_bytes(b"mine")
    with pytest.raises(kirchhoff.StorageError, match="sheet.png"):
        explanation.save(stranger)
    assert (stranger / "sheet.png").read_bytes() == b"mine"
    again = network.explain(folder / "real-input_0.png")
    assert again.relevance.shape == (1, 784)
    read = network.read_inputs([folder / "real-input_0.png"], mean=0.5, std=0.5)
    assert read.shape == (1, 784) and read.min() >= -1
    with pytest.raises(QuestionError, match="out of range"):
        explanation.picture(10)


def test_pictures_for_papers(tmp_path: Path, digits: Any) -> None:
    network, x = digits
    explanation = network.explain(x, semiring="real", layers=["1"])
    svg = explanation.picture(7, format="svg", titled=True, colours="purple-green", clip=0.99).decode()
    assert ">real</text>" not in svg and "real</text>" in svg and "<image" in svg
    assert explanation.picture(7, format="pdf").startswith(b"%PDF")
    assert explanation.picture(7, overlay=0.9) != explanation.picture(7)
    explanation.save(tmp_path, pictures=2, formats=["svg", "pdf"], same_scale="semiring", layer_pictures=1, titled=True)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"real-input_0.svg", "real-input_1.pdf", "sheet.pdf", "sheet.svg", "layer-1-real-input_0.pdf"} <= names
    assert "layer-1-real-input_1.pdf" not in names
    for wrong in ({"colours": "jet"}, {"clip": 0.2}, {"overlay": 2.0}, {"channels": "mean"}, {"format": "gif"}, {"size": 3}):
        with pytest.raises(QuestionError):
            explanation.picture(0, **wrong)


def test_activations(digits: Any) -> None:
    network, x = digits
    explanation = network.explain(x, layers=["1", "3"], activations=True)
    assert explanation.activations("1").shape == (10, 300)
    assert (explanation.activations("1") >= 0).all()
    np.testing.assert_array_equal(explanation.activations(), x)
    with pytest.raises(QuestionError, match="there is no activation"):
        explanation.activations("0")
    with pytest.raises(KeyError, match="no relevance of a tensor"):
        explanation["2"]


def test_models_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").write_bytes(b"")
    (tmp_path / "wild.safetensors").write_bytes(b"\xff" * 100)
    (tmp_path / "alone.toml").write_text("output = 'x'")
    for name in ("empty.onnx", "wild.safetensors", "missing.onnx", "model.pt", "alone.toml", "."):
        with pytest.raises(ModelError, match=name.replace(".", r"\.") if name != "." else "folder"):
            kirchhoff.load(tmp_path / name)


def test_open_axes_have_the_lengths_of_arrays() -> None:
    path = REPOSITORY / "crates/kirchhoff-network/tests/fixtures/onnx/refused/open-tokens.onnx"
    with pytest.raises(ModelError, match="leaves the length"):
        kirchhoff.load(path)
    tokens = np.arange(7) % 4
    mask = np.ones(7, np.float32)
    network = kirchhoff.load(path, inputs={"tokens": tokens, "mask": mask})
    assert network.inputs == {"tokens": (7,), "mask": (7,)} and network.output_shape == (7, 3)
    assert network({"tokens": tokens, "mask": mask}).shape == (7, 3)
    # Several on a first axis; what is said goes first; arrays that do not fit are no help.
    several = {"tokens": np.stack([tokens, tokens[::-1]]), "mask": mask[np.newaxis]}
    assert kirchhoff.load(path, inputs=several)(several).shape == (2, 7, 3)
    said = kirchhoff.load(path, inputs={"tokens": tokens, "mask": mask[:4]}, input_shape={"tokens": [4]})
    assert said.inputs["tokens"] == (4,)
    with pytest.raises(ModelError, match="leaves the length"):
        kirchhoff.load(path, inputs={"mask": mask})
    with pytest.raises(InputError, match="give input_shape"):
        kirchhoff.load(path, inputs="tokens.npy")


def test_threads_can_be_set(digits: Any) -> None:
    network, x = digits
    wanted = network.explain(x).relevance
    try:
        for threads in (1, 3):
            kirchhoff.set_threads(threads)
            np.testing.assert_array_equal(network.explain(x).relevance, wanted)
        for wrong in (0, -1, 5000):
            with pytest.raises(QuestionError, match="threads"):
                kirchhoff.set_threads(wrong)
    finally:
        kirchhoff.set_threads(None)


def test_nothing_is_warned_of(digits: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        digits[0].explain(digits[1], progress=False)


def test_explanations_start_at_hidden_layers_and_go_through_neurons(digits: Any) -> None:
    network, x = digits
    hidden = network.explain(x[7], layers="all", target="1[102]")
    start = np.zeros(300, np.float32)
    start[102] = network.explain(x[7], layers="all", activations=True).activations("1")[102]
    assert start[102] != 0 and np.array_equal(hidden["1"], start)
    assert hidden.summaries[0]["neurons"] == {"target": "1[102]", "active": 1}
    # What goes through a neuron and what does not make up the whole.
    whole, through, without = (
        network.explain(x[7], **options)["input"]
        for options in ({}, {"through": "h1[102]"}, {"remove": ["h1[102]"]})
    )
    assert np.abs(through).max() > 0 and np.allclose(through + without, whole, atol=1e-5)
    best = network.explain(x[7], semiring="viterbi", remove="h1[*]")["input"]
    assert best.max() == 0
    for wrong in ({"target": "9[3]"}, {"through": "h1[300]"}, {"remove": "h1"}):
        with pytest.raises(QuestionError):
            network.explain(x[7], **wrong)


def test_the_arithmetic_is_chosen() -> None:
    network, x = kirchhoff.digits()
    direct = network.with_arithmetic("direct")
    assert (network.arithmetic, direct.arithmetic) == ("winograd", "direct")
    # The digits' network has no convolutions: both are the same sums.
    np.testing.assert_array_equal(direct(x), network(x))
    with pytest.raises(kirchhoff.QuestionError, match="no arithmetic is named `exact`"):
        network.with_arithmetic("exact")
