"""One peer, measured in a process of its own: run by measure.py in the virtual environment, prints JSON.

Every measurement is of the call alone, after the model is loaded: the first call, then as many as asked for.
"""

import argparse
import importlib.metadata
import json
import sys
import time
from pathlib import Path

import numpy


def measured(call, calls: int) -> tuple[dict, object]:
    """The times of a call, and what it gave."""
    times = []
    for _ in range(1 + calls):
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
    return {"first": times[0], "call": times[1:]}, result


def vgg(path: str):
    """torchvision's VGG-16 without torchvision's code, its weights mapped from the file as Kirchhoff maps them."""
    import torch
    from safetensors.torch import load_file

    class Vgg(torch.nn.Module):
        def __init__(self):
            super().__init__()
            layers, channels = [], 3
            for width in [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]:
                if width == 0:
                    layers.append(torch.nn.MaxPool2d(2, 2))
                else:
                    layers += [torch.nn.Conv2d(channels, width, 3, padding=1), torch.nn.ReLU()]
                    channels = width
            self.features = torch.nn.Sequential(*layers)
            self.classifier = torch.nn.Sequential(
                torch.nn.Linear(512 * 7 * 7, 4096),
                torch.nn.ReLU(),
                torch.nn.Dropout(),
                torch.nn.Linear(4096, 4096),
                torch.nn.ReLU(),
                torch.nn.Dropout(),
                torch.nn.Linear(4096, 1000),
            )

        def forward(self, images):
            return self.classifier(torch.flatten(self.features(images), 1))

    # Without storage first: the file's tensors are taken as they are, not copied.
    with torch.device("meta"):
        model = Vgg()
    model.load_state_dict(load_file(path), assign=True)
    return model.eval()


def perceptron(path: str):
    """An nn.Sequential of linear layers and ReLU from its state."""
    import torch
    from safetensors.torch import load_file

    state = load_file(path)
    numbers = sorted({int(name.split(".")[0]) for name in state})
    layers = []
    for number in numbers:
        layers += [torch.nn.ReLU()] * (number - len(layers))
        outputs, inputs = state[f"{number}.weight"].shape
        layers.append(torch.nn.Linear(inputs, outputs, device="meta"))
    model = torch.nn.Sequential(*layers)
    model.load_state_dict(state, assign=True)
    return model.eval()


def load(arguments):
    """The model and its inputs as torch has them."""
    import torch

    torch.set_num_threads(arguments.threads)
    model = perceptron(arguments.model) if arguments.perceptron else vgg(arguments.model)
    inputs = torch.from_numpy(numpy.load(arguments.inputs))
    if arguments.double:
        model, inputs = model.double(), inputs.double()
    # Parameters need no gradients for any of the explanations.
    return model.requires_grad_(False), inputs


def forward(arguments) -> dict:
    import torch

    model, inputs = load(arguments)
    with torch.inference_mode():
        result, _ = measured(lambda: model(inputs), arguments.calls)
    return result


def zennit(arguments) -> dict:
    """Zennit, inside the attributor's context: rules are registered once, before the first call."""
    import torch
    import zennit.attribution
    import zennit.composites
    import zennit.rules
    import zennit.types

    model, inputs = load(arguments)
    if arguments.composite == "epsilon-gamma-box":
        low, high = (
            torch.tensor(bound, dtype=inputs.dtype).reshape(1, -1, 1, 1).expand(1, *inputs.shape[1:])
            for bound in (arguments.low, arguments.high)
        )
        composite = zennit.composites.EpsilonGammaBox(low=low, high=high)
    else:
        composite = zennit.composites.LayerMapComposite(
            [
                (zennit.types.Activation, zennit.rules.Pass()),
                (zennit.types.Linear, zennit.rules.Epsilon(1e-6)),
            ]
        )

    def logit(outputs):
        top = outputs.max(1, keepdim=True)
        return torch.zeros_like(outputs).scatter_(1, top.indices, top.values)

    def explain():
        return torch.cat([attributor(batch, logit)[1] for batch in inputs.split(arguments.batch)])

    with zennit.attribution.Gradient(model, composite) as attributor:
        result, relevance = measured(explain, arguments.calls)
    keep(arguments, relevance)
    return result


def captum(arguments) -> dict:
    """Captum's LRP; its own default ε is 1e-9."""
    import torch
    from captum.attr import LRP
    from captum.attr._utils.lrp_rules import EpsilonRule

    model, inputs = load(arguments)
    for module in model.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear, torch.nn.MaxPool2d)):
            module.rule = EpsilonRule(epsilon=1e-6)
    with torch.inference_mode():
        target = model(inputs).argmax(1)
    method = LRP(model)
    result, relevance = measured(lambda: method.attribute(inputs, target=target), arguments.calls)
    keep(arguments, relevance)
    return result


def product(arguments) -> dict:
    """A dense product of [batch, outputs] with [outputs, inputs] by tropical-gemm, or `sgemm` by PyTorch."""
    batch, outputs, inputs = arguments.shape
    generator = numpy.random.default_rng(0)
    left = generator.random((batch, outputs), dtype=numpy.float32)
    right = generator.random((outputs, inputs), dtype=numpy.float32)
    if arguments.product == "sgemm":
        import torch

        torch.set_num_threads(arguments.threads)
        left, right = torch.from_numpy(left), torch.from_numpy(right)
        return measured(lambda: left @ right, arguments.calls)[0]
    import tropical_gemm

    multiply = getattr(tropical_gemm, f"{arguments.product}_matmul_2d")
    return measured(lambda: multiply(left, right), arguments.calls)[0]


def keep(arguments, relevance) -> None:
    """Writes the relevance for `compare`."""
    if arguments.relevance:
        numpy.save(arguments.relevance, relevance.detach().numpy())


def compare(arguments) -> dict:
    """How far a relevance is from the reference: Kirchhoff's in a .safetensors, or a peer's."""
    from safetensors.numpy import load_file

    path = arguments.relevance
    relevance = load_file(path)["real/input"] if path.endswith(".safetensors") else numpy.load(path)
    relevance = relevance.astype(numpy.float64).ravel()
    reference = numpy.load(arguments.reference).astype(numpy.float64).ravel()
    return {
        "correlation": float(numpy.corrcoef(relevance, reference)[0, 1]),
        "worst": float(abs(relevance - reference).max() / abs(reference).max()),
    }


def prepare(arguments) -> dict:
    """Writes the inputs of every case into a folder."""
    from safetensors.numpy import save_file

    folder = Path(arguments.folder)
    mean = numpy.array([0.485, 0.456, 0.406], dtype=numpy.float32)
    deviation = numpy.array([0.229, 0.224, 0.225], dtype=numpy.float32)
    if arguments.image:
        from PIL import Image, ImageOps

        picture = ImageOps.fit(Image.open(arguments.image).convert("RGB"), (224, 224), Image.Resampling.BILINEAR)
        pixels = numpy.asarray(picture, dtype=numpy.float32) / 255
    else:
        # Smooth shapes and some noise, as photographs have.
        generator = numpy.random.default_rng(0)
        axis = numpy.linspace(0, 1, 224, dtype=numpy.float32)
        waves = generator.uniform(1, 12, (3, 8, 2)).astype(numpy.float32)
        phases = generator.uniform(0, 6.28, (3, 8)).astype(numpy.float32)
        angle = waves[..., :1, None] * axis[:, None] + waves[..., 1:, None] * axis + phases[..., None, None]
        pixels = numpy.sin(angle).mean(1).transpose(1, 2, 0) * 0.9 + 0.5
        pixels = (pixels + generator.normal(0, 0.03, pixels.shape)).clip(0, 1).astype(numpy.float32)
    numpy.save(folder / "image.npy", ((pixels - mean) / deviation).transpose(2, 0, 1)[None].copy())

    # One dense layer without activation, and a single output that makes relevance dense on the layer's outputs.
    batch, outputs, inputs = arguments.shape
    generator = numpy.random.default_rng(0)
    weights = {
        "wide.weight": generator.normal(0, 0.02, (outputs, inputs)).astype(numpy.float32),
        "last.weight": generator.uniform(0.5, 1, (1, outputs)).astype(numpy.float32),
    }
    save_file(weights, folder / "dense.safetensors")
    layers = "".join(f'[[layers]]\nname = "{name}"\ntype = "dense"\n' for name in ["wide", "last"])
    (folder / "dense.toml").write_text(f"[input]\nshape = [{inputs}]\n{layers}")
    numpy.save(folder / "dense.npy", generator.uniform(0.1, 1, (batch, inputs)).astype(numpy.float32))

    digits = read_idx(Path(arguments.digits))
    numpy.save(folder / "digits.npy", numpy.resize(digits, (256, digits.shape[1])))
    if arguments.mnist:
        numpy.save(folder / "mnist.npy", read_idx(Path(arguments.mnist)))
    names = ["captum", "numpy", "torch", "tropical-gemm", "zennit"]
    return {
        "low": ((0 - mean) / deviation).tolist(),
        "high": ((1 - mean) / deviation).tolist(),
        "versions": {"python": sys.version.split()[0]} | {name: importlib.metadata.version(name) for name in names},
    }


def read_idx(path: Path) -> numpy.ndarray:
    """Images of an IDX file as vectors of values from 0 to 1."""
    import gzip

    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    count = int.from_bytes(data[4:8], "big")
    return numpy.frombuffer(data, numpy.uint8, offset=16).reshape(count, -1).astype(numpy.float32) / 255


def main() -> None:
    verbs = {verb.__name__: verb for verb in [forward, zennit, captum, product, compare, prepare]}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=verbs)
    parser.add_argument("--model")
    parser.add_argument("--perceptron", action="store_true")
    parser.add_argument("--double", action="store_true")
    parser.add_argument("--inputs")
    parser.add_argument("--composite")
    parser.add_argument("--low", type=json.loads)
    parser.add_argument("--high", type=json.loads)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--shape", type=json.loads)
    parser.add_argument("--product")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--calls", type=int, default=1)
    parser.add_argument("--relevance")
    parser.add_argument("--reference")
    parser.add_argument("--folder")
    parser.add_argument("--image")
    parser.add_argument("--digits")
    parser.add_argument("--mnist")
    arguments = parser.parse_args()
    print(json.dumps(verbs[arguments.verb](arguments)))


if __name__ == "__main__":
    main()
