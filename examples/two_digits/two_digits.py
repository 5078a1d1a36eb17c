"""Two digits, one above the other, of which only the upper one is labelled: does the mask find the upper half by itself?

    pip install numpy safetensors
    python3 examples/two_digits/two_digits.py MNIST_DIR OUT

Trains a perceptron 1568-24-10 on pairs of MNIST's training digits, writes OUT/model.safetensors and 2,000 pairs of test
digits (OUT/pairs.npy, OUT/labels.npy), has `kirchhoff study mask` join what is relevant in them, and prints how much of each
mask lies in the upper half. `--model FILE` takes a trained network, as model.safetensors beside this script.

Nothing tells the network which half matters: lower digits are drawn anew each epoch, whatever the upper one, and each pixel
pays for the norm of its weights (a group lasso, by proximal steps), so that those of pixels that bring nothing end at 0.
`--penalty 0` trains without.
"""

import argparse
import gzip
import os
import subprocess
from pathlib import Path

import numpy
from safetensors.numpy import load_file, save_file

HIDDEN = 24
PIXELS = 28 * 28
BATCH = 1000
EPOCHS = 40
# Epochs after those, in which weights that are 0 stay 0 and the others are free of the penalty that shrinks them.
FREE_EPOCHS = 20
RATE = 0.1
MOMENTUM = 0.9
JOINS = {"boolean": ["any", "mean"], "real": ["mean"]}


def idx(folder, prefix, kind):
    """The array of an IDX file of MNIST, plain or gzipped."""
    paths = (path for path in sorted(Path(folder).iterdir()) if path.name.startswith(prefix) and kind in path.name)
    path = next(paths)
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    axes = data[3]
    return numpy.frombuffer(data, "u1", offset=4 + 4 * axes).reshape(numpy.frombuffer(data, ">u4", axes, 4))


def pairs(images, generator):
    """Every image above another one, drawn at random."""
    return numpy.concatenate([images, images[generator.permutation(len(images))]], axis=1)


def flat(images):
    """Inputs of the network: values from 0 to 1."""
    return (images.reshape(len(images), -1) / 255).astype("float32")


def forward(layers, inputs):
    hidden = numpy.maximum(inputs @ layers[0].T + layers[1], 0)
    return hidden, hidden @ layers[2].T + layers[3]


def train(images, labels, penalty, generator):
    """Weights and biases of both layers."""
    inputs = 2 * PIXELS
    layers = [
        generator.normal(0, (2 / inputs) ** 0.5, (HIDDEN, inputs)), numpy.zeros(HIDDEN),
        generator.normal(0, (2 / HIDDEN) ** 0.5, (10, HIDDEN)), numpy.zeros(10),
    ]  # fmt: skip
    layers = [layer.astype("float32") for layer in layers]
    speeds = [numpy.zeros_like(layer) for layer in layers]
    for epoch in range(EPOCHS + FREE_EPOCHS):
        free = epoch >= EPOCHS
        rate = RATE * (1 - ((epoch - EPOCHS) / FREE_EPOCHS if free else epoch / EPOCHS))
        left = numpy.any(layers[0] != 0, axis=0)
        stacked = flat(pairs(images, generator))
        order = generator.permutation(len(images))
        for chosen in numpy.split(order, range(BATCH, len(order), BATCH)):
            x, y = stacked[chosen], labels[chosen]
            hidden, logits = forward(layers, x)
            slope = numpy.exp(logits - logits.max(axis=1, keepdims=True))
            slope /= slope.sum(axis=1, keepdims=True)
            slope[numpy.arange(len(y)), y] -= 1
            slope /= len(y)
            back = (slope @ layers[2]) * (hidden > 0)
            slopes = [back.T @ x, back.sum(axis=0), slope.T @ hidden, slope.sum(axis=0)]
            for layer, speed, gradient in zip(layers, speeds, slopes):
                speed *= MOMENTUM
                speed -= rate * gradient
                layer += speed
            if free:
                layers[0] *= left
            else:
                # With momentum, a gradient moves a weight by rate / (1 - MOMENTUM) in the end.
                norms = numpy.linalg.norm(layers[0], axis=0)
                shrunk = 1 - rate / (1 - MOMENTUM) * penalty / numpy.maximum(norms, 1e-12)
                layers[0] *= numpy.maximum(shrunk, 0)
    return layers


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mnist", help="folder with MNIST's IDX files")
    parser.add_argument("out", help="folder for what is made; one there is is used")
    parser.add_argument("--model", help="a trained network, instead of training one")
    parser.add_argument("--penalty", type=float, default=0.015, help="what the norm of a pixel's weights costs")
    parser.add_argument("--seed", type=int, default=0, help="what training draws with")
    parser.add_argument("--theta", default="1e-9", help="threshold of boolean relevance, as for kirchhoff")
    parser.add_argument("--kirchhoff", default=os.environ.get("KIRCHHOFF", "kirchhoff"), help="the tool")
    arguments = parser.parse_args()
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    names = ["0.weight", "0.bias", "2.weight", "2.bias"]
    if arguments.model:
        layers = [load_file(arguments.model)[name] for name in names]
    else:
        images, labels = (idx(arguments.mnist, "train", kind) for kind in ("images", "labels"))
        layers = train(images, labels, arguments.penalty, numpy.random.default_rng(arguments.seed))
    save_file(dict(zip(names, layers)), out / "model.safetensors")

    generator = numpy.random.default_rng(1)
    stacked, labels = pairs(idx(arguments.mnist, "t10k", "images"), generator), idx(arguments.mnist, "t10k", "labels")
    _, logits = forward(layers, flat(stacked))
    upper, lower = numpy.any(layers[0] != 0, axis=0).reshape(2, PIXELS).sum(axis=1)
    print(f"accuracy on {len(labels)} pairs of test digits: {(logits.argmax(axis=1) == labels).mean():.4f}")
    print(f"pixels whose weights are not all 0: {upper} above, {lower} below")
    numpy.save(out / "pairs.npy", stacked[:2000])
    numpy.save(out / "labels.npy", labels[:2000])

    data = [out / "pairs.npy", "--labels", out / "labels.npy"]
    for semiring in JOINS:
        theta = ["--theta", arguments.theta] if semiring == "boolean" else []
        study = [out / "model.safetensors", *data, "--semiring", semiring, *theta, "--out", out / semiring]
        subprocess.run([arguments.kirchhoff, "study", "mask", *study, "--quiet"], check=True)
        masks = load_file(out / semiring / "masks.safetensors")
        for join in JOINS[semiring]:
            mask = numpy.abs(masks[f"{semiring}/input/all classes/{join}"]).reshape(2, PIXELS)
            mass, area = mask.sum(axis=1), (mask > 0).sum(axis=1)
            share = mass[0] / mass.sum()
            print(f"{semiring}, {join}: {share:.1%} of the mask above; {area[0]} pixels above, {area[1]} below")


if __name__ == "__main__":
    main()
