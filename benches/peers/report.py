"""Results as tables and a plot: `report.py docs/benchmarks.json` writes benchmarks.md and images/ beside it."""

import json
import statistics
import sys
from pathlib import Path

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
COLOURS = {"Kirchhoff": "#2a6f97", "Zennit": "#c8553d", "Captum": "#e0a458", "PyTorch": "#8d99ae"}


def seconds(value: float) -> str:
    """Three digits that count."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def spread(values: list[float]) -> str:
    median = seconds(statistics.median(values))
    return median if len(values) == 1 else f"{median} ({seconds(min(values))}–{seconds(max(values))})"


def rate(row: dict, unit: str) -> str:
    per_second = row["work"] / statistics.median(row["call"])
    return f"{per_second / 1e9:.2f}" if unit == "edges" else f"{per_second:.0f}"


def table(case: dict) -> str:
    """One case as a Markdown table, without the columns that nothing is known of."""
    rows, reference = case["rows"], case["rows"].get(case["reference"])
    columns = {
        "call, s": ("call", lambda row: spread(row["call"])),
        "first call, s": ("first", lambda row: spread(row["first"])),
        "whole process, s": ("process", lambda row: spread(row["process"])),
        "peak memory, MB": ("peak", lambda row: f"{max(row['peak']) / 1e6:.0f}"),
    }
    if unit := case["unit"]:
        columns[{"edges": "10⁹ edges/s", "images": "images/s"}[unit]] = ("work", lambda row: rate(row, unit))
    if reference:
        base = statistics.median(reference["call"])
        columns[f"× {case['reference']}"] = ("call", lambda row: f"{statistics.median(row['call']) / base:.2f}")
    shown = {heading: of for heading, of in columns.items() if any(of[0] in row for row in rows.values())}
    lines = [["", *shown]]
    for name, row in rows.items():
        lines.append([name, *(show(row) if key in row else "–" for key, show in shown.values())])
    lines.insert(1, ["---"] + ["---:"] * len(shown))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def section(case: dict) -> str:
    text = f"### {case['title']}\n\n{case['text']}\n\n"
    if case["rows"]:
        text += table(case) + "\n\n"
    for reason in case["skipped"]:
        text += f"Not measured: {reason}.\n\n"
    if case["agreement"]:
        parts = [
            f"{name} {found['worst']:.1e} (correlation 1 − {1 - found['correlation']:.0e})"
            for name, found in case["agreement"].items()
        ]
        text += (
            "Worst difference from Zennit's relevance in float64, as a share of the largest relevance: "
            f"{', '.join(parts)}.\n\n"
        )
    return text


def about(results: dict) -> str:
    machine, versions, settings = results["machine"], results["versions"], results["settings"]
    memory = f", {machine['memory_bytes'] / 2**30:.0f} GiB" if "memory_bytes" in machine else ""
    simd = f" ({', '.join(machine['simd'])})" if machine.get("simd") else ""
    named = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    text = f"{machine['cpu']}, {machine['cores']} cores{simd}{memory}, {machine['system']}; {named}. "
    text += f"{results['date']}, {settings['threads']} threads. Medians of {settings['rounds']} × {settings['calls']} "
    text += "calls (rounds × calls of each process), lowest and highest in brackets."
    text += f" VGG-16's weights: {results['model']}; image: {results['image']}."
    before = results.get("load_before")
    if before is not None and before > 0.5:
        text += f" **The machine was not idle**: {before:.1f} processes ran when the measurement began."
    return text


def plot(results: dict, path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "kirchhoff", "font.size": 9, "axes.spines.top": False}
    matplotlib.rcParams |= {"axes.spines.right": False, "axes.titlesize": 10, "axes.titlelocation": "left"}
    import matplotlib.pyplot as pyplot

    panels = [panel for panel in (times(results), memories(results), ratios(results)) if panel["bars"]]
    if not panels:
        return
    heights = [1.2 + 0.3 * len(panel["bars"]) for panel in panels]
    figure, axes = pyplot.subplots(
        len(panels),
        1,
        figsize=(7.5, sum(heights)),
        squeeze=False,
        layout="constrained",
        height_ratios=heights,
    )
    for axis, panel in zip(axes[:, 0], panels, strict=True):
        labels, values, low, high, colours = zip(*panel["bars"], strict=True)
        places = range(len(labels))
        errors = [
            [value - end for value, end in zip(values, low, strict=True)],
            [end - value for value, end in zip(values, high, strict=True)],
        ]
        axis.barh(places, values, color=colours, height=0.7, xerr=errors, error_kw={"elinewidth": 1, "ecolor": "#444"})
        axis.set_yticks(places, labels)
        axis.invert_yaxis()
        axis.set_title(panel["title"])
        axis.set_xlim(0, max(high) * 1.15)
        axis.grid(axis="x", color="#ddd", linewidth=0.6)
        axis.set_axisbelow(True)
        axis.tick_params(axis="y", length=0)
        for place, value, end in zip(places, values, high, strict=True):
            axis.text(end + max(high) * 0.012, place, panel["format"](value), va="center", color="#222")
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def case_of(results: dict, name: str) -> dict:
    return next((case["rows"] for case in results["cases"] if case["name"] == name), {})


def bar(label: str, values: list[float], contestant: str) -> tuple:
    colour = COLOURS.get(contestant, COLOURS["Kirchhoff"])
    return label, statistics.median(values), min(values), max(values), colour


PEERS = {"forward": "forward pass", "epsilon": "epsilon", "epsilon-gamma-box": "epsilon-gamma-box"}


def times(results: dict) -> dict:
    bars = [
        bar(f"{label}: {row}", figures["call"], row)
        for name, label in PEERS.items()
        for row, figures in case_of(results, name).items()
    ]
    return {"title": "VGG-16, one image: seconds a call", "bars": bars, "format": lambda value: f"{value:.3g} s"}


def memories(results: dict) -> dict:
    bars = [
        bar(f"{label}: {row}", [max(figures["peak"]) / 1e6], row)
        for name, label in PEERS.items()
        for row, figures in case_of(results, name).items()
        if "process" in figures
    ]
    return {"title": "VGG-16, one image: peak memory, MB", "bars": bars, "format": lambda value: f"{value:.0f} MB"}


def ratios(results: dict) -> dict:
    rows = case_of(results, "semirings")
    base = statistics.median(rows["real"]["call"]) if rows else 1
    bars = [bar(row, [call / base for call in figures["call"]], "Kirchhoff") for row, figures in rows.items()]
    return {
        "title": "VGG-16: an explanation's time over that of real",
        "bars": bars,
        "format": lambda value: f"{value:.2f} ×",
    }


def main() -> None:
    raw = Path(sys.argv[1])
    results = json.loads(raw.read_text())
    page, image = raw.with_name("benchmarks.md"), raw.parent / "images" / "benchmarks.svg"
    plot(results, image)
    text = f"{BEGIN}\n\n{about(results)}\n\n"
    if image.exists():
        text += "![Times and memory of VGG-16](images/benchmarks.svg)\n\n"
    text += "".join(section(case) for case in results["cases"]) + END
    before, found, rest = page.read_text().partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        sys.exit(f"error: {page} lacks the lines {BEGIN} and {END}")
    page.write_text(before + text + after)


if __name__ == "__main__":
    main()
