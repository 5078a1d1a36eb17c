"""Captum's quick start, the toy model of its README, with LRP of this package.

Lines that are not Captum's say so. What follows them holds the numbers against Captum's own LRP.
Needs torch, onnxscript and captum.
"""

import numpy as np

import torch
import torch.nn as nn

from kirchhoff import LRP  # changed: from captum.attr import LRP


class ToyModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin1 = nn.Linear(3, 3)
        self.relu = nn.ReLU()
        self.lin2 = nn.Linear(3, 2)

        # initialize weights and biases
        self.lin1.weight = nn.Parameter(torch.arange(-4.0, 5.0).view(3, 3))
        self.lin1.bias = nn.Parameter(torch.zeros(1, 3))
        self.lin2.weight = nn.Parameter(torch.arange(-3.0, 3.0).view(2, 3))
        self.lin2.bias = nn.Parameter(torch.ones(1, 2))

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.lin2(self.relu(self.lin1(input)))
        return out


model = ToyModel()
model.eval()

torch.manual_seed(123)
np.random.seed(123)

input = torch.rand(2, 3)

lrp = LRP(model)
attributions, delta = lrp.attribute(input, target=0, return_convergence_delta=True)
print("LRP Attributions:", attributions)
print("Convergence Delta:", delta)

# Beside the original.
from captum.attr import LRP as Original  # noqa: E402

expected, difference = Original(model).attribute(input, target=0, return_convergence_delta=True)
torch.testing.assert_close(attributions, expected.detach(), atol=1e-5, rtol=1e-5)
torch.testing.assert_close(delta, difference.detach(), atol=1e-5, rtol=1e-5)
print("differ from Captum's by at most", float((attributions - expected.detach()).abs().max()))
