"""Networks: read, run and explained."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from . import _inputs, _kirchhoff, _optional, _options, _progress, _semiring
from ._circuit import Circuit
from ._errors import InputError, ModelError, QuestionError
from ._explanation import Explanation
from ._inputs import Inputs
from ._html import table
from ._options import Options, TargetedOptions
from ._semiring import SemiringLike

if TYPE_CHECKING:
    from typing_extensions import Unpack


@dataclass(frozen=True)
class Layer:
    """A layer of a network, which is also the tensor that it computes."""

    name: str
    #: What it computes, in words.
    operator: str
    #: The shape of its result for one input.
    shape: tuple[int, ...]
    #: The layers whose results it takes.
    arguments: tuple[str, ...]


class Network:
    """A network in canonical form: constants are folded into the layers that they belong to.

    Made by :func:`load`, :func:`digits` or :func:`from_torch`.
    """

    def __init__(self, native: _kirchhoff.Network) -> None:
        self._native = native

    @property
    def name(self) -> str:
        """What the model is called: its path, most often."""
        return self._native.name

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """The shape of each input by its name in the model. Of several, arrays are given by these names."""
        return {name: tuple(shape) for name, shape, _ in self._native.inputs_of}

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input."""
        return tuple(self._native.input_shape)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of the outputs for one input: logits, where the model ends in a softmax or sigmoid."""
        return tuple(self._native.output_shape)

    @property
    def classes(self) -> list[str] | None:
        """The names of the outputs, where the model's file tells them."""
        return self._native.classes

    @property
    def edges(self) -> int:
        """The number of edges, which one input passes once forward and once for each semiring."""
        return self._native.edges

    @property
    def arithmetic(self) -> str:
        """How sums of products are computed: ``"winograd"`` or ``"direct"``; see :meth:`with_arithmetic`."""
        return self._native.arithmetic

    def with_arithmetic(self, arithmetic: str) -> Network:
        """The same network with sums of products computed in a given way.

        ``"winograd"``, the default, takes four ninths of the multiplications in large convolutions of 3 × 3 and stride 1;
        ``"direct"`` takes one an edge, everywhere. Both are rounded in float32.
        """
        return Network(self._native.with_arithmetic(arithmetic))

    @property
    def layers(self) -> list[Layer]:
        """The layers, arguments first; the input is one."""
        return [
            Layer(name, operator, tuple(shape), tuple(arguments))
            for name, operator, shape, arguments in self._native.layers()
        ]

    def __repr__(self) -> str:
        return f"Network({self.name}: {list(self.input_shape)} → {list(self.output_shape)}, {len(self.layers)} layers)"

    def _repr_html_(self) -> str:
        rows = [[layer.name, layer.operator, str(list(layer.shape)), ", ".join(layer.arguments)] for layer in self.layers]
        return f"<b>{self.name}</b>{table(['layer', 'operator', 'shape', 'of'], rows)}"

    def __call__(self, x: Inputs, *, memory: int | None = None) -> Any:
        """The outputs on one input, or on several that are stacked on a first axis.

        Parameters
        ----------
        x
            An array of shape ``[*input_shape]`` or ``[n, *input_shape]``, a PyTorch tensor, or paths of files.
        memory
            Bytes for the activations of inputs that are run together.

        Returns
        -------
        An array of shape ``[*output_shape]`` or ``[n, *output_shape]``, float32; a tensor where ``x`` is one.

        >>> import kirchhoff
        >>> network, digits = kirchhoff.digits()
        >>> network(digits).argmax(axis=1).tolist()
        [0, 1, 2, 3, 4, 6, 6, 7, 8, 9]
        """
        prepared = _inputs.prepare(x, self._native)
        outputs = self._native.run(prepared.values, memory)
        return _like(x, outputs if prepared.batched else outputs[0])

    def read_inputs(
        self,
        paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        scale: float | None = None,
        mean: Any = None,
        std: Any = None,
        layout: str | None = None,
    ) -> NDArray[np.float32]:
        """Files of inputs as an array ``[n, *input_shape]``: pictures, ``.npy``, ``.npz``, ``.safetensors``, IDX.

        ``scale``, ``mean``, ``std`` and ``layout`` (``"chw"`` or ``"hwc"``) take the place of what the model's file says.
        """
        several = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
        given = {
            "scale": scale,
            "mean": _options._numbers("mean", mean),
            "std": _options._numbers("std", std),
            "layout": layout,
        }
        return _inputs.read([os.fspath(path) for path in several], self._native, given).values

    @overload
    def explain(
        self,
        x: Inputs,
        *,
        semiring: list[Any] | tuple[Any, ...],
        activations: bool = False,
        progress: bool | None = None,
        **options: Unpack[Options],
    ) -> dict[str, Explanation]: ...

    @overload
    def explain(
        self,
        x: Inputs,
        *,
        semiring: SemiringLike = "real",
        activations: bool = False,
        progress: bool | None = None,
        **options: Unpack[Options],
    ) -> Explanation: ...

    def explain(
        self,
        x: Inputs,
        *,
        semiring: SemiringLike = "real",
        activations: bool = False,
        progress: bool | None = None,
        **options: Unpack[Options],
    ) -> Explanation | dict[str, Explanation]:
        """Explains one input, or several that are stacked on a first axis.

        Parameters
        ----------
        x
            As for :meth:`__call__`.
        target
            The output to explain: a number, ``"top"`` (the default), ``"3,8"`` (both), ``"3-8"`` (for 3 and against 8), an entry
            of an output with several axes as a tuple; or a list of one an input. ``"features.28[3]"`` starts at a channel of a
            hidden layer, from the neurons of it that are active.
        through, remove
            Neurons by name, ``"features.28[3]"`` or ``"h1[17]"``, or a list: only relevance that goes through them, of several
            layers through all, or only what does not.
        semiring
            What stands for a :class:`Semiring`, or a list of such: then they share what they can, and the result is a dict of
            explanations by their names.
        rules
            A composite or rule by name, a :class:`Rule`, a mapping from layers (names or patterns) to rules, or a list of those,
            of which later ones win: ``["epsilon-gamma-box", {"features.0": "w-square"}]``. A name that is both means the
            composite.
        theta
            Θ: an annotation by name, ``"threshold(0.01)"``; another θ as a number; a function from an array of contributions to
            an array of elements, which is called once a block; or a mapping from layers to the first two. ``"auto(0.2)"``
            chooses thresholds for each input.
        layers
            The tensors to keep the relevance of: ``"input"`` (the default), ``"all"``, or names and patterns.
        start
            What targets start with: ``"one"`` or ``"logit"``.
        max_pool, product, softmax, norm, affine
            Ways through what is no sum of weights, as on the command line; a name, or a mapping from layers to names.
        low, high
            Bounds of the input for ``z-box``: one, or one a channel.
        count_kept
            Whether ledgers have the number of edges that Θ keeps.
        memory
            Bytes for activations and relevance: so many inputs are run together as fit.
        activations
            Whether activations are kept of all tensors whose relevance is.
        progress
            Whether there is a bar; without a choice, where tqdm is installed and stderr is a terminal.

        Raises
        ------
        QuestionError, InputError
            Whatever does not fit.

        >>> import kirchhoff
        >>> network, digits = kirchhoff.digits()
        >>> explanation = network.explain(digits, semiring="boolean", theta=0.05)
        >>> explanation["input"].shape, explanation["input"].dtype.name
        ((10, 784), 'bool')
        """
        wanted, many = _semiring.several(semiring)
        prepared = _inputs.prepare(x, self._native)
        natives = [_semiring.native(one) for one in wanted]
        names = [one.name for one in natives]
        if len(set(names)) < len(names):
            raise QuestionError(f"two semirings are named alike: {', '.join(names)}")
        if not names:
            raise QuestionError("no semiring is asked for")
        given = _options.native(options, self.output_shape)
        # Results that the model's file has other names for are known by these, too.
        aliases = {name: self._native.find(name) or name for name in given["layers"]}
        given["layers"] = list(aliases.values())
        with _progress.shown(progress) as tell:
            found = self._native.explain(
                prepared.values,
                prepared.picture,
                natives,
                given,
                activations,
                tell,
            )
        made = [Explanation(found, place, prepared.batched, prepared.names, aliases) for place in range(len(names))]
        return dict(zip(names, made)) if many else made[0]

    def attribute(
        self,
        inputs: Inputs,
        target: Any = None,
        *,
        semiring: SemiringLike = "real",
        progress: bool | None = None,
        **options: Unpack[TargetedOptions],
    ) -> Any:
        """The relevance of inputs, as attributions of Captum: of the shape of the inputs, and a tensor where they are one.

        >>> import kirchhoff
        >>> network, digits = kirchhoff.digits()
        >>> network.attribute(digits, target=3).shape
        (10, 784)
        """
        if isinstance(inputs, tuple):
            if len(inputs) != 1:
                raise InputError(f"the network has one input, and not {len(inputs)}")
            return (self.attribute(inputs[0], target, semiring=semiring, progress=progress, **options),)
        wanted, many = _semiring.several(semiring)
        if many:
            raise QuestionError("attributions are in one semiring")
        asked: Options = {**options, "target": target}
        explanation: Explanation = self.explain(inputs, semiring=wanted[0], progress=progress, **asked)
        relevance = explanation.relevance
        shape = getattr(inputs, "shape", None)
        return _like(inputs, relevance if shape is None else relevance.reshape(tuple(shape)))

    def compile(
        self,
        x: Inputs,
        target: Any = None,
        *,
        semiring: SemiringLike = "real",
        prune: bool = False,
        symbolic: str | Sequence[str] | None = None,
        leaves: str = "values",
        contributions: bool = True,
        max_gates: int = 50_000_000,
        progress: bool | None = None,
        **options: Unpack[TargetedOptions],
    ) -> Circuit:
        """The provenance circuit of one input, gate by gate: for small networks.

        Parameters
        ----------
        x
            One input.
        target, options
            As for :meth:`explain`.
        semiring
            The one whose default rules and Θ count, where others are not given. Others can be evaluated later.
        prune
            Whether edges that Θ sends to 0 are left out: the circuit is then for this Θ alone.
        symbolic
            Where variables are put: on all ``"edges"``, on the neurons of all ``"hidden"`` layers, or on those of layers by name.
        leaves
            ``"values"``: edges of a layer with equal contributions share a leaf; ``"edges"``: none do, and the circuit takes
            other targets.
        contributions
            Whether edges have their contributions, beside variables.
        max_gates
            A larger circuit is an error.
        """
        prepared = _inputs.prepare(x, self._native)
        asked: Options = {**options, "target": target}
        circuit = {
            "prune": prune,
            "symbolic": _options._names(symbolic),
            "contributions": contributions,
            "leaves": leaves,
            "max_gates": max_gates,
        }
        one = _semiring.native(semiring)
        given = _options.native(asked, self.output_shape)
        with _progress.shown(progress) as tell:
            found = self._native.compile(prepared.values, prepared.picture, one, given, circuit, tell)
        return Circuit(found)


def load(
    path: str | os.PathLike[str],
    *,
    architecture: str | os.PathLike[str] | None = None,
    input_shape: Sequence[int] | Mapping[str, Sequence[int]] | None = None,
    inputs: Inputs | None = None,
    output: str | None = None,
    called: str | None = None,
) -> Network:
    """Reads a model: ``.onnx``; ``.safetensors`` of an architecture that its tensors' names tell or ``architecture`` describes;
    or the description itself, ``.toml``, beside a ``.safetensors`` file of the same name or ``model.safetensors``.

    Lengths that the model leaves open, of sequences and pictures, are those of ``inputs``: an array or tensor of one input or of
    several, or a mapping from the names of inputs to such, as the network will take them. Or ``input_shape`` says them: the shape of
    one input, or of inputs by name. ``output`` is the name of the output that explanations start from, the first without one;
    ``called`` is the network's name, in place of its path.
    """
    name = os.fspath(path)
    if name.endswith(".toml"):
        architecture = name if architecture is None else architecture
        name = _weights_of(name)
    given = None if architecture is None else os.fspath(architecture)
    shapes: list[tuple[str, list[int]]] = []
    shape: list[int] | None = None
    if isinstance(input_shape, Mapping):
        shapes = [(key, [int(length) for length in lengths]) for key, lengths in input_shape.items()]
    elif input_shape is not None:
        shape = [int(length) for length in input_shape]
    return Network(_kirchhoff.load(name, given, shape, called, output, shapes, _inputs.shapes(inputs)))


def _weights_of(description: str) -> str:
    """The weights that belong to a description: the file of its name, or ``model.safetensors`` beside it."""
    own = description.removesuffix(".toml") + ".safetensors"
    for weights in (own, os.path.join(os.path.dirname(description), "model.safetensors")):
        if os.path.exists(weights):
            return weights
    raise ModelError(f"{own} is not there: load the .safetensors file with architecture={description!r}")


def digits() -> tuple[Network, NDArray[np.float32]]:
    """The embedded digit network, a perceptron 784-300-100-10, and ten digits of MNIST, one of each class: ``[10, 784]``."""
    network, inputs = _kirchhoff.digits()
    return Network(network), inputs


def set_threads(threads: int | None) -> None:
    """Sets how many threads work from now on, in all networks; None for one a core."""
    number = 0 if threads is None else int(threads)
    if not 0 <= number <= 1024 or (threads is not None and number == 0):
        raise QuestionError(f"{threads} threads cannot work: give a number from 1 to 1024, or None")
    _kirchhoff.set_threads(number)


def _like(given: Any, values: NDArray[Any]) -> Any:
    """Values as what was given: a tensor, or an array."""
    if not _optional.is_tensor(given):
        return values
    torch = _optional.need("torch", "a tensor")
    found = torch.from_numpy(np.ascontiguousarray(values))
    if given.dtype.is_floating_point and values.dtype.kind == "f":
        found = found.to(given.dtype)
    return found.to(given.device)
