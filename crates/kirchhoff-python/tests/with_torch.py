"""What needs PyTorch: reference cases from modules, tensors in and out, Quantus' way of asking. Run by hand:

    python crates/kirchhoff-python/tests/with_torch.py

in an environment with torch and onnxscript (and torchvision, if that is there).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

import kirchhoff
from kirchhoff.study import _tensors
from reference import GOLDEN, check_chain


def module_of(name: str) -> nn.Module:
    """The module whose state dictionary the reference case has."""
    if name == "mnist-mlp":
        layers = [nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)]
    else:
        layers = [
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Conv2d(16, 16, 3, stride=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(144, 10),
        ]
    module = nn.Sequential(*layers)
    weights = _tensors((GOLDEN / name / "model.safetensors").read_bytes())
    names = module.state_dict().keys()
    module.load_state_dict({name: torch.from_numpy(weights[name].copy()) for name in names})
    return module


def check_modules() -> None:
    for name, shape in (("mnist-mlp", (1, 784)), ("mnist-cnn", (1, 1, 28, 28))):
        module = module_of(name).train()
        check_chain(kirchhoff.from_torch(module, torch.zeros(shape)), name)
        assert all(part.training for part in module.modules()), "it is left in the mode that it had"
        print(f"{name}: every case from a module")


def check_tensors() -> None:
    module = module_of("mnist-cnn").eval()
    network = kirchhoff.from_torch(module, torch.zeros(1, 1, 28, 28))
    x = torch.from_numpy(kirchhoff.digits()[1].reshape(10, 1, 28, 28)).requires_grad_()
    outputs = network(x)
    assert isinstance(outputs, torch.Tensor)
    torch.testing.assert_close(outputs, module(x).detach(), atol=1e-4, rtol=1e-4)
    targets = torch.arange(10)
    attributions = network.attribute(x, target=targets)
    assert isinstance(attributions, torch.Tensor) and attributions.shape == x.shape and attributions.dtype == x.dtype
    twice = network.attribute(x.double(), target=targets)
    assert twice.dtype == torch.float64
    asked = kirchhoff.explain_func(module, x.detach().numpy(), np.arange(10), device="cpu", rules="epsilon")
    np.testing.assert_array_equal(asked, attributions.numpy())
    again = kirchhoff.explain_func(module, x.detach().numpy(), np.arange(10), rules="epsilon")
    np.testing.assert_array_equal(asked, again)
    with torch.no_grad():
        module[0].weight.mul_(2.0)
    changed = kirchhoff.explain_func(module, x.detach().numpy(), np.arange(10), rules="epsilon")
    assert not np.array_equal(changed, asked), "a module that has changed is exported anew"
    print("tensors in, tensors out")


def check_loaders() -> None:
    module = module_of("mnist-mlp")
    network = kirchhoff.from_torch(module, torch.zeros(1, 784))
    data = torch.utils.data.TensorDataset(torch.from_numpy(kirchhoff.digits()[1]), torch.arange(10))
    loader = torch.utils.data.DataLoader(data, batch_size=4)
    masks = kirchhoff.study.mask(network, loader, semiring=["boolean"])
    assert "study.json" in masks.files
    print("studies over data loaders")


def check_errors() -> None:
    for wrong in (3, nn.Linear):
        try:
            kirchhoff.from_torch(wrong, torch.zeros(1, 3))
        except kirchhoff.ModelError:
            continue
        raise AssertionError(f"{wrong} is no module")


if __name__ == "__main__":
    check_modules()
    check_tensors()
    check_loaders()
    check_errors()
