"""Inputs as networks take them, whatever they come as. This is the one place that knows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _kirchhoff, _optional
from ._errors import InputError

#: What stands for inputs: an array or a PyTorch tensor, files by path, or arrays by the names of the network's inputs.
Inputs = Any


@dataclass
class Prepared:
    """Inputs as native code takes them."""

    #: float32, inputs on the first axis.
    values: NDArray[np.float32]
    #: Whether there was such an axis.
    batched: bool
    #: Channels, height and width, where an input is a picture and the network takes a vector.
    picture: tuple[int, int, int] | None
    #: The shape in which inputs came, with the axis of inputs if there was one.
    shape: tuple[int, ...]
    #: What they are called, where they came from files.
    names: list[str] | None = None


def prepare(x: Inputs, network: _kirchhoff.Network) -> Prepared:
    """Inputs for a network: one, or several on a first axis.

    Numbers of any real type become float32 as they are: nothing is scaled. Axes of length 1 make no difference, and a network
    of vectors takes anything of as many values. Files are read and preprocessed as the model's file says.
    """
    if isinstance(x, Mapping):
        return _together(x, network) if len(network.inputs_of) > 1 else prepare(_only(x, network), network)
    if _is_files(x):
        paths = [os.fspath(path) for path in ([x] if isinstance(x, (str, os.PathLike)) else x)]
        return read(paths, network, {})
    array = to_float32(x)
    shape = tuple(network.input_shape)
    fitted = _fit(array, shape)
    if fitted is None:
        raise InputError(
            f"the network takes inputs of shape {list(shape)}, one or several on a first axis, and not an array of shape "
            f"{list(array.shape)}"
        )
    values, batched = fitted
    if len(values) == 0:
        raise InputError(f"an array of shape {list(array.shape)} holds no inputs")
    return Prepared(values, batched, _picture(array.shape, batched, shape), array.shape)


def shapes(x: Inputs | None) -> list[tuple[str | None, list[int]]]:
    """The shapes of arrays that are to be inputs, by name where they have one."""
    if x is None:
        return []
    if _is_files(x):
        raise InputError("lengths are told by arrays: read files first, or give input_shape")
    arrays: Mapping[str | None, Any] = x if isinstance(x, Mapping) else {None: x}
    return [(name, list(to_float32(array).shape)) for name, array in arrays.items()]


def read(paths: Sequence[str], network: _kirchhoff.Network, preprocessing: Mapping[str, Any]) -> Prepared:
    """Inputs from files: pictures, arrays, IDX."""
    given = {"scale": None, "mean": None, "std": None, "layout": None, **preprocessing}
    values, names, picture = network.read_inputs(list(paths), given)
    return Prepared(values, True, picture, values.shape, names)


def to_float32(x: Any) -> NDArray[np.float32]:
    """Numbers of any real type as float32, without a copy where they are that."""
    if _optional.is_tensor(x):
        x = x.detach().cpu().numpy()
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise InputError(f"inputs of different shapes are no array: {error}") from error
    if array.dtype.kind not in "fiub":
        raise InputError(f"inputs are real numbers, and not an array of dtype {array.dtype}")
    with np.errstate(over="ignore"):
        return array.astype(np.float32, copy=False)


def _together(x: Mapping[str, Any], network: _kirchhoff.Network) -> Prepared:
    """Arrays for the inputs of a network of several, as one: the values of each, one after the other."""
    inputs = network.inputs_of
    names = [name for name, _, _ in inputs]
    if set(x) != set(names):
        wanted, got = (", ".join(f"`{key}`" for key in keys) for keys in (names, x))
        raise InputError(f"the network has the inputs {wanted}, and arrays are given for {got}")
    parts: list[tuple[NDArray[np.float32], bool]] = []
    for name, lengths, _ in inputs:
        array = to_float32(x[name])
        fitted = _fit(array, tuple(lengths))
        if fitted is None or len(fitted[0]) == 0:
            raise InputError(
                f"the input `{name}` has shape {lengths}, one or several on a first axis, and not that of an array of shape "
                f"{list(array.shape)}"
            )
        parts.append((fitted[0].reshape(len(fitted[0]), -1), fitted[1]))
    count = max(len(values) for values, _ in parts)
    if any(len(values) not in (1, count) for values, _ in parts):
        counts = ", ".join(f"{len(values)} of `{name}`" for (values, _), name in zip(parts, names))
        raise InputError(f"inputs are not equally many: {counts}")
    values = np.concatenate([np.broadcast_to(values, (count, values.shape[1])) for values, _ in parts], axis=1)
    batched = any(batched for _, batched in parts)
    return Prepared(np.ascontiguousarray(values), batched, None, values.shape if batched else values.shape[1:])


def _only(x: Mapping[str, Any], network: _kirchhoff.Network) -> Any:
    name = network.layers()[0][0]
    if set(x) not in ({name}, {"input"}):
        raise InputError(f"the network has one input, `{name}`, and not {', '.join(f'`{key}`' for key in x)}")
    return next(iter(x.values()))


def _is_files(x: Any) -> bool:
    if isinstance(x, (str, os.PathLike)):
        return True
    return isinstance(x, (list, tuple)) and len(x) > 0 and all(isinstance(item, (str, os.PathLike)) for item in x)


def _fit(array: NDArray[np.float32], shape: tuple[int, ...]) -> tuple[NDArray[np.float32], bool] | None:
    if array.shape == shape:
        return array[np.newaxis], False
    if array.ndim == len(shape) + 1 and array.shape[1:] == shape:
        return array, True

    def alike(other: tuple[int, ...]) -> bool:
        if len(shape) == 1:
            return prod(other) == shape[0]
        return [length for length in other if length != 1] == [length for length in shape if length != 1]

    if array.ndim > 0 and alike(array.shape[1:]):
        return array.reshape(len(array), *shape), True
    if alike(array.shape):
        return array.reshape(1, *shape), False
    return None


def _picture(given: tuple[int, ...], batched: bool, shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    one = given[1:] if batched else given
    if len(shape) != 1:
        return None
    if len(one) == 2:
        return (1, one[0], one[1])
    if len(one) == 3:
        return (one[0], one[1], one[2])
    return None
