"""A stored circuit as SQL tables, evaluated by the database.

    kirchhoff compile --input 7 --out seven.safetensors
    kirchhoff evaluate seven.safetensors --semiring real,boolean --out evaluated
    python3 examples/circuit_sql.py seven.safetensors tables evaluated/relevance.safetensors

writes `gate.csv`, `wire.csv`, `output.csv` and `schema.sql` into a folder, which any database loads: a gate has the kinds of
ProvSQL's, and `wire` lists the children that its `create_gate` takes. DuckDB then loads them and evaluates the circuit in two
semirings, level by level, which is compared with the tool's values. Needs `pip install duckdb safetensors numpy`.
"""

import csv
import pathlib
import sys

import duckdb
import numpy
from safetensors.numpy import load_file

from read_circuit import CONTRIBUTION, VARIABLE, Boolean, Circuit, Real

KINDS = ["zero", "one", "contribution", "input", "plus", "times"]

SCHEMA = """\
-- A gate: zero, one, contribution (with its layer and d), input (a variable, with its name), plus, times.
CREATE TABLE gate (id BIGINT PRIMARY KEY, level INTEGER NOT NULL, kind VARCHAR NOT NULL, layer VARCHAR, d REAL, name VARCHAR);
-- The children of a gate, in their order.
CREATE TABLE wire (gate BIGINT NOT NULL, place INTEGER NOT NULL, child BIGINT NOT NULL);
-- The gate of each output of the circuit.
CREATE TABLE output (tensor VARCHAR NOT NULL, place INTEGER NOT NULL, gate BIGINT NOT NULL);
"""


def write(circuit, folder):
    """Writes the tables, and gives the number of levels."""
    arrays = circuit.arrays
    offsets, operands = arrays["offsets"].tolist(), arrays["operands"].tolist()
    layers = [layer["name"] for layer in circuit.header["layers"]]
    levels, gates, wires = [], [], []
    for gate, kind in enumerate(arrays["kinds"].tolist()):
        own = operands[offsets[gate] : offsets[gate + 1]]
        layer, d, name, children = None, None, None, []
        if kind == CONTRIBUTION:
            layer, d = layers[arrays["contribution_layers"][own[0]]], repr(float(arrays["contributions"][own[0]]))
        elif kind == VARIABLE:
            name = circuit.variables[own[0]]
        else:
            children = own
        levels.append(1 + max((levels[child] for child in children), default=-1))
        gates.append([gate, levels[-1], KINDS[kind], layer, d, name])
        wires.extend([gate, place, child] for place, child in enumerate(children))
    outputs, own = [], iter(arrays["outputs"].tolist())
    for tensor in circuit.header["outputs"]:
        outputs.extend([tensor["name"], place, next(own)] for place in range(int(numpy.prod(tensor["shape"]))))
    tables = {"gate": (["id", "level", "kind", "layer", "d", "name"], gates),
              "wire": (["gate", "place", "child"], wires), "output": (["tensor", "place", "gate"], outputs)}
    folder.mkdir(exist_ok=True)
    for name, (head, rows) in tables.items():
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([head, *rows])
    (folder / "schema.sql").write_text(SCHEMA, encoding="utf-8")
    return max(levels, default=0) + 1


# A semiring as SQL: its type, Θ of a contribution, 0, 1, and the aggregates that ⊕ and ⊗ are.
SEMIRINGS = {
    "real": ("DOUBLE", "d", "0", "1", "sum", "product"),
    "boolean": ("BOOLEAN", "d >= 1e-9::REAL", "false", "true", "bool_or", "bool_and"),
}


def evaluate(database, circuit, name, semiring, levels):
    """The values of the outputs, by their tensors."""
    type_, theta, zero, one, plus, times = SEMIRINGS[name]
    targets = {target["variable"]: target for target in circuit.header["notes"].get("targets", [])}
    database.execute(f"CREATE OR REPLACE TABLE input (name VARCHAR PRIMARY KEY, value {type_})")
    values = [(variable, circuit.value(semiring, variable, targets)) for variable in circuit.variables]
    database.executemany("INSERT INTO input VALUES (?, ?)", values)
    database.execute(f"CREATE OR REPLACE TABLE value (gate BIGINT PRIMARY KEY, value {type_})")
    database.execute(f"""
        INSERT INTO value SELECT id, CASE kind WHEN 'zero' THEN {zero} WHEN 'one' THEN {one}
            WHEN 'contribution' THEN {theta} ELSE input.value END
        FROM gate LEFT JOIN input USING (name) WHERE level = 0""")
    for level in range(1, levels):
        database.execute(f"""
            INSERT INTO value SELECT id, CASE any_value(kind) WHEN 'plus' THEN {plus}(value) ELSE {times}(value) END
            FROM gate JOIN wire ON wire.gate = id JOIN value ON value.gate = child WHERE level = {level} GROUP BY id""")
    rows = database.execute("SELECT tensor, value FROM output JOIN value USING (gate) ORDER BY tensor, place").fetchall()
    tensors = {}
    for tensor, value in rows:
        tensors.setdefault(tensor, []).append(float(value))
    return tensors


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    circuit, folder, expected = Circuit(sys.argv[1]), pathlib.Path(sys.argv[2]), load_file(sys.argv[3])
    levels = write(circuit, folder)
    database = duckdb.connect()
    database.execute((folder / "schema.sql").read_text(encoding="utf-8"))
    for table in ("gate", "wire", "output"):
        database.execute(f"COPY {table} FROM '{folder / table}.csv' (HEADER)")
    print(database.execute("SELECT kind, count(*) FROM gate GROUP BY kind ORDER BY kind").fetchall())
    for name, semiring in (("real", Real()), ("boolean", Boolean())):
        for tensor, values in evaluate(database, circuit, name, semiring, levels).items():
            theirs = expected[f"{name}/{tensor}"].reshape(-1).astype(float)
            worst = numpy.abs(numpy.array(values) - theirs).max() / max(numpy.abs(theirs).max(), 1e-30)
            print(f"{name}/{tensor}: {numpy.count_nonzero(values)} relevant, "
                  f"differs from the tool's by at most {worst:.1e} of the largest")
            if worst > 1e-5:
                raise SystemExit("that is more than rounding")


if __name__ == "__main__":
    main()
