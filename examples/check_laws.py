"""Rechecks, without any code of Kirchhoff's, its table of semirings, their laws, and the rewrites of `kirchhoff simplify`.

    python3 examples/check_laws.py [KIRCHHOFF]

Needs SymPy. What is checked is what the tool says of itself: `semirings --json`, `laws --json`, `laws --rewrites --json`.

- Semirings: each one's ⊕, ⊗, 0 and 1, read from the table's own texts, over exact numbers (fractions, infinities, and logarithms by
  the numbers that they are of). Every axiom and every declared law holds on all triples of a grid, and every law that is not declared
  has a counterexample there: the table neither claims too much nor too little.
- Rewrites: both sides of each equation are the same polynomial in the free semiring of the laws that it names, so that it holds in
  every semiring with these laws; and without any one of them the sides differ, so that none is named in vain.
"""

import itertools
import json
import re
import subprocess
import sys
from fractions import Fraction

import sympy

INFINITY = float("inf")
EQUATIONS = {
    "commutative-times": lambda p, t, a, b, c: (t(a, b), t(b, a)),
    "idempotent-plus": lambda p, t, a, b, c: (p(a, a), a),
    "idempotent-times": lambda p, t, a, b, c: (t(a, a), a),
    "absorptive": lambda p, t, a, b, c: (p(a, t(a, b)), a),
}
AXIOMS = {
    "⊕ associates": lambda p, t, z, o, a, b, c: (p(p(a, b), c), p(a, p(b, c))),
    "⊕ commutes": lambda p, t, z, o, a, b, c: (p(a, b), p(b, a)),
    "⊗ associates": lambda p, t, z, o, a, b, c: (t(t(a, b), c), t(a, t(b, c))),
    "0 is neutral": lambda p, t, z, o, a, b, c: (p(z, a), a),
    "1 is neutral on the left": lambda p, t, z, o, a, b, c: (t(o, a), a),
    "1 is neutral on the right": lambda p, t, z, o, a, b, c: (t(a, o), a),
    "0 absorbs on the left": lambda p, t, z, o, a, b, c: (t(z, a), z),
    "0 absorbs on the right": lambda p, t, z, o, a, b, c: (t(a, z), z),
    "⊗ distributes on the left": lambda p, t, z, o, a, b, c: (t(a, p(b, c)), p(t(a, b), t(a, c))),
    "⊗ distributes on the right": lambda p, t, z, o, a, b, c: (t(p(a, b), c), p(t(a, c), t(b, c))),
}


def tool(*arguments):
    return json.loads(subprocess.run([KIRCHHOFF, *arguments, "--json"], check=True, capture_output=True, text=True).stdout)


class Log:
    """A logarithm, by the number that it is of: sums of logarithms are products, and `log(eᵃ + eᵇ)` is a sum."""

    def __init__(self, of):
        self.of = of

    def __eq__(self, other):
        return self.of == other.of

    def __hash__(self):
        return hash(self.of)


def add(a, b):
    if isinstance(a, Log):
        return Log(a.of * b.of)
    return a if abs(a) == INFINITY else b if abs(b) == INFINITY else a + b


def multiply(a, b):
    return a * b


OPERATIONS = {
    "a + b": add,
    "a × b": multiply,
    "max(a, b)": max,
    "min(a, b)": min,
    "a ∨ b": lambda a, b: a or b,
    "a ∧ b": lambda a, b: a and b,
    "max(0, a + b − 1)": lambda a, b: max(Fraction(0), a + b - 1),
    "log(eᵃ + eᵇ)": lambda a, b: Log(a.of + b.of),
}


def grid(carrier):
    """Elements of a carrier, by its text in the table."""
    tenths = [Fraction(n, 8) for n in (0, 1, 3, 4, 5, 8)]
    whole = [Fraction(n) for n in (0, 1, 2, 3, 7)]
    grids = {
        "ℝ": [-f for f in tenths[1:]] + tenths + [Fraction(3)],
        "{⊥, ⊤}": [False, True],
        "ℕ, exact": whole,
        "ℕ, rounded": whole,
        "[0, 1]": tenths,
        "[0, ∞]": whole + tenths[1:3] + [INFINITY],
        "[−∞, 0]": [-f for f in whole + tenths[1:3]] + [-INFINITY],
        "[−∞, ∞]": [-f for f in whole[1:]] + whole + [-INFINITY, INFINITY],
        "[−∞, ∞)": [Log(f) for f in (*tenths, Fraction(2), Fraction(7, 3))],
    }
    return grids[carrier]


def constant(text, carrier):
    if carrier == "[−∞, ∞)":
        return Log(Fraction({"−∞": 0, "0": 1}[text]))
    return {"⊥": False, "⊤": True, "∞": INFINITY, "−∞": -INFINITY}.get(text) if text not in "01" else Fraction(text)


def check_semiring(row, report):
    plus, times = OPERATIONS[row["plus"]], OPERATIONS[row["times"]]
    zero, one = constant(row["zero"], row["carrier"]), constant(row["one"], row["carrier"])
    elements = grid(row["carrier"])
    triples = list(itertools.product(elements, repeat=3))
    for name, axiom in AXIOMS.items():
        for triple in triples:
            left, right = axiom(plus, times, zero, one, *triple)
            assert left == right, f"{row['name']}: {name} fails for {triple}"
    for law, equation in EQUATIONS.items():
        holds = all(left == right for left, right in (equation(plus, times, *triple) for triple in triples))
        assert holds == (law in row["laws"]), f"{row['name']}: {law} {'holds' if holds else 'fails'}"
    selective = all(plus(a, b) in (a, b) for a, b in itertools.product(elements, repeat=2))
    assert selective == ("selective" in row["laws"]), row["name"]
    assert report["checks"] and all(check["counterexample"] is None for check in report["checks"]), row["name"]


def symbols(laws):
    commutative = "commutative-times" in laws
    return {letter: sympy.Symbol(letter, commutative=commutative) for letter in "abcdef"}


def polynomial(text, laws):
    """A side of an equation as a set of words with their coefficients, in the free semiring of some laws."""
    # A gate of no or one child is the neutral element or the child.
    text = re.sub(r"[⊕⊗]\((\w?)\)$", lambda gate: gate[1] or {"⊕": "0", "⊗": "1"}[gate[0][0]], text.strip())
    plain = re.sub("[⊕⊗]", lambda sign: {"⊕": "+", "⊗": "*"}[sign[0]], text)
    expanded = sympy.sympify(sympy.expand(eval(plain, {"__builtins__": {}}, symbols(laws))))
    words = {}
    for term, coefficient in expanded.as_coefficients_dict().items() if expanded != 0 else ():
        word = letters(term)
        if "idempotent-times" in laws:
            word = tuple(letter for at, letter in enumerate(word) if at == 0 or word[at - 1] != letter)
        words[word] = 1 if "idempotent-plus" in laws else words.get(word, 0) + int(coefficient)
    if "absorptive" in laws:
        words = {word: 1 for word in words if not any(other != word and within(other, word) for other in words)}
    return {word: coefficient for word, coefficient in words.items() if coefficient}


def letters(term):
    word = []
    for factor in sympy.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if base.is_Symbol:
            word += [base.name] * int(exponent)
    return tuple(sorted(word) if all(factor.is_commutative for factor in term.free_symbols) else word)


def within(word, of):
    rest = iter(of)
    return all(letter in rest for letter in word)


def holds(equation, laws):
    """Whether all sides of an equation, or of several with commas between them, are the same."""
    # Absorption makes ⊕ idempotent: a ⊕ a = a ⊕ a ⊗ 1 = a.
    laws = {*laws, "idempotent-plus"} if "absorptive" in laws else set(laws)
    chains = [[polynomial(side, laws) for side in chain.split("=")] for chain in equation.split(",")]
    return all(side == chain[0] for chain in chains for side in chain)


def check_rewrite(name, row):
    assert holds(row["equation"], row["needs"]), f"{name}: {row['equation']} does not follow from {row['needs']}"
    implied = {"idempotent-plus"} if "absorptive" in row["needs"] else set()
    for law in set(row["needs"]) - implied:
        fewer = [other for other in row["needs"] if other != law]
        assert not holds(row["equation"], fewer), f"{name}: {row['equation']} holds without {law}"


def main():
    rows, reports = tool("semirings"), tool("laws")
    numeric = [row for row in rows if row["name"] in reports]
    assert len(numeric) == len(reports) >= 11
    for row in numeric:
        check_semiring(row, reports[row["name"]])
    # What is about the form of a circuit, such as gates that nothing needs, is no equation.
    rewrites = [row for row in tool("laws", "--rewrites") if "=" in row["equation"]]
    assert len(rewrites) >= 20
    for row in rewrites:
        check_rewrite(row["name"], row)
    print(f"{len(numeric)} semirings and {len(rewrites)} rewrites are what the tool says")


if __name__ == "__main__":
    KIRCHHOFF = sys.argv[1] if len(sys.argv) > 1 else "kirchhoff"
    main()
