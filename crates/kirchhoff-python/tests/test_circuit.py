"""Gate circuits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pytest

import kirchhoff
from kirchhoff import Circuit, KirchhoffError, LimitError, QuestionError

#: a ⊕ (a ⊗ b)
SUM = '(circuit (variables "a" "b") (output "value" (1) (+ "a" (* "a" "b"))))'


@pytest.fixture(scope="module")
def seven(digits: Any) -> Circuit:
    network, x = digits
    return network.compile(x[7], semiring="boolean", theta=0.05, prune=True, symbolic="hidden")


@pytest.fixture(scope="module")
def edges(digits: Any) -> Circuit:
    network, x = digits
    return network.compile(x[7], semiring="viterbi", prune=True, symbolic="edges").cut("x[9,14]")


def test_a_circuit_is_the_stream(digits: Any) -> None:
    network, x = digits
    circuit = network.compile(x[3], semiring="real", layers="all")
    names = ["real", "boolean", "counting", "viterbi", "tropical", "max-plus", "fuzzy", "bottleneck", "log"]
    for name in names:
        info = kirchhoff.Semiring(name).info
        if info["rule"] not in ("epsilon", "zero"):
            continue
        streamed = network.explain(x[3], semiring=name, rules="epsilon", layers="all")
        folded = circuit.evaluate(name)
        for tensor in streamed:
            np.testing.assert_allclose(
                np.asarray(folded[tensor], float).ravel(), np.asarray(streamed[tensor], float).ravel(), rtol=1e-4, atol=1e-5
            )


def test_one_circuit_under_nine_semirings(digits: Any) -> None:
    network, x = digits
    circuit = network.compile(x[3], semiring="viterbi")
    names = ["boolean", "counting", "counting-float", "viterbi", "tropical", "max-plus", "fuzzy", "bottleneck", "lukasiewicz"]
    values = circuit.evaluate(names)
    assert list(values) == names
    for name in names:
        wanted = network.explain(x[3], semiring=name, rules="max-abs")
        np.testing.assert_allclose(
            np.asarray(values[name].relevance, float).ravel(), np.asarray(wanted.relevance, float), rtol=1e-5, atol=1e-6
        )


def test_simplification_keeps_values_and_refuses_others(seven: Circuit) -> None:
    smaller = seven.simplify("absorptive")
    assert smaller.gates < seven.gates and smaller.report is not None
    np.testing.assert_array_equal(
        smaller.evaluate("boolean", theta=0.05).relevance, seven.evaluate("boolean", theta=0.05).relevance
    )
    with pytest.raises(QuestionError, match="did you mean"):
        seven.simplify("absorbtive")


def test_a_circuit_refuses_semirings_without_its_laws(tmp_path: Path) -> None:
    path = tmp_path / "absorbed.sexpr"
    path.write_text(SUM)
    circuit = Circuit.load(path).simplify("absorptive")
    assert circuit.gates == 1 and "absorptive" in circuit.laws
    assert circuit.evaluate("boolean").relevance
    with pytest.raises(QuestionError, match="semirings with"):
        circuit.evaluate("counting")


def test_saturation(edges: Circuit) -> None:
    saturated = edges.simplify("viterbi", saturate=True, max_nodes=20_000)
    assert saturated.gates <= edges.gates
    np.testing.assert_allclose(saturated.evaluate("viterbi").relevance, edges.evaluate("viterbi").relevance)


def test_formulas(seven: Circuit, edges: Circuit) -> None:
    pixel = seven.cut("x[9,14]")
    assert pixel.outputs == ["x[9,14]"]
    logic = pixel.formula(semiring="boolean", theta=0.05)
    assert logic.startswith("R(x[9,14]) = ") and "∧" in logic
    assert "align*" in pixel.formula("latex", semiring="boolean", theta=0.05)
    assert "align*" in (pixel._repr_latex_() or "")
    assert edges.expressions("top-k(2)")["x[9,14]"].startswith("{1: ")
    assert "{" in pixel.expressions("why", theta=0.05)["x[9,14]"]
    for format in ("json", "sexpr", "svg", "dot"):
        text = pixel.draw(format) if format in ("svg", "dot") else pixel.formula(format)
        assert text
    with pytest.raises(QuestionError, match="no format"):
        pixel.formula("word")
    with pytest.raises(QuestionError, match="symbolic"):
        pixel.expressions("viterbi")
    with pytest.raises(QuestionError, match="without a semiring"):
        pixel.formula(theta=0.1)


def test_questions(digits: Any, seven: Circuit, edges: Circuit) -> None:
    network, x = digits
    pixel = network.compile(x[7], semiring="boolean", theta=0.08, prune=True, symbolic="hidden").cut("x[9,14]")
    assert pixel.ask("witnesses", theta=0.08) == {"x[9,14]": [["h3[70]", "h1[102]"]]}
    (weight, path), *_ = edges.paths(2)["x[9,14]"]
    assert [name for name, _ in path] == ["w4[12→7]", "w2[102→12]", "w0[9,14→102]"]
    assert weight == pytest.approx(1.0)
    before, after = seven.removed(["h1[102]"], semiring="boolean", theta=0.05)
    assert 0 < np.sum(after.relevance) <= np.sum(before.relevance)
    found = pixel.probability(drop=0.5, theta=0.08)
    assert found.probabilities["x[9,14]"] == pytest.approx(0.25) and found.intervals is None
    importance = pixel.importance(theta=0.08)
    assert importance["h3[70]"] == pytest.approx(0.5)
    without = pixel.without("h1[102]")
    assert not without.evaluate("boolean", theta=0.08).relevance
    for question in (
        lambda: pixel.ask("meaning"),
        lambda: pixel.without("h9[1]"),
        lambda: pixel.importance("nowhere"),
        lambda: pixel.importance(99),
        lambda: pixel.importance(measure="size", theta=0.08),
        lambda: pixel.probability(drop=2.0, theta=0.08),
    ):
        with pytest.raises(QuestionError):
            question()


def test_files(tmp_path: Path, seven: Circuit) -> None:
    path = tmp_path / "seven.safetensors"
    seven.save(path)
    again = Circuit.load(path)
    assert (again.gates, again.variables) == (seven.gates, seven.variables)
    np.testing.assert_array_equal(
        again.evaluate("boolean", theta=0.05).relevance, seven.evaluate("boolean", theta=0.05).relevance
    )
    with pytest.raises(kirchhoff.StorageError, match="safetensors"):
        seven.save(tmp_path / "seven.npy")
    stranger = tmp_path / "mine.safetensors"
    stranger.write_bytes(b"mine")
    with pytest.raises(kirchhoff.StorageError):
        seven.save(stranger)
    assert stranger.read_bytes() == b"mine"
    with pytest.raises(kirchhoff.StorageError):
        Circuit.load(stranger)
    damaged = path.read_bytes()
    (tmp_path / "damaged.safetensors").write_bytes(damaged[:-8] + b"\1\2\3\4\5\6\7\0")
    with pytest.raises(kirchhoff.StorageError):
        Circuit.load(tmp_path / "damaged.safetensors")


def test_targets(digits: Any) -> None:
    network, x = digits
    circuit = network.compile(x[3], 3, semiring="boolean", leaves="edges")
    other = circuit.with_target(5)
    np.testing.assert_array_equal(
        other.evaluate("boolean").relevance.ravel(), network.explain(x[3], target=5, semiring="boolean").relevance
    )
    with pytest.raises(QuestionError, match="leaf for each edge"):
        network.compile(x[3], 3, semiring="boolean").with_target(5)


def test_a_graph_evaluates_to_the_same(seven: Circuit) -> None:
    graph = seven.to_networkx()
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (seven.gates, seven.wires)
    values: dict[int, float] = {}
    for node in networkx.topological_sort(graph):
        children = [values[child] for child in graph.predecessors(node)]
        kind = graph.nodes[node]["kind"]
        if kind == "plus":
            values[node] = sum(children)
        elif kind == "times":
            values[node] = float(np.prod(children))
        else:
            values[node] = 0.0 if kind == "zero" else 1.0
    counts = seven.evaluate("counting", theta=0.05).relevance.ravel()
    # A wire that is used twice by one gate is one edge of the graph, so that counts may be less there.
    walked = [values[node] for node in graph.graph["outputs"].values()]
    np.testing.assert_array_equal(np.array(walked) > 0, counts > 0)
    with pytest.raises(LimitError, match="max_gates"):
        seven.to_networkx(max_gates=10)


def test_what_circuits_refuse(digits: Any, seven: Circuit) -> None:
    network, x = digits
    for ask in (
        lambda: network.compile(x, semiring="boolean"),
        lambda: network.compile(x[0], max_gates=10),
        lambda: network.compile(x[0], leaves="some"),
        lambda: network.compile(x[0], leaves="edges", prune=True, semiring="boolean"),
        lambda: network.compile(x[0], symbolic="9"),
        lambda: seven.evaluate("counting"),
        lambda: seven.evaluate("boolean", rules="zero"),
        lambda: seven.cut("nowhere"),
    ):
        with pytest.raises(KirchhoffError):
            ask()
