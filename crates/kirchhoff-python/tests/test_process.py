"""Threads, forks, Ctrl-C, leaks, progress, and the command."""

from __future__ import annotations

import gc
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import kirchhoff
from semirings_in_python import Best, Objects, Paths, Reached, Sums


def test_many_threads_at_once(digits: Any) -> None:
    network, x = digits
    semirings: list[Any] = ["real", "counting", Best, Sums, Paths, Reached]
    wanted = [network.explain(x, semiring=semiring).relevance for semiring in semirings]

    def explain(number: int) -> bool:
        which = number % len(semirings)
        found = network.explain(x, semiring=semirings[which])
        return bool(np.array_equal(found.relevance, wanted[which]))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(explain, range(60)))


def test_a_failure_in_one_thread_is_that_of_its_run(digits: Any) -> None:
    network, x = digits
    victims = threading.local()

    class Sometimes(Best):
        name = "sometimes"

        def theta(self, d: Any) -> Any:
            return np.minimum(np.abs(d), np.float32(1))

    semiring = kirchhoff.Semiring(Sometimes)

    def explain(number: int) -> str:
        if number % 2:
            try:
                network.explain(x, semiring=semiring, theta=lambda d: 1 / 0)
            except ZeroDivisionError:
                return "raised"
        else:
            network.explain(x, semiring=semiring)
            return "done"
        return "lost"

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(explain, range(40)))
    assert found == ["done", "raised"] * 20 and victims is not None


def test_explaining_within_an_operation(digits: Any) -> None:
    network, x = digits
    once: list[Any] = []

    class Nested(Best):
        name = "nested"

        def plus(self, a: Any, b: Any) -> Any:  # type: ignore[override]
            if len(a) > 50 and not once:
                once.append(None)
                once[0] = network.explain(x[0], semiring=Best).relevance
            return np.maximum(a, b)

    network.explain(x, semiring=Nested)
    np.testing.assert_array_equal(once[0], network.explain(x[0], semiring=Best).relevance)


def test_a_forked_process_explains(digits: Any) -> None:
    network, x = digits
    wanted = network.explain(x).relevance
    child = os.fork()
    if child == 0:
        try:
            same = np.array_equal(network.explain(x).relevance, wanted)
            own = np.array_equal(network.explain(x, semiring=Best).relevance, network.explain(x, semiring=Best).relevance)
            os._exit(0 if same and own else 1)
        except BaseException:
            os._exit(2)
    deadline = time.monotonic() + 60
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            pytest.fail("the child does not come to an end")
        time.sleep(0.05)
    assert os.waitstatus_to_exitcode(status) == 0
    np.testing.assert_array_equal(network.explain(x).relevance, wanted)


_LONG = """
import sys, time, numpy as np, kirchhoff
network, x = kirchhoff.digits()
many = np.tile(x, (2000, 1))
print("ready", flush=True)
try:
    while True:
        {work}
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(7)
"""


@pytest.mark.parametrize(
    "work",
    [
        'network.explain(many, semiring=["counting", "log"])',
        "network.explain(many, semiring='viterbi', theta=lambda d: np.minimum(np.abs(d), 1))",
        "network(many)",
    ],
)
def test_ctrl_c_stops_long_work(work: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _LONG.format(work=work)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    output, _ = process.communicate(timeout=60)
    assert (output, process.returncode) == ("interrupted\n", 7)
    assert time.monotonic() - began < 20


def test_other_threads_go_on(digits: Any) -> None:
    network, x = digits
    many = np.tile(x, (300, 1))
    ticks: list[float] = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    ticker = threading.Thread(target=tick)
    ticker.start()
    began = time.monotonic()
    network.explain(many, semiring="counting")
    took = time.monotonic() - began
    stop.set()
    ticker.join()
    during = [tick for tick in ticks if began <= tick <= began + took]
    assert len(during) > took * 20, "the interpreter is free while Rust works"


def test_progress_is_told(digits: Any) -> None:
    network, x = digits
    told: list[tuple[str, int, int]] = []
    native = network._native
    from kirchhoff import _options, _semiring

    many = np.tile(x, (400, 1))
    options = _options.native({})
    native.explain(many, None, [_semiring.native("log")], options, False, lambda *told_: told.append(told_))
    assert told and told[-1][1] <= told[-1][2] and told[-1][0] in {"network", "log"}

    def stop(*_: Any) -> None:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        native.explain(many, None, [_semiring.native("log")], options, False, stop)


def test_ten_thousand_calls_leave_nothing(digits: Any) -> None:
    network, x = digits
    one = x[0]

    def raising(d: Any) -> Any:
        raise ValueError("planned")

    def once() -> None:
        network.explain(one)
        network.explain(one, semiring=Best)
        network(one)
        try:
            network.explain(one, semiring="viterbi", theta=raising)
        except ValueError:
            pass

    def size() -> int:
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    for _ in range(300):
        once()
    before, objects = size(), len(gc.get_objects())
    for _ in range(2500):  # Four calls each.
        once()
    assert size() - before < 8 << 20
    assert len(gc.get_objects()) - objects < 200


def test_objects_are_given_back(digits: Any) -> None:
    network, x = digits
    counted = [0]

    class Counted(tuple):  # type: ignore[type-arg]
        def __new__(cls, values: Any) -> Any:
            counted[0] += 1
            return super().__new__(cls, values)

        def __del__(self) -> None:
            counted[0] -= 1

    class Tracked(Objects):
        name = "tracked"

        def plus(self, a: Any, b: Any) -> Any:
            return Counted(max(a, b))

        def times(self, a: Any, b: Any) -> Any:
            return Counted(super().times(a, b))

    circuit = network.compile(x[7], semiring="boolean", theta=0.08, prune=True)
    semiring = kirchhoff.Semiring(Tracked)
    for _ in range(3):
        circuit.evaluate(semiring, theta="threshold(0.08)")
    gc.collect()
    circuit.evaluate("boolean", theta=0.08)
    assert counted[0] <= 4, "what is left belongs to the semiring"


def test_the_command() -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        code = "import sys; from kirchhoff._command import main; sys.exit(main())"
        return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=120)

    listed = run("semirings")
    assert listed.returncode == 0 and "viterbi" in listed.stdout
    wrong = run("explain", "--semiring", "viterby")
    assert wrong.returncode == 2 and "did you mean" in wrong.stderr
    version = run("--version")
    assert version.stdout.startswith(f"kirchhoff {kirchhoff.__version__}")
