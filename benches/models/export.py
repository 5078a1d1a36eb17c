"""The networks of the table of models, with seeded weights, and their export by both exporters of PyTorch.

    python export.py FOLDER [NAME...] [--size 224]

writes `NAME.script.onnx` and `NAME.dynamo.onnx` with an example of each input as `NAME.INPUT.npy`. Weights are PyTorch's own random
ones under seed 0, with running statistics of batch normalisation that are not 0 and 1.
"""

import argparse
import pathlib
import sys
import warnings

import numpy as np
import torch
from torch import nn

warnings.filterwarnings("ignore")


class Unet(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        block = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(),
                                           nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())
        self.first, self.second, self.third = block(3, width), block(width, 2 * width), block(2 * width, 4 * width)
        self.up1, self.up2 = nn.ConvTranspose2d(4 * width, 2 * width, 2, 2), nn.ConvTranspose2d(2 * width, width, 2, 2)
        self.back1, self.back2 = block(4 * width, 2 * width), block(2 * width, width)
        self.head, self.pool = nn.Conv2d(width, 5, 1), nn.MaxPool2d(2)

    def forward(self, x):
        a = self.first(x)
        b = self.second(self.pool(a))
        c = self.third(self.pool(b))
        b = self.back1(torch.cat([self.up1(c), b], 1))
        return self.head(self.back2(torch.cat([self.up2(b), a], 1)))


class Tcn(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv1d(4 if i == 0 else 16, 16, 3, dilation=2**i, padding=2 * 2**i) for i in range(4))
        self.skips, self.head = nn.Conv1d(4, 16, 1), nn.Linear(16, 6)

    def forward(self, x):
        rest = self.skips(x)
        for i, layer in enumerate(self.layers):
            x = torch.relu(layer(x)[..., : -2 * 2**i])
            rest = x = x + rest
        return self.head(x[..., -1])


class Recurrent(nn.Module):
    def __init__(self, kind, both):
        super().__init__()
        self.cell = kind(8, 16, batch_first=True, bidirectional=both)
        self.head = nn.Linear(32 if both else 16, 4)

    def forward(self, x):
        return self.head(self.cell(x)[0].mean(1))


class Encoder(nn.Module):
    """As BERT: token, position and segment embeddings, post-norm, a mask."""

    def __init__(self, width=64, heads=4, blocks=2):
        super().__init__()
        self.tokens, self.places, self.segments = nn.Embedding(100, width), nn.Embedding(32, width), nn.Embedding(2, width)
        self.norm, self.heads = nn.LayerNorm(width), heads
        make = lambda: nn.ModuleDict(dict(q=nn.Linear(width, width), k=nn.Linear(width, width), v=nn.Linear(width, width),
                                          o=nn.Linear(width, width), a=nn.LayerNorm(width), up=nn.Linear(width, 4 * width),
                                          down=nn.Linear(4 * width, width), b=nn.LayerNorm(width)))
        self.blocks = nn.ModuleList(make() for _ in range(blocks))
        self.pool, self.head = nn.Linear(width, width), nn.Linear(width, 3)

    def forward(self, input_ids, attention_mask, token_type_ids):
        batch, length = input_ids.shape
        h = self.norm(self.tokens(input_ids) + self.places(torch.arange(length)) + self.segments(token_type_ids))
        mask = (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * -10000.0
        split = lambda x: x.view(batch, length, self.heads, -1).transpose(1, 2)
        for block in self.blocks:
            q, k, v = split(block["q"](h)), split(block["k"](h)), split(block["v"](h))
            p = torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5 + mask, -1)
            h = block["a"](h + block["o"]((p @ v).transpose(1, 2).reshape(batch, length, -1)))
            h = block["b"](h + block["down"](nn.functional.gelu(block["up"](h))))
        return self.head(torch.tanh(self.pool(h[:, 0])))


class RootMeanSquare(nn.Module):
    """Root-mean-square norm, as models of language spell it."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


class Decoder(nn.Module):
    """As GPT and its successors: a causal mask, root-mean-square norm, a gated feed-forward layer, tied weights."""

    def __init__(self, width=64, heads=4, blocks=2):
        super().__init__()
        self.tokens, self.places, self.heads = nn.Embedding(100, width), nn.Embedding(32, width), heads
        make = lambda: nn.ModuleDict(dict(qkv=nn.Linear(width, 3 * width), o=nn.Linear(width, width), a=RootMeanSquare(width),
                                          gate=nn.Linear(width, 2 * width), up=nn.Linear(width, 2 * width),
                                          down=nn.Linear(2 * width, width), b=RootMeanSquare(width)))
        self.blocks, self.norm = nn.ModuleList(make() for _ in range(blocks)), RootMeanSquare(width)

    def forward(self, input_ids):
        batch, length = input_ids.shape
        h = self.tokens(input_ids) + self.places(torch.arange(length))
        mask = torch.full((length, length), float("-inf")).triu(1)
        split = lambda x: x.view(batch, length, self.heads, -1).transpose(1, 2)
        for block in self.blocks:
            q, k, v = map(split, block["qkv"](block["a"](h)).chunk(3, -1))
            p = torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5 + mask, -1)
            h = h + block["o"]((p @ v).transpose(1, 2).reshape(batch, length, -1))
            n = block["b"](h)
            h = h + block["down"](nn.functional.silu(block["gate"](n)) * block["up"](n))
        return self.norm(h)[:, -1] @ self.tokens.weight.T


class Tabular(nn.Module):
    def __init__(self):
        super().__init__()
        self.kinds, self.regions = nn.Embedding(5, 4), nn.Embedding(9, 4)
        self.norm = nn.BatchNorm1d(6)
        self.rest = nn.Sequential(nn.Linear(14, 32), nn.ReLU(), nn.Linear(32, 16), nn.SELU(), nn.Linear(16, 2))

    def forward(self, categories, numbers):
        both = [self.kinds(categories[:, 0]), self.regions(categories[:, 1]), self.norm(numbers)]
        return self.rest(torch.cat(both, 1))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.GELU())
        self.decode = nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(32, 16, 3, padding=1), nn.ReLU(),
                                    nn.ConvTranspose2d(16, 3, 4, 2, 1), nn.Tanh())

    def forward(self, x):
        return self.decode(self.encode(x))


class First(nn.Module):
    """The one output of a model that gives a dictionary."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x)["out"]


TORCHVISION = ["alexnet", "vgg16_bn", "resnet18", "resnet50", "resnext50_32x4d", "wide_resnet50_2", "squeezenet1_1",
               "mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0", "densenet121", "googlenet", "inception_v3",
               "shufflenet_v2_x1_0", "mnasnet1_0", "regnet_y_400mf", "convnext_tiny", "vit_b_16", "swin_t", "maxvit_t"]
SEGMENTATION = ["fcn_resnet50", "deeplabv3_resnet50", "lraspp_mobilenet_v3_large"]
OWN = ["unet", "tcn", "lstm", "gru_both", "encoder", "decoder", "tabular", "autoencoder"]
NAMES = TORCHVISION + SEGMENTATION + ["r3d_18"] + OWN


def model(name, size):
    """A model and examples of its inputs by name."""
    import torchvision

    torch.manual_seed(0)
    image = lambda side: {"x": torch.rand(1, 3, side, side)}
    if name in TORCHVISION:
        more = {"weights": None}
        if name in ("googlenet", "inception_v3"):
            more |= {"init_weights": True}
        # Smallest sides that their windows and strides allow.
        side = {"alexnet": max(size, 224), "vgg16_bn": max(size, 224), "inception_v3": 299 if size == 224 else max(size, 96), "maxvit_t": 224, "vit_b_16": size if size % 16 == 0 else 224}.get(name, size)
        if name == "vit_b_16":
            more |= {"image_size": side}
        return getattr(torchvision.models, name)(**more), image(side)
    if name in SEGMENTATION:
        return First(getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None)), image(size)
    if name == "r3d_18":
        return torchvision.models.video.r3d_18(weights=None), {"x": torch.rand(1, 3, 8, size // 2, size // 2)}
    tokens = {"input_ids": torch.randint(1, 100, (1, 16))}
    return {
        "unet": lambda: (Unet(), image(size)), "tcn": lambda: (Tcn(), {"x": torch.randn(1, 4, 64)}),
        "lstm": lambda: (Recurrent(nn.LSTM, False), {"x": torch.randn(1, 12, 8)}),
        "gru_both": lambda: (Recurrent(nn.GRU, True), {"x": torch.randn(1, 12, 8)}),
        "encoder": lambda: (Encoder(), tokens | {"attention_mask": (torch.arange(16)[None] < 12).to(torch.int64),
                                                 "token_type_ids": torch.zeros(1, 16, dtype=torch.int64)}),
        "decoder": lambda: (Decoder(), tokens),
        "tabular": lambda: (Tabular(), {"categories": torch.tensor([[3, 7]]), "numbers": torch.randn(1, 6)}),
        "autoencoder": lambda: (Autoencoder(), image(size)),
    }[name]()


def prepare(made):
    """Evaluation mode, with statistics and factors that folding can get wrong."""
    generator = torch.Generator().manual_seed(1)
    # What its fused kernels compute has no operator of ONNX.
    torch.backends.mha.set_fastpath_enabled(False)
    for module in made.modules():
        # Heads that start at 0 tell nothing.
        if isinstance(module, nn.Linear) and not module.weight.any():
            nn.init.uniform_(module.weight, -0.05, 0.05, generator=generator)
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            module.running_mean.uniform_(-0.1, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
            nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
            nn.init.uniform_(module.bias, -0.1, 0.1, generator=generator)
    return made.eval()


def export(name, folder, exporter, size):
    """Writes a model and its inputs; gives the path of the model."""
    made, inputs = model(name, size)
    made = prepare(made)
    path = folder / f"{name}.{exporter}.onnx"
    with torch.no_grad():
        torch.onnx.export(made, tuple(inputs.values()), str(path), dynamo=exporter == "dynamo", input_names=list(inputs),
                          output_names=["y"], opset_version=18 if exporter == "dynamo" else 17, external_data=False,
                          verbose=False)
    for key, value in inputs.items():
        np.save(folder / f"{name}.{key}.npy", value.numpy())
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--exporter", choices=["script", "dynamo"])
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or NAMES:
        for exporter in [arguments.exporter] if arguments.exporter else ["script", "dynamo"]:
            try:
                export(name, arguments.folder, exporter, arguments.size)
                print(f"{name}: {exporter}", flush=True)
            except Exception as error:
                print(f"{name}: {exporter} failed: {str(error).splitlines()[0][:200]}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
