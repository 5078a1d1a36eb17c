"""Quantus' quick start, the sensitivity of explanations as its README measures it, with explanations of this package.

The README downloads MNIST; here it is the ten embedded digits, and a LeNet of Quantus' shape with random weights. Lines that are not
Quantus' say so. What follows them holds the scores against those of explanations by Captum's LRP, which Quantus takes likewise.
Needs torch, onnxscript, captum and quantus.
"""

from typing import Any

import numpy as np
import quantus
import torch
from quantus.functions.perturb_func import batch_uniform_noise
from quantus.helpers.model.models import LeNet

import kirchhoff  # changed: from captum.attr import Saliency, IntegratedGradients

device = torch.device("cpu")
torch.manual_seed(0)
model = LeNet().to(device).eval()

# Load a batch of inputs and outputs to use for XAI evaluation.
x_batch = kirchhoff.digits()[1].reshape(10, 1, 28, 28)  # changed: MNIST by torchvision
y_batch = np.arange(10)  # changed: its labels

# Generate attributions of the batch.
a_batch = kirchhoff.LRP(model).attribute(torch.from_numpy(x_batch), target=torch.from_numpy(y_batch)).numpy()  # changed

# Define metric.
metric_options: dict[str, Any] = dict(
    nr_samples=10,
    lower_bound=0.2,
    norm_numerator=quantus.norm_func.fro_norm,
    norm_denominator=quantus.norm_func.fro_norm,
    perturb_func=batch_uniform_noise,  # changed: Quantus 0.6 refuses the function that its README names
    similarity_func=quantus.similarity_func.difference,
    disable_warnings=True,
)
np.random.seed(0)
scores = quantus.MaxSensitivity(**metric_options)(
    model=model,
    x_batch=x_batch,
    y_batch=y_batch,
    a_batch=a_batch,
    device=device,
    explain_func=kirchhoff.explain_func,  # changed: quantus.explain
    explain_func_kwargs={"rules": "zero"},  # changed: its method
)
print("max-sensitivity:", np.round(scores, 4))

# Beside the original.
from captum.attr import LRP  # noqa: E402


def by_captum(model: Any, inputs: Any, targets: Any, **_: Any) -> Any:
    x = torch.as_tensor(inputs, dtype=torch.float32)
    return LRP(model).attribute(x, target=torch.as_tensor(targets)).detach().numpy()


np.random.seed(0)
expected = quantus.MaxSensitivity(**metric_options)(
    model=model, x_batch=x_batch, y_batch=y_batch, a_batch=by_captum(model, x_batch, y_batch), device=device, explain_func=by_captum
)
np.testing.assert_allclose(scores, expected, rtol=1e-3, atol=1e-4)
print("differ from those of Captum's LRP by at most", float(np.max(np.abs(np.array(scores) - np.array(expected)))))
