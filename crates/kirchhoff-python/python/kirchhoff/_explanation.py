"""Explanations: relevance as arrays, with ledgers and pictures."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _kirchhoff, _look, _optional
from ._errors import QuestionError
from ._html import table
from ._look import Look

if TYPE_CHECKING:
    from typing_extensions import Unpack

#: Pictures that a notebook shows of an explanation.
_SHOWN = 10


class Relevance(Mapping[str, NDArray[Any]]):
    """The relevance of tensors in one semiring: a mapping from their names to arrays.

    Arrays have a first axis for inputs where inputs had one. Truth values are bool, values of one float32 are that, and others
    float64; :meth:`exact` has what float64 rounds, and :attr:`columns` what a value has beside one number.
    """

    def __init__(
        self, semiring: str, tensors: Mapping[str, Any], batched: bool, aliases: Mapping[str, str] | None = None
    ) -> None:
        #: The name of the semiring.
        self.semiring = semiring
        self._tensors = tensors
        self._batched = batched
        self._aliases = aliases or {}

    def _shaped(self, values: NDArray[Any]) -> NDArray[Any]:
        return values if self._batched else values[0]

    def _tensor(self, name: str) -> Any:
        name = self._aliases.get(name, name)
        if name not in self._tensors:
            if name == "input" and self._tensors:
                return next(iter(self._tensors.values()))
            known = ", ".join(f"`{known}`" for known in self._tensors)
            raise KeyError(f"there is no relevance of a tensor `{name}`; there is that of {known}: `layers` asks for more")
        return self._tensors[name]

    def __getitem__(self, name: str) -> NDArray[Any]:
        values: NDArray[Any] = self._tensor(name)[0]
        return self._shaped(values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    @property
    def relevance(self) -> NDArray[Any]:
        """The relevance of the input: the first tensor."""
        return self[next(iter(self._tensors))]

    @property
    def columns(self) -> dict[str, dict[str, NDArray[Any]]]:
        """The numbers of values that have several, by the names of tensors and columns."""
        return {
            name: {column: self._shaped(values) for column, values in tensor[1].items()}
            for name, tensor in self._tensors.items()
        }

    def exact(self, name: str = "input") -> NDArray[Any]:
        """Values to the last digit, as an array of Python objects: integers of any size, or what a semiring on objects has."""
        values, _, exact, shape = self._tensor(name)
        found = np.empty(shape, dtype=object)
        if exact is None:
            whole = values.dtype.kind == "f" and bool(np.all(values == np.floor(values))) and bool(np.all(np.isfinite(values)))
            flat = [int(value) if whole else value for value in values.ravel().tolist()]
        else:
            flat = exact
        for place, value in enumerate(flat):
            found.flat[place] = value
        return self._shaped(found)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name}: {list(self[name].shape)}" for name in self)
        return f"{type(self).__name__}({self.semiring}, {shapes})"

    # Arrays have no truth value, so that two of these are never equal by their values.
    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Explanation(Relevance):
    """What a network's answer rests on, in one semiring.

    A mapping from the names of tensors to arrays of relevance: ``explanation["input"]`` is always there, others where
    ``layers`` asked for them.
    """

    def __init__(
        self,
        native: _kirchhoff.Explanation,
        position: int,
        batched: bool,
        names: list[str] | None,
        aliases: Mapping[str, str],
    ) -> None:
        super().__init__(native.names[position], native.tensors(position), batched, aliases)
        self._native = native
        self._position = position
        self._names = names

    @property
    def summaries(self) -> list[dict[str, Any]]:
        """What the network answered on each input: its targets with logits and probabilities, and its largest output."""
        return self._native.summaries()

    @property
    def targets(self) -> list[list[tuple[int, float]]]:
        """The outputs that each input is explained from, with their signs."""
        return self._native.targets(self._position)

    @property
    def settings(self) -> list[dict[str, Any]]:
        """The rule and the annotation that each layer took."""
        return self._native.settings(self._position)

    @property
    def seconds(self) -> float:
        """How long this semiring took, the network aside."""
        return self._native.seconds(self._position)

    @property
    def ledger(self) -> Any:
        """What each layer did with relevance, from output to input: a pandas DataFrame, or a list of dicts without pandas.

        Columns: ``input``, ``layer``, ``operator``, ``rule``, ``edges``, ``kept`` (edges that Θ keeps, where ``count_kept`` asked
        for them), ``neurons`` and ``relevant`` ones; and where relevance adds up, what ``entered`` a layer, what ``left`` it, and
        what its ``bias``, its ``stabiliser`` and ``uncovered`` neurons absorbed.
        """
        rows: list[dict[str, Any]] = []
        for number, ledger in enumerate(self._native.ledgers(self._position)):
            for entry in ledger["layers"]:
                sums = entry.pop("conservation", None) or {}
                sums.pop("shares", None)
                rows.append({"input": number, **entry, **sums})
        pandas = _optional.find("pandas")
        return rows if pandas is None else pandas.DataFrame(rows)

    def activations(self, name: str = "input") -> NDArray[np.float32]:
        """The activations of a tensor: of the input, and of all whose relevance is kept where ``activations=True`` asked."""
        values: NDArray[np.float32] = self._native.activations(name)
        return values if self._batched else values[0]

    def picture(self, input: int = 0, *, format: str = "png", **look: Unpack[Look]) -> bytes:
        """The picture of an input as the tool draws it: the bytes of a ``png``, ``svg`` or ``pdf`` file.

        ``titled=True`` gives it a title, a colour bar and its scale, ``overlay=0.9`` draws it over the input, ``colours="viridis"``
        chooses a palette, ``clip=0.99`` the quantile beyond which values take the colour of the end, ``channels="max"`` how colour
        channels are joined.
        """
        count = len(self._native.summaries())
        if not 0 <= input < count:
            raise QuestionError(f"input {input} is out of range: there are {count}, from 0")
        return self._native.picture(self._position, input, _look.native(look, formats=[format]))

    def plot(self, inputs: Any = None, columns: int = 5, **look: Unpack[Look]) -> Any:
        """Draws heat maps of inputs (the first ten) with matplotlib, and returns the figure; see :meth:`picture` for their look."""
        pyplot = _optional.need("matplotlib.pyplot", "plot()", "matplotlib")
        count = len(self._native.summaries())
        chosen = list(range(min(count, _SHOWN))) if inputs is None else [int(number) for number in np.atleast_1d(inputs)]
        across = min(columns, max(1, len(chosen)))
        down = -(-len(chosen) // across)
        figure, axes = pyplot.subplots(down, across, figsize=(2.2 * across, 2.5 * down), squeeze=False)
        summaries = self.summaries
        for place, axis in enumerate(axes.flat):
            axis.axis("off")
            if place < len(chosen):
                number = chosen[place]
                axis.imshow(pyplot.imread(io.BytesIO(self.picture(number, **look)), format="png"))
                axis.set_title(self._title(number, summaries[number]), fontsize=8)
        figure.suptitle(self.semiring)
        figure.tight_layout()
        pyplot.close(figure)
        return figure

    def _title(self, number: int, summary: Mapping[str, Any]) -> str:
        name = self._names[number] if self._names else str(summary["input"])
        neurons = summary.get("neurons")
        targets = neurons["target"] if neurons else ", ".join(str(target["output"]) for target in summary["targets"])
        return f"{name}, target {targets}"

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        pictures: int = 100,
        formats: str | Sequence[str] = "png",
        same_scale: str | None = None,
        layer_pictures: int = 100,
        force: bool = False,
        **look: Unpack[Look],
    ) -> None:
        """Writes what ``kirchhoff explain --out`` writes: ``relevance.safetensors``, ``explanation.json``, pictures.

        Pictures of at most so many inputs, and of at most so many hidden layers that ``layers`` keeps, in ``formats`` (``png``,
        ``svg``, ``pdf``), with one scale for all inputs of a semiring (``same_scale="semiring"``) or for all semirings of an input
        (``"input"``); see :meth:`picture` for their look.
        """
        native = _look.native(look, formats=formats, same_scale=same_scale, pictures=pictures, layers=layer_pictures)
        self._native.save(os.fspath(folder), force, native)

    def _repr_html_(self) -> str:
        summaries = self.summaries
        parts = []
        for number in range(min(len(summaries), _SHOWN)):
            try:
                data = base64.b64encode(self.picture(number)).decode()
            except QuestionError:
                break  # It is no picture.
            title = self._title(number, summaries[number])
            parts.append(
                f'<figure style="display:inline-block;margin:4px"><img height="140" src="data:image/png;base64,{data}"/>'
                f"<figcaption>{title}</figcaption></figure>"
            )
        rows = [[name, str(list(self[name].shape)), str(self[name].dtype)] for name in self]
        return f"<b>{self.semiring}</b><br/>{''.join(parts)}{table(['tensor', 'shape', 'dtype'], rows)}"
