"""Studies over whole data sets: masks, pruning, perturbation, thresholds.

Every function takes a network and data: a pair of arrays, inputs and labels; an iterable of such pairs, as a PyTorch
``DataLoader`` is; or the path of a folder or file, as ``kirchhoff study`` takes it. With a folder as ``out``, the files of the
study are written there, and a run that was stopped goes on from what it stored.
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _inputs, _kirchhoff, _optional, _options, _progress, _semiring
from ._errors import InputError, QuestionError
from ._network import Network
from ._options import Options
from ._semiring import SemiringLike

#: Inputs with labels: see the module.
Data = Any

#: Values of a data set in memory, at most.
_LARGEST = 1 << 30

_DEFAULT_SEMIRINGS = ("boolean", "real", "counting-float", "viterbi")


@dataclass
class Study:
    """What a study found: its files, which are in memory whether they were written or not."""

    #: The contents by name: ``study.json``, tables as ``.csv``, pictures, a report.
    files: Mapping[str, bytes]

    @property
    def summary(self) -> dict[str, Any]:
        """``study.json``."""
        found: dict[str, Any] = json.loads(self.files["study.json"])
        return found

    def table(self, name: str) -> Any:
        """A table by the name of its file: a pandas DataFrame, or a list of dicts without pandas."""
        file = name if name.endswith(".csv") else f"{name}.csv"
        if file not in self.files:
            known = ", ".join(known for known in self.files if known.endswith(".csv"))
            raise QuestionError(f"the study has no table `{file}`; there are {known}")
        text = self.files[file].decode()
        pandas = _optional.find("pandas")
        return list(csv.DictReader(io.StringIO(text))) if pandas is None else pandas.read_csv(io.StringIO(text))

    def arrays(self, name: str) -> dict[str, Any]:
        """The arrays of a ``.safetensors`` file of the study, by their names."""
        file = name if name.endswith(".safetensors") else f"{name}.safetensors"
        if file not in self.files:
            known = ", ".join(known for known in self.files if known.endswith(".safetensors"))
            raise QuestionError(f"the study has no file `{file}`; there are {known or 'none'}")
        return _tensors(self.files[file])

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes the files to a folder; none that is there is replaced."""
        os.makedirs(folder, exist_ok=True)
        for name, content in self.files.items():
            with open(os.path.join(folder, name), "xb") as file:
                file.write(content)

    def __repr__(self) -> str:
        return f"Study({', '.join(self.files)})"


def mask(
    network: Network,
    data: Data,
    *,
    semiring: Any = _DEFAULT_SEMIRINGS,
    classes: Sequence[int] | None = None,
    correct: bool = False,
    quantile: Sequence[float] = (),
    **options: Any,
) -> Study:
    """What is relevant to each class, over all of its inputs. Options: see :func:`prune`.

    ``correct`` takes those inputs only that the network answers by their label.
    """
    settings = {
        "mask_classes": None if classes is None else [int(number) for number in classes],
        "correct": correct,
        "quantile": list(quantile),
    }
    return _study(network, data, semiring, settings, options)


def prune(
    network: Network,
    data: Data,
    *,
    method: Any = ("real", "viterbi", "boolean", "counting-float", "l1", "l2", "activation", "random"),
    train: Data = None,
    layer: str | None = None,
    seeds: int = 5,
    inputs: int = 500,
    step: int | None = None,
    write: Mapping[str, float] | None = None,
    **options: Any,
) -> Study:
    """How a network fares without the neurons of a layer that matter least, by several measures of what matters.

    Parameters
    ----------
    method
        Semirings, and ``"l1"``, ``"l2"``, ``"activation"``, ``"random"``.
    train
        Data to rank neurons by; without it, ``data``.
    layer
        The layer; without it, the first that can be pruned.
    seeds, inputs
        Each of so many seeds ranks by so many inputs that it draws.
    step
        Neurons to remove at a step.
    write
        Networks to write, as ONNX and safetensors: the share of neurons to remove, by method.
    options
        ``out`` (a folder), ``restart``, ``force``, ``seed``, ``limit`` (inputs to take), ``split`` (``"test"`` or ``"train"``, of a folder
        in MNIST's format), ``labels`` (a file), ``skip_bad``, ``resize``, ``progress``; ``target``, which is ``"label"`` by default;
        and those of :meth:`Network.explain`.
    """
    methods = _semiring.several(method)[0]
    measures = ("l1", "l2", "activation", "random")
    semirings = [one for one in methods if not (isinstance(one, str) and one in measures)]
    names = [one if isinstance(one, str) else _semiring.native(one).name for one in methods]
    labels = options.get("labels")
    settings = {
        "prune_layer": layer,
        "method": names,
        "seeds": seeds,
        "inputs": inputs,
        "step": step,
        "train": _data(data if train is None else train, network, labels if train is None else None),
        "write": list((write or {}).items()),
    }
    return _study(network, data, semirings, settings, options)


def perturb(
    network: Network,
    data: Data,
    *,
    semiring: Any = ("real", "boolean", "counting-float", "viterbi"),
    order: Sequence[str] = ("most", "least", "random"),
    baseline: Sequence[str] = ("black",),
    square: int | None = None,
    step: int | None = None,
    steps: int | None = None,
    eta: Sequence[float] | None = None,
    attack_step: int = 5,
    draws: int = 1,
    windows: tuple[int, int] | None = None,
    keep: int = 0,
    **options: Any,
) -> Study:
    """Whether the answer goes when what is relevant goes: pixel flipping, region perturbation, and the attack of the paper.

    ``square`` perturbs squares of so many pixels, ``eta`` (one a semiring) attacks, ``windows`` (side and stride) makes a map.
    Options: see :func:`prune`.
    """
    settings = {
        "order": list(order),
        "baseline": list(baseline),
        "square": square,
        "step": step,
        "steps": steps,
        "eta": None if eta is None else [float(number) for number in eta],
        "attack_step": attack_step,
        "draws": draws,
        "windows": windows,
        "keep": keep,
    }
    return _study(network, data, semiring, settings, options)


def thresholds(
    network: Network,
    data: Data,
    *,
    semiring: SemiringLike = "boolean",
    at: Sequence[float] | None = None,
    share: Sequence[float] = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5),
    constant: Sequence[float] = (1e-9, 0.01, 0.02, 0.05, 0.1),
    baseline: str = "black",
    critical: str | None = None,
    step: int = 1,
    steps: int = 50,
    keep: int = 0,
    **options: Any,
) -> Study:
    """What is relevant at each θ, and which θ to choose. ``critical`` is the Θ of critical thresholds, ``"rank"`` say.

    Options: see :func:`prune`.
    """
    rank = critical == "rank"
    grid = [number / 48 if rank else 10 ** (number / 12 - 4) for number in range(49)]
    settings = {
        "critical": _semiring.native("bottleneck"),
        "critical_theta": critical,
        "at": [1e-9, *grid] if at is None else [float(theta) for theta in at],
        "share": [float(one) for one in share],
        "constant": [float(theta) for theta in constant],
        "threshold_baseline": baseline,
        "step": step,
        "steps": steps,
        "keep": keep,
    }
    return _study(network, data, semiring, settings, options)


def _study(network: Network, data: Data, semiring: Any, settings: dict[str, Any], options: dict[str, Any]) -> Study:
    own = {
        "restart": False,
        "seed": 0,
        "limit": None,
        "split": "test",
        "skip_bad": False,
        "resize": False,
        "force": False,
    }
    given = {name: options.pop(name, default) for name, default in own.items()}
    out, labels, progress = options.pop("out", None), options.pop("labels", None), options.pop("progress", None)
    memory = options.pop("memory", None)
    target = options.pop("target", "label")
    by_label = isinstance(target, str) and target == "label"
    if not by_label:
        options["target"] = target
    semirings = [_semiring.native(one) for one in _semiring.several(semiring)[0]]
    question = _options.native(_options_of(options), network.output_shape)
    with tempfile.TemporaryDirectory() as temporary, _progress.shown(progress) as tell:
        study = {
            **given,
            "out": os.path.join(temporary, "study") if out is None else os.fspath(out),
            "by_label": by_label,
            "memory": 4 << 30 if memory is None else memory,
        }
        read = _data(data, network, labels)
        return Study(dict(_kirchhoff.study(network._native, read, semirings, question, study, settings, tell)))


def _options_of(options: dict[str, Any]) -> Options:
    found: Options = {}
    found.update(options)  # type: ignore[typeddict-item]
    return found


def _data(data: Data, network: Network, labels: Any) -> tuple[Any, Any]:
    """A data set as native code takes it: an array with labels, or paths."""
    if isinstance(data, (str, os.PathLike)):
        return os.fspath(data), None if labels is None else os.fspath(labels)
    if isinstance(data, tuple) and len(data) == 2:
        pairs: Iterable[Any] = [data]
    elif isinstance(data, Iterable):
        pairs = data
    else:
        raise InputError(f"data are a pair of inputs and labels, an iterable of pairs, or a path, and not a {type(data).__name__}")
    values: list[Any] = []
    found: list[int] = []
    size = 0
    for pair in pairs:
        try:
            x, y = pair
        except (TypeError, ValueError) as error:
            raise InputError("data come as pairs of inputs and labels") from error
        prepared = _inputs.prepare(x, network._native)
        values.append(prepared.values)
        found.extend(_labels(y))
        size += prepared.values.size
        if size > _LARGEST:
            raise InputError(f"data of more than {_LARGEST} values do not fit in memory: put them into files")
    if not values:
        raise InputError("the data set is empty")
    array = values[0] if len(values) == 1 else np.concatenate(values)
    if len(found) != len(array):
        raise InputError(f"there are {len(found)} labels for {len(array)} inputs")
    return array, found


def _labels(y: Any) -> list[int]:
    if _optional.is_tensor(y):
        y = y.detach().cpu().numpy()
    array = np.atleast_1d(np.asarray(y))
    if array.ndim != 1 or array.dtype.kind not in "iu" or (array.size and array.min() < 0):
        raise InputError(f"labels are whole numbers from 0, and not an array of dtype {array.dtype}, shape {list(array.shape)}")
    return [int(label) for label in array]


def _tensors(content: bytes) -> dict[str, Any]:
    """The tensors of a safetensors file."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    dtypes = {"F32": "<f4", "F64": "<f8", "BOOL": "?", "U64": "<u8", "I64": "<i8", "U8": "u1", "U32": "<u4"}
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        first, end = entry["data_offsets"]
        part = content[8 + length + first : 8 + length + end]
        found[name] = np.frombuffer(part, dtypes[entry["dtype"]]).reshape(entry["shape"])
    return found
