"""Zennit's quick start, EpsilonGammaBox on a VGG-16 of torchvision as its README has it, with relevance of this package.

Lines that are not Zennit's say so. What follows them holds the numbers against Zennit's own.
Needs torch, torchvision, onnxscript and zennit.
"""

import torch
from torchvision.models import vgg16_bn

import kirchhoff  # changed: three imports from zennit

torch.manual_seed(0)  # changed: the README takes whatever comes
data = torch.randn(1, 3, 224, 224)
model = vgg16_bn().eval()  # changed: it runs on statistics of the batch otherwise

network = kirchhoff.from_torch(model, data)  # changed: a composite and its canonizer
out = network(data)  # changed: the attributor gives both
relevance = network.attribute(  # changed
    data, target=0, rules="epsilon-gamma-box", low=-3.0, high=3.0, start="one"
)
print(out.shape, relevance.shape, float(relevance.sum()))

# Beside the original.
from zennit.attribution import Gradient  # noqa: E402
from zennit.canonizers import SequentialMergeBatchNorm  # noqa: E402
from zennit.composites import EpsilonGammaBox  # noqa: E402

composite = EpsilonGammaBox(low=-3.0, high=3.0, canonizers=[SequentialMergeBatchNorm()])
with Gradient(model=model, composite=composite) as attributor:
    original_out, expected = attributor(data, torch.eye(1000)[[0]])
expected, original_out = expected.detach(), original_out.detach()
largest = float(expected.abs().max())
worst = float((relevance - expected).abs().max()) / largest
assert float((out - original_out).abs().max()) < 1e-3 * float(original_out.abs().max())
assert worst < 1e-3, f"relevance differs by {worst:.1e} of the largest"
print(f"differs from Zennit's by at most {worst:.1e} of the largest")
