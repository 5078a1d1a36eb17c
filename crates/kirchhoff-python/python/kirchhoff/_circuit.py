"""Gate circuits: one formula of ⊕ and ⊗ for an execution, evaluated under any semiring."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from . import _kirchhoff, _optional, _options, _progress, _semiring
from ._errors import LimitError, QuestionError
from ._explanation import Relevance
from ._options import Options
from ._semiring import SemiringLike

if TYPE_CHECKING:
    from typing_extensions import Unpack

#: Gates that a notebook writes as a formula at most.
_WRITTEN = 2_000


@dataclass(frozen=True)
class Probability:
    """How probable it is that outputs stay relevant."""

    #: By the names of outputs.
    probabilities: dict[str, float]
    #: Intervals of 95 %, where worlds were drawn; None where probabilities are exact.
    intervals: dict[str, tuple[float, float]] | None
    #: How many worlds were drawn.
    worlds: int


class Circuit:
    """The provenance circuit of one execution, gate by gate.

    Contributions are numbers on its leaves; Θ is applied when it is evaluated, so that one circuit serves every semiring and Θ,
    unless it was pruned for one. Made by :meth:`Network.compile` or :meth:`load`.

    >>> import kirchhoff
    >>> network, digits = kirchhoff.digits()
    >>> circuit = network.compile(digits[7], semiring="boolean", theta=0.05, prune=True)
    >>> counts = circuit.evaluate("counting", theta="threshold(0.05)")
    >>> bool((counts.relevance > 0).any())
    True
    """

    def __init__(self, native: _kirchhoff.Circuit, report: dict[str, Any] | None = None) -> None:
        self._native = native
        #: What simplification did, where the circuit comes of one.
        self.report = report

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Circuit:
        """Reads a circuit that was saved, by :meth:`save` or ``kirchhoff compile``, or S-expressions (``.sexpr``)."""
        return cls(_kirchhoff.Circuit.load(os.fspath(path)))

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Writes the circuit to a ``.safetensors`` file, with a checksum.

        Files that are not this package's stay, unless ``force`` says otherwise.
        """
        self._native.save(os.fspath(path), force)

    @property
    def gates(self) -> int:
        """The number of gates."""
        return self._native.size()[0]

    @property
    def wires(self) -> int:
        """The number of wires between gates."""
        return self._native.size()[1]

    @property
    def depth(self) -> int:
        """The number of gates on the longest way."""
        return self._native.size()[2]

    @property
    def variables(self) -> list[str]:
        """The names of the variables: of edges, neurons, or what targets start with."""
        return self._native.variables

    @property
    def outputs(self) -> list[str]:
        """The names of the outputs: neurons of the tensors whose relevance the circuit has."""
        return self._native.output_names()

    @property
    def notes(self) -> dict[str, Any]:
        """What is known of the circuit: model, input, targets, and what it was pruned for."""
        return self._native.notes()

    @property
    def laws(self) -> list[str]:
        """The laws that a semiring needs for the circuit, after simplification."""
        return self._native.laws()

    def __repr__(self) -> str:
        gates, wires, depth = self._native.size()
        return f"Circuit({gates} gates, {wires} wires, depth {depth}, {len(self.outputs)} outputs)"

    def simplify(
        self, semirings: SemiringLike = "any", *, saturate: bool = False, max_nodes: int | None = None
    ) -> Circuit:
        """A smaller circuit of the same value in a class of semirings: ``"any"``, ``"commutative"``, ``"idempotent"``,
        ``"absorptive"``, ``"boolean"``, or those that have the laws of one by name.

        ``saturate`` tries equations in all ways, within ``max_nodes`` nodes. The result has a ``report``, and refuses semirings
        that lack a law that was used.
        """
        if not isinstance(semirings, str):
            raise QuestionError("circuits are simplified for a class of semirings by name, or a built-in semiring by name")
        native, report = self._native.simplify(semirings, saturate, max_nodes)
        return Circuit(native, report)

    def cut(
        self, outputs: str | Sequence[str] = (), *, layer: str | None = None, depth: int | None = None
    ) -> Circuit:
        """The part of the circuit for some outputs (``"x[9,14]"``, ``"h1"``, ``"5"``), from one layer on, or to a depth."""
        return Circuit(self._native.cut(_options._names(outputs), layer, depth))

    def without(self, names: str | Sequence[str]) -> Circuit:
        """The circuit with the semiring's 0 in place of some variables."""
        return Circuit(self._native.without(_options._names(names)))

    def with_target(self, target: Any) -> Circuit:
        """The circuit from another target: of one that was compiled with ``leaves="edges"``."""
        return Circuit(self._native.with_target(_options._target(target, ())))

    @overload
    def evaluate(
        self, semiring: list[Any] | tuple[Any, ...], *, progress: bool | None = None, **options: Unpack[Options]
    ) -> dict[str, Relevance]: ...

    @overload
    def evaluate(
        self, semiring: SemiringLike, *, progress: bool | None = None, **options: Unpack[Options]
    ) -> Relevance: ...

    def evaluate(
        self, semiring: SemiringLike, *, progress: bool | None = None, **options: Unpack[Options]
    ) -> Relevance | dict[str, Relevance]:
        """The values of the outputs in a semiring, or in each of several: by the names of their tensors.

        ``theta`` and ``start`` are as for :meth:`Network.explain`. Without a ``theta``, Θ is the one that the circuit was pruned
        for, if it was so in this semiring, else the semiring's default. A semiring on Python objects has its values in
        :meth:`Relevance.exact`.
        """
        wanted, many = _semiring.several(semiring)
        natives = [_semiring.native(one) for one in wanted]
        with _progress.shown(progress) as tell:
            found = self._native.evaluate(natives, _options.native(options), tell)
        # The one execution has no axis.
        made = {one.name: Relevance(one.name, tensors, True) for one, tensors in zip(natives, found)}
        return made if many else made[natives[0].name]

    def expressions(self, semiring: str = "polynomial", **options: Unpack[Options]) -> dict[str, str]:
        """What each output is in a symbolic semiring, as text: ``"which"``, ``"why"``, ``"posbool"``, ``"polynomial"``,
        ``"top-k(3)"``. Needs variables: compile with ``symbolic="edges"`` or ``"hidden"``.
        """
        numeric = _kirchhoff.numbers_of(semiring)
        if numeric is None:
            raise QuestionError(
                f"`{semiring}` is no symbolic semiring: there are {', '.join(_semiring.symbolic_semirings())}; `evaluate` takes "
                "those of numbers"
            )
        numbers = _kirchhoff.Semiring.read(numeric)
        found = self._native.expressions(semiring, numbers, _options.native(options))
        values: dict[str, str] = {}
        for name, value, error, _ in found:
            if value is None:
                raise LimitError(f"R({name}): {error}")
            values[name] = value
        return values

    def formula(
        self,
        format: str = "text",
        *,
        semiring: SemiringLike | None = None,
        digits: int | None = None,
        expand: int = 7,
        max_gates: int = 1_000_000,
        **options: Unpack[Options],
    ) -> str:
        """The circuit as a formula: ``"text"``, ``"latex"``, ``"sexpr"``, ``"json"``, or of one output ``"cnf"`` and ``"nnf"``.

        In a semiring, Θ is applied and the formula is simplified by the laws of the semiring; without one, contributions stay
        numbers and the signs are ⊕ and ⊗. Subformulas of at most ``expand`` gates are written out wherever they are used.
        """
        return self._written(format, semiring, digits, expand, max_gates, options)

    def draw(
        self,
        format: str = "svg",
        *,
        semiring: SemiringLike | None = None,
        digits: int | None = 3,
        max_gates: int = 10_000,
        **options: Unpack[Options],
    ) -> str:
        """A drawing of the circuit: ``"svg"``, or ``"dot"`` for GraphViz."""
        if format not in ("svg", "dot"):
            raise QuestionError(f"`{format}` is no format of drawings: there are svg and dot")
        return self._written(format, semiring, digits, 7, max_gates, options)

    def _written(
        self,
        format: str,
        semiring: SemiringLike | None,
        digits: int | None,
        expand: int,
        max_gates: int,
        options: Options,
    ) -> str:
        given = {"digits": digits, "expand": expand, "max_gates": max_gates}
        if semiring is None:
            if options:
                raise QuestionError(f"{', '.join(options)} means nothing without a semiring")
            return self._native.written(format, None, None, given)
        one = _semiring.native(semiring)
        native = _options.native(options)
        return self._native.annotated(one, native).written(format, one, native["start"], given)

    def _repr_latex_(self) -> str | None:
        if self.gates > _WRITTEN:
            return None
        return self.formula("latex", digits=3, max_gates=_WRITTEN)

    def ask(self, question: str, **arguments: Any) -> Any:
        """A question by its name on the command line: ``"witnesses"``, ``"paths"``, ``"removed"``, ``"probability"``,
        ``"importance"``; with the arguments of the method of that name.
        """
        known: dict[str, Callable[..., Any]] = {
            "witnesses": self.witnesses,
            "paths": self.paths,
            "removed": self.removed,
            "probability": self.probability,
            "importance": self.importance,
        }
        if question not in known:
            raise QuestionError(f"`{question}` is no question: there are {', '.join(known)}")
        return known[question](**arguments)

    def witnesses(
        self,
        *,
        semiring: SemiringLike = "boolean",
        limit: int = 10_000,
        together: bool = False,
        **options: Unpack[Options],
    ) -> dict[str, list[list[str]]]:
        """The minimal sets of variables that suffice for each output to be relevant, or for all of them ``together``.

        More than ``limit`` sets on the way are an error. Needs variables: ``symbolic="hidden"``, say.
        """
        one = _semiring.native(semiring)
        found = _kirchhoff.witnesses(self._native, one, _options.native(options), limit, together)
        return {output["name"]: output["sets"] for output in found}

    def paths(
        self, k: int = 3, *, semiring: SemiringLike = "viterbi", **options: Unpack[Options]
    ) -> dict[str, list[tuple[float, list[tuple[str, float]]]]]:
        """The ``k`` strongest paths from the target to each output: a weight, and the edges with theirs.

        Needs variables on edges: ``symbolic="edges"``.
        """
        one = _semiring.native(semiring)
        found = _kirchhoff.paths(self._native, one, _options.native(options), k)
        return {
            output["name"]: [
                (path["weight"], [(edge["name"], edge["weight"]) for edge in path["edges"]]) for path in output["paths"]
            ]
            for output in found
        }

    def removed(
        self, names: str | Sequence[str], *, semiring: SemiringLike = "real", **options: Unpack[Options]
    ) -> tuple[Relevance, Relevance]:
        """What the outputs are, and what is left of them without some variables; tensor ``"⊕"`` is the sum of all outputs."""
        chosen = _options._names(names)
        self._native.without(chosen)  # Refuses names that are none.
        one = _semiring.native(semiring)
        before, after = _kirchhoff.removed(self._native, one, _options.native(options), chosen)
        return Relevance(one.name, before, True), Relevance(one.name, after, True)

    def probability(
        self,
        *,
        drop: float = 0.1,
        max_nodes: int | None = None,
        seed: int = 0,
        max_worlds: int = 1 << 19,
        error: float = 0.005,
        **options: Unpack[Options],
    ) -> Probability:
        """How probable it is that each output stays relevant if every variable is dropped with probability ``drop``.

        Exact by decision diagrams of at most ``max_nodes`` nodes, else from at most ``max_worlds`` random worlds.
        """
        names, values, intervals, worlds = _kirchhoff.probability(
            self._native, _options.native(options), drop, max_nodes, seed, max_worlds, error
        )
        by_name = None if intervals is None else dict(zip(names, intervals))
        return Probability(dict(zip(names, values)), by_name, worlds)

    def importance(
        self,
        output: int | str = 0,
        *,
        measure: str = "shapley",
        drop: float = 0.1,
        max_nodes: int | None = None,
        seed: int = 0,
        **options: Unpack[Options],
    ) -> dict[str, float]:
        """How important each variable is for one output to be relevant: by ``"shapley"``, ``"banzhaf"`` or ``"birnbaum"``."""
        if isinstance(output, str):
            names = self.outputs
            if output not in names:
                raise QuestionError(f"no output is named `{output}`")
            output = names.index(output)
        names, values, _ = _kirchhoff.importances(
            self._native, _options.native(options), output, measure, drop, max_nodes, seed
        )
        return dict(zip(names, values))

    def to_networkx(self, *, max_gates: int = 100_000) -> Any:
        """The circuit as a ``networkx.DiGraph``, edges from children to the gates that take them, with their ``position``.

        Nodes have a ``kind`` (``"plus"``, ``"times"``, ``"contribution"``, ``"variable"``, ``"one"``, ``"zero"``), a ``label`` and the
        contribution ``d``, where they are one; the graph's ``outputs`` are the nodes of the outputs by name.
        """
        networkx = _optional.need("networkx", "to_networkx()")
        if self.gates > max_gates:
            raise LimitError(f"a graph of {self.gates} gates would be more than the {max_gates} allowed: cut the circuit, or "
                             "raise max_gates")
        gates, outputs = self._native.gates()
        graph = networkx.DiGraph(outputs=dict(zip(self.outputs, outputs)))
        for number, (kind, label, d, children) in enumerate(gates):
            graph.add_node(number, kind=kind, label=label, d=d)
            for position, child in enumerate(children):
                graph.add_edge(child, number, position=position)
        return graph

