"""Networks of PyTorch modules, and explanations as other packages take them."""

from __future__ import annotations

import math
import os
import tempfile
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _optional
from ._errors import ModelError
from ._network import Network, _like, load


def from_torch(module: Any, example: Any, **export: Any) -> Network:
    """The network that a PyTorch module computes, by way of ONNX.

    Parameters
    ----------
    module
        A ``torch.nn.Module``. It is exported in evaluation mode, and left in the mode that it has.
    example
        A tensor that the module takes: one input, with a batch axis of 1.
    export
        Arguments for ``torch.onnx.export``.

    Examples
    --------
    ::

        network = kirchhoff.from_torch(model, torch.zeros(1, 3, 224, 224))
        relevance = network.attribute(images, target=243)
    """
    torch = _optional.need("torch", "from_torch()")
    if not isinstance(module, torch.nn.Module):
        raise ModelError(f"from_torch takes a torch.nn.Module, and not a {type(module).__name__}")
    arguments = example if isinstance(example, tuple) else (example,)
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        with tempfile.TemporaryDirectory() as folder, torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path = os.path.join(folder, f"{type(module).__name__}.onnx")
            _export(torch, module, arguments, path, export)
            return load(path, called=type(module).__name__)
    finally:
        for part, training in modes.items():
            part.training = training


def _export(torch: Any, module: Any, arguments: tuple[Any, ...], path: str, export: dict[str, Any]) -> None:
    if "dynamo" not in export and _optional.find("onnxscript") is None:
        # The newer exporter needs onnxscript; the older one keeps the names of modules, too.
        export = {"dynamo": False, **export}
    try:
        torch.onnx.export(module, arguments, path, **{"input_names": ["input"], **_quiet(export), **export})
    except Exception as error:
        raise ModelError(f"torch.onnx cannot export {type(module).__name__}: {error}") from error


def _quiet(export: dict[str, Any]) -> dict[str, Any]:
    return {} if export.get("dynamo") is False else {"verbose": False}


def explain_func(model: Any, inputs: Any, targets: Any, **options: Any) -> NDArray[Any]:
    """Attributions as Quantus asks for them: ``explain_func=kirchhoff.explain_func``.

    ``model`` is a PyTorch module, which becomes a network at its first use, or a :class:`Network`. Options are those of
    :meth:`Network.attribute`, ``semiring`` and ``rules`` say; those of Quantus itself are passed over.
    """
    for name in ("device", "method", "model_predict_kwargs", "explain_func_kwargs", "normalise", "abs", "normalise_func"):
        options.pop(name, None)
    batch = np.asarray(inputs, dtype=np.float32) if not _optional.is_tensor(inputs) else inputs.detach().cpu().numpy()
    network = model if isinstance(model, Network) else _network_of(model, batch)
    return np.asarray(network.attribute(batch, np.asarray(targets), **options), dtype=np.float32)


class LRP:
    """Attributions as by ``captum.attr.LRP``, of a PyTorch module that becomes a network at its first use.

    Parameters
    ----------
    model
        A ``torch.nn.Module`` that takes one tensor, or a :class:`Network`.
    options
        Those of :meth:`Network.attribute`, ``rules`` and ``semiring`` say. Without any, it is relevance in the real semiring under
        the rule ``zero``, whose ε of 1e-9 is Captum's, from the logit.

    Examples
    --------
    ::

        attributions = kirchhoff.LRP(model).attribute(images, target=labels)
    """

    def __init__(self, model: Any, **options: Any) -> None:
        self._model, self._options = model, {"rules": "zero", **options}

    def attribute(
        self, inputs: Any, target: Any = None, *, return_convergence_delta: bool = False, **options: Any
    ) -> Any:
        """The relevance of inputs, of their shape; with ``return_convergence_delta``, also what the targets of each start with
        beyond the sum of its relevance: what biases and stabilisers took.
        """
        given = {**self._options, **options}
        batch = inputs.detach().cpu().numpy() if _optional.is_tensor(inputs) else np.asarray(inputs, np.float32)
        network = self._model if isinstance(self._model, Network) else _network_of(self._model, batch)
        attributions = network.attribute(inputs, target, **given)
        if not return_convergence_delta:
            return attributions
        # Relevance at the outputs is what the targets start with.
        count = max(batch.size // max(math.prod(network.input_shape), 1), 1)
        explanation = network.explain(inputs, target=target, **{**given, "layers": "all"})
        *_, last = explanation
        start, left = (np.asarray(values).reshape(count, -1).sum(axis=1) for values in (explanation[last], explanation.relevance))
        return attributions, _like(inputs, start - left)


def _network_of(module: Any, batch: NDArray[np.float32]) -> Network:
    """The network of a module, which keeps it as long as its parameters stay as they are."""
    torch = _optional.need("torch", "explain_func()")
    version = [(id(parameter), parameter._version) for parameter in module.state_dict(keep_vars=True).values()]
    kept = module.__dict__.get("_kirchhoff_network")
    if kept is not None and kept[0] == version:
        network: Network = kept[1]
        return network
    network = from_torch(module, torch.from_numpy(batch[:1]))
    module.__dict__["_kirchhoff_network"] = (version, network)
    return network
