"""Semirings in Python against the compiled ones, and what is no semiring."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reference import load
from semirings_in_python import Best, Cheapest, Objects, Paths, Reached, Sums

import kirchhoff
from kirchhoff import KirchhoffError, LawError, QuestionError, Semiring, SemiringError

PAIRS = [(Best, "viterbi"), (Sums, "real"), (Paths, "counting"), (Reached, "boolean")]


@pytest.fixture(scope="module")
def convolutions() -> tuple[kirchhoff.Network, Any]:
    network = load("mnist-cnn", "model.onnx")
    digits = kirchhoff.digits()[1]
    return network, digits[:3].reshape(3, *network.input_shape)


@pytest.mark.parametrize(("own", "name"), PAIRS)
def test_blocks_are_the_built_in_semirings(own: type, name: str, digits: Any, convolutions: Any) -> None:
    for network, x in (digits, convolutions):
        wanted = network.explain(x, semiring=name, layers="all")
        found = network.explain(x, semiring=own, layers="all")
        for tensor in wanted:
            assert found[tensor].shape == wanted[tensor].shape
            np.testing.assert_allclose(
                np.asarray(found[tensor], float), np.asarray(wanted[tensor], float), rtol=2e-5, atol=1e-4 * (name == "real")
            )


@pytest.mark.parametrize(("own", "name"), PAIRS)
def test_blocks_fold_gate_circuits(own: type, name: str, digits: Any) -> None:
    network, x = digits
    wanted = Semiring(name).info
    circuit = network.compile(x[7], semiring=name, rules=wanted["rule"], layers="all")
    got, expected = circuit.evaluate(own), circuit.evaluate(name)
    for tensor in expected:
        np.testing.assert_allclose(
            np.asarray(got[tensor], float), np.asarray(expected[tensor], float), rtol=2e-5, atol=1e-4 * (name == "real")
        )


def test_truth_values_and_whole_numbers_keep_their_types(digits: Any) -> None:
    network, x = digits
    found = network.explain(x[0], semiring=[Reached, Paths, Best])
    assert found["reached"].relevance.dtype == np.bool_
    assert found["best"].relevance.dtype == np.float32
    exact = found["paths"].exact()
    assert all(isinstance(number, int) for number in exact)
    np.testing.assert_array_equal(exact, network.explain(x[0], semiring="counting").exact())


def test_records_have_columns(convolutions: Any) -> None:
    network, x = convolutions
    definition = Semiring.define(
        name="defined-cheapest",
        value={"cost": "f32", "number": "u64"},
        zero={"cost": "inf", "number": "0"},
        one={"cost": "0", "number": "1"},
        plus={
            "cost": "min(a.cost, b.cost)",
            "number": "a.number * (a.cost <= b.cost) + b.number * (b.cost <= a.cost)",
        },
        times={"cost": "a.cost + b.cost", "number": "a.number * b.number"},
        theta={"cost": "if(d > 0, -log2(d), inf)", "number": "u64(d > 0)"},
        show="a.cost",
        order="cost",
        rule="max-abs",
        laws=["commutative"],
    )
    found = network.explain(x, semiring=[definition, Cheapest])
    defined, own = found["defined-cheapest"], found["cheapest"]
    np.testing.assert_allclose(own.relevance, defined.relevance, rtol=1e-5)
    np.testing.assert_allclose(own.columns[list(own)[0]]["cost"], own.relevance)
    differ = own.columns[list(own)[0]]["number"] != defined.columns[list(defined)[0]]["number"]
    # Logarithms of NumPy and of definitions differ in the last place, which may make ties.
    assert differ.mean() < 0.05


def test_objects_run_in_networks_and_circuits(digits: Any) -> None:
    network, x = digits
    circuit = network.compile(x[1], semiring="viterbi", theta="abs-clamp", rules="max-abs")
    found = circuit.evaluate(Objects)
    wanted = circuit.evaluate("viterbi", theta="abs-clamp")
    np.testing.assert_allclose(found.relevance, wanted.relevance, rtol=1e-6)
    values = found.exact(list(found)[0])
    assert {edges for _, edges in values} == {0, 3}
    small = kirchhoff.load(_xor())
    own = small.explain(np.array([1.0, 0.0], np.float32), semiring=Objects)
    assert own.exact().shape == (2,)
    assert isinstance(own.exact()[0], tuple)


def _xor() -> str:
    from pathlib import Path

    return str(next((Path(__file__).resolve().parents[3] / "examples" / "xor").glob("*.safetensors")))


def test_theta_may_be_a_function(digits: Any, convolutions: Any) -> None:
    sizes = []

    def clamp(d: Any) -> Any:
        assert d.dtype == np.float32 and d.ndim == 1
        sizes.append(len(d))
        return np.minimum(np.abs(d), 1)

    for network, x in (digits, convolutions):
        for name in ("viterbi", "fuzzy", "lukasiewicz"):
            wanted = network.explain(x, semiring=name, theta="abs-clamp")
            found = network.explain(x, semiring=name, theta=clamp)
            np.testing.assert_allclose(found.relevance, wanted.relevance, rtol=1e-5)
    for name in ("boolean", "counting"):
        found = digits[0].explain(digits[1], semiring=name, theta=lambda d: d >= 0.01)
        wanted = digits[0].explain(digits[1], semiring=name, theta=0.01)
        np.testing.assert_array_equal(found.relevance, wanted.relevance)
    assert max(sizes) > 100, "it is called once a block"
    own = digits[0].explain(digits[1], semiring=Best, theta=lambda d: np.minimum(np.abs(d), np.float32(1)))
    np.testing.assert_allclose(own.relevance, digits[0].explain(digits[1], semiring="viterbi").relevance, rtol=1e-5)


def _some(d: Any, source: Any, destination: Any) -> Any:
    return np.where((source % 3 == 1) & (destination % 2 == 0), np.minimum(np.abs(d), 1), np.float32(0))


def test_theta_may_ask_for_neurons(digits: Any, convolutions: Any) -> None:
    class Some(Best):
        """The strongest path along some edges."""

        name = "some"
        theta = staticmethod(_some)

    defined = Semiring.define(
        name="defined-some",
        plus="max(a, b)",
        times="a * b",
        zero=0,
        one=1,
        theta="if(source % 3 == 1 and destination % 2 == 0, min(abs(d), 1), 0)",
        rule="max-abs",
        laws=["commutative", "absorptive", "selective"],
    )
    for network, x in (digits, convolutions):
        own, wanted = (network.explain(x, semiring=one, layers="all", count_kept=True) for one in (Some, defined))
        function = network.explain(x, semiring="viterbi", rules="max-abs", theta=_some, layers="all", count_kept=True)
        for tensor in wanted:
            np.testing.assert_array_equal(own[tensor], wanted[tensor])
            np.testing.assert_array_equal(function[tensor], wanted[tensor])
        rows = [one.ledger if isinstance(one.ledger, list) else one.ledger.to_dict("records") for one in (own, wanted, function)]
        assert [row["kept"] for row in rows[0]] == [row["kept"] for row in rows[1]] == [row["kept"] for row in rows[2]]
        assert 0 < rows[0][0]["kept"] < rows[0][0]["edges"]
    network, x = digits
    # On gates, where every edge has a leaf of its own; elsewhere nobody knows the neurons.
    edges = network.compile(x[7], semiring="viterbi", leaves="edges")
    wanted = network.explain(x[7], semiring=defined)
    for semiring in (Some, defined):
        np.testing.assert_allclose(edges.evaluate(semiring).relevance, wanted.relevance, rtol=1e-5)
    with pytest.raises(QuestionError, match="neurons of an edge"):
        network.compile(x[7], semiring="viterbi").evaluate(Some)
    with pytest.raises(QuestionError, match="neurons of an edge"):
        network.compile(x[7], semiring=defined, prune=True)

    class OnObjects(Objects):
        name = "on-objects"

        def theta(self, d: float, source: int, destination: int) -> Any:  # type: ignore[override]
            return (d, 1)

    with pytest.raises(SemiringError, match="give it a dtype"):
        network.compile(x[7]).evaluate(OnObjects)

    def wrong(d: Any, source: Any, destination: Any) -> Any:
        return d[:-1]

    with pytest.raises(KirchhoffError, match="theta"):
        network.explain(x[:1], semiring="viterbi", theta=wrong)


def test_a_difference_makes_contrasts(digits: Any) -> None:
    network, x = digits

    class Counted(Paths):
        """Paths beyond those of another target."""

        name = "counted"
        minus = staticmethod(lambda a, b: np.where(a > b, a - np.minimum(a, b), 0).astype(a.dtype))

    class Wrong(Paths):
        """A difference that is none."""

        name = "wrong"
        minus = staticmethod(lambda a, b: a)

    defined = Semiring.define(
        name="defined-counted",
        value="u64",
        plus="a + b",
        times="a * b",
        zero=0,
        one=1,
        theta="threshold(1e-9)",
        minus="if(a > b, a - b, 0)",
        laws=["commutative"],
    )
    wanted = network.explain(x, target="7-3", semiring="counting", theta=0.02)
    for semiring in (Counted, defined):
        found = network.explain(x, target="7-3", semiring=semiring, theta=0.02)
        np.testing.assert_array_equal(found.exact(), wanted.exact())
    with pytest.raises(QuestionError, match="difference"):
        network.explain(x, target="7-3", semiring=Paths)
    with pytest.raises(LawError, match="a ⊖ a = 0"):
        Semiring(Wrong)
    circuit = network.compile(x[7], "7-3", semiring="boolean", theta=0.06, prune=True, symbolic="hidden")
    assert circuit.cut("x[9,14]").expressions("why")
    with pytest.raises(QuestionError, match="each target alone"):
        circuit.paths()


def test_theta_leaves_no_carrier(digits: Any) -> None:
    network, x = digits
    with pytest.raises(QuestionError, match="no element of semiring `viterbi`"):
        network.explain(x, semiring="viterbi", theta=lambda d: d * 7)
    with pytest.raises(SemiringError, match="returned an array of shape"):
        network.explain(x, semiring="viterbi", theta=lambda d: d[:1])
    with pytest.raises(QuestionError, match="definition"):
        network.explain(x, semiring=Semiring.define(plus="max(a,b)", times="a*b", zero=0, one=1, theta="d >= 0.5"), theta=np.abs)


def test_definitions_run_as_on_the_command_line(digits: Any) -> None:
    network, x = digits
    best = Semiring.define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(abs(d), 1)", rule="max-abs")
    np.testing.assert_array_equal(
        network.explain(x, semiring=best).relevance, network.explain(x, semiring="viterbi").relevance
    )
    line = 'define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(abs(d), 1)", rule="max-abs")'
    np.testing.assert_array_equal(
        network.explain(x, semiring=line).relevance, network.explain(x, semiring="viterbi").relevance
    )


def test_laws_are_checked() -> None:
    class Difference:
        dtype, zero, one = np.float32, 0.0, 1.0
        elements = (2.0, 3.0)
        plus = staticmethod(np.subtract)
        times = staticmethod(np.multiply)

    with pytest.raises(LawError, match="a ⊕ b = b ⊕ a") as caught:
        Semiring(Difference)
    assert any(check["counterexample"] for check in caught.value.report["checks"])
    assert Semiring(Difference, check=False).name == "difference"
    with pytest.raises(LawError, match="⊕ b"):
        Semiring.define(plus="a - b", times="a * b", zero=0, one=1, theta="d")

    class OfObjects:
        zero, one, elements = 0, 1, (2, 3)

        def plus(self, a: int, b: int) -> int:
            return a + b

        def times(self, a: int, b: int) -> int:
            return a + b

    with pytest.raises(LawError):
        Semiring(OfObjects)

    class Declares(Best):
        name = "declares"
        laws = ("idempotent-times",)  # type: ignore[assignment]

    with pytest.raises(LawError, match="a ⊗ a = a"):
        Semiring(Declares)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (object(), "lacks zero, one, plus, times"),
        (3, "is no semiring"),
        (int, "is no semiring"),
        ("viterby", "did you mean"),
        ("missing.toml", "cannot read the definition"),
        ('define(plus="max(a, c)", times="a * b", zero=0, one=1, theta="d")', "unknown name `c`"),
    ],
)
def test_what_is_no_semiring(source: Any, message: str) -> None:
    with pytest.raises(kirchhoff.KirchhoffError, match=message):
        Semiring(source)


def _with(**changes: Any) -> Any:
    return type("Changed", (Best,), {"name": "changed", **changes})()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dtype": np.int32, "zero": 0, "one": 1}, "they may be float32"),
        ({"dtype": ">f4"}, "they may be float32"),
        ({"dtype": object}, "they may be float32"),
        ({"dtype": "nonsense"}, "nonsense"),
        ({"dtype": [("a", "f8", 9)]}, "they may be float32|bytes"),
        ({"zero": "nought"}, "no value of dtype"),
        ({"plus": 3}, "is no function"),
        ({"laws": ("transitive",)}, "is no law"),
        ({"name": "viterbi"}, "already"),
        ({"name": "Best Path"}, "no name for a semiring"),
        ({"start": "zero"}, "is no start"),
        ({"meaning": "vague"}, "no meaning of values"),
        ({"annotation": "tresholds"}, "did you mean|no annotation|unknown"),
        ({"rule": "gama"}, "did you mean|rule"),
        ({"theta": lambda self, d: d.astype(np.float64)}, "`theta` of semiring `changed` returned"),
        ({"theta": lambda self, d: 1.0}, "`theta` of semiring `changed` returned"),
        ({"plus": lambda self, a, b: np.add(a, b, dtype=np.float64)}, "returned an array of dtype float64"),
        ({"plus": lambda self, a, b: np.concatenate([a, b])}, "returned an array of shape"),
        ({"plus": lambda self, a, b: float(a[0])}, "type float, which is no array"),
        ({"times": lambda self, a, b: None}, "type NoneType"),
        ({"times": lambda self, a: a}, "positional argument"),
    ],
)
def test_classes_that_are_no_semirings(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((kirchhoff.KirchhoffError, TypeError), match=message):
        Semiring(_with(**changes))


class Planned(Exception):
    """What a function raises in tests."""


@pytest.mark.parametrize("operation", ["plus", "times", "theta", "project"])
def test_what_functions_raise_comes_out(operation: str, digits: Any, convolutions: Any) -> None:
    class Late(Best):
        name = "late"
        raises = False

        def project(self, a: Any) -> Any:
            return a.astype(np.float64)

    inner = getattr(Late(), operation)

    def outer(*blocks: Any) -> Any:
        if Late.raises:
            raise Planned(operation)
        return inner(*blocks)

    setattr(Late, operation, staticmethod(outer))
    semiring = Semiring(Late)
    for network, x in (digits, convolutions):
        Late.raises = True
        with pytest.raises(Planned, match=operation) as caught:
            network.explain(x, semiring=[semiring, "viterbi"])
        assert any(entry.name == "outer" for entry in caught.traceback), "the traceback leads to the function"
        Late.raises = False
        found = network.explain(x, semiring=[semiring, "viterbi"])
        np.testing.assert_allclose(found["late"].relevance, found["viterbi"].relevance, rtol=1e-5)


def test_blocks_may_be_kept_and_written_to(digits: Any) -> None:
    kept: list[Any] = []

    class Keeping(Best):
        name = "keeping"

        def plus(self, a: Any, b: Any) -> Any:  # type: ignore[override]
            kept.append((a, a.copy()))
            np.maximum(a, b, out=b)
            return b

    network, x = digits
    found = network.explain(x, semiring=Keeping)
    np.testing.assert_allclose(found.relevance, network.explain(x, semiring="viterbi").relevance, rtol=1e-5)
    assert all(np.array_equal(block, copy) for block, copy in kept)


def test_blocks_may_come_back_in_other_strides(digits: Any) -> None:
    class Turned(Best):
        name = "turned"

        def plus(self, a: Any, b: Any) -> Any:  # type: ignore[override]
            return np.maximum(a, b)[::-1].copy()[::-1]

    network, x = digits
    found = network.explain(x, semiring=Turned)
    np.testing.assert_allclose(found.relevance, network.explain(x, semiring="viterbi").relevance, rtol=1e-5)


def test_blocks_of_large_layers_have_many_edges() -> None:
    sizes: list[int] = []

    class Sized(Best):
        name = "sized"

        def times(self, a: Any, b: Any) -> Any:  # type: ignore[override]
            sizes.append(len(a))
            return a * b

    network = load("mnist-cnn", "model.onnx")
    x = np.tile(kirchhoff.digits()[1], (2, 1)).reshape(20, *network.input_shape)
    semiring = kirchhoff.Semiring(Sized)
    sizes.clear()
    found = network.explain(x, semiring=semiring)
    np.testing.assert_allclose(found.relevance, network.explain(x, semiring="viterbi").relevance, rtol=1e-5)
    assert max(sizes) > 4000


def test_padding_of_records_counts_for_nothing(digits: Any) -> None:
    class Padded:
        """A record with 7 bytes that nobody writes."""

        dtype = [("truth", "?"), ("value", "f8")]
        zero, one, rule = (False, 0.0), (True, 1.0), "max-abs"

        def _made(self, truth: Any, value: Any) -> Any:
            found = np.frombuffer(np.random.bytes(16 * len(value)), np.dtype(self.dtype, align=True)).copy()
            found["truth"], found["value"] = truth, value
            return found

        def plus(self, a: Any, b: Any) -> Any:
            return self._made(a["truth"] | b["truth"], np.maximum(a["value"], b["value"]))

        def times(self, a: Any, b: Any) -> Any:
            return self._made(a["truth"] & b["truth"], a["value"] * b["value"])

        def theta(self, d: Any) -> Any:
            return self._made(d != 0, np.minimum(np.abs(d.astype(np.float64)), 1))

        def project(self, a: Any) -> Any:
            return a["value"]

    network, x = digits
    found = network.explain(x, semiring=Padded)
    np.testing.assert_allclose(found.relevance, network.explain(x, semiring="viterbi").relevance, rtol=1e-5)


def test_a_rule_of_terms(digits: Any) -> None:
    network, x = digits
    own = kirchhoff.Rule("own-epsilon", terms=[("identity", "identity")], epsilon=1e-6)
    np.testing.assert_array_equal(
        network.explain(x, rules=own).relevance, network.explain(x, rules=kirchhoff.Rule("epsilon")).relevance
    )
    two = kirchhoff.Rule(
        "own-alpha2-beta1",
        parts=[
            kirchhoff.Part([("positive", "positive"), ("negative", "negative")], coefficient=2.0),
            kirchhoff.Part([("positive", "negative"), ("negative", "positive")], coefficient=-1.0),
        ],
    )
    np.testing.assert_array_equal(
        network.explain(x, rules={"*": two}).relevance, network.explain(x, rules={"*": "alpha-beta(2, 1)"}).relevance
    )
    for wrong, message in (
        ({"terms": []}, "no terms"),
        ({"terms": [("sideways", "identity")]}, "is no function of an activation"),
        ({"terms": [("identity", "identity")], "epsilon": -1.0}, "stabiliser"),
        ({"terms": [("identity", "identity")], "normalizer": "sum"}, "normalizer"),
        ({"terms": 3}, "pairs"),
        ({"epsilon": 1e-6}, "has no terms"),
    ):
        with pytest.raises(QuestionError, match=message):
            kirchhoff.Rule("wrong", **wrong)  # type: ignore[arg-type]
    with pytest.raises(QuestionError, match="did you mean"):
        kirchhoff.Rule("gama")
