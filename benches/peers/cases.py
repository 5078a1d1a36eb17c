"""What is measured: cases, and their contestants, each of which knows how to measure itself once a round."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from process import run

# Batch, outputs and inputs of the dense product.
PRODUCT = [256, 4096, 4096]

# Digits that Zennit takes at a time: the quickest of 100, 1000 and 10,000 where this was written.
ZENNIT_BATCH = 1000


@dataclass
class Context:
    """Where everything is, and how much of it is wanted."""

    kirchhoff: str
    python: str
    folder: Path
    vgg: str
    digits: str
    threads: int
    calls: int
    limit: float
    semirings: list[str]
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    def tool(self, *arguments: str, threads: int | None = None):
        """Runs Kirchhoff."""
        threads = threads or self.threads
        return run([self.kirchhoff, *arguments, "--threads", str(threads), "--quiet"], threads, self.limit)

    def peer(self, *arguments: str):
        """Runs a peer, which prints JSON."""
        command = [self.python, str(Path(__file__).with_name("peer.py")), *arguments]
        finished = run([*command, "--threads", str(self.threads)], self.threads, self.limit)
        return finished, json.loads(finished.stdout)

    def bounds(self) -> list[str]:
        """The range of the image after its preprocessing, for z-box, as Kirchhoff takes it."""
        return [f"--{end}={','.join(map(str, values))}" for end, values in [("low", self.low), ("high", self.high)]]


# What a contestant measures in one round, by the name of each row: `call` (seconds, a list), `first`, `process`
# (seconds), `peak` (bytes) and `work` (edges or images a call); whatever does not apply is left out.
Round = dict[str, dict]
Contestant = Callable[[Context], Round]


@dataclass
class Case:
    """Contestants that take turns."""

    name: str
    title: str
    text: str
    contestants: list[Contestant]
    # The row that the others are compared with.
    reference: str
    # What `work` counts.
    unit: str = ""
    # Arguments of the peer whose float64 relevance every relevance of this case is held against.
    exact: list[str] = field(default_factory=list)


def image(context: Context) -> str:
    return str(context.folder / "image.npy")


def relevance(context: Context, case: str, row: str) -> str:
    """Where a peer leaves its relevance."""
    return str(context.folder / f"{case}.{row}.npy")


def peer(row: str, *arguments: str, case: str = "", model: str = "vgg", inputs: str = "image") -> Contestant:
    def measure(context: Context) -> Round:
        files = ["--model", getattr(context, model), "--inputs", str(context.folder / f"{inputs}.npy")]
        bounds = ["--low", json.dumps(context.low), "--high", json.dumps(context.high)] if model == "vgg" else []
        kept = ["--relevance", relevance(context, case, row)] if case else []
        finished, times = context.peer(*arguments, *files, *bounds, *kept, "--calls", str(context.calls))
        # As if the process had made the first call alone, as one explanation does.
        return {row: times | {"process": finished.seconds - sum(times["call"]), "peak": finished.peak_bytes}}

    return measure


def bench(context: Context, arguments: list[str], threads: int | None = None) -> dict:
    """What `kirchhoff bench` says."""
    finished = context.tool("bench", *arguments, "--json", "--repeat", str(context.calls), threads=threads)
    return json.loads(finished.stdout)


def timed(part: dict, report: dict) -> dict:
    """A part of what `kirchhoff bench` says, as a row."""
    work = report["edges"] * report["inputs"]
    row = {"call": part["rounds"], "first": part["first"], "work": work, "peak": part["peak_memory_bytes"]}
    return {name: value for name, value in row.items() if value is not None}


def explanation(context: Context, arguments: list[str], out: str) -> dict:
    """A whole `kirchhoff explain` as a row."""
    finished = context.tool("explain", *arguments, "--pictures", "0", "--out", str(context.folder / out))
    return {"process": finished.seconds, "peak": finished.peak_bytes}


def reported(context: Context, arguments: list[str], out: str) -> dict:
    """A whole `kirchhoff explain` as a row, its call the time that it reports itself."""
    row = explanation(context, arguments, out)
    return row | {"call": [json.loads((context.folder / out / "explanation.json").read_text())["seconds"]]}


def kirchhoff(
    row: str, arguments: list[str], case: str = "", images: int = 0, model: str = "vgg", inputs: str = "image"
) -> Contestant:
    """A whole explanation in a process of its own, and calls as a peer's are counted: forward pass and explanation."""

    def measure(context: Context) -> Round:
        options = [getattr(context, model), str(context.folder / f"{inputs}.npy"), *arguments]
        if model == "vgg":
            options += context.bounds()
        whole = explanation(context, options, case or row)
        report = bench(context, options)
        (part,) = report["semirings"].values()
        calls = [forward + own for forward, own in zip(report["forward"]["rounds"], part["rounds"], strict=True)]
        first = report["forward"]["first"] + part["first"]
        return {row: whole | {"call": calls, "first": first} | ({"work": images} if images else {})}

    return measure


def forward(context: Context) -> Round:
    report = bench(context, [context.vgg, image(context), "--semiring", "real"])
    return {"Kirchhoff": timed(report["forward"], report)}


def semirings(context: Context) -> Round:
    names = ",".join(["real", *context.semirings])
    report = bench(context, [context.vgg, image(context), "--semiring", names, "--composite", "real:epsilon"])
    rows = {"forward pass": report["forward"]} | report["semirings"]
    return {row: timed(part, report) for row, part in rows.items()}


def thresholds(context: Context) -> Round:
    arguments = [context.vgg, image(context), "--semiring", "real,boolean,counting", "--composite", "real:epsilon"]
    for semiring in ["boolean", "counting"]:
        arguments += ["--composite", f"{semiring}:paper-vgg", "--theta", f"{semiring}:paper-vgg"]
    report = bench(context, arguments)
    return {row: timed(part, report) for row, part in report["semirings"].items()}


def together(context: Context) -> Round:
    names = [name for name in ["real", "boolean", "counting", "viterbi"] if name in ["real", *context.semirings]]
    whole = [reported(context, [context.vgg, image(context), "--semiring", name], "apart") for name in names]
    apart = {
        "call": [sum(part["call"][0] for part in whole)],
        "process": sum(part["process"] for part in whole),
        "peak": max(part["peak"] for part in whole),
    }
    row = ", ".join(names)
    at_once = reported(context, [context.vgg, image(context), "--semiring", ",".join(names)], "together")
    return {f"{row}: apart": apart, f"{row}: together": at_once}


def limited(semiring: str, memory: str | None) -> Contestant:
    def measure(context: Context) -> Round:
        option = ["--memory", memory] if memory else []
        row = reported(context, [context.vgg, image(context), "--semiring", semiring, *option], "memory")
        return {f"{semiring}, {memory}" if memory else semiring: row}

    return measure


def threads(count: int) -> Contestant:
    def measure(context: Context) -> Round:
        report = bench(context, [context.vgg, image(context), "--semiring", "real,boolean"], threads=count)
        rows = {"forward pass": report["forward"]} | report["semirings"]
        return {f"{row}, {count} thread{'s' * (count > 1)}": timed(part, report) for row, part in rows.items()}

    return measure


def scale(context: Context) -> Round:
    networks = {
        "VGG-16, 1 image": [context.vgg, image(context)],
        "perceptron, 256 digits": [context.digits, str(context.folder / "digits.npy")],
    }
    rows = {}
    for network, files in networks.items():
        report = bench(context, [*files, "--semiring", "real,boolean"])
        rows |= {f"{row}, {network}": timed(part, report) for row, part in report["semirings"].items()}
    return rows


def product(row: str, operation: str) -> Contestant:
    def measure(context: Context) -> Round:
        arguments = ["--product", operation, "--shape", json.dumps(PRODUCT), "--calls", str(context.calls)]
        _, times = context.peer("product", *arguments)
        return {row: times | {"work": PRODUCT[0] * PRODUCT[1] * PRODUCT[2]}}

    return measure


def dense(context: Context) -> Round:
    files = [str(context.folder / name) for name in ["dense.safetensors", "dense.npy"]]
    options = ["--architecture", str(context.folder / "dense.toml"), "--semiring", "real,viterbi,max-plus,tropical"]
    report = bench(context, [*files, *options, "--rule", "real:epsilon"])
    return {f"Kirchhoff, {row}": timed(part, report) for row, part in report["semirings"].items()}


def cases(images: int) -> list[Case]:
    """All cases, in the order in which they are shown; `images` is the number of MNIST digits at hand."""
    box, epsilon = "epsilon-gamma-box", "epsilon"
    digits = {"model": "digits", "inputs": "mnist"}
    found = [
        Case(
            "forward",
            "Forward pass of VGG-16",
            "One 224 × 224 image. PyTorch runs in inference mode.",
            [peer("PyTorch", "forward"), forward],
            "Kirchhoff",
        ),
        Case(
            box,
            "Real relevance of VGG-16, composite `epsilon-gamma-box`",
            "A call is forward pass and explanation, from the image to its relevance.",
            [
                peer("Zennit", "zennit", "--composite", box, case=box),
                kirchhoff("Kirchhoff", ["--semiring", "real", "--composite", box], case=box),
            ],
            "Kirchhoff",
            exact=["zennit", "--composite", box],
        ),
        Case(
            epsilon,
            "Real relevance of VGG-16, rule `epsilon` on every layer",
            "ε is 1e-6 for all. Zennit has no such composite; it is put together from its rules `Epsilon` and `Pass`.",
            [
                peer("Captum", "captum", case=epsilon),
                peer("Zennit", "zennit", "--composite", epsilon, case=epsilon),
                kirchhoff("Kirchhoff", ["--semiring", "real", "--composite", epsilon], case=epsilon),
            ],
            "Kirchhoff",
            exact=["zennit", "--composite", epsilon],
        ),
        Case(
            "semirings",
            "Kirchhoff: one pass over VGG-16 in each semiring",
            "The explanation alone, from the activations to the relevance; real under composite `epsilon`, the others "
            "under their default rules, at θ = 1e-9 where they have one.",
            [semirings],
            "real",
            "edges",
        ),
        Case(
            "thresholds",
            "Kirchhoff: VGG-16 at the paper's thresholds",
            "Composite `paper-vgg` with the thresholds of Groudiev and Maniu, which they chose for trained weights.",
            [thresholds],
            "real",
            "edges",
        ),
        Case(
            "together",
            "Kirchhoff: several semirings of VGG-16 in one run",
            "Whole runs of `kirchhoff explain`: a call is the time that the run itself reports.",
            [together],
            "",
        ),
        Case(
            "memory",
            "Kirchhoff: VGG-16 in limited memory",
            "Whole runs of `kirchhoff explain`, with and without `--memory`.",
            [limited(semiring, memory) for semiring in ["real", "boolean"] for memory in [None, "250MiB"]],
            "real",
        ),
        Case(
            "threads",
            "Kirchhoff: one thread and two",
            "VGG-16, forward pass and explanations alone.",
            [threads(1), threads(2)],
            "real, 1 thread",
            "edges",
        ),
        Case(
            "scale",
            "Kirchhoff: small networks and large ones",
            "The explanation alone: the embedded perceptron on a batch of 256 digits, and VGG-16.",
            [scale],
            "real, VGG-16, 1 image",
            "edges",
        ),
        Case(
            "products",
            "Dense products",
            f"[{PRODUCT[0]} × {PRODUCT[1]}] by [{PRODUCT[1]} × {PRODUCT[2]}] in float32. The peers compute the bare "
            "product; Kirchhoff explains a dense layer of these sizes for a batch of 256: normalisers, contributions "
            "and the product, which is two passes over the edges and more.",
            [
                product("PyTorch, plus-times", "sgemm"),
                product("tropical-gemm, max-times", "maxmul"),
                product("tropical-gemm, max-plus", "maxplus"),
                product("tropical-gemm, min-plus", "minplus"),
                dense,
            ],
            "PyTorch, plus-times",
            "edges",
        ),
    ]
    if images:
        options = ["--semiring", "real", "--composite", epsilon]
        zennit = ["zennit", "--perceptron", "--composite", epsilon, "--batch", str(ZENNIT_BATCH)]
        found.append(
            Case(
                "digits",
                f"{images:,} MNIST digits".replace(",", " "),
                "The perceptron 784-300-100-10 that is embedded in the tool, on all digits, real relevance by rule "
                f"`epsilon`; Zennit in batches of {ZENNIT_BATCH}. Further semirings of Kirchhoff for comparison.",
                [
                    counted(peer("Zennit", *zennit, case="digits", **digits), images),
                    kirchhoff("Kirchhoff, real", options, case="digits", images=images, **digits),
                    kirchhoff("Kirchhoff, boolean", ["--semiring", "boolean"], images=images, **digits),
                    kirchhoff("Kirchhoff, counting", ["--semiring", "counting"], images=images, **digits),
                    kirchhoff("Kirchhoff, viterbi", ["--semiring", "viterbi"], images=images, **digits),
                ],
                "Kirchhoff, real",
                "images",
                exact=zennit,
            )
        )
    return found


def counted(contestant: Contestant, work: int) -> Contestant:
    """The contestant with the number of images that its call takes."""
    return lambda context: {row: part | {"work": work} for row, part in contestant(context).items()}


def agreement(context: Context, case: Case) -> dict[str, dict]:
    """How far the float32 relevance of each contestant is from that of the exact peer in float64."""
    if not case.exact:
        return {}
    digits = case.name == "digits"
    files = ["--model", context.digits if digits else context.vgg]
    files += ["--inputs", str(context.folder / ("mnist.npy" if digits else "image.npy"))]
    bounds = [] if digits else ["--low", json.dumps(context.low), "--high", json.dumps(context.high)]
    reference = str(context.folder / f"{case.name}.reference.npy")
    context.peer(*case.exact, *files, *bounds, "--double", "--calls", "0", "--relevance", reference)
    found = {}
    rows = {path.stem.removeprefix(f"{case.name}."): path for path in context.folder.glob(f"{case.name}.*.npy")}
    rows["Kirchhoff"] = context.folder / case.name / "relevance.safetensors"
    for row, path in sorted(rows.items()):
        if row != "reference" and path.exists():
            found[row] = context.peer("compare", "--relevance", str(path), "--reference", reference)[1]
    return found
