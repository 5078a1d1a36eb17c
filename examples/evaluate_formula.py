"""Evaluates formulas that `kirchhoff formula` prints in the real semiring.

    kirchhoff formula MODEL INPUT | python3 examples/evaluate_formula.py
    python3 examples/evaluate_formula.py formula.txt 'start[1]=2.5' 'w0[0→1]=0'

Each line is an equation, `let NAME = …` or `R(…) = …`; a line that begins with spaces goes on with the one before. The
values of variables that no line defines are given as arguments. Needs nothing but Python.
"""

import re
import sys

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
    r"|(?P<name>R\([^()]*\)|[^\W\d][^\s()\[\]·]*(?:\[[^\]]*\])?(?:\#\d+)?)"
    r"|(?P<sign>[-+·()]))"
)


def expression(text):
    """A formula as Python, with the values of names looked up in `values`."""
    parts, place = [], 0
    while place < len(text.rstrip()):
        token = TOKEN.match(text, place)
        if token is None:
            raise SystemExit(f"not understood: {text[place:].strip()!r}")
        if token["name"]:
            parts.append(f"values[{token['name']!r}]")
        else:
            parts.append((token["number"] or token["sign"]).replace("·", "*"))
        place = token.end()
    return " ".join(parts)


def evaluate(text, values):
    """The value of every `R(…)`, in order, given those of variables."""
    values = dict(values)
    relevance = {}
    for line in re.sub(r"\n +", " ", text).splitlines():
        name, formula = line.split(" = ", 1)
        try:
            value = eval(expression(formula), {"__builtins__": {}}, {"values": values})
        except KeyError as missing:
            raise SystemExit(f"{name} needs the value of {missing}: give it as an argument, NAME=VALUE")
        if name.startswith("let "):
            values[name.removeprefix("let ")] = value
        else:
            relevance[name] = value
    return relevance


def main():
    arguments = sys.argv[1:]
    given = dict(argument.rsplit("=", 1) for argument in arguments if "=" in argument)
    files = [argument for argument in arguments if "=" not in argument]
    text = open(files[0], encoding="utf-8").read() if files else sys.stdin.buffer.read().decode()
    for name, value in evaluate(text, {name: float(value) for name, value in given.items()}).items():
        print(f"{name} = {value:.6g}")


if __name__ == "__main__":
    main()
