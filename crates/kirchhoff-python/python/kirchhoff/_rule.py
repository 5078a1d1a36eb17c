"""Rules: how a layer shares the relevance of a neuron out among its sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import _kirchhoff
from ._errors import QuestionError

#: A function of an activation or a weight: ``"identity"``, ``"positive"``, ``"negative"``, ``"absolute"``; its slopes above
#: and below 0; ``"one"``; of weights also ``"square"``; of activations also one constant a channel, as a list.
Factor = "str | tuple[float, float] | list[float]"

_SLOPES: dict[str, tuple[float, float]] = {
    "identity": (1.0, 1.0),
    "positive": (1.0, 0.0),
    "negative": (0.0, 1.0),
    "absolute": (1.0, -1.0),
}


@dataclass(frozen=True)
class Part:
    """One quotient of a rule, ``c · n / stab(z)``, whose numerators ``n = Σ u(a) · ρ(w)`` are sums of at most four terms.

    >>> Part([("absolute", "absolute")], bias=False, epsilon=1e-6).normaliser
    'sum'
    """

    #: Pairs of what each term takes of the activation and of the weight: see :data:`Factor`.
    terms: Sequence[tuple[Any, Any]]
    coefficient: float = 1.0
    #: Whether the bias acts as a source neuron of activation 1.
    bias: bool = True
    #: ``"sum"``, ``"maximum"`` or ``"one"``.
    normaliser: str = "sum"
    #: What keeps the normaliser from 0.
    epsilon: float = 1e-6
    #: ``"signed"``: ``z + ε · sign(z)``; ``"added"``: ``z + ε``; ``"root-mean-square"``: ``z + 1e-9 + ε · sqrt(mean z²)``.
    stabiliser: str = "signed"
    #: The destination neurons that the part is for: ``"all"``, or those of ``"positive"`` or ``"negative"`` output.
    destinations: str = "all"

    def _data(self) -> dict[str, Any]:
        return {
            "coefficient": self.coefficient,
            "numerators": [(_source(u), _weight(rho)) for u, rho in _pairs(self.terms)],
            "bias": self.bias,
            "normaliser": self.normaliser,
            "stabiliser": {self.stabiliser: self.epsilon},
            "destinations": self.destinations,
        }


class Rule:
    """A rule of the table by its text, or one of your own.

    Parameters
    ----------
    name
        ``"gamma(0.25)"``, say; or what your rule is called.
    terms
        The terms ``u(a) · ρ(w)`` of your rule, as pairs; ``options`` are then those of :class:`Part`.
    parts
        The quotients of your rule, where one is not enough.

    Examples
    --------
    >>> str(Rule("gamma(0.25)"))
    'gamma(0.25)'
    >>> magnitude = Rule("magnitude", terms=[("absolute", "absolute")], bias=False)
    >>> str(magnitude)
    'magnitude'
    """

    def __init__(
        self,
        name: str = "own",
        *,
        terms: Sequence[tuple[Any, Any]] | None = None,
        parts: Sequence[Part] | None = None,
        **options: Any,
    ) -> None:
        if terms is not None and parts is not None:
            raise QuestionError("a rule is given by its terms or by its parts, and not by both")
        if terms is not None:
            try:
                parts = [Part(terms, **options)]
            except TypeError as error:
                raise QuestionError(f"rule `{name}`: {error}") from error
        elif options:
            raise QuestionError(f"rule `{name}` has no terms for {', '.join(options)}")
        if parts is None:
            self._native = _kirchhoff.Rule.read(name)
        else:
            self._native = _kirchhoff.Rule.of_parts(name, [part._data() for part in parts])

    def __str__(self) -> str:
        return str(self._native)

    def __repr__(self) -> str:
        return f"Rule({str(self)!r})"


@dataclass(frozen=True)
class Rules:
    """The names of all rules, and of the composites, which name a rule for each kind of layer."""

    rules: list[str] = field(default_factory=list)
    composites: list[str] = field(default_factory=list)


def rules() -> Rules:
    """What there is to choose from as ``rules=``."""
    names, composites = _kirchhoff.rule_names()
    return Rules(names, composites)


def _pairs(terms: Sequence[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    try:
        return [(u, rho) for u, rho in terms]
    except (TypeError, ValueError) as error:
        raise QuestionError("terms are pairs: what each takes of the activation, and of the weight") from error


def _slopes(factor: Any, what: str) -> dict[str, float]:
    if isinstance(factor, str):
        if factor not in _SLOPES:
            raise QuestionError(f"`{factor}` is no function of {what}: there are {', '.join(_SLOPES)}, one, square")
        positive, negative = _SLOPES[factor]
    else:
        try:
            positive, negative = map(float, factor)
        except (TypeError, ValueError) as error:
            raise QuestionError(f"a function of {what} is a name, or its slopes above and below 0") from error
    return {"positive": positive, "negative": negative}


def _source(factor: Any) -> Any:
    if factor == "one":
        return "one"
    if isinstance(factor, list):
        return {"channel": [float(constant) for constant in factor]}
    return {"activation": _slopes(factor, "an activation")}


def _weight(factor: Any) -> Any:
    if factor in ("one", "square"):
        return factor
    return {"weight": _slopes(factor, "a weight")}


def chosen(rules: Any) -> list[tuple[str | None, str | _kirchhoff.Rule]]:
    """Rules as native code takes them: for all layers, or for those that a pattern means."""
    if rules is None:
        return []
    if isinstance(rules, Rule):
        return [(None, rules._native)]
    if isinstance(rules, str):
        return [(None, rules)]
    if isinstance(rules, Mapping):
        found: list[tuple[str | None, str | _kirchhoff.Rule]] = []
        for layer, rule in rules.items():
            if not isinstance(layer, str) or not isinstance(rule, (str, Rule)):
                raise QuestionError("rules by layer are names of layers with a name or a Rule each")
            found.append((layer, rule._native if isinstance(rule, Rule) else rule))
        return found
    if isinstance(rules, Sequence):
        return [choice for part in rules for choice in chosen(part)]
    raise QuestionError(
        f"rules are a name, a Rule, a mapping from layers to them, or a list of those, and not a {type(rules).__name__}"
    )
