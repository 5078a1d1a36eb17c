"""What is asked beside the semiring, as native code takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, get_type_hints

import numpy as np

from . import _optional, _rule
from ._errors import QuestionError


class TargetedOptions(TypedDict, total=False):
    """The arguments of questions whose target is given apart; see :meth:`kirchhoff.Network.explain`."""

    rules: Any
    theta: Any
    layers: Any
    through: Any
    remove: Any
    start: str | None
    max_pool: str | None
    product: Any
    softmax: Any
    norm: Any
    affine: Any
    low: Any
    high: Any
    count_kept: bool
    memory: int | None


class Options(TargetedOptions, total=False):
    """The arguments that every question takes."""

    target: Any


_NAMES = tuple(get_type_hints(Options))
_TREATMENTS = ("product", "softmax", "norm", "affine")


def native(options: Options, output_shape: Sequence[int] = ()) -> dict[str, Any]:
    """Options as native code takes them."""
    unknown = options.keys() - set(_NAMES)
    if unknown:
        known = ", ".join(_NAMES)
        raise QuestionError(f"there is no argument {', '.join(sorted(unknown))}; there are {known}")
    memory = options.get("memory")
    if memory is not None and (not isinstance(memory, int) or memory < 0):
        raise QuestionError(f"memory is a number of bytes, and not {memory!r}")
    return {
        "targets": _targets(options.get("target"), output_shape),
        "rules": _rule.chosen(options.get("rules")),
        "thetas": _thetas(options.get("theta")),
        "treatments": [choice for what in _TREATMENTS for choice in _treatments(what, options.get(what))],
        "start": _text("start", options.get("start")),
        "max_pool": _text("max_pool", options.get("max_pool")),
        "low": _numbers("low", options.get("low")),
        "high": _numbers("high", options.get("high")),
        "layers": _names(options.get("layers")),
        "through": _names(options.get("through")),
        "remove": _names(options.get("remove")),
        "count_kept": bool(options.get("count_kept", False)),
        "memory": memory,
    }


def _text(what: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise QuestionError(f"{what} is a name, and not a {type(value).__name__}")


def _targets(target: Any, output_shape: Sequence[int]) -> list[str]:
    if target is None:
        return []
    if _optional.is_tensor(target):
        target = target.detach().cpu().numpy()
    if isinstance(target, np.ndarray):
        target = target.tolist()
    if isinstance(target, (list, range)):
        return [_target(one, output_shape) for one in target]
    return [_target(target, output_shape)]


def _target(target: Any, output_shape: Sequence[int]) -> str:
    if isinstance(target, str):
        return target
    if isinstance(target, tuple):
        try:
            return str(int(np.ravel_multi_index(target, tuple(output_shape))))
        except (ValueError, TypeError) as error:
            raise QuestionError(f"target {target} is no entry of an output of shape {list(output_shape)}") from error
    if isinstance(target, (int, np.integer)) and not isinstance(target, bool):
        if target < 0:
            raise QuestionError(f"target {target} is out of range: outputs are numbered from 0")
        return str(int(target))
    raise QuestionError(
        f"a target is a number, an entry as a tuple, a text such as `top` or `3-8`, or a list of one an input, and not "
        f"{target!r}"
    )


def _theta(theta: Any) -> str | float | Any:
    if isinstance(theta, str) or callable(theta):
        return theta
    if isinstance(theta, (int, float, np.floating, np.integer)) and not isinstance(theta, bool):
        return float(theta)
    raise QuestionError(f"theta is a number, an annotation by name, or a function, and not a {type(theta).__name__}")


def _thetas(theta: Any) -> list[tuple[str | None, Any]]:
    if theta is None:
        return []
    if isinstance(theta, Mapping):
        return [(str(layer), _theta(choice)) for layer, choice in theta.items()]
    if isinstance(theta, (list, tuple)):
        return [choice for part in theta for choice in _thetas(part)]
    return [(None, _theta(theta))]


def _treatments(what: str, choice: Any) -> list[tuple[str, str | None, str]]:
    if choice is None:
        return []
    if isinstance(choice, Mapping):
        return [(what, str(layer), str(how)) for layer, how in choice.items()]
    return [(what, None, str(choice))]


def _numbers(what: str, value: Any) -> list[float] | None:
    if value is None:
        return None
    try:
        return [float(number) for number in np.atleast_1d(np.asarray(value, dtype=np.float64)).ravel()]
    except (TypeError, ValueError) as error:
        raise QuestionError(f"{what} is a number, or one a channel") from error


def _names(layers: Any) -> list[str]:
    if layers is None:
        return []
    if isinstance(layers, str):
        return [layers]
    try:
        names = list(layers)
    except TypeError as error:
        raise QuestionError("layers are `input`, `all`, or a list of names and patterns") from error
    if not all(isinstance(name, str) for name in names):
        raise QuestionError("layers are `input`, `all`, or a list of names and patterns")
    return names
