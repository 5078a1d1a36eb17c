"""A metric of Quantus over explanations of this package. Needs torch, onnxscript and quantus."""

import numpy as np
import quantus
import torch

import kirchhoff

torch.manual_seed(0)
model = torch.nn.Sequential(
    torch.nn.Conv2d(1, 4, 3, padding=1),
    torch.nn.ReLU(),
    torch.nn.Flatten(),
    torch.nn.Linear(4 * 28 * 28, 10),
).eval()
x = kirchhoff.digits()[1].reshape(10, 1, 28, 28)
y = np.arange(10)

metric = quantus.PixelFlipping(features_in_step=28, perturb_baseline="black", disable_warnings=True)
scores = metric(
    model=model,
    x_batch=x,
    y_batch=y,
    a_batch=None,
    explain_func=kirchhoff.explain_func,
    explain_func_kwargs={"rules": "epsilon-plus"},
    device="cpu",
)
print(np.asarray(scores).shape)
