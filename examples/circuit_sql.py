"""A stored circuit as SQL tables, evaluated by the database.

    kirchhoff compile --input 7 --out seven.safetensors
    kirchhoff evaluate seven.safetensors --semiring real,boolean --out evaluated
    python3 examples/circuit_sql.py seven.safetensors tables evaluated/relevance.safetensors

writes `gate.csv`, `wire.csv`, `output.csv` and `schema.sql` into a folder, which any database loads: a gate has the kinds of
ProvSQL's, and `wire` lists the children that its `create_gate` takes. DuckDB then loads them and evaluates the circuit in two
semirings, level by level, which is compared with the tool's values. Needs `pip install duckdb safetensors numpy`.

`provsql.sql`, beside them, makes the circuit one of ProvSQL: a token for each gate, which is a UUID of its number and all that the
circuit has, `create_gate` for sums, products and inputs, `set_prob` for what Θ makes of contributions (1 or 0 at θ = 1e-9)
and for what targets start with. The tables `provenance_output`, `provenance_contribution` and `provenance_variable` map outputs,
contributions and variables to tokens, as `create_provenance_mapping` would. So

    SELECT probability_evaluate(provenance) FROM provenance_output WHERE place = 266;

is `ask probability --output 'x[266]'` under probabilities that further `set_prob` give, and `sr_counting(provenance, 'mapping')` a
count. The calls are read back here, and evaluated by their own.
"""

import csv
import hashlib
import pathlib
import re
import sys
import uuid

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


PROVSQL = """\
-- For a database with the extension ProvSQL.
BEGIN;
SET search_path TO public, provsql;
CREATE TABLE provenance_output (tensor TEXT NOT NULL, place INTEGER NOT NULL, provenance UUID NOT NULL);
CREATE TABLE provenance_contribution (value REAL NOT NULL, provenance UUID NOT NULL);
CREATE TABLE provenance_variable (value TEXT NOT NULL, provenance UUID NOT NULL);
"""


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def write_provsql(circuit, path):
    """Writes the circuit as calls of ProvSQL's functions, children before what takes them."""
    arrays = circuit.arrays
    offsets, operands = arrays["offsets"].tolist(), arrays["operands"].tolist()
    # The same circuit has the same tokens, and another one others.
    space = uuid.uuid5(uuid.NAMESPACE_OID, hashlib.sha256(b"".join(array.tobytes() for array in arrays.values())).hexdigest())
    token = [str(uuid.uuid5(space, str(gate))) for gate in range(len(arrays["kinds"]))]
    targets = {target["variable"]: target for target in circuit.header["notes"].get("targets", [])}
    with open(path, "w", encoding="utf-8") as file:
        file.write(PROVSQL)
        for gate, kind in enumerate(arrays["kinds"].tolist()):
            own = operands[offsets[gate] : offsets[gate + 1]]
            if kind in (CONTRIBUTION, VARIABLE):
                file.write(f"SELECT create_gate('{token[gate]}', 'input');\n")
                if kind == CONTRIBUTION:
                    d = arrays["contributions"][own[0]]
                    table, value, there = "contribution", repr(float(d)), Boolean().annotate(d)
                else:
                    name = circuit.variables[own[0]]
                    table, value, there = "variable", quoted(name), circuit.value(Boolean(), name, targets)
                file.write(f"SELECT set_prob('{token[gate]}', {int(there)});\n")
                file.write(f"INSERT INTO provenance_{table} VALUES ({value}, '{token[gate]}');\n")
                continue
            children = ", ".join(f"'{token[child]}'" for child in own)
            children = f", ARRAY[{children}]::uuid[]" if own else ""
            file.write(f"SELECT create_gate('{token[gate]}', '{KINDS[kind]}'{children});\n")
        outputs = iter(arrays["outputs"].tolist())
        for tensor in circuit.header["outputs"]:
            for place in range(int(numpy.prod(tensor["shape"]))):
                row = f"{quoted(tensor['name'])}, {place}, '{token[next(outputs)]}'"
                file.write(f"INSERT INTO provenance_output VALUES ({row});\n")
        file.write("COMMIT;\n")


def replay(path):
    """The truth values of the outputs that the calls of a file make, by their tensors: all that it takes is in the file."""
    create = re.compile(r"SELECT create_gate\('([^']+)', '(\w+)'(?:, ARRAY\[(.*)\]::uuid\[\])?\);")
    values, tensors = {}, {}
    for line in open(path, encoding="utf-8"):
        if found := create.fullmatch(line.strip()):
            name, kind, children = found[1], found[2], [values[child] for child in re.findall("'([^']+)'", found[3] or "")]
            if name in values:
                raise SystemExit(f"the token {name} is made twice")
            values[name] = {"plus": any, "times": all}[kind](children) if children else kind in ("one", "input")
        elif found := re.fullmatch(r"SELECT set_prob\('([^']+)', ([01])\);", line.strip()):
            values[found[1]] = found[2] == "1"
        elif found := re.fullmatch(r"INSERT INTO provenance_output VALUES \('(.*)', \d+, '([^']+)'\);", line.strip()):
            tensors.setdefault(found[1], []).append(values[found[2]])
    return tensors


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
    write_provsql(circuit, folder / "provsql.sql")
    for tensor, values in replay(folder / "provsql.sql").items():
        theirs = expected[f"boolean/{tensor}"].reshape(-1).astype(bool)
        if not numpy.array_equal(values, theirs):
            raise SystemExit(f"provsql.sql: other values of {tensor} than the tool's")
        print(f"provsql.sql: the values of {tensor} are the tool's")
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
