"""Does to the tool what goes wrong around programs, at random moments, and counts what becomes of it.

    python3 benches/faults.py [--tool target/release/kirchhoff] [--times 20] [--seed 1] [--write]

Every fault has to leave what was there before, or what an undisturbed run leaves, and nothing between: the script fails otherwise. With
--write its table goes into docs/reliability.md. Needs Linux; what takes a superuser (a disk that is full, another user) is done if
there is one.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"
NOBODY = 65534
ROWS = []


def row(fault, runs, said):
    ROWS.append((fault, runs, said))
    print(f"{fault}: {runs} runs; {said}", flush=True)


def start(arguments, folder, **options):
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # A script of shells that ignore signals hands that on.
    signals = {"restore_signals": True, "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    return subprocess.Popen([TOOL, *arguments], cwd=folder, **{**pipes, **signals, **options})


def end(process):
    """The exit code and the words of a process."""
    out, error = process.communicate(timeout=300)
    return process.returncode, out.decode(errors="replace"), error.decode(errors="replace")


def run(arguments, folder, **options):
    return end(start(arguments, folder, **options))


def files(folder):
    """Every file below a folder with a hash of it."""
    folder = os.fsencode(folder)
    found = {}
    for place, folders, names in os.walk(folder):
        for name in [*names, *(inner for inner in folders)]:
            path = os.path.join(place, name)
            content = open(path, "rb").read() if os.path.isfile(path) else b"folder"
            if name == b"explanation.json":
                # It tells the time that was taken; all else of it is in other files.
                content = " ".join(sorted(json.loads(content))).encode()
            found[os.path.relpath(path, folder)] = hashlib.sha256(content).hexdigest()
    return found


def make_data(folder, count):
    """Digits of noise in MNIST's format."""
    drawn = random.Random(7)
    folder.mkdir()
    for part in ("t10k", "train"):
        pixels = drawn.randbytes(count * 784)
        labels = bytes(drawn.randrange(10) for _ in range(count))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">HBBIII", 0, 8, 3, count, 28, 28) + pixels)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">HBBI", 0, 8, 1, count) + labels)


def make_model(folder):
    """A perceptron of some 70 MB, and an input of it: a run takes about a second."""
    assert run(["new", "mlp-4000-3000-2000-10", "--quiet", "--out", "large.safetensors"], folder)[0] == 0
    values = b"".join(struct.pack("<f", 0.5) for _ in range(4000))
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4000), }".ljust(117) + "\n"
    (folder / "x.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + values)


STUDIES = {
    "mask": ["study", "mask", "--semiring", "real,boolean,counting", "--quantile", "0.5"],
    "perturb": ["study", "perturb", "--semiring", "real,boolean", "--steps", "20"],
    "thresholds": ["study", "thresholds", "--steps", "10", "--at", "0.01,0.1", "--share", "0.1", "--constant", "0.1"],
    "prune": ["study", "prune", "--layer", "0", "--method", "real,l1,random", "--step", "8"],
}


def study(name, data, out):
    return [*STUDIES[name], str(data), "--quiet", "--out", str(out)]


def kills(place, times):
    data = place / "data"
    make_data(data, 1500)
    for name in STUDIES:
        whole = place / f"{name}-whole"
        began = time.monotonic()
        code, _, error = run(study(name, data, whole), place)
        assert code == 0, error
        took, expected, killed, resumed = time.monotonic() - began, files(whole), 0, 0
        for number in range(times):
            out = place / f"{name}-{number}"
            process = start(study(name, data, out), place)
            time.sleep(random.uniform(0, took))
            process.kill()
            code = end(process)[0]
            killed += code == -signal.SIGKILL
            resumed += any(path.endswith(b".state") for path in files(out)) if out.exists() else 0
            code, _, error = run(study(name, data, out), place)
            assert code == 0, error
            assert files(out) == expected, f"{name}: another result after kill {number}"
            shutil.rmtree(out)
        row(f"`kill -9` of `study {name}`, then the same command", times, f"{killed} killed in time, {resumed} with a state; all files as undisturbed")
        shutil.rmtree(whole)


def interruptions(place, times):
    """Ctrl-C and SIGTERM while something is made that is whole or not there."""
    commands = {
        "explain": ["explain", "large.safetensors", "x.npy", "--quiet", "--out", "out/a", "--layers", "all"],
        "compile": ["compile", "large.safetensors", "x.npy", "--layered", "--self-contained", "--semiring", "real", "--quiet", "--out", "out.safetensors"],
        "new": ["new", "mlp-4000-3000-2000-10", "--quiet", "--out", "out.safetensors"],
    }
    for name, command in commands.items():
        before = files(place)
        began = time.monotonic()
        code, _, error = run(command, place)
        assert code == 0, error
        took, expected, codes, slowest = time.monotonic() - began, files(place), {}, 0.0
        clear(place, before)
        for number in range(times):
            process = start(command, place)
            time.sleep(random.uniform(0, took))
            process.send_signal(signal.SIGINT if number % 2 else signal.SIGTERM)
            sent = time.monotonic()
            code = end(process)[0]
            slowest = max(slowest, time.monotonic() - sent)
            # A signal before the tool handles any, while it reads its arguments, ends it as it ends any program.
            assert code in (0, 130, -signal.SIGINT, -signal.SIGTERM), code
            found = files(place)
            assert found == (expected if code == 0 else before), f"{name} left {set(found) - set(before)}"
            codes[code] = codes.get(code, 0) + 1
            clear(place, before)
        told = ", ".join(f"{count} × {code}" for code, count in sorted(codes.items(), reverse=True))
        row(f"Ctrl-C or SIGTERM during `{name}`", times, f"exit codes {told}; ended within {slowest:.1f} s; nothing half")


def clear(place, before):
    for path in sorted(set(files(place)) - set(before), reverse=True):
        whole = os.path.join(os.fsencode(place), path)
        os.rmdir(whole) if os.path.isdir(whole) else os.unlink(whole)


def limits(place, times):
    """Files that may not grow: the limit of a process, and a full disk."""
    commands = [
        ["new", "mlp-784-300-10", "--quiet", "--out", "OUT/w.safetensors"],
        ["explain", "--quiet", "--out", "OUT/results"],
        ["compile", "--layered", "--self-contained", "--semiring", "real", "--quiet", "--out", "OUT/c.safetensors"],
        ["formula", "--input", "7", "--semiring", "boolean", "--theta", "0.05", "--output", "x[9,14]", "--quiet", "--out", "OUT/f.txt"],
    ]

    def tried(folder, size):
        command = [word.replace("OUT", str(folder)) for word in commands[number % len(commands)]]
        limit = {} if size is None else {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))}
        code, _, error = run(command, place, **limit)
        assert code in (0, 1) and (code == 0 or error.startswith("error: cannot write")), (code, error)
        assert code == 0 or not files(folder), files(folder)
        left = files(folder)
        clear(folder, {})
        assert code == 1 or left
        return code

    folder, refused = place / "limited", 0
    folder.mkdir()
    for number in range(times):
        refused += tried(folder, random.randrange(0, 200_000))
    row("a limit on file sizes (`RLIMIT_FSIZE`)", times, f"{refused} errors, which left nothing; the others fitted")
    disk, full = place / "disk", 0
    disk.mkdir()
    size = "size=256k"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", disk], capture_output=True).returncode:
        row("a full disk", 0, "not tried: only a superuser mounts one")
        return
    try:
        for number in range(times):
            filler = disk / "filler"
            filler.write_bytes(bytes(random.randrange(0, 250_000)))
            command = [word.replace("OUT", str(disk)) for word in commands[number % len(commands)]]
            code, _, error = run(command, place)
            assert code in (0, 1) and (code == 0 or error.startswith("error: cannot write")), (code, error)
            left = files(disk)
            assert code == 0 or set(left) == {b"filler"}, left
            full += code
            clear(disk, {})
    finally:
        subprocess.run(["umount", disk], check=True)
    row("a full disk (a tmpfs of 256 KiB)", times, f"{full} errors, which left nothing; the others fitted")


def folders(place, times):
    """Folders that cannot be written to, and folders that go away meanwhile."""
    closed = place / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    if os.geteuid() == 0 and not TOOL.startswith("/root"):
        options = {"preexec_fn": lambda: os.setuid(NOBODY)}
    elif os.geteuid():
        options = {}
    else:
        options = None
    if options is None:
        row("a folder that cannot be written to", 0, "not tried: a superuser may write anywhere")
    else:
        for command in (["explain", "--quiet", "--out", "closed/a"], ["study", "mask", "--quiet", "--out", "closed/s"], ["new", "mlp-10-10", "--out", "closed/w.safetensors"]):
            code, _, error = run(command, place, **options)
            assert code == 2 and "ermission denied" in error and error.count("\n") == 1, (code, error)
        row("a folder that cannot be written to", 3, "refused in one line")
    codes = {}
    for number in range(times):
        out = place / "vanishing"
        process = start(["explain", "large.safetensors", "x.npy", "--quiet", "--out", str(out)], place)
        deadline = time.monotonic() + random.uniform(0, 1)
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.002)
        shutil.rmtree(out, ignore_errors=True)
        code, _, error = end(process)
        assert code == 0 or (code in (1, 2) and error.startswith("error: cannot write")), (code, error)
        assert code == 0 or not out.exists()
        codes[code] = codes.get(code, 0) + 1
        shutil.rmtree(out, ignore_errors=True)
    told = ", ".join(f"{count} × {code}" for code, count in sorted(codes.items()))
    row("an output folder that is removed meanwhile", times, f"exit codes {told}; an error says which file cannot be written")


def truncations(place, times):
    """A model that is cut off, or overwritten, while a run has it mapped."""
    original = (place / "large.safetensors").read_bytes()
    command = ["explain", "changing.safetensors", "x.npy", "--quiet", "--out", "out", "--json"]
    changing, codes = place / "changing.safetensors", {"cut off": {}, "overwritten": {}}
    for number in range(2 * times):
        changing.write_bytes(original)
        fault = "overwritten" if number % 2 else "cut off"
        process = start(command, place)
        time.sleep(random.uniform(0.05, 1.0))
        done = process.poll() is not None
        if fault == "cut off":
            os.truncate(changing, random.randrange(0, len(original)))
        else:
            with changing.open("r+b") as file:
                file.seek(len(original) // 2)
                file.write(bytes(1000))
        code, out, error = end(process)
        assert code >= 0, f"ended by signal {-code}"
        # Before the file is mapped it is a damaged file; behind the last look the run is over.
        assert code in (0, 1, 2) and (code == 0 or error.startswith("error: ")), (code, error)
        assert code == 0 or (not out and not (place / "out").exists()), "something was written"
        if code == 1:
            assert "was changed while it was read" in error, error
        code = "too late" if done else code
        codes[fault][code] = codes[fault].get(code, 0) + 1
        shutil.rmtree(place / "out", ignore_errors=True)
    for fault, found in codes.items():
        told = ", ".join(f"{count} × {code}" for code, count in sorted(found.items(), key=str))
        row(f"a model of 70 MB that is {fault} while it is read", times, f"exit codes {told}; no signal, and no output of a changed file")


def together(place, times):
    """Several runs into one folder."""
    out = place / "shared"
    command = ["explain", "--quiet", "--semiring", "real,boolean", "--out", str(out)]
    assert run(command, place)[0] == 0
    expected = files(out)
    shutil.rmtree(out)
    for _ in range(max(times // 4, 1)):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            ends = list(pool.map(lambda _: run(command, place), range(4)))
        # A file that appears between looking and renaming is not replaced, and the run that finds it says so.
        assert all(code == 0 or (code == 2 and "there is a file of that name" in error) for code, _, error in ends), ends
        assert any(code == 0 for code, _, _ in ends) and files(out) == expected
        shutil.rmtree(out)
    row("four runs of `explain` into one folder", 4 * max(times // 4, 1), "all files whole, and those of one run")
    make_data(place / "more", 3000)
    first = start(study("perturb", place / "more", out), place)
    while not (out / ".study.lock").exists() and first.poll() is None:
        time.sleep(0.005)
    code, _, error = run(study("perturb", place / "more", out), place)
    assert code == 2 and "another study is running" in error, (code, error)
    assert end(first)[0] == 0
    row("a second study in a folder where one is at work", 1, "refused; the first one ended as if alone")


def pipes(place, times):
    for number in range(times):
        command = [["explain", "--json"], ["semirings"], ["laws"], ["inspect"], ["bench", "--repeat", "1", "--semiring", "real"]][number % 5]
        process = start(command, place)
        process.stdout.read(random.randrange(0, 200))
        process.stdout.close()
        code, error = process.wait(timeout=300), process.stderr.read().decode()
        assert code == 0 and "panick" not in error, (command, code, error)
    row("a reader of the output that goes away", times, "exit code 0")


def names(place):
    odd = place / os.fsdecode(b"od\xffd name")
    odd.mkdir()
    shutil.copy(place / "large.safetensors", odd / os.fsdecode(b"\xfe.safetensors"))
    shutil.copy(place / "x.npy", odd / os.fsdecode(b"\xfd.npy"))
    command = ["explain", odd / os.fsdecode(b"\xfe.safetensors"), odd / os.fsdecode(b"\xfd.npy"), "--quiet", "--out", odd / os.fsdecode(b"\xfc")]
    code, _, error = run(command, place)
    assert code == 0, error
    assert b"relevance.safetensors" in files(odd / os.fsdecode(b"\xfc"))
    code, _, error = run(["explain", odd / "missing.npy"], place)
    assert code == 2 and error.count("\n") == 1, error
    row("names that are no UTF-8", 2, "read and written; a message about one is one line")
    shutil.rmtree(odd)


def write(path, times, seed):
    text = path.read_text()
    table = ["| fault | runs | what became of them |", "|---|---|---|"]
    table += [f"| {fault} | {runs} | {said} |" for fault, runs, said in ROWS]
    made = f"`python3 benches/faults.py --times {times} --seed {seed} --write`"
    new = "\n".join([BEGIN, f"By {made}, which fails where anything is lost, half or changed:", "", *table, "", END])
    path.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: new, text, flags=re.DOTALL))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", type=Path, default=ROOT / "target/release/kirchhoff")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    arguments = parser.parse_args()
    global TOOL
    TOOL = str(arguments.tool.resolve())
    random.seed(arguments.seed)
    # Far from a disk that others use: `TMPDIR` says where.
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        place.chmod(0o755)
        make_model(place)
        names(place)
        pipes(place, arguments.times)
        truncations(place, arguments.times)
        limits(place, arguments.times)
        folders(place, arguments.times)
        together(place, arguments.times)
        interruptions(place, arguments.times)
        kills(place, arguments.times)
    if arguments.write:
        write(ROOT / "docs/reliability.md", arguments.times, arguments.seed)


if __name__ == "__main__":
    sys.exit(main())
