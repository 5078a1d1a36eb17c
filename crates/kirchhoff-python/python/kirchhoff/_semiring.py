"""Semirings: by name, as definitions, and of Python functions."""

from __future__ import annotations

import inspect
import json
import os
import re
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _kirchhoff
from ._errors import LawError, SemiringError

#: What stands for a semiring: a name, the path of a definition or ``define(...)``; a :class:`Semiring`; or an object (or class)
#: with ``zero``, ``one``, ``plus`` and ``times``.
SemiringLike = Any

#: Contributions of which Θ makes elements that laws are tested on.
_SAMPLES = (1.0, 0.5, 0.25, -1.0, 2.0, -0.5, 0.03125, 0.125, 1.5)
#: Laws are tested on so many elements, unless more are named.
_ELEMENTS = 10
#: Bytes that a value may have.
_SIZES = (8, 16, 32, 64)

#: The attribute under which an object keeps what was made of it, so that its laws are tested once.
_MADE = "_kirchhoff_semiring"


class Semiring:
    """A semiring ``(K, ⊕, ⊗, 0, 1)``, with the Θ that takes contributions into it.

    Parameters
    ----------
    source
        - A name, ``"viterbi"``; :func:`semirings` lists them.
        - The path of a definition, which ends in ``.toml``, or ``define(...)`` on one line.
        - An object or a class with ``zero``, ``one``, ``plus(a, b)`` and ``times(a, b)``, and perhaps ``theta(d)``.

        With an attribute ``dtype`` its operations take *blocks*: arrays of that dtype, one number (float32, float64, uint64,
        int64, bool) or a record of such; ``theta`` takes an array of float32. They are called once a block, on arrays that may
        be kept and written to. A ``theta(d, source, destination)`` takes the numbers of each edge's neurons as well, as arrays of
        int64. Without, they take single Python objects: for gate circuits and small networks.

        Further attributes: ``name``, ``rule``, ``annotation`` (Θ by name), ``start`` (``"one"`` or ``"logit"``), ``laws`` (of
        ``"commutative"``, ``"idempotent"``, ``"idempotent-times"``, ``"absorptive"``, ``"selective"``), ``meaning`` of values as
        numbers (``"share"``, ``"cost"``, ``"signed"``, …), ``elements`` to test laws on, ``project(a)``, which makes numbers of
        values for pictures and sums, and of semirings on blocks ``minus(a, b)``, the difference ⊖.
    check
        Whether the axioms and the declared laws are tested.

    Raises
    ------
    LawError
        If they do not hold: the text has the shortest counterexamples.
    SemiringError
        If there is no such semiring, or an operation is missing or returns something else than values.

    Examples
    --------
    >>> import numpy as np
    >>> class Best:
    ...     '''The strongest path.'''
    ...     dtype, zero, one, rule = np.float32, 0.0, 1.0, "max-abs"
    ...     plus = staticmethod(np.maximum)
    ...     times = staticmethod(np.multiply)
    ...     theta = staticmethod(lambda d: np.minimum(np.abs(d), 1))
    >>> Semiring(Best)
    Semiring('best')
    """

    #: The object that keeps this one; another object of its class does not count.
    _source: weakref.ref[Any] | None = None

    def __init__(self, source: SemiringLike, *, check: bool = True) -> None:
        self._native: _kirchhoff.Semiring
        if isinstance(source, Semiring):
            self._native = source._native
        elif isinstance(source, (str, os.PathLike)):
            self._native = _kirchhoff.Semiring.read(os.fspath(source), check)
        else:
            self._native = _of_object(source)
            if check:
                self.check_laws()

    @classmethod
    def define(
        cls,
        *,
        plus: str | Mapping[str, str],
        times: str | Mapping[str, str],
        zero: Any,
        one: Any,
        theta: str | Mapping[str, str],
        minus: str | Mapping[str, str] | None = None,
        value: str | Mapping[str, str] = "f32",
        name: str = "defined",
        description: str = "",
        show: str | None = None,
        order: str | None = None,
        laws: Sequence[str] = (),
        rule: str | None = None,
        start: str | None = None,
        check: bool = True,
    ) -> Semiring:
        """A semiring of expressions, which run in compiled blocks: see the page on definitions.

        ``theta`` is an expression in the contribution ``d``, and may name the neurons of its edge, ``source`` and ``destination``;
        ``minus`` is the difference ⊖ in ``a`` and ``b``, for contrasts such as ``target="7-3"``.
        Values of several numbers have a mapping from the names of columns to expressions (or types, as ``value``) each.

        >>> Semiring.define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(abs(d), 1)", laws=["absorptive"])
        Semiring('defined')
        """
        lines = [f"name = {_toml(name)}"]
        fields: list[tuple[str, Any]] = [("value", value), ("zero", zero), ("one", one), ("plus", plus), ("times", times)]
        fields.append(("theta", theta))
        if minus is not None:
            fields.append(("minus", minus))
        if description:
            lines.append(f"description = {_toml(description)}")
        if laws:
            lines.append(f"laws = [{', '.join(_toml(law) for law in laws)}]")
        lines += [f"{key} = {_toml(text)}" for key, text in (("rule", rule), ("start", start)) if text is not None]
        lines += [f"{key} = {_toml(_text(given))}" for key, given in fields if not isinstance(given, Mapping)]
        shown = {"value": show, "order": order}
        for key, given in [*fields, ("show", {key: text for key, text in shown.items() if text is not None})]:
            if isinstance(given, Mapping) and given:
                lines += [f"[{key}]", *(f"{column} = {_toml(_text(text))}" for column, text in given.items())]
        made = cls.__new__(cls)
        made._native = _kirchhoff.Semiring.from_toml("\n".join(lines) + "\n", check)
        return made

    @property
    def name(self) -> str:
        """The name, under which answers know it."""
        return self._native.name

    @property
    def info(self) -> dict[str, Any]:
        """What there is to know of it: texts, laws, defaults."""
        return self._native.info()

    def check_laws(self) -> str:
        """Tests the axioms and the declared laws, and returns the report as text.

        Raises
        ------
        LawError
            If one does not hold.
        """
        text, passed, report = self._native.check_laws()
        if not passed:
            raise LawError(f"`{self.name}` is no semiring as it is declared:\n{text}", report)
        return text

    def __repr__(self) -> str:
        return f"Semiring({self.name!r})"

    def _repr_html_(self) -> str:
        from ._html import table

        info = self.info
        keys = ("description", "carrier", "plus", "times", "zero", "one", "rule", "annotation", "start")
        return table(["", self.name], [[key, str(info.get(key, ""))] for key in keys])


def semirings() -> list[str]:
    """The names of the built-in semirings of numbers."""
    return _kirchhoff.semiring_names()[0]


def symbolic_semirings() -> list[str]:
    """The names of the symbolic semirings, which :meth:`Circuit.expressions` takes."""
    return _kirchhoff.semiring_names()[1]


def native(source: SemiringLike) -> _kirchhoff.Semiring:
    """What stands for a semiring as native code takes it. Objects are checked once."""
    if isinstance(source, Semiring):
        return source._native
    if isinstance(source, (str, os.PathLike)):
        return Semiring(source)._native
    made = getattr(source, _MADE, None)
    if isinstance(made, Semiring) and made._source is not None and made._source() is source:
        return made._native
    made = Semiring(source)
    try:
        made._source = weakref.ref(source)
        setattr(source, _MADE, made)
    except (AttributeError, TypeError):
        pass  # It takes no attributes, as an object with slots: it is checked anew each time.
    return made._native


def several(semiring: Any) -> tuple[list[SemiringLike], bool]:
    """The semirings that are asked for, and whether they came as a list."""
    if isinstance(semiring, (list, tuple)):
        return list(semiring), True
    return [semiring], False


def _toml(text: str) -> str:
    if not isinstance(text, str):
        raise SemiringError(f"a definition has texts, and not a {type(text).__name__}")
    return json.dumps(text, ensure_ascii=False)


def _text(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)) and np.isinf(value):
        return "inf" if value > 0 else "-inf"
    return str(value)


def _of_object(source: Any) -> _kirchhoff.Semiring:
    if isinstance(source, type):
        try:
            source = source()
        except TypeError as error:
            raise SemiringError(f"class {source.__name__} needs arguments ({error}): give an object of it") from error
    kind = type(source).__name__
    missing = [name for name in ("zero", "one", "plus", "times") if not hasattr(source, name)]
    if missing:
        raise SemiringError(
            f"{kind} is no semiring: it lacks {', '.join(missing)}; a semiring has zero, one, plus(a, b) and times(a, b), and "
            "perhaps theta(d)"
        )
    plus, times = source.plus, source.times
    theta, minus, project = (getattr(source, name, None) for name in ("theta", "minus", "project"))
    functions = {"plus": plus, "times": times, "theta": theta, "minus": minus, "project": project}
    for name, function in functions.items():
        if function is not None and not callable(function):
            raise SemiringError(f"`{name}` of {kind} is no function, but a {type(function).__name__}")
    zero, one = (value() if callable(value) else value for value in (source.zero, source.one))
    facts = _facts(source, functions)
    elements = list(getattr(source, "elements", ()))
    if getattr(source, "dtype", None) is None:
        if minus is not None:
            raise SemiringError(f"`minus` of {kind} is for semirings on blocks: give it a dtype")
        return _kirchhoff.Semiring.on_objects(zero, one, plus, times, theta, project, elements, facts)
    dtype = _aligned(source.dtype, facts["name"])
    _kirchhoff.Semiring.check_dtype(dtype, facts["name"])
    block = _block([zero, one, *elements], dtype, kind)
    if theta is not None:
        samples = _block_of_theta(theta, dtype, facts["name"])
        block = np.concatenate([block, samples])[: max(_ELEMENTS, len(elements) + 2)]
    return _kirchhoff.Semiring.on_blocks(dtype, plus, times, theta, minus, project, block, facts)


def _facts(source: Any, functions: Mapping[str, Any]) -> dict[str, Any]:
    kind = type(source)
    name = getattr(source, "name", None) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", kind.__name__).lower().replace("_", "-")
    laws = getattr(source, "laws", ())
    return {
        "name": str(name),
        "description": (inspect.getdoc(source) or "").split("\n")[0],
        "plus_text": _source_text(functions["plus"]),
        "times_text": _source_text(functions["times"]),
        "theta_text": None if functions["theta"] is None else _source_text(functions["theta"]),
        "rule": getattr(source, "rule", None),
        "annotation": getattr(source, "annotation", None),
        "start": getattr(source, "start", None),
        "meaning": getattr(source, "meaning", None),
        "laws": [laws] if isinstance(laws, str) else list(laws),
    }


def _source_text(function: Any) -> str:
    """What a function says of itself: by this, studies tell semirings apart."""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return str(getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or type(function).__name__)


def _aligned(dtype: Any, name: str) -> np.dtype[Any]:
    """The dtype with numbers at multiples of their sizes, and records filled up to words."""
    try:
        found: np.dtype[Any] = np.dtype(dtype)
    except TypeError as error:
        raise SemiringError(f"dtype of semiring `{name}`: {error}") from error
    if found.names is None:
        return found
    aligned = np.dtype([(field, found[field]) for field in found.names], align=True)
    fields: Mapping[str, Any] = aligned.fields or {}
    size = next((size for size in _SIZES if size >= aligned.itemsize), aligned.itemsize)
    names = list(found.names)
    return np.dtype(
        {
            "names": names,
            "formats": [found[field] for field in names],
            "offsets": [fields[field][1] for field in names],
            "itemsize": size,
        }
    )


def _block(values: Sequence[Any], dtype: np.dtype[Any], kind: str) -> np.ndarray[Any, Any]:
    block = np.zeros(len(values), dtype)
    for place, value in enumerate(values):
        try:
            block[place] = value
        except (TypeError, ValueError, OverflowError) as error:
            raise SemiringError(f"{value!r} of {kind} is no value of dtype {dtype}: {error}") from error
    return block


def _block_of_theta(theta: Any, dtype: np.dtype[Any], name: str) -> np.ndarray[Any, Any]:
    d = np.array(_SAMPLES, np.float32)
    neurons = np.zeros(len(d), np.int64)
    found = theta(d, neurons, neurons) if _kirchhoff.takes_neurons(theta) else theta(d)
    names = dtype.names
    fits = isinstance(found, np.ndarray) and found.shape == d.shape
    if fits:
        fits = found.dtype == dtype if names is None else found.dtype.names == names
    if not fits:
        got = f"an array of dtype {found.dtype}, shape {found.shape}" if isinstance(found, np.ndarray) else repr(type(found))
        raise SemiringError(
            f"`theta` of semiring `{name}` returned {got}; it gets an array of float32 and returns one of dtype {dtype}, of the "
            "same length"
        )
    block = np.zeros(len(d), dtype)
    if names is None:
        block[:] = found
        return block[~np.isnan(block)] if dtype.kind == "f" else block
    for field in names:
        block[field] = found[field]
    return block
