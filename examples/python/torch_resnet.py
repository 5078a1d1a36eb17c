"""A ResNet of torchvision: attributions as by Captum. Needs torch, torchvision and onnxscript; weights are random."""

import numpy as np
import torch
import torchvision

import kirchhoff

torch.manual_seed(0)
model = torchvision.models.resnet18(weights=None).eval()
images = torch.rand(2, 3, 224, 224)

network = kirchhoff.from_torch(model, images[:1])
with torch.no_grad():
    difference = (network(images) - model(images)).abs().max().item()
print(f"{network}; outputs differ by {difference:.1e} at most")
assert difference < 1e-3

attributions = network.attribute(images, target=[5, 7], rules="epsilon-plus")
assert isinstance(attributions, torch.Tensor) and attributions.shape == images.shape
print("relevance of the first image:", round(float(attributions[0].sum()), 4))
reached = network.explain(images, target=[5, 7], semiring="boolean", theta="auto(0.1)")
print("pixels that are relevant:", np.asarray(reached.relevance).mean(axis=(1, 2, 3)))
