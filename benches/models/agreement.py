"""Holds real relevance against Zennit's and LXT's, which compute it in float64; prints a table, or writes it to docs/models.md.

    just agreement [NAME...] [--size 64] [--images 3] [--folder FOLDER] [--write]

Networks are those of `export.py`, read from the ONNX files that it writes (`script`). Zennit sees them with its canonizers, residual
additions and functional pools as modules, and without the ε that merging leaves in its batch normalisation. Normalisation that no
convolution stands right before stays a layer, which Zennit passes by; we are asked for the same (`--affine pass`). LXT has a
small ε without sign, or none: we are asked for 1e-12. A difference is the largest of an image, as a share of its largest
relevance; of several images the median.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import types

import lxt.explicit.functional as lxt
import numpy as np
import torch
import zennit.attribution
import zennit.canonizers
import zennit.composites
import zennit.layer
import zennit.rules
import zennit.torchvision
import zennit.types
from safetensors.numpy import load_file

import export

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/models.md"
MARKS = ("<!-- agreement: begin -->\n", "<!-- agreement: end -->\n")
# The output that is explained.
TARGET = 1
TINY = 1e-12
COMPOSITES = ["epsilon", "epsilon-plus", "epsilon-gamma-box"]
TRANSFORMERS = {"encoder": "attention", "vit_b_16": "attention-conservative"}
CONVOLUTIONAL = ["vgg16_bn", "resnet18", "resnet50", "squeezenet1_1", "mobilenet_v2", "densenet121"]


def as_modules(name, model):
    """The model with residual additions and functional pools as modules, which Zennit's rules see, and the canonizers for it."""
    if name == "mobilenet_v2":
        def block(self, x):
            return self.sum(torch.stack([x, self.conv(x)], dim=-1)) if self.use_res_connect else self.conv(x)

        def forward(self, x):
            return self.classifier(torch.flatten(self.pool(self.features(x)), 1))

        for module in model.modules():
            if type(module).__name__ == "InvertedResidual":
                module.sum, module.forward = zennit.layer.Sum(), types.MethodType(block, module)
        model.pool, model.forward = torch.nn.AdaptiveAvgPool2d(1), types.MethodType(forward, model)
    if name == "densenet121":
        def forward(self, x):
            return self.classifier(torch.flatten(self.pool(self.last(self.features(x))), 1))

        model.pool, model.last, model.forward = torch.nn.AdaptiveAvgPool2d(1), torch.nn.ReLU(), types.MethodType(forward, model)
        # In the order of modules each convolution stands before the normalisation of the next layer, whose input is not its output.
        pairs = [(("features.conv0",), "features.norm0")]
        pairs += [((f"{each}.conv1",), f"{each}.norm2") for each, module in model.named_modules() if hasattr(module, "norm2")]
        return model, [zennit.canonizers.NamedMergeBatchNorm(pairs)]
    if name.startswith("resnet"):
        return model, [zennit.torchvision.ResNetCanonizer()]
    return model, [zennit.canonizers.SequentialMergeBatchNorm()]


def composite(name, canonizers, bounds):
    """A composite of Zennit's by our name."""
    if name == "epsilon":
        rules = zennit.composites.layer_map_base(1e-6) + [(zennit.types.Linear, zennit.rules.Epsilon(1e-6))]
        return zennit.composites.LayerMapComposite(rules, canonizers=canonizers)
    if name == "epsilon-plus":
        return zennit.composites.EpsilonPlus(canonizers=canonizers)
    if name == "epsilon-gamma-box":
        return zennit.composites.EpsilonGammaBox(low=bounds[0], high=bounds[1], canonizers=canonizers)
    return zennit.composites.EpsilonAlpha2Beta1Flat(canonizers=canonizers)


def zennit_relevance(name, size, image, rules, dtype):
    """Zennit's relevance of an image for output TARGET, in float32 or float64."""
    made, _ = export.model(name, size)
    made, canonizers = as_modules(name, export.prepare(made))
    made = made.to(dtype).requires_grad_(False)
    image = torch.from_numpy(image).to(dtype)
    chosen = composite(rules, canonizers, (torch.zeros_like(image), torch.ones_like(image)))
    with zennit.attribution.Gradient(made, chosen) as attributor:
        for module in made.modules():
            # What merging leaves is the identity but for its ε.
            if isinstance(module, zennit.types.BatchNorm) and not module.running_mean.any() and bool((module.running_var == 1).all()):
                module.eps = 0.0
        _, relevance = attributor(image, lambda y: torch.nn.functional.one_hot(torch.tensor([TARGET]), y.shape[1]) * y)
    return relevance.numpy().ravel()


class Identity(torch.autograd.Function):
    """A function of each value by itself, which relevance passes."""

    @staticmethod
    def forward(context, x, function):
        return function(x)

    @staticmethod
    def backward(context, relevance):
        return relevance, None


def lxt_encoder(model, input_ids, attention_mask, token_type_ids):
    """`export.Encoder` in LXT's operators: the relevance of each token's vector for output TARGET."""
    linear = lambda module, x: lxt.linear_epsilon(x, module.weight, module.bias, TINY)
    norm = lambda module, x: lxt.layer_norm(x, module.weight, module.bias, module.eps)
    batch, length = input_ids.shape
    split = lambda x: x.view(batch, length, model.heads, -1).transpose(1, 2)
    tokens = model.tokens(input_ids).detach().requires_grad_()
    constants = (model.places(torch.arange(length)) + model.segments(token_type_ids)).detach()
    hidden = norm(model.norm, lxt.add2(tokens, constants, epsilon=TINY))
    mask = (1.0 - attention_mask[:, None, None, :].to(hidden.dtype)) * -10000.0
    for block in model.blocks:
        query, key, value = (split(linear(block[each], hidden)) for each in "qkv")
        scores = lxt.matmul(query, key.transpose(-1, -2), epsilon=TINY)
        scores = lxt.mul2(scores, torch.tensor(query.shape[-1] ** -0.5, dtype=hidden.dtype))
        scores = lxt.add2(scores, mask.expand(scores.shape), epsilon=TINY)
        mixed = lxt.matmul(lxt.softmax(scores, -1), value, epsilon=TINY)
        mixed = linear(block["o"], mixed.transpose(1, 2).reshape(batch, length, -1))
        hidden = norm(block["a"], lxt.add2(hidden, mixed, epsilon=TINY))
        wide = Identity.apply(linear(block["up"], hidden), torch.nn.functional.gelu)
        hidden = norm(block["b"], lxt.add2(hidden, linear(block["down"], wide), epsilon=TINY))
    scores = linear(model.head, Identity.apply(linear(model.pool, hidden[:, 0]), torch.tanh))
    relevance = torch.zeros_like(scores)
    relevance[0, TARGET] = scores[0, TARGET].detach()
    scores.backward(relevance)
    return tokens.grad.sum(-1).numpy().ravel()


def lxt_relevance(name, size):
    """LXT's relevance in float64, of the example that the export wrote beside the network."""
    made, inputs = export.model(name, size)
    made = export.prepare(made).double()
    if name == "encoder":
        return lxt_encoder(made, **inputs)
    import torchvision
    from lxt.efficient import monkey_patch

    monkey_patch(torchvision.models.vision_transformer, verbose=False)
    image = inputs["x"].double().requires_grad_()
    made(image)[0, TARGET].backward()
    return (image.grad * image).detach().numpy().ravel()


def our_relevance(tool, model, inputs, options):
    """Our relevance of the first input for output TARGET."""
    with tempfile.TemporaryDirectory() as folder:
        given = []
        for name, value in inputs.items():
            np.save(f"{folder}/{name}.npy", value)
            given.append(f"{name}={folder}/{name}.npy" if len(inputs) > 1 else f"{folder}/{name}.npy")
        command = [tool, "explain", str(model), *given, "--target", str(TARGET), "--semiring", "real", "--pictures", "0",
                   "--quiet", "--out", f"{folder}/out", *options]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return load_file(f"{folder}/out/relevance.safetensors")[f"real/{next(iter(inputs))}"].ravel()


def difference(found, expected):
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def exported(arguments, name):
    path = arguments.folder / f"{name}.script.onnx"
    if not path.exists():
        export.export(name, arguments.folder, "script", arguments.size)
    return path, {file.name.split(".")[1]: np.load(file) for file in sorted(arguments.folder.glob(f"{name}.*.npy"))}


def rows(arguments):
    """Network, composite, peer, our difference from it in float64, and that of its own float32."""
    for name in arguments.names:
        path, inputs = exported(arguments, name)
        if name in TRANSFORMERS:
            expected = lxt_relevance(name, arguments.size)
            options = ["--composite", TRANSFORMERS[name], "--rule", f"*=epsilon({TINY})"]
            order = {key: inputs[key] for key in sorted(inputs, key=lambda key: key not in ("x", "input_ids"))}
            yield name, TRANSFORMERS[name], "LXT", difference(our_relevance(arguments.tool, path, order, options), expected), None
            continue
        for rules in COMPOSITES:
            ours, single = [], []
            for number in range(arguments.images):
                image = np.random.default_rng(number).random(inputs["x"].shape, dtype=np.float32)
                expected = zennit_relevance(name, arguments.size, image, rules, torch.float64)
                options = ["--composite", rules, "--affine", "pass", *(["--low", "0", "--high", "1"] if "box" in rules else [])]
                ours.append(difference(our_relevance(arguments.tool, path, {"x": image}, options), expected))
                single.append(difference(zennit_relevance(name, arguments.size, image, rules, torch.float32), expected))
            yield name, rules, "Zennit", statistics.median(ours), statistics.median(single)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=[*CONVOLUTIONAL, *TRANSFORMERS])
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "target/models")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--images", type=int, default=3, help="random images of a convolutional network")
    parser.add_argument("--tool", default=str(ROOT / "target/release/kirchhoff"))
    parser.add_argument("--write", action="store_true", help="write the table to docs/models.md")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    lines = ["| network | composite | peer | Kirchhoff, float32 | peer, float32 |", "|---|---|---|---|---|"]
    for name, rules, peer, ours, single in rows(arguments):
        lines.append(f"| `{name}` | `{rules}` | {peer} | {ours:.0e} | {'–' if single is None else f'{single:.0e}'} |")
        print(lines[-1], flush=True)
    if arguments.write:
        page = PAGE.read_text()
        before, after = page.split(MARKS[0])[0], page.split(MARKS[1])[1]
        PAGE.write_text(before + MARKS[0] + "\n".join([*lines, ""]) + MARKS[1] + after)


main()
